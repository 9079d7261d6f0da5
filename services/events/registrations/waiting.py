"""The waiting list: every path that frees or adds places ends in `serve`, under the pool's lock."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.facts import OfferLapsed, PlaceOffered
from services.events.registrations.rules import Counts, ListRule, Queued, expiry, hand_out
from services.kit.db import as_service, run
from services.kit.facts import record_all
from services.kit.schedules import Schedule

# NO KEY UPDATE excludes every other decision on the pool, and lets foreign keys through.
LOCK = text("SELECT id FROM pools WHERE id = :id FOR NO KEY UPDATE")
COUNT = text(
    "UPDATE pools SET confirmed = confirmed + :confirmed, offered = offered + :offered,"
    " waiting = waiting + :waiting WHERE id = :id"
)
POOL = text(
    """SELECT p.capacity, p.confirmed, p.offered, p.waiting, p.open, o.id AS occurrence_id,
        o.activity_id, o.list_rule, o.offer_minutes, o.starts_at
    FROM pools p JOIN occurrences o ON o.id = p.occurrence_id WHERE p.id = :id"""
)
# An offer is at least one place, so no more parties than free places are ever needed at once.
LINE = {
    ListRule.STRICT: text(
        """SELECT id, party_size AS size, split_ok FROM registrations
        WHERE pool_id = :id AND state = 'waiting' AND (split_ok OR party_size <= :capacity)
        ORDER BY number LIMIT :free"""
    ),
    ListRule.GREEDY: text(
        """SELECT id, party_size AS size, split_ok FROM registrations
        WHERE pool_id = :id AND state = 'waiting' AND (split_ok OR party_size <= :free)
        ORDER BY number LIMIT :free"""
    ),
}
OFFER = text(
    """UPDATE registrations r SET state = 'offered', offered_places = o.places,
        offer_expires_at = :expires_at, version = r.version + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS int[])) AS o(id, places)
    WHERE r.id = o.id
    RETURNING r.id, COALESCE(r.account_id, r.proxy_by) AS recipient, r.division_code, r.version,
        r.offered_places"""
)
EXPIRED = text(
    """SELECT pool_id FROM registrations WHERE state = 'offered' AND offer_expires_at <= :now
    ORDER BY offer_expires_at LIMIT 1"""
)
LAPSE = text(
    """WITH gone AS (
        SELECT id, offered_places FROM registrations
        WHERE pool_id = :id AND state = 'offered' AND offer_expires_at <= :now FOR NO KEY UPDATE)
    UPDATE registrations r SET state = 'lapsed', offered_places = 0, offer_expires_at = NULL,
        version = r.version + 1
    FROM gone, occurrences o WHERE r.id = gone.id AND o.id = r.occurrence_id
    RETURNING r.id, COALESCE(r.account_id, r.proxy_by) AS recipient, r.division_code, r.version,
        r.occurrence_id, o.activity_id, gone.offered_places AS places"""
)


async def lock(db: AsyncSession, pool_id: UUID) -> None:
    """Hold the pool until the transaction ends: its places are decided under this, and only so."""
    await run(db, LOCK, {"id": pool_id})


async def count(db: AsyncSession, pool_id: UUID, change: Counts) -> None:
    """Move the pool's counts by `change`; the CHECK on the table has the last word."""
    if change != Counts():
        await run(db, COUNT, {"id": pool_id, **asdict(change)})


async def serve(db: AsyncSession, pool_id: UUID, now: datetime) -> None:
    """Offer what is free to the waiting list, by the occurrence's rule. The caller holds the lock.

    Nothing is offered once the occurrence has started, nor while it is postponed or cancelled.
    """
    pool = (await run(db, POOL, {"id": pool_id})).one()
    counts = Counts(pool.confirmed, pool.offered, pool.waiting)
    if not counts.waiting or counts.taken >= pool.capacity:
        return
    if not pool.open or now >= pool.starts_at:
        return
    expires_at = expiry(now, pool.offer_minutes, pool.starts_at)
    rule = ListRule(pool.list_rule)
    made: list[Any] = []
    async with as_service(db):
        # A greedy list is read again while places are left: the next parties may be smaller.
        while counts.taken < pool.capacity:
            offers = hand_out(
                pool.capacity, counts, await _line(db, pool_id, rule, pool.capacity, counts), rule
            )
            if not offers:
                break
            ids, places = zip(*offers, strict=True)
            values = {"ids": list(ids), "places": list(places), "expires_at": expires_at}
            made += (await run(db, OFFER, values)).all()
            change = Counts(offered=sum(places), waiting=-len(offers))
            await count(db, pool_id, change)
            counts += change
    await record_all(
        db,
        [
            (
                PlaceOffered(
                    recipient=row.recipient,
                    activity_id=pool.activity_id,
                    occurrence_id=pool.occurrence_id,
                    places=row.offered_places,
                    expires_at=expires_at,
                ),
                row.id,
                row.division_code,
                row.version,
            )
            for row in made
        ],
    )


async def _line(
    db: AsyncSession, pool_id: UUID, rule: ListRule, capacity: int, counts: Counts
) -> list[Queued]:
    values: dict[str, Any] = {"id": pool_id, "free": capacity - counts.taken}
    if rule is ListRule.STRICT:
        values["capacity"] = capacity
    return [
        Queued(row.id, row.size, row.split_ok) for row in (await run(db, LINE[rule], values)).all()
    ]


async def lapse(db: AsyncSession, pool_id: UUID, now: datetime) -> int:
    """End the pool's expired offers and serve on; answers how many. As the service principal."""
    await lock(db, pool_id)
    gone = (await run(db, LAPSE, {"id": pool_id, "now": now})).all()
    await count(db, pool_id, Counts(offered=-sum(row.places for row in gone)))
    await record_all(
        db,
        [
            (
                OfferLapsed(
                    recipient=row.recipient,
                    activity_id=row.activity_id,
                    occurrence_id=row.occurrence_id,
                ),
                row.id,
                row.division_code,
                row.version,
            )
            for row in gone
        ],
    )
    await serve(db, pool_id, now)
    return len(gone)


async def lapse_next(db: AsyncSession) -> int:
    """One turn of the schedule: the pool whose offer expired first."""
    now = datetime.now(UTC)
    pool_id = (await run(db, EXPIRED, {"now": now})).scalar()
    return 0 if pool_id is None else await lapse(db, pool_id, now)


SCHEDULE = Schedule("lapse-offers", every_s=5, turn=lapse_next)
