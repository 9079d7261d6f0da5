"""What activities ask of registrations, in one module: places, and attendance told again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.registrations.check_in import hosts_changed
from services.events.registrations.models import Pool, Ticket
from services.events.registrations.places import (
    occurrence_cancelled,
    occurrence_moved,
    open_places,
)
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
