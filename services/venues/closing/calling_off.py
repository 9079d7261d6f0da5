"""Who was to come to a closed venue is told, in batches: no lock outlasts a few hundred rows.

Nothing new can come meanwhile: the days of the venue are shut in the transaction that closes it.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import as_service, run
from services.kit.schedules import Schedule
from services.venues.closing.models import Closing
from services.venues.closing.queries import expected
from services.venues.closing.rules import AT_ONCE, BATCH
from services.venues.opening.rules import today
from services.venues.registry.models import Venue
from services.venues.reservations.changing import LAST_DAY, LIVE_OF_DAY, MADE, call_off
from services.venues.reservations.days import settings
from services.venues.reservations.halls import call_off_holds
from services.venues.reservations.waiting import lock

SHUT = text("UPDATE visit_days SET hours = '{}' WHERE venue_id = :venue_id AND day >= :first")
NEXT_DAY = text(
    """SELECT min(day) FROM reservations WHERE venue_id = :venue_id AND held_until > :now
    AND state IN ('requested', 'waiting', 'offered', 'confirmed')"""
)


async def shut_days(db: AsyncSession, venue_id: UUID, now: datetime) -> None:
    """Nobody reserves any more: days that are made are shut, and none is made."""
    if await settings(db, venue_id, lock="change") is None:
        return
    values = {"venue_id": venue_id, "first": today(now)}
    await run(db, MADE, {**values, "last": LAST_DAY})
    await run(db, SHUT, values)


async def call_off_some(db: AsyncSession, closing: Closing, venue: str, now: datetime) -> int:
    """One batch: parties of the next day, or holds; answers how many. None left: it is settled."""
    venue_id, reason = closing.venue_id, closing.reason or ""
    async with as_service(db):
        there = {"venue_id": venue_id, "now": now}
        day = (await run(db, NEXT_DAY, there)).scalar()
        if day is not None:
            await lock(db, venue_id, day)
            live = (await run(db, LIVE_OF_DAY, {**there, "day": day, "most": BATCH})).all()
            await call_off(db, venue_id, venue, day, live, reason)
            closing.parties += len(live)
            closing.people += sum(row.party_size for row in live)
            # None: who was expected a moment ago has cancelled meanwhile.
            return len(live) or 1
    released = await call_off_holds(db, venue_id, now, cause="venue_closed", most=BATCH)
    closing.holds += released
    left = await expected(db, venue_id, now)
    if not left.parties and not left.holds:
        closing.settled_at = now
    return released


async def call_off_at_once(db: AsyncSession, closing: Closing, venue: str, now: datetime) -> None:
    """The first batches, within the closing itself: a small venue has no more."""
    moved = 0
    while closing.settled_at is None and moved < AT_ONCE:
        step = await call_off_some(db, closing, venue, now)
        if not step:
            break
        moved += step
    await db.flush()


async def call_off_next(db: AsyncSession) -> int:
    """One turn of the schedule: a batch of the closing that has waited longest."""
    statement = (
        select(Closing, Venue.name)
        .join(Venue, col(Venue.id) == Closing.venue_id)
        .where(col(Closing.settled_at).is_(None))
        .order_by(col(Closing.id))
        .limit(1)
        .with_for_update(of=Closing, skip_locked=True)
    )
    found = (await db.exec(statement)).first()
    if found is None:
        return 0
    closing, venue = found
    moved = await call_off_some(db, closing, venue, datetime.now(UTC))
    await db.flush()
    return moved


SCHEDULE = Schedule("call-off-visits", every_s=5, turn=call_off_next)
