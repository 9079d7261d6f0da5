"""What people do with draws: promise and freeze, enter the source's value, void, disclose."""

import asyncio
import secrets
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service
from services.kit.draw_report import Commitment, PanelRule, Report, Source
from services.kit.draws import canonical, digest, freeze, hash_of_secret
from services.kit.draws import draw as make_draw
from services.kit.facts import record
from services.kit.vault import Vault
from services.venues.applications.models import Application, ApplicationState
from services.venues.applications.queries import Case, held
from services.venues.applications.rules import office_of
from services.venues.applications.trail import decide
from services.venues.experts.conflicts.finding import conflicts_of
from services.venues.experts.draws import queries, rules
from services.venues.experts.draws.models import PanelDraw, PanelReport
from services.venues.experts.draws.noting import note
from services.venues.experts.draws.rules import (
    LIFECYCLE,
    NoPanelNow,
    ScoringNotOver,
    SourceNotDue,
    is_over,
)
from services.venues.experts.draws.schemas import DrawIn
from services.venues.experts.invitations.seating import seat
from services.venues.facts import (
    PanelDisclosed,
    PanelDrawn,
    PanelFrozen,
    PanelVoided,
)
from services.venues.programmes.definition import Panel, Stage, StageKind

OPENED = "评审结束，公开专家名单"


def stage_of(case: Case) -> tuple[Stage, Panel]:
    """The stage of review in which the application stands; NoPanelNow in any other."""
    row = case.application
    if row.state is not ApplicationState.UNDER_WAY or row.stage_key is None:
        raise NoPanelNow()
    stage = case.definition.stage(row.stage_key)
    if stage.kind is not StageKind.EXPERT_REVIEW or case.definition.panel is None:
        raise NoPanelNow()
    return stage, case.definition.panel


async def commit(
    db: AsyncSession, caller: Caller, vault: Vault, given: DrawIn, now: datetime
) -> PanelDraw:
    """Promise a draw and freeze its pool, without whoever may not judge.

    Raises NoPanelNow, PanelDrawUnderWay, PanelComplete, PoolTooSmall, BrokenRule.
    """
    case = await held(db, caller, given.application_id)
    stage, panel = stage_of(case)
    row, code = case.application, office_of(case.application.division_code, stage.tier)
    caller.require(P.EXPERT_MANAGE, at=code)
    source_at = given.source.at.astimezone(UTC)
    rules.require_time(now, source_at)
    async with as_service(db):
        seats = await queries.seats(db, row.id, stage.key)
        strata = rules.needed(panel.strata, queries.taken(seats))
        names = [each.name for each in strata]
        candidates = await queries.candidates(db, row.id, code, names, now)
        conflicted = await conflicts_of(db, row, now.date())
    standing, left_out = rules.eligible(
        candidates, conflicted, names, panel.most_reviews_a_year, now
    )
    rules.require_enough(strata, standing)
    secret, salt = secrets.token_hex(32), secrets.token_hex(32)
    commitment = Commitment(
        subject=f"applications/{row.id}/{stage.key}",
        rule=PanelRule(
            kind="panel",
            strata=strata,
            terms=rules.terms(panel, rules.year_of(now), given.answer_days),
        ),
        secret_sha256=hash_of_secret(secret),
        source=Source(name=given.source.name, at=source_at.isoformat()),
        committed_at=now.isoformat(),
    )

    def frozen() -> tuple[Report, str]:
        report = freeze(
            commitment, rules.entries(bytes.fromhex(salt), strata, standing), now.isoformat(), {}
        )
        return report, report.model_dump_json()

    # In a thread: a pool of many thousands would hold up everybody else for a second.
    report, text = await asyncio.to_thread(frozen)
    made = PanelDraw(
        application_id=row.id,
        stage_key=stage.key,
        division_code=code,
        recorded_code=code,
        reason=given.reason,
        source_at=source_at,
        commitment=canonical(commitment).decode(),
        commitment_sha256=digest(commitment),
        secret_sealed=vault.seal(secret, "panel_draws.secret"),
        salt_sealed=vault.seal(salt, "panel_draws.salt"),
        pool_sha256=report.freeze.pool_sha256,
        entries=len(report.pool),
        opened_by=caller.known(),
        opened_at=now,
        version=0,
    )
    db.add(made)
    await db.flush()
    db.add(PanelReport(draw_id=made.id, report=text))
    later = sum(each.after for each in report.pool)
    detail = {
        "pool_sha256": made.pool_sha256,
        "entries": made.entries,
        "left_out": left_out,
        "ranked_later": later,
    }
    await note(db, made, "frozen", now, {"reason": given.reason, **detail})
    await _trail(db, caller, row, made, "draw_frozen", given.reason, now)
    await _tell(db, PanelFrozen, made)
    return made


