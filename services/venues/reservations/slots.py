"""The slots of a day, for everybody: as its counters stand, or as it would be made."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.venues.opening.rules import moment
from services.venues.opening.schemas import clock_of
from services.venues.registry.models import Venue
from services.venues.registry.rules import VenueState
from services.venues.reservations.buckets import Day, left
from services.venues.reservations.days import plan, settings
from services.venues.reservations.models import Settings
from services.venues.reservations.rules import NoReservations, released_at
from services.venues.reservations.schemas import SlotOut, SlotsOut

DAY = text(
    """SELECT hours, free, slot_minutes, visit_minutes, capacity - taken AS left
    FROM visit_days WHERE venue_id = :venue_id AND day = :day"""
)
BUCKETS = text(
    """SELECT minute, capacity - taken AS left, waiting FROM visit_buckets
    WHERE venue_id = :venue_id AND day = :day"""
)


async def slots_of(db: AsyncSession, venue: Venue, day: date, now: datetime) -> SlotsOut:
    """The slots of a venue and day, and how many may still come at each.

    Raises NoReservations for a venue that takes none.
    """
    venue_id = venue.id
    rule = await settings(db, venue_id)
    if rule is None:
        raise NoReservations()
    where = {"venue_id": venue_id, "day": day}
    made = (await run(db, DAY, where)).first()
    if made is None:
        planned = await plan(db, rule, day)
        found, free, day_left = planned.day, planned.free, planned.per_day
        if venue.state is VenueState.CLOSED:
            found = Day((), found.slot_minutes, found.visit_minutes)
        room, waiting = dict.fromkeys(found.buckets(), planned.at_once), {}
    else:
        found = Day(made.hours, made.slot_minutes, made.visit_minutes)
        free, day_left = made.free, made.left
        rows = (await run(db, BUCKETS, where)).all()
        room = {row.minute: row.left for row in rows}
        waiting = {row.minute: row.waiting for row in rows}
    opens_at = released_at(day, rule.release_days, rule.release_at)
    takes = rule.accepting and venue.state is VenueState.PUBLISHED and now >= opens_at
    return SlotsOut(
        venue_id=venue_id,
        day=day,
        is_open=bool(found.hours),
        free=free,
        opens_at=opens_at,
        group_opens_at=_groups_from(rule, day),
        places_left=day_left if found.hours else 0,
        slots=[
            _slot(found, day, starts, room, waiting, day_left, takes=takes, now=now)
            for starts in found.slots()
        ],
    )


def _groups_from(rule: Settings, day: date) -> datetime:
    return released_at(day, rule.group_release_days, rule.release_at)


def _slot(
    found: Day,
    day: date,
    starts: int,
    room: dict[int, int],
    waiting: dict[int, int],
    day_left: int,
    *,
    takes: bool,
    now: datetime,
) -> SlotOut:
    ends: Any = found.ends(starts)
    return SlotOut(
        starts=clock_of(starts),
        ends=clock_of(ends),
        places_left=left(room, day_left, starts, ends),
        waiting=waiting.get(starts, 0),
        bookable=takes and now < moment(day, starts),
    )
