"""What activities ask of registrations, in one module: places, draws, figures told again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.draws import actions as draws
from services.events.feedback import mixing as feedback
from services.events.registrations import attendance, places
from services.events.registrations.models import Pool, Ticket
from services.events.registrations.places import occurrence_moved, open_places
from services.events.registrations.schemas import PlacesIn, PoolIn, TicketIn
from services.kit.db import run

__all__ = [
    "close_places",
    "hosts_changed",
    "occurrence_cancelled",
    "occurrence_moved",
    "open_places",
    "places_of",
]


async def occurrence_cancelled(
    db: AsyncSession, activity: Activity, occurrence: Occurrence, cause: str
) -> None:
    """End every registration of an occurrence that will not be held, and its draw."""
    await places.occurrence_cancelled(db, activity, occurrence, cause)
    await draws.occurrence_cancelled(db, activity, occurrence, cause)


async def hosts_changed(db: AsyncSession, activity: Activity) -> None:
    """Tell attendance and feedback again, for the hosts that hold the activity now."""
    await attendance.hosts_changed(db, activity)
    await feedback.hosts_changed(db, activity)


async def close_places(db: AsyncSession, occurrences: Sequence[UUID]) -> None:
    """Take away the pools and tickets of occurrences that were never public."""
    for table in (Ticket, Pool):
        await run(db, delete(table).where(col(table.occurrence_id).in_(occurrences)))


async def places_of(db: AsyncSession, occurrences: Sequence[UUID]) -> dict[UUID, PlacesIn]:
    """The places of each as they would be asked for again: how a copy gets its own."""
    pools = (await db.exec(select(Pool).where(col(Pool.occurrence_id).in_(occurrences)))).all()
    tickets = (
        await db.exec(select(Ticket).where(col(Ticket.occurrence_id).in_(occurrences)))
    ).all()
    names = {pool.id: pool.name for pool in pools}
    return {
        one: PlacesIn(
            pools=[
                PoolIn(name=pool.name, capacity=pool.capacity)
                for pool in pools
                if pool.occurrence_id == one
            ],
            tickets=[
                TicketIn(
                    name=ticket.name,
                    pool=names[ticket.pool_id],
                    min_age=ticket.min_age,
                    max_age=ticket.max_age,
                    max_party=ticket.max_party,
                )
                for ticket in tickets
                if ticket.occurrence_id == one
            ],
        )
        for one in occurrences
    }
