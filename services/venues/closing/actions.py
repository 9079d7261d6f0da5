"""Closing a venue and opening it again: load, decide, write, record the fact."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.facts import Fact, record
from services.venues.closing import queries
from services.venues.closing.calling_off import call_off_at_once, shut_days
from services.venues.closing.models import Closing
from services.venues.closing.schemas import CloseIn
from services.venues.facts import VenueClosed, VenuePublished
from services.venues.opening.rules import today
from services.venues.registry.models import Venue
from services.venues.registry.queries import venue as find_venue
from services.venues.registry.rules import LIFECYCLE
from services.venues.reservations.changing import LAST_DAY, hours_changed


async def close(
    db: AsyncSession, caller: Caller, venue_id: UUID, given: CloseIn, now: datetime
) -> Venue:
    """Receive nobody from now on: who was to come is told why, and the halls are given back.

    Raises VenueStillExpected unless it is said that they are called off.
    """
    row = await _step(db, caller, venue_id, "close")
    # First of all: what is counted now is all there will be.
    await shut_days(db, venue_id, now)
    found = await queries.expected(db, venue_id, now)
    found.require_called_off(given.reason, call_off=given.call_off)
    closing = Closing(
        venue_id=venue_id, reason=given.reason, closed_by=caller.known(), closed_at=now
    )
    db.add(closing)
    await db.flush()
    await call_off_at_once(db, closing, row.name, now)
    await _tell(db, row, VenueClosed())
    return row


async def reopen(db: AsyncSession, caller: Caller, venue_id: UUID, now: datetime) -> Venue:
    """Receive the public again. What was called off stays so: people were told, and made plans.

    Who has not been told yet, because there were very many, keeps the reservation.
    """
    row = await _step(db, caller, venue_id, "reopen")
    closing = await queries.standing(db, venue_id)
    reason = None
    if closing is not None:
        closing.settled_at = closing.settled_at or now
        closing.reopened_at, closing.reopened_by = now, caller.known()
        reason = closing.reason
        await db.flush()
    await hours_changed(db, venue_id, row.name, (today(now), LAST_DAY), now, reason=reason)
    await _tell(db, row, VenuePublished(kind=row.kind, name=row.name))
    return row


async def _step(db: AsyncSession, caller: Caller, venue_id: UUID, action: str) -> Venue:
    row = await find_venue(db, caller, venue_id, lock=True)
    for need in LIFECYCLE.steps[action].needs:
        caller.require(P(need), at=row.division_code)
    row.state = LIFECYCLE.next(action, row.state)
    row.version += 1
    await db.flush()
    return row


async def _tell(db: AsyncSession, row: Venue, fact: Fact) -> None:
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)
