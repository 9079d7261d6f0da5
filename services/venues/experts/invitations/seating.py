"""Who is asked for a panel, and who comes next: in the published order, within the stratum.

Everything here runs as the service principal, with the application and the draw held.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.draw_report import Commitment, PanelRule, Report
from services.kit.draws import salted
from services.kit.facts import record
from services.kit.ids import uuid7
from services.venues.applications.models import Application
from services.venues.experts.conflicts.finding import conflicts_of
from services.venues.experts.conflicts.rules import said
from services.venues.experts.draws import queries
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.draws.noting import note
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import LIFECYCLE, SeatState, lasts
from services.venues.experts.models import Expert
from services.venues.experts.pool.rules import ExpertState
from services.venues.facts import ExpertInvited

LEFT_THE_POOL = "已不在库"


async def seat(
    db: AsyncSession,
    application: Application,
    row: PanelDraw,
    report: Report,
    salt: bytes,
    now: datetime,
) -> None:
    """Seats for everybody who was drawn, and invitations for the first of each stratum."""
    assert report.result is not None
    accounts = await queries.accounts(db)
    whose = {salted(salt, str(expert)): expert for expert in accounts}
    for stratum, outcome in report.result.strata.items():
        for rank, slip in enumerate((*outcome.chosen, *outcome.following), 1):
            db.add(
                Seat(
                    id=uuid7(),
                    draw_id=row.id,
                    application_id=application.id,
                    expert_id=whose[slip],
                    account_id=accounts[whose[slip]],
                    stage_key=row.stage_key,
                    division_code=row.division_code,
                    recorded_code=row.recorded_code,
                    stratum=stratum,
                    rank=rank,
                    slip=slip,
                    state=SeatState.STANDING_BY,
                )
            )
    await db.flush()
    for stratum, outcome in report.result.strata.items():
        await invite(db, application, row, stratum, len(outcome.chosen), now)


async def invite(
    db: AsyncSession,
    application: Application,
    row: PanelDraw,
    stratum: str,
    places: int,
    now: datetime,
) -> None:
    """Ask the next alternates of a stratum, and nobody who may not judge or has left the pool.

    When too few are left it is said in the public log: a new draw may be promised.
    """
    waiting = [
        each
        for each in await queries.seats(db, application.id, row.stage_key)
        if each.stratum == stratum and each.state is SeatState.STANDING_BY
    ]
    experts = [each.expert_id for each in waiting]
    conflicts = await conflicts_of(db, application, now.date(), experts)
    standing = await _standing(db, experts)
    for each in waiting:
        if places == 0:
            break
        if each.expert_id in conflicts:
            each.state = LIFECYCLE.next("conflict", each.state)
            each.reason = said(conflicts[each.expert_id])
        elif each.expert_id not in standing:
            each.state, each.reason = LIFECYCLE.next("close", each.state), LEFT_THE_POOL
        else:
            await _ask(db, row, each, now)
            places -= 1
        each.version += 1
    if places:
        await note(db, row, "exhausted", now, {"stratum": stratum, "missing": places})
    await db.flush()


async def _standing(db: AsyncSession, experts: list[UUID]) -> set[UUID]:
    statement = select(Expert.id).where(
        col(Expert.id).in_(experts), col(Expert.state) == ExpertState.STANDING
    )
    return set((await db.exec(statement)).all())


async def _ask(db: AsyncSession, row: PanelDraw, each: Seat, now: datetime) -> None:
    each.state = LIFECYCLE.next("invite", each.state)
    each.invited_at, each.expires_at = now, now + lasts(answer_days(row))
    if each.account_id is not None:
        fact = ExpertInvited(recipient=each.account_id, application_id=each.application_id)
        await record(db, fact, subject=each.id, division=each.division_code, version=each.version)


def answer_days(row: PanelDraw) -> int:
    """How long each invitation of a draw waits, as it was promised."""
    rule = Commitment.model_validate_json(row.commitment).rule
    assert isinstance(rule, PanelRule)
    return rule.terms["answer_days"]


async def give_up(
    db: AsyncSession,
    application: Application,
    row: PanelDraw,
    each: Seat,
    action: str,
    reason: str | None,
    now: datetime,
) -> None:
    """A seat that was asked for or taken is free again, and the next of its stratum is asked."""
    held_a_place = each.state is not SeatState.STANDING_BY
    each.state, each.reason = LIFECYCLE.next(action, each.state), reason
    each.answered_at, each.token_hash = now, None
    each.version += 1
    await db.flush()
    if held_a_place:
        await invite(db, application, row, each.stratum, 1, now)
