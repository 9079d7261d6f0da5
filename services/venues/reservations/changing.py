"""Caps, lengths and hours that change: days that are made follow, and nobody is cut in silence."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import as_service, run
from services.kit.facts import record_all
from services.kit.problems import FieldError
from services.venues.facts import ReservationCancelled
from services.venues.opening.rules import today
from services.venues.reservations.days import add_buckets, count, plan, receives, settings
from services.venues.reservations.models import Settings
from services.venues.reservations.rules import (
    CapBelowTaken,
    OpeningCutsReservations,
    ReservationState,
    holds,
)
from services.venues.reservations.waiting import serve

MOST_SAID = 20
"""Days that a refusal names: the first ones say what is wrong."""
LAST_DAY = date(2999, 12, 31)

MADE = text(
    """SELECT day, hours, free, slot_minutes, visit_minutes, capacity, taken, waiting
    FROM visit_days WHERE venue_id = :venue_id AND day BETWEEN :first AND :last
    ORDER BY day FOR NO KEY UPDATE"""
)
FULLER_BUCKETS = text(
    """SELECT day, max(taken) AS taken FROM visit_buckets
    WHERE venue_id = :venue_id AND day >= :first AND taken > :most GROUP BY day ORDER BY day"""
)
SET_DAYS = text(
    """UPDATE visit_days SET capacity = :per_day, slot_minutes = :slot_minutes,
        visit_minutes = :visit_minutes WHERE venue_id = :venue_id AND day >= :first"""
)
SET_BUCKETS = text(
    "UPDATE visit_buckets SET capacity = :at_once WHERE venue_id = :venue_id AND day >= :first"
)
SET_HOURS = text(
    "UPDATE visit_days SET hours = :hours, free = :free WHERE venue_id = :venue_id AND day = :day"
)
# Also who is late: whoever comes now finds it closed, and is no no-show.
LIVE_OF_DAY = text(
    """SELECT id, starts, ends, party_size, state, version, division_code, starts_at,
        COALESCE(account_id, proxy_by) AS recipient
    FROM reservations WHERE venue_id = :venue_id AND day = :day
        AND state IN ('requested', 'waiting', 'offered', 'confirmed') AND held_until > :now
    ORDER BY id LIMIT CAST(:most AS int) FOR NO KEY UPDATE"""
)
CALL_OFF = text(
    """UPDATE reservations SET state = 'cancelled', offer_expires_at = NULL,
        decision_reason = :reason, version = version + 1
    WHERE id = ANY(CAST(:ids AS uuid[]))"""
)

EXCUSE = text(
    """UPDATE reservations SET counted = false WHERE venue_id = :venue_id
        AND day BETWEEN :first AND :last AND state = 'no_show' AND counted IS DISTINCT FROM false"""
)


async def settings_changed(db: AsyncSession, found: Settings, now: datetime) -> None:
    """Days that are made take the caps and lengths of now; more room goes to those who wait.

    Raises CapBelowTaken, naming the days on which more are expected than would be let in.
    """
    first = today(now)
    where: dict[str, Any] = {"venue_id": found.venue_id, "first": first}
    made = (await run(db, MADE, {**where, "last": LAST_DAY})).all()
    errors = [
        FieldError("/per_day", "day-above-cap", (("day", str(row.day)), ("taken", row.taken)))
        for row in made
        if row.taken > found.per_day
    ]
    fuller = (await run(db, FULLER_BUCKETS, {**where, "most": found.at_once})).all()
    errors += [
        FieldError("/at_once", "day-above-cap", (("day", str(row.day)), ("taken", row.taken)))
        for row in fuller
    ]
    if errors:
        raise CapBelowTaken(errors=tuple(errors[:MOST_SAID]))
    values = found.model_dump(include={"per_day", "at_once", "slot_minutes", "visit_minutes"})
    days = {name: values[name] for name in ("per_day", "slot_minutes", "visit_minutes")}
    await run(db, SET_DAYS, {**where, **days})
    await run(db, SET_BUCKETS, {**where, "at_once": found.at_once})
    for row in made:
        if row.waiting:
            await serve(db, found.venue_id, row.day, now)


async def hours_changed(
    db: AsyncSession,
    venue_id: UUID,
    venue: str,
    days: tuple[date, date],
    now: datetime,
    *,
    reason: str | None,
) -> int:
    """Days that are made take the hours of now; answers how many reservations that ended.

    With a `reason`, those who have reserved for a time that is closed now are called off and told.
    Without, raises OpeningCutsReservations where there are any.
    """
    found = await settings(db, venue_id, lock="change")
    if found is None or not await receives(db, venue_id):
        # A closed venue has no hours: its days are planned when it opens again.
        return 0
    values = {"venue_id": venue_id, "first": max(days[0], today(now)), "last": days[1]}
    called_off, errors = 0, []
    async with as_service(db):
        for row in (await run(db, MADE, values)).all():
            planned = await plan(db, found, row.day)
            there = {"venue_id": venue_id, "day": row.day, "now": now, "most": None}
            live = (await run(db, LIVE_OF_DAY, there)).all()
            gone = [each for each in live if not planned.day.stands(each.starts)]
            if gone and reason is None:
                people = sum(each.party_size for each in gone)
                said = (("day", str(row.day)), ("parties", len(gone)), ("people", people))
                errors.append(FieldError("/seasons", "day-has-reservations", said))
                continue
            hours = {"hours": list(planned.day.hours), "free": planned.free}
            await run(db, SET_HOURS, {"venue_id": venue_id, "day": row.day, **hours})
            await add_buckets(db, venue_id, row.day, planned)
            await call_off(db, venue_id, venue, row.day, gone, reason or "")
            called_off += len(gone)
            if gone:
                await serve(db, venue_id, row.day, now)
    if errors:
        raise OpeningCutsReservations(errors=tuple(errors[:MOST_SAID]))
    return called_off


async def call_off(
    db: AsyncSession, venue_id: UUID, venue: str, day: date, gone: Iterable[Any], reason: str
) -> None:
    """End reservations of a day that is held: counters follow, and each of their people is told."""
    ended = list(gone)
    if not ended:
        return
    await run(db, CALL_OFF, {"ids": [row.id for row in ended], "reason": reason})
    held = [(row, holds(ReservationState(row.state), row.party_size)) for row in ended]
    parties = [(row.starts, row.ends, -people, -waiting) for row, (people, waiting) in held]
    await count(db, venue_id, day, parties)
    await record_all(
        db,
        [
            (
                ReservationCancelled(
                    recipient=row.recipient,
                    venue_id=venue_id,
                    venue=venue,
                    starts_at=row.starts_at,
                    cause="venue_closed",
                ),
                row.id,
                row.division_code,
                row.version + 1,
            )
            for row in ended
        ],
    )


async def excuse_no_shows(db: AsyncSession, venue_id: UUID, days: tuple[date, date]) -> None:
    """On days that turn out to have been closed, nobody stayed away."""
    async with as_service(db):
        await run(db, EXCUSE, {"venue_id": venue_id, "first": days[0], "last": days[1]})
