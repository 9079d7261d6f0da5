"""Days as their places are counted: made when first asked for, and kept in step with the rules.

Whoever makes a day, and whoever changes opening hours or settings, holds the row of the settings
first; whoever decides on places holds the row of the day, and then its buckets. So nobody waits
in a circle, and no day is made under rules that have just ended.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.venues.opening.queries import opening
from services.venues.opening.rules import Hours
from services.venues.reservations.buckets import Day, changes
from services.venues.reservations.models import Settings

MAKE_DAY = text(
    """INSERT INTO visit_days (venue_id, day, hours, free, slot_minutes, visit_minutes, capacity)
    VALUES (:venue_id, :day, :hours, :free, :slot_minutes, :visit_minutes, :capacity)
    ON CONFLICT (venue_id, day) DO NOTHING"""
)
MAKE_BUCKETS = text(
    """INSERT INTO visit_buckets (venue_id, day, minute, capacity)
    SELECT :venue_id, :day, minute, :capacity
    FROM unnest(CAST(:minutes AS int[])) AS minute ORDER BY minute
    ON CONFLICT (venue_id, day, minute) DO NOTHING"""
)
COUNT_DAY = text(
    """UPDATE visit_days SET taken = taken + :people, waiting = waiting + :waiting
    WHERE venue_id = :venue_id AND day = :day"""
)
COUNT_BUCKETS = text(
    """UPDATE visit_buckets b SET taken = b.taken + c.people, waiting = b.waiting + c.waiting
    FROM unnest(CAST(:minutes AS int[]), CAST(:people AS int[]), CAST(:waiting AS int[]))
        AS c(minute, people, waiting)
    WHERE b.venue_id = :venue_id AND b.day = :day AND b.minute = c.minute"""
)


OPEN_VENUE = text("SELECT state <> 'closed' FROM venues WHERE id = :venue_id")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a day is to be, by the rules and settings of now."""

    day: Day
    free: bool
    per_day: int
    at_once: int


def flat(hours: Hours) -> list[int]:
    """Opening and closing minutes in turn, as a day keeps them."""
    return [minute for span in hours.spans for minute in (span.opens, span.closes)]


async def settings(db: AsyncSession, venue_id: UUID, *, lock: str | None = None) -> Settings | None:
    """How the venue takes reservations; `lock` is "share" to make days, "change" to change them."""
    statement = select(Settings).where(Settings.venue_id == venue_id)
    if lock is not None:
        statement = statement.with_for_update(read=lock == "share").execution_options(
            populate_existing=True
        )
    return (await db.exec(statement)).first()


async def receives(db: AsyncSession, venue_id: UUID) -> bool:
    """Is the venue not closed? Asked with its settings held, so that it stays so."""
    return bool((await run(db, OPEN_VENUE, {"venue_id": venue_id})).scalar())


async def plan(db: AsyncSession, found: Settings, day: date) -> Plan:
    """What the day is by the rules of now."""
    hours = (await opening(db, found.venue_id, day, day)).hours(day)
    made = Day(flat(hours), found.slot_minutes, found.visit_minutes)
    return Plan(made, hours.free, found.per_day, found.at_once)


async def make(db: AsyncSession, venue_id: UUID, day: date) -> Plan | None:
    """Make the day's counters, unless they are there. None: no settings, or closed that day."""
    found = await settings(db, venue_id, lock="share")
    if found is None or not await receives(db, venue_id):
        return None
    planned = await plan(db, found, day)
    if not planned.day.hours:
        return None
    where = {"venue_id": venue_id, "day": day}
    await run(
        db,
        MAKE_DAY,
        {
            **where,
            "hours": list(planned.day.hours),
            "free": planned.free,
            "slot_minutes": planned.day.slot_minutes,
            "visit_minutes": planned.day.visit_minutes,
            "capacity": planned.per_day,
        },
    )
    await add_buckets(db, venue_id, day, planned)
    return planned


async def add_buckets(db: AsyncSession, venue_id: UUID, day: date, planned: Plan) -> None:
    """Counters for each quarter of the plan that has none yet."""
    minutes = planned.day.buckets()
    values = {"venue_id": venue_id, "day": day, "capacity": planned.at_once, "minutes": minutes}
    await run(db, MAKE_BUCKETS, values)


async def count(
    db: AsyncSession, venue_id: UUID, day: date, parties: list[tuple[int, int, int, int]]
) -> None:
    """Add (starts, ends, people, waiting) of each party to the counters of a day that is held.

    The CHECKs of the tables have the last word.
    """
    if not parties:
        return
    where = {"venue_id": venue_id, "day": day}
    people, waiting = sum(p[2] for p in parties), sum(p[3] for p in parties)
    await run(db, COUNT_DAY, {**where, "people": people, "waiting": waiting})
    found = changes(parties)
    values = {
        "minutes": list(found),
        "people": [each[0] for each in found.values()],
        "waiting": [each[1] for each in found.values()],
    }
    await run(db, COUNT_BUCKETS, {**where, **values})
