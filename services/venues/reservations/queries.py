"""Reads of reservations within the caller's reach, each page in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.db import as_service, run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.kit.workflow import Needs, Relation
from services.venues.registry.models import Representative, Venue
from services.venues.registry.representatives import in_office, represented, today
from services.venues.reservations.models import Penalty, Reservation
from services.venues.reservations.rules import ReservationState

# Everybody's places in the lines, so it runs as the service: it answers numbers, never who.
AHEAD = text(
    """WITH asked AS (
        SELECT id, venue_id, day, starts, number FROM reservations
        WHERE id = ANY(CAST(:ids AS uuid[]))
    ), lines AS (SELECT venue_id, day, max(number) AS last FROM asked GROUP BY venue_id, day),
    ahead AS (
        SELECT r.id, count(*) OVER (PARTITION BY r.venue_id, r.day, r.starts ORDER BY r.number
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS parties
        FROM lines JOIN reservations r ON r.venue_id = lines.venue_id AND r.day = lines.day
            AND r.state = 'waiting' AND r.number <= lines.last
    ) SELECT asked.id, parties FROM asked JOIN ahead USING (id)"""
)


@dataclass(slots=True)
class Entry:
    """A reservation with what an answer shows of it."""

    row: Reservation
    venue: str
    represented: bool
    """Does the caller act for its venue?"""
    ahead: int | None = None


def may_of(caller: Caller, row: Any, *, is_represented: bool) -> Any:
    """Does the caller hold a need of the lifecycle for this row? As `Workflow.allowed` asks it."""

    def check(need: Needs) -> bool:
        if need is Relation.OWN:
            return caller.is_(row.account_id) or caller.is_(getattr(row, "proxy_by", None))
        if need is Relation.REPRESENTS:
            return is_represented
        return caller.may(P(need), at=row.division_code)

    return check


def visible(caller: Caller) -> ColumnElement[bool]:
    """My own, those I made for others, those of venues I act for, and those within my reach."""
    return or_(
        mine(col(Reservation.account_id), caller),
        mine(col(Reservation.proxy_by), caller),
        represented(col(Reservation.venue_id), caller),
        within(col(Reservation.division_code), caller, P.RESERVATION_READ),
    )


def _rows(caller: Caller) -> Any:
    return (
        select(Reservation, Venue.name, represented(col(Reservation.venue_id), caller))
        .join(Venue, col(Venue.id) == Reservation.venue_id)
        .where(visible(caller))
        # What plain SQL changed in this transaction is read again.
        .execution_options(populate_existing=True)
    )


async def _entries(db: AsyncSession, rows: Sequence[Any]) -> list[Entry]:
    found = [Entry(row[0], row[1], bool(row[2])) for row in rows]
    waiting = [each for each in found if each.row.state is ReservationState.WAITING]
    if waiting:
        async with as_service(db):
            ids = {"ids": [each.row.id for each in waiting]}
            ahead = {row.id: row.parties for row in (await run(db, AHEAD, ids)).all()}
        for each in waiting:
            each.ahead = ahead.get(each.row.id, 0)
    return found


async def entries(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    venue: UUID | None = None,
    day: date | None = None,
    state: ReservationState | None = None,
    division: str | None = None,
) -> list[Entry]:
    """Reservations that the caller sees, newest first."""
    statement = _rows(caller)
    if venue is not None:
        statement = statement.where(Reservation.venue_id == venue)
    if day is not None:
        statement = statement.where(Reservation.day == day)
    if state is not None:
        statement = statement.where(Reservation.state == state)
    if division is not None:
        statement = statement.where(at_or_below(col(Reservation.division_code), division))
    statement = keyset(statement, paging, col(Reservation.id), descending=True)
    return await _entries(db, (await db.exec(statement)).all())


async def by_phone(
    db: AsyncSession, caller: Caller, paging: Paging, index: bytes, venue: UUID | None
) -> list[Entry]:
    """Reservations under this phone (its blind index), newest first."""
    statement = _rows(caller).where(Reservation.phone_index == index)
    if venue is not None:
        statement = statement.where(Reservation.venue_id == venue)
    statement = keyset(statement, paging, col(Reservation.id), descending=True)
    return await _entries(db, (await db.exec(statement)).all())


async def entry(
    db: AsyncSession, caller: Caller, reservation_id: UUID, *, lock: bool = False
) -> Entry:
    """One reservation; Missing for those who cannot see it. `lock` holds its row."""
    statement = _rows(caller).where(Reservation.id == reservation_id)
    if lock:
        statement = statement.with_for_update(of=Reservation, key_share=True)
    found = await _entries(db, (await db.exec(statement)).all())
    if not found:
        raise Missing()
    return found[0]


async def by_client_id(db: AsyncSession, caller: Caller, client_id: UUID) -> Entry | None:
    """What the caller reserved under this id before."""
    statement = _rows(caller).where(
        Reservation.client_id == client_id,
        or_(mine(col(Reservation.account_id), caller), mine(col(Reservation.proxy_by), caller)),
    )
    found = await _entries(db, (await db.exec(statement)).all())
    return found[0] if found else None


async def acts_anywhere(db: AsyncSession, caller: Caller) -> bool:
    """Does the caller represent any venue today?"""
    theirs = select(Representative.id).where(
        mine(col(Representative.account_id), caller), in_office(today())
    )
    return (await db.exec(theirs.limit(1))).first() is not None


# ── Penalties ────────────────────────────────────────────────────────────────────────────────────


def _penalties(caller: Caller) -> Any:
    return (
        select(Penalty, Venue.name)
        .join(Venue, col(Venue.id) == Penalty.venue_id)
        .where(
            or_(
                mine(col(Penalty.account_id), caller),
                within(col(Penalty.division_code), caller, P.RESERVATION_READ),
            )
        )
        .execution_options(populate_existing=True)
    )


async def penalties(
    db: AsyncSession, caller: Caller, paging: Paging, state: Any, venue: UUID | None
) -> list[tuple[Penalty, str]]:
    """Penalties that the caller sees, newest first, each with the name of its venue."""
    statement = _penalties(caller)
    if state is not None:
        statement = statement.where(Penalty.state == state)
    if venue is not None:
        statement = statement.where(Penalty.venue_id == venue)
    page = keyset(statement, paging, col(Penalty.id), descending=True)
    return list((await db.exec(page)).all())


async def penalty(
    db: AsyncSession, caller: Caller, penalty_id: UUID, *, lock: bool = False
) -> tuple[Penalty, str]:
    """One penalty and the name of its venue; Missing for those who cannot see it."""
    statement = _penalties(caller).where(Penalty.id == penalty_id)
    if lock:
        statement = statement.with_for_update(of=Penalty)
    found: tuple[Penalty, str] | None = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found
