"""Who is asked for a panel, and who comes next: in the published order, within the stratum.

Everything here runs as the service principal, with the application and the draw held.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller
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
from services.venues.experts.invitations.telling import TOLD, tell
from services.venues.experts.models import Expert
from services.venues.experts.pool.rules import ExpertState
from services.venues.facts import ExpertInvited

LEFT_THE_POOL = "已不在库"
ENOUGH = "年度评审次数已满"
INSTEAD = "依次递补"


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
) -> list[Seat]:
    """Ask the next of a stratum, and nobody who may not judge or has left the pool; who was asked.

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
    busy = await queries.busy(db, experts, terms(row)["most_reviews_a_year"], now)
    asked: list[Seat] = []
    for each in waiting:
        if len(asked) == places:
            break
        if each.expert_id in conflicts:
            await _skip(db, application, each, "conflict", said(conflicts[each.expert_id]))
        elif each.expert_id not in standing:
            await _skip(db, application, each, "close", LEFT_THE_POOL)
        elif each.expert_id in busy:
            # Drawn for several panels before any of them asked.
            await _skip(db, application, each, "close", ENOUGH)
        else:
            await _ask(db, row, each, now)
            asked.append(each)
        each.version += 1
    if missing := places - len(asked):
        await note(db, row, "exhausted", now, {"stratum": stratum, "missing": missing})
    await db.flush()
    return asked


async def _skip(
    db: AsyncSession, application: Application, each: Seat, action: str, why: str
) -> None:
    each.state, each.reason = LIFECYCLE.next(action, each.state), why
    await tell(db, application, each, TOLD[action], why, SERVICE)


async def _standing(db: AsyncSession, experts: list[UUID]) -> set[UUID]:
    statement = select(Expert.id).where(
        col(Expert.id).in_(experts), col(Expert.state) == ExpertState.STANDING
    )
    return set((await db.exec(statement)).all())


async def _ask(db: AsyncSession, row: PanelDraw, each: Seat, now: datetime) -> None:
    each.state = LIFECYCLE.next("invite", each.state)
    each.invited_at, each.expires_at = now, now + lasts(terms(row)["answer_days"])
    if each.account_id is not None:
        fact = ExpertInvited(recipient=each.account_id, application_id=each.application_id)
        await record(db, fact, subject=each.id, division=each.division_code, version=each.version)


def terms(row: PanelDraw) -> dict[str, int]:
    """What was promised with a draw: how long an invitation waits, how many reviews a year."""
    rule = Commitment.model_validate_json(row.commitment).rule
    assert isinstance(rule, PanelRule)
    return rule.terms


async def give_up(
    db: AsyncSession,
    application: Application,
    row: PanelDraw,
    each: Seat,
    action: str,
    reason: str | None,
    now: datetime,
    *,
    why: str,
    caller: Caller = SERVICE,
) -> None:
    """A seat that was asked for or taken is free again, and the next of its stratum is asked.

    `reason` stays on the seat, for those who keep the panel; `why` and who was asked instead stand
    in the trail.
    """
    each.state, each.reason = LIFECYCLE.next(action, each.state), reason
    each.answered_at = now
    each.version += 1
    await db.flush()
    await tell(db, application, each, TOLD[action], why, caller)
    for next_ in await invite(db, application, row, each.stratum, 1, now):
        await tell(db, application, next_, "alternate_invited", INSTEAD, SERVICE)
