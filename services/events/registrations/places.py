"""Places of an occurrence: opened with it, changed by staff, called off or moved with it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.crowds import plan_still_enough
from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import OccurrenceState
from services.events.facts import RegistrationCancelled, RegistrationRescheduled
from services.events.registrations.models import Pool, Ticket
from services.events.registrations.rules import Counts, require_capacity
from services.events.registrations.schemas import PlacesIn, PoolIn, TicketIn
from services.events.registrations.waiting import lock, serve
from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.facts import record_all
from services.kit.problems import Missing
from services.kit.versions import require_version

GENERAL = "普通"
"""The name of the one pool and the one ticket kind behind a bare `capacity`."""

LOCK_ALL = text("SELECT id FROM pools WHERE occurrence_id = :id ORDER BY id FOR NO KEY UPDATE")
CALL_OFF = text(
    """UPDATE registrations SET state = 'cancelled', offered_places = 0, offer_expires_at = NULL,
        version = version + 1
    WHERE occurrence_id = :id AND state IN ('waiting', 'offered', 'confirmed', 'entered')
    RETURNING id, COALESCE(account_id, proxy_by) AS recipient, division_code, version"""
)
EMPTY = text(
    "UPDATE pools SET open = false, confirmed = 0, offered = 0, waiting = 0"
    " WHERE occurrence_id = :id"
)
MOVE = text(
    """UPDATE registrations SET version = version + 1,
        offer_expires_at = CASE WHEN state = 'offered'
            THEN LEAST(offer_expires_at, CAST(:starts_at AS timestamptz)) END
    WHERE occurrence_id = :id AND state IN ('waiting', 'offered', 'confirmed', 'entered')
    RETURNING id, COALESCE(account_id, proxy_by) AS recipient, division_code, version"""
)
# Places that go by draw stay shut for first come: as long as one is promised, and after a void one
# for as long as somebody stands in it, for the next.
OPEN = text(
    """UPDATE pools SET open = :open AND NOT EXISTS (
            SELECT FROM draws WHERE occurrence_id = :id AND state IN ('open', 'frozen'))
        AND NOT EXISTS (
            SELECT FROM registrations WHERE occurrence_id = :id AND state = 'entered')
    WHERE occurrence_id = :id"""
)


async def open_places(db: AsyncSession, occurrence: Occurrence, given: PlacesIn) -> list[Pool]:
    """Make the pools and ticket kinds of a new occurrence; none at all when none are given."""
    await db.flush()
    wanted, tickets = list(given.pools), list(given.tickets)
    if given.capacity is not None:
        wanted = [PoolIn(name=GENERAL, capacity=given.capacity)]
    pools = {
        pool.name: Pool(occurrence_id=occurrence.id, name=pool.name, capacity=pool.capacity)
        for pool in wanted
    }
    if not tickets:
        tickets = [TicketIn(name=name, pool=name) for name in pools]
    db.add_all(pools.values())
    await db.flush()
    db.add_all(
        Ticket(
            occurrence_id=occurrence.id,
            pool_id=pools[ticket.pool].id,
            **ticket.model_dump(exclude={"pool"}),
        )
        for ticket in tickets
    )
    await db.flush()
    return list(pools.values())


async def set_capacity(
    db: AsyncSession,
    caller: Caller,
    occurrence_id: UUID,
    pool_id: UUID,
    capacity: int,
    version: int,
    now: datetime,
) -> Pool:
    """Change a pool's capacity; more places go to the waiting list at once.

    Raises CapacityBelowTaken when `capacity` is less than what is confirmed and offered, and
    Incomplete when the places become a crowd's and there is no safety plan.
    """
    caller.known()
    whose = (
        select(Activity)
        .join(Occurrence, col(Occurrence.activity_id) == Activity.id)
        .where(Occurrence.id == occurrence_id)
    )
    # Held before its pools: places of two pools, raised at once, are one crowd.
    activity = (await db.exec(whose.with_for_update(of=Activity, key_share=True))).first()
    await lock(db, pool_id)
    named = select(Pool).where(Pool.id == pool_id, Pool.occurrence_id == occurrence_id)
    pool = (await db.exec(named)).first()
    if activity is None or pool is None:
        raise Missing()
    caller.require(P.ACTIVITY_EDIT, at=activity.division_code)
    require_version(pool.version, version)
    require_capacity(capacity, Counts(pool.confirmed, pool.offered, pool.waiting))
    grows = capacity > pool.capacity
    pool.capacity = capacity
    pool.version += 1
    await db.flush()
    if grows:
        await plan_still_enough(db, activity)
    # Also after a cut: a party that can never fit any more holds nobody up.
    await serve(db, pool_id, now)
    await db.refresh(pool)
    return pool


async def occurrence_cancelled(
    db: AsyncSession, activity: Activity, occurrence: Occurrence, cause: str
) -> None:
    """End every live registration of an occurrence that will not be held. No offers follow.

    `cause` is a word that the fact carries: `activity_cancelled`, `occurrence_cancelled`.
    """
    await db.flush()
    await run(db, LOCK_ALL, {"id": occurrence.id})
    async with as_service(db):
        ended = (await run(db, CALL_OFF, {"id": occurrence.id})).all()
    await run(db, EMPTY, {"id": occurrence.id})
    await record_all(
        db,
        [
            (
                RegistrationCancelled(**_about(row, activity, occurrence), cause=cause),
                row.id,
                row.division_code,
                row.version,
            )
            for row in ended
        ],
    )


async def occurrence_moved(db: AsyncSession, activity: Activity, occurrence: Occurrence) -> None:
    """Tell every live registration the new time, or that it is not known yet (postponed).

    While postponed nobody registers and nothing is offered; live offers never outlast the start.
    """
    await db.flush()
    pools = (await run(db, LOCK_ALL, {"id": occurrence.id})).scalars().all()
    known = occurrence.state is OccurrenceState.SCHEDULED
    values = {"id": occurrence.id, "starts_at": occurrence.starts_at if known else None}
    async with as_service(db):
        await run(db, OPEN, {"id": occurrence.id, "open": known})
        moved = (await run(db, MOVE, values)).all()
    await record_all(
        db,
        [
            (
                RegistrationRescheduled(
                    **_about(row, activity, occurrence), starts_at=values["starts_at"]
                ),
                row.id,
                row.division_code,
                row.version,
            )
            for row in moved
        ],
    )
    now = datetime.now(UTC)
    for pool_id in pools:
        await serve(db, pool_id, now)


def _about(row: Any, activity: Activity, occurrence: Occurrence) -> dict[str, Any]:
    return {
        "recipient": row.recipient,
        "activity_id": activity.id,
        "occurrence_id": occurrence.id,
    }
