"""What venues and halls are called: learnt from their facts, so that a place reads as a place."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Reads

# Equal versions too: the first facts of a venue said no name, and were told again with it.
VENUE = text(
    """INSERT INTO known_venues AS k (id, name, has_closed, version)
    VALUES (:id, :name, :has_closed, :version)
    ON CONFLICT (id) DO UPDATE SET name = COALESCE(excluded.name, k.name),
        has_closed = excluded.has_closed, version = excluded.version
    WHERE k.version <= excluded.version"""
)
HALL = text(
    """INSERT INTO known_halls AS k (id, name, version) VALUES (:id, :name, :version)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version
    WHERE k.version <= excluded.version"""
)


class _Venue(BaseModel):
    """The subject is the venue; a fact of its closing has no name."""

    name: str | None = None


class _Hall(BaseModel):
    """The subject is the hall."""

    name: str


def _venue(*, has_closed: bool) -> Callable[[AsyncSession, Envelope, _Venue], Awaitable[None]]:
    async def keep(db: AsyncSession, envelope: Envelope, body: _Venue) -> None:
        about = {"id": UUID(envelope.subject), "version": envelope.aggregateversion}
        await run(db, VENUE, {**about, "name": body.name, "has_closed": has_closed})

    return keep


async def _hall(db: AsyncSession, envelope: Envelope, body: _Hall) -> None:
    about = {"id": UUID(envelope.subject), "version": envelope.aggregateversion}
    await run(db, HALL, {**about, "name": body.name})


CONSUMER = Consumer(
    "venue-names",
    {
        "venues.venue_published.v1": Reads(_Venue, _venue(has_closed=False)),
        "venues.venue_changed.v1": Reads(_Venue, _venue(has_closed=False)),
        "venues.venue_closed.v1": Reads(_Venue, _venue(has_closed=True)),
        "venues.hall_changed.v1": Reads(_Hall, _hall),
    },
)
