"""Reads of registrations within the caller's reach, each page in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.queries import visible as activity_visible
from services.events.activities.rules import PUBLIC_STATES
from services.events.draws import queries as draws
from services.events.draws.models import Draw
from services.events.registrations.models import (
    CheckIn,
    Member,
    Pool,
    Registration,
    Ticket,
)
from services.events.registrations.rules import RegistrationState
from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.bare import Bare
from services.kit.db import as_service, run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

# Everybody's places in the line, so it runs as the service: it answers numbers, never who.
# Each line is read once, to the last one asked for: not once for everybody who stands in it.
AHEAD = text(
    """WITH asked AS (
        SELECT id, pool_id, number FROM registrations WHERE id = ANY(CAST(:ids AS uuid[]))
    ), lines AS (SELECT pool_id, max(number) AS last FROM asked GROUP BY pool_id),
    ahead AS (
        SELECT r.pool_id, r.number, count(*) OVER before AS parties,
            COALESCE(sum(r.party_size) OVER before, 0) AS people
        FROM lines JOIN registrations r
            ON r.pool_id = lines.pool_id AND r.state = 'waiting' AND r.number <= lines.last
        WINDOW before AS (PARTITION BY r.pool_id ORDER BY r.number
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ) SELECT asked.id, parties, people FROM asked JOIN ahead USING (pool_id, number)"""
)
KINDS = Bare(
    """SELECT o.id AS occurrence_id, o.activity_id, o.state, o.starts_at, o.registration_opens_at,
        o.registration_closes_at, a.state AS activity_state, a.division_code,
        t.id AS ticket_id, t.name AS ticket, t.pool_id, t.min_age, t.max_age, t.max_party
    FROM occurrences o JOIN activities a ON a.id = o.activity_id
    LEFT JOIN tickets t ON t.occurrence_id = o.id
    WHERE o.id = :id AND a.state = ANY(CAST(:public AS text[]))
        AND a.published_at IS NOT NULL ORDER BY t.id"""
)


@dataclass(slots=True)
class Entry:
    """A registration with what an answer shows of it."""

    registration: Registration
    activity_id: UUID
    starts_at: datetime
    ticket: str
    members: list[tuple[Member, datetime | None]]
    """In order; with when they came."""
    ahead: tuple[int, int] | None = None
    """Parties and people before it on the waiting list."""

    @property
    def party(self) -> list[Member]:
        """Those who have not been taken off."""
        return [member for member, _ in self.members if member.dropped_at is None]

    @property
    def checked_in(self) -> bool:
        return any(came is not None for _, came in self.members)


def visible(caller: Caller) -> ColumnElement[bool]:
    """My own, those I registered for others, and what my reach lets me read."""
    return or_(
        mine(col(Registration.account_id), caller),
        mine(col(Registration.proxy_by), caller),
        within(col(Registration.division_code), caller, P.REGISTRATION_READ),
    )


def _rows(caller: Caller) -> Any:
    return (
        select(Registration, Occurrence.activity_id, Occurrence.starts_at, Ticket.name)
        .join(Occurrence, col(Occurrence.id) == Registration.occurrence_id)
        .join(Ticket, col(Ticket.id) == Registration.ticket_id)
        .where(visible(caller))
        # What plain SQL changed in this transaction is read again.
        .execution_options(populate_existing=True)
    )


async def _entries(db: AsyncSession, rows: Sequence[Any]) -> list[Entry]:
    found = {row[0].id: Entry(row[0], row[1], row[2], row[3], []) for row in rows}
    members = (
        select(Member, CheckIn.at)
        .join(CheckIn, col(CheckIn.member_id) == Member.id, isouter=True)
        .where(col(Member.registration_id).in_(found))
        .order_by(col(Member.registration_id), col(Member.position))
        .execution_options(populate_existing=True)
    )
    for member, came in (await db.exec(members)).all() if found else ():
        found[member.registration_id].members.append((member, came))
    waiting = [
        entry.registration.id
        for entry in found.values()
        if entry.registration.state is RegistrationState.WAITING
    ]
    if waiting:
        async with as_service(db):
            for row in (await run(db, AHEAD, {"ids": waiting})).all():
                found[row.id].ahead = (row.parties, row.people)
    return list(found.values())


async def entries(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    occurrence: UUID | None = None,
    state: RegistrationState | None = None,
    division: str | None = None,
) -> list[Entry]:
    """Registrations that the caller sees, newest first."""
    statement = _rows(caller)
    if occurrence is not None:
        statement = statement.where(Registration.occurrence_id == occurrence)
    if state is not None:
        statement = statement.where(Registration.state == state)
    if division is not None:
        statement = statement.where(at_or_below(col(Registration.division_code), division))
    statement = keyset(statement, paging, col(Registration.id), descending=True)
    return await _entries(db, (await db.exec(statement)).all())


async def by_phone(
    db: AsyncSession, caller: Caller, paging: Paging, index: bytes, occurrence: UUID | None
) -> list[Entry]:
    """Registrations with a member of this phone (its blind index), newest first."""
    named = select(Member.registration_id).where(Member.phone_index == index)
    statement = _rows(caller).where(col(Registration.id).in_(named))
    if occurrence is not None:
        statement = statement.where(Registration.occurrence_id == occurrence)
    statement = keyset(statement, paging, col(Registration.id), descending=True)
    return await _entries(db, (await db.exec(statement)).all())


async def entry(
    db: AsyncSession, caller: Caller, registration_id: UUID, *, lock: bool = False
) -> Entry:
    """One registration; Missing for those who cannot see it. `lock` holds its row."""
    statement = _rows(caller).where(Registration.id == registration_id)
    if lock:
        statement = statement.with_for_update(of=Registration)
    found = await _entries(db, (await db.exec(statement)).all())
    if not found:
        raise Missing()
    return found[0]


async def by_client_id(db: AsyncSession, caller: Caller, client_id: UUID) -> Entry | None:
    """What the caller registered under this id before."""
    statement = _rows(caller).where(
        Registration.client_id == client_id,
        or_(
            mine(col(Registration.account_id), caller),
            mine(col(Registration.proxy_by), caller),
        ),
    )
    found = await _entries(db, (await db.exec(statement)).all())
    return found[0] if found else None


async def kinds(db: AsyncSession, occurrence_id: UUID) -> Sequence[Any]:
    """The ticket kinds of a public occurrence, with what registering needs to know of it."""
    rows = await KINDS.rows(db, id=occurrence_id, public=[state.value for state in PUBLIC_STATES])
    if not rows:
        raise Missing()
    return rows


async def places(
    db: AsyncSession, caller: Caller, occurrence_id: UUID
) -> tuple[Occurrence, bool, Draw | None, list[Pool], list[Ticket]]:
    """An occurrence, is it public, its draw that is open or frozen, its pools, its ticket kinds.

    Staff see it before the public.
    """
    statement = (
        select(Occurrence, Activity)
        .join(Activity, col(Activity.id) == Occurrence.activity_id)
        .where(
            Occurrence.id == occurrence_id,
            activity_visible(caller),
        )
    )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    occurrence, activity = found
    is_public = activity.state in PUBLIC_STATES and activity.published_at is not None
    pools = select(Pool).where(Pool.occurrence_id == occurrence_id).order_by(col(Pool.id))
    tickets = select(Ticket).where(Ticket.occurrence_id == occurrence_id).order_by(col(Ticket.id))
    return (
        occurrence,
        is_public,
        await draws.live(db, occurrence_id),
        list((await db.exec(pools)).all()),
        list((await db.exec(tickets)).all()),
    )