async def _trail(
    db: AsyncSession,
    caller: Caller,
    application: Application,
    row: PanelDraw,
    action: str,
    reason: str | None,
    now: datetime,
) -> None:
    await decide(
        db,
        application=application,
        action=action,
        caller=caller,
        stage_key=row.stage_key,
        reason=reason,
        acted_for=row.division_code,
        now=now,
    )


async def _tell(
    db: AsyncSession,
    kind: type[PanelFrozen] | type[PanelDrawn] | type[PanelVoided] | type[PanelDisclosed],
    row: PanelDraw,
) -> None:
    fact = kind(
        application_id=row.application_id,
        commitment_sha256=row.commitment_sha256,
        pool_sha256=row.pool_sha256,
        entries=row.entries,
    )
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def _held(db: AsyncSession, caller: Caller, draw_id: UUID) -> tuple[Case, PanelDraw]:
    row = await queries.draw(db, draw_id)
    caller.require(P.EXPERT_MANAGE, at=row.division_code)
    # The application first, as every step of it: then the draw.
    case = await held(db, caller, row.application_id)
    return case, await queries.draw(db, draw_id, lock=True)


async def enter_value(
    db: AsyncSession, caller: Caller, vault: Vault, draw_id: UUID, value: str, now: datetime
) -> None:
    """What the source said: the draw is made with it, for good, and the first are invited.

    Raises SourceNotDue, NoPanelNow, WrongState.
    """
    case, row = await _held(db, caller, draw_id)
    row.state = LIFECYCLE.next("draw", row.state)
    if now < row.source_at:
        raise SourceNotDue(at=row.source_at.astimezone(UTC).isoformat())
    stage, _ = stage_of(case)
    if stage.key != row.stage_key:
        raise NoPanelNow()
    before = await queries.report_text(db, row.id)
    secret = vault.open(row.secret_sealed, "panel_draws.secret")

    def drawn() -> tuple[Report, str]:
        report = make_draw(Report.model_validate_json(before), secret, value)
        return report, report.model_dump_json()

    report, text = await asyncio.to_thread(drawn)
    kept = await db.get_one(PanelReport, row.id)
    kept.report, row.drawn_at = text, now
    assert report.reveal is not None
    reveal = report.reveal.model_dump(mode="json")
    await note(db, row, "drawn", now, {"pool_sha256": row.pool_sha256, "reveal": reveal})
    salt = bytes.fromhex(vault.open(row.salt_sealed, "panel_draws.salt"))
    async with as_service(db):
        await seat(db, case.application, row, report, salt, now)
    await _trail(db, caller, case.application, row, "panel_drawn", None, now)
    await _tell(db, PanelDrawn, row)


async def void(
    db: AsyncSession, caller: Caller, vault: Vault, draw_id: UUID, reason: str, now: datetime
) -> None:
    """Do not make it; the secret is shown too, so everybody sees which outcome was let go."""
    case, row = await _held(db, caller, draw_id)
    await void_held(db, vault, row, reason, now)
    await _trail(db, caller, case.application, row, "draw_voided", reason, now)


async def void_held(
    db: AsyncSession, vault: Vault, row: PanelDraw, reason: str, now: datetime
) -> None:
    """Void a draw whose row is held."""
    row.state = LIFECYCLE.next("void", row.state)
    row.void_reason = reason
    secret = vault.open(row.secret_sealed, "panel_draws.secret")
    await note(db, row, "voided", now, {"reason": reason, "secret": secret})
    await _tell(db, PanelVoided, row)


async def disclose(db: AsyncSession, caller: Caller, draw_id: UUID, now: datetime) -> None:
    """Let everybody know who sat on the panel, once the stage is over; ScoringNotOver before."""
    case, row = await _held(db, caller, draw_id)
    row.state = LIFECYCLE.next("disclose", row.state)
    if row.disclosed_at is not None:
        return
    await disclose_held(db, caller, case.application, row, now)


async def disclose_held(
    db: AsyncSession, caller: Caller, application: Application, row: PanelDraw, now: datetime
) -> None:
    """Disclose a drawn draw whose row is held."""
    if not is_over(application.state, application.stage_key, row.stage_key):
        raise ScoringNotOver()
    row.disclosed_at = now
    await note(db, row, "disclosed", now, {"application": str(application.id)})
    await _trail(db, caller, application, row, "identities_opened", OPENED, now)
    await _tell(db, PanelDisclosed, row)
