"""What a base has to put right: ordered, answered, re-checked; and removal proposed."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import record
from services.kit.problems import Missing
from services.kit.workdays import day_of, working_days
from services.venues.applications.trail import decide
from services.venues.facts import RectificationOrdered, RemovalProposed
from services.venues.honours import queries as honours
from services.venues.honours import steps
from services.venues.honours.models import Honour
from services.venues.honours.rules import LIFECYCLE as HONOUR
from services.venues.honours.rules import HonourState
from services.venues.inspections import queries, rectification_queries
from services.venues.inspections.actions import note
from services.venues.inspections.making import check
from services.venues.inspections.models import Inspection, InspectionAnswer, Rectification
from services.venues.inspections.queries import Found
from services.venues.inspections.rectification_queries import Righting
from services.venues.inspections.rules import (
    RECTIFICATION,
    AlreadyExtended,
    InspectionKind,
    InspectionState,
    NotFailed,
    NotOverdue,
    RectificationUnderWay,
    Result,
    is_overdue,
)
from services.venues.inspections.schemas import RectifyIn
from services.venues.inspections.settling import tell_settled
from services.venues.programmes.definition import Inspection as InspectionRule

# With the honour gone, nothing is left to put right.
CLOSE_GONE = text(
    """UPDATE rectifications r SET state = 'closed', closed_at = now(), version = r.version + 1
    FROM honours h WHERE h.id = r.honour_id AND r.closed_at IS NULL
        AND h.state IN ('revoked', 'expired', 'renewed', 'upgraded')"""
)


async def order(
    db: AsyncSession, caller: Caller, inspection_id: UUID, given: RectifyIn, now: datetime
) -> Righting:
    """After an inspection that failed and was released; the honour stands under rectification.

    Raises NotFailed, RectificationUnderWay, WrongState.
    """
    found = await queries.inspection(db, caller, inspection_id, lock=True)
    caller.require(P.INSPECTION_CONDUCT, at=found.authority)
    source = found.row
    if (
        source.honour_id is None
        or source.state is not InspectionState.RELEASED
        or source.result is not Result.FAILED
    ):
        raise NotFailed()
    honour = (await honours.held(db, source.honour_id, lock=True)).honour
    if await _open_of(db, honour.id) is not None:
        raise RectificationUnderWay()
    rule = found.definition.inspection if found.definition else InspectionRule()
    row = Rectification(
        inspection_id=source.id,
        honour_id=honour.id,
        programme_id=honour.programme_id,
        venue_id=honour.venue_id,
        division_code=honour.division_code,
        recorded_code=honour.division_code,
        demands=given.demands,
        first_day=day_of(now),
        days=given.days or rule.rectification_days,
        working=rule.rectification_in_working_days,
        ordered_by=caller.known(),
        ordered_at=now,
    )
    set_term(row)
    db.add(row)
    await db.flush()
    if honour.state in HONOUR.steps["rectify"].sources:
        await steps.take(db, honour, "rectify", caller, given.reason, now)
    await note(db, caller, found, "order_rectification", given.reason, now)
    await _tell(db, row, RectificationOrdered)
    return await rectification_queries.rectification(db, caller, row.id)


async def _open_of(db: AsyncSession, honour_id: UUID) -> Rectification | None:
    statement = select(Rectification).where(
        Rectification.honour_id == honour_id,
        Rectification.closed_at == None,  # noqa: E711
    )
    return (await db.exec(statement)).first()


async def _tell(
    db: AsyncSession, row: Rectification, kind: type[RectificationOrdered] | type[RemovalProposed]
) -> None:
    fact = kind(honour_id=row.honour_id, venue_id=row.venue_id, due_on=row.due_on)
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


def set_term(row: Rectification) -> None:
    """The last day of the term: the first day does not count; open while no calendar knows it."""
    row.due_on = last_day(row.first_day, row.days, working=row.working)
    row.due_open = row.due_on is None


def last_day(first: date, days: int, *, working: bool) -> date | None:
    """So many days after the first one; None: the calendar of working days is not known yet."""
    return working_days().due(first, days, False) if working else first + timedelta(days=days)


async def _hold(db: AsyncSession, caller: Caller, rectification_id: UUID, action: str) -> Righting:
    found = await rectification_queries.rectification(db, caller, rectification_id, lock=True)
    for need in RECTIFICATION.steps[action].needs:
        if isinstance(need, P):
            caller.require(need, at=found.authority)
    return found


def _step(row: Rectification, action: str) -> None:
    row.state = RECTIFICATION.next(action, row.state)
    row.version += 1


async def _honour(db: AsyncSession, row: Rectification) -> Honour:
    return (await honours.held(db, row.honour_id, lock=True)).honour


async def _decide(
    db: AsyncSession, caller: Caller, found: Righting, action: str, reason: str, now: datetime
) -> None:
    await db.flush()
    honour = await db.get_one(Honour, found.row.honour_id)
    await decide(
        db,
        honour=honour,
        action=action,
        caller=caller,
        reason=reason,
        acted_for=found.authority,
        now=now,
    )


async def answer(
    db: AsyncSession, caller: Caller, rectification_id: UUID, said: str, now: datetime
) -> Righting:
    """The venue says what it did; evidence stands with the inspection. Late is said, not refused,
    until it has failed."""
    found = await rectification_queries.rectification(db, caller, rectification_id, lock=True)
    if not found.own:
        caller.require(P.INSPECTION_CONDUCT, at=found.authority)
        raise Missing()
    row = found.row
    _step(row, "answer")
    db.add(
        InspectionAnswer(
            inspection_id=row.inspection_id,
            rectification_id=row.id,
            text=said,
            late=is_overdue(row.due_on, day_of(now)),
            answered_by=caller.known(),
            answered_at=now,
        )
    )
    await db.flush()
    return found


async def extend(
    db: AsyncSession, caller: Caller, rectification_id: UUID, days: int, reason: str, now: datetime
) -> Righting:
    """More days, once. Raises AlreadyExtended."""
    found = await _hold(db, caller, rectification_id, "extend")
    row = found.row
    if row.extended:
        raise AlreadyExtended()
    _step(row, "extend")
    row.extended, row.days = True, row.days + days
    set_term(row)
    await _decide(db, caller, found, "extend_rectification", reason, now)
    return found


async def recheck(
    db: AsyncSession, caller: Caller, rectification_id: UUID, due_on: date | None, now: datetime
) -> Found:
    """A re-check to be done; its result settles the rectification. Raises InspectionUnderWay."""
    found = await _hold(db, caller, rectification_id, "recheck")
    _step(found.row, "recheck")
    source = await db.get_one(Inspection, found.row.inspection_id)
    honour = await db.get_one(Honour, found.row.honour_id)
    row = check(
        honour,
        source.version_id,
        InspectionKind.RECHECK,
        due_on,
        caller.known(),
        now,
        rectification_id=found.row.id,
    )
    db.add(row)
    await db.flush()
    return await queries.inspection(db, caller, row.id)


async def lapse(
    db: AsyncSession, caller: Caller, rectification_id: UUID, reason: str, now: datetime
) -> Righting:
    """Its last day went by without an answer. Raises NotOverdue."""
    found = await _hold(db, caller, rectification_id, "lapse")
    if not is_overdue(found.row.due_on, day_of(now)):
        raise NotOverdue()
    _step(found.row, "lapse")
    await tell_settled(db, caller, found.row, await _honour(db, found.row), reason, now)
    return found


async def propose_removal(
    db: AsyncSession, caller: Caller, rectification_id: UUID, reason: str, now: datetime
) -> Righting:
    """Propose that the honour be taken away; somebody else decides."""
    found = await _hold(db, caller, rectification_id, "propose_removal")
    _step(found.row, "propose_removal")
    found.row.removal_reason = reason
    await _decide(db, caller, found, "propose_removal", reason, now)
    await _tell(db, found.row, RemovalProposed)
    return found


async def reject_removal(
    db: AsyncSession, caller: Caller, rectification_id: UUID, days: int, reason: str, now: datetime
) -> Righting:
    """It is not taken away: the base gets days again, from today on."""
    found = await _hold(db, caller, rectification_id, "reject_removal")
    _step(found.row, "reject_removal")
    found.row.first_day, found.row.days = day_of(now), days
    set_term(found.row)
    await _decide(db, caller, found, "reject_removal", reason, now)
    return found


async def remove(
    db: AsyncSession, caller: Caller, rectification_id: UUID, reason: str, now: datetime
) -> Righting:
    """The honour is taken away: published, certificate and plaque withdrawn (摘牌)."""
    found = await _hold(db, caller, rectification_id, "remove")
    _step(found.row, "remove")
    found.row.closed_at = now
    await db.flush()
    honour = await _honour(db, found.row)
    if honour.state is not HonourState.REVOKED:
        await steps.take(db, honour, "revoke", caller, reason, now)
    return found


async def close_gone(db: AsyncSession) -> int:
    """Rectifications of honours that are over."""
    return (await run(db, CLOSE_GONE)).rowcount
