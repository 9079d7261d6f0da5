"""The waiting list: every path that frees places of a day ends in `serve`, under the day's lock."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import as_service, run
from services.kit.facts import Fact, record_all
from services.kit.schedules import Schedule
from services.venues.facts import ReservationLapsed, VisitOffered
from services.venues.reservations.buckets import Room, Waiting, hand_out
from services.venues.reservations.days import count
from services.venues.reservations.rules import ReservationState, holds

LINE_LIMIT = 500
"""Parties of a line that are looked at in one turn: more than a day's free places serve."""

# NO KEY UPDATE excludes every other decision on the day, and lets foreign keys through.
LOCK = text(
    "SELECT waiting FROM visit_days WHERE venue_id = :venue_id AND day = :day FOR NO KEY UPDATE"
)
ROOM = text(
    """SELECT b.minute, b.capacity - b.taken AS inside, d.capacity - d.taken AS day
    FROM visit_days d JOIN visit_buckets b ON b.venue_id = d.venue_id AND b.day = d.day
    WHERE d.venue_id = :venue_id AND d.day = :day"""
)
RULE = text(
    """SELECT s.offer_minutes, s.accepting AND v.state = 'published' AS takes
    FROM reservation_settings s JOIN venues v ON v.id = s.venue_id WHERE s.venue_id = :venue_id"""
)
LINE = text(
    """SELECT id, starts, ends, party_size FROM reservations
    WHERE venue_id = :venue_id AND day = :day AND state = 'waiting' AND starts_at > :now
    ORDER BY number LIMIT :most"""
)
OFFER = text(
    """UPDATE reservations r SET state = 'offered', version = r.version + 1,
        offer_expires_at = LEAST(CAST(:expires_at AS timestamptz), r.starts_at)
    FROM venues v WHERE r.id = ANY(CAST(:ids AS uuid[])) AND v.id = r.venue_id
    RETURNING r.id, COALESCE(r.account_id, r.proxy_by) AS recipient, r.venue_id, v.name AS venue,
        r.starts_at, r.division_code, r.version, r.party_size, r.offer_expires_at"""
)
DUE = text(
    """SELECT venue_id, day FROM reservations
    WHERE (state = 'offered' AND offer_expires_at <= :now)
        OR (state IN ('waiting', 'requested') AND held_until <= :now)
    LIMIT 1"""
)
LAPSE = text(
    """WITH gone AS (
        SELECT id, state FROM reservations WHERE venue_id = :venue_id AND day = :day
            AND ((state = 'offered' AND offer_expires_at <= :now)
                OR (state IN ('waiting', 'requested') AND held_until <= :now))
        ORDER BY id FOR NO KEY UPDATE)
    UPDATE reservations r SET state = 'lapsed', offer_expires_at = NULL, version = r.version + 1
    FROM gone, venues v WHERE r.id = gone.id AND v.id = r.venue_id
    RETURNING r.id, COALESCE(r.account_id, r.proxy_by) AS recipient, r.venue_id, v.name AS venue,
        r.starts_at, r.division_code, r.version, r.party_size, r.starts, r.ends,
        gone.state AS state"""
)


async def lock(db: AsyncSession, venue_id: UUID, day: date) -> int:
    """Hold the day until the transaction ends; answers how many parties wait."""
    found = await run(db, LOCK, {"venue_id": venue_id, "day": day})
    return found.scalar() or 0


async def room(db: AsyncSession, venue_id: UUID, day: date) -> Room:
    """What is left of a day."""
    rows = (await run(db, ROOM, {"venue_id": venue_id, "day": day})).all()
    return Room(rows[0].day if rows else 0, {row.minute: row.inside for row in rows})


def about(row: Any) -> dict[str, Any]:
    """What every fact about a reservation says."""
    return {
        "recipient": row.recipient,
        "venue_id": row.venue_id,
        "venue": row.venue,
        "starts_at": row.starts_at,
    }


async def serve(db: AsyncSession, venue_id: UUID, day: date, now: datetime) -> None:
    """Offer what is free to those who wait for it, in order. The caller holds the day.

    Nothing is offered for a slot that has begun, nor when the venue takes no more reservations.
    """
    if not await lock(db, venue_id, day):
        return
    rule = (await run(db, RULE, {"venue_id": venue_id})).first()
    if rule is None or not rule.takes:
        return
    async with as_service(db):
        line = (
            await run(db, LINE, {"venue_id": venue_id, "day": day, "now": now, "most": LINE_LIMIT})
        ).all()
        waiting = [Waiting(row.id, row.starts, row.ends, row.party_size) for row in line]
        offers = hand_out(await room(db, venue_id, day), waiting)
        if not offers:
            return
        expires_at = now + timedelta(minutes=rule.offer_minutes)
        values = {"ids": [party.id for party in offers], "expires_at": expires_at}
        made = (await run(db, OFFER, values)).all()
    await count(db, venue_id, day, [(p.starts, p.ends, p.size, -1) for p in offers])
    await record_all(
        db,
        [
            (
                VisitOffered(**about(row), places=row.party_size, expires_at=row.offer_expires_at),
                row.id,
                row.division_code,
                row.version,
            )
            for row in made
        ],
    )


async def lapse(db: AsyncSession, venue_id: UUID, day: date, now: datetime) -> int:
    """End what waits in vain on a day, and serve on; answers how many. As the service."""
    await lock(db, venue_id, day)
    gone = (await run(db, LAPSE, {"venue_id": venue_id, "day": day, "now": now})).all()
    held = [(row, holds(ReservationState(row.state), row.party_size)) for row in gone]
    parties = [(row.starts, row.ends, -people, -waits) for row, (people, waits) in held]
    await count(db, venue_id, day, parties)
    told: list[tuple[Fact, UUID | str, str, int]] = [
        (ReservationLapsed(**about(row)), row.id, row.division_code, row.version) for row in gone
    ]
    await record_all(db, told)
    await serve(db, venue_id, day, now)
    return len(gone)


async def lapse_next(db: AsyncSession) -> int:
    """One turn of the schedule: a day on which something waits in vain."""
    now = datetime.now(UTC)
    due = (await run(db, DUE, {"now": now})).first()
    return 0 if due is None else await lapse(db, due.venue_id, due.day, now)


SCHEDULE = Schedule("lapse-visit-offers", every_s=5, turn=lapse_next)
