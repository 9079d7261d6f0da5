"""At the door of a venue: a party is let in once, by its code or by hand."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.db import run
from services.kit.ids import uuid7
from services.kit.problems import broken
from services.venues.facts import ReservationArrived
from services.venues.reservations import codes
from services.venues.reservations.actions import about, circumstances, hold, require_room, settle
from services.venues.reservations.models import Visit
from services.venues.reservations.rules import (
    LIFECYCLE,
    ReservationNotConfirmed,
    ReservationState,
    VisitSource,
    WrongVenue,
    holds,
    require_door,
)
from services.venues.reservations.schemas import VisitorsIn, VisitorsOut
from services.venues.reservations.visits import record_visit

FREE = text("SELECT free FROM visit_days WHERE venue_id = :venue_id AND day = :day")


async def let_in(
    db: AsyncSession, caller: Caller, keys: Path, given: VisitorsIn, now: datetime
) -> VisitorsOut:
    """Let a party in; one that came before is answered with when. Two scans are one.

    Who does not come gives their places to those who wait. A party that comes after its places
    went to others is let in while there is room. Raises BadVisitCode, WrongVenue,
    VenueDoorClosed, ReservationNotConfirmed, SlotFull.
    """
    venue_id = given.venue_id
    if given.code is not None:
        claims = codes.verify(keys, given.code)
        reservation_id, venue_id = claims.reservation, claims.venue
    else:
        assert given.reservation_id is not None
        reservation_id = given.reservation_id
    if venue_id is not None and given.venue_id not in (None, venue_id):
        raise WrongVenue()
    found = await hold(db, caller, reservation_id, "check_in")
    row = found.row
    if given.venue_id not in (None, row.venue_id):
        raise WrongVenue()
    already = row.state is ReservationState.ARRIVED
    if not already:
        if row.state not in LIFECYCLE.steps["check_in"].sources:
            raise ReservationNotConfirmed(state=row.state.value)
        require_door(now, row.day, row.starts_at)
        people = given.people or row.party_size
        if people > row.party_size:
            raise broken("/people", "more-than-reserved", most=row.party_size)
        before = holds(row.state, row.party_size)
        if row.state is ReservationState.NO_SHOW:
            await require_room(db, row, people)
        row.state = LIFECYCLE.next("check_in", row.state, **circumstances(row, now))
        row.arrived, row.arrived_at, row.counted = people, now, None
        row.checked_in_by = caller.known()
        row.method = "code" if given.code is not None else "by_hand"
        await settle(db, found, before, ReservationArrived(**about(found), people=people), now)
        visit = Visit(
            id=uuid7(),
            venue_id=row.venue_id,
            day=row.day,
            source=VisitSource.CHECK_IN,
            reservation_id=row.id,
            people=people,
            children=min(row.children, people),
            free=await _is_free(db, found.row.venue_id, row.day),
            recorded_by=caller.known(),
            recorded_at=now,
        )
        db.add(visit)
        await db.flush()
        await record_visit(db, visit, row.division_code)
    assert row.arrived is not None
    assert row.arrived_at is not None
    return VisitorsOut(
        reservation_id=row.id,
        venue_id=row.venue_id,
        name=row.name_masked,
        party_size=row.party_size,
        arrived=row.arrived,
        arrived_at=row.arrived_at,
        already=already,
    )


async def _is_free(db: AsyncSession, venue_id: object, day: object) -> bool:
    return bool((await run(db, FREE, {"venue_id": venue_id, "day": day})).scalar())
