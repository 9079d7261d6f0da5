"""Reads of closings, and of what is expected in a venue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.db import as_service, run
from services.kit.pages import Paging, keyset
from services.venues.closing.models import Closing
from services.venues.closing.rules import Expected
from services.venues.registry.queries import venue as find_venue

EXPECTED = text(
    """SELECT r.parties, r.people, h.holds, GREATEST(r.last, h.last) AS last
    FROM (SELECT count(*) AS parties, COALESCE(sum(party_size), 0)::int AS people, max(day) AS last
            FROM reservations WHERE venue_id = :venue_id AND held_until > :now
            AND state IN ('requested', 'waiting', 'offered', 'confirmed')) r,
        (SELECT count(*) AS holds, max((upper(o.during) AT TIME ZONE 'Asia/Shanghai')::date) AS last
            FROM hall_holds o JOIN halls ON halls.id = o.hall_id
            WHERE halls.venue_id = :venue_id AND o.active AND upper(o.during) > :now) h"""
)


async def expected(db: AsyncSession, venue_id: UUID, now: datetime) -> Expected:
    """Everybody's reservations from now on, and what holds a hall: numbers, never who."""
    async with as_service(db):
        row = (await run(db, EXPECTED, {"venue_id": venue_id, "now": now})).one()
    return Expected(row.parties, row.people, row.holds, row.last)


async def standing(db: AsyncSession, venue_id: UUID) -> Closing | None:
    """The closing that holds now."""
    statement = select(Closing).where(
        Closing.venue_id == venue_id, col(Closing.reopened_at).is_(None)
    )
    return (await db.exec(statement.with_for_update())).first()


async def closings(
    db: AsyncSession, caller: Caller, venue_id: UUID, paging: Paging
) -> Sequence[Closing]:
    """When the venue was closed, newest first, for everybody who sees the venue."""
    await find_venue(db, caller, venue_id)
    statement = select(Closing).where(Closing.venue_id == venue_id)
    return (await db.exec(keyset(statement, paging, col(Closing.id), descending=True))).all()
