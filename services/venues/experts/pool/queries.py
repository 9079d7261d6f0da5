"""Reads of the pool: staff within their reach, and experts themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.db import run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing, NotHeld
from services.venues.experts.draws.rules import began
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import COUNTED
from services.venues.experts.models import Agreement, Expert, Institution
from services.venues.experts.pool.rules import ExpertKind, ExpertState, name_key


@dataclass(frozen=True)
class Entry:
    """An expert with what stands around."""

    row: Expert
    employer: str
    agreed_year: int | None
    reviews_this_year: int


@dataclass(frozen=True)
class WantedExperts:
    """The filters of the list."""

    division: str | None = None
    kind: ExpertKind | None = None
    state: ExpertState | None = None
    field: str | None = None
    tag: str | None = None
    language: str | None = None
    employer: UUID | None = None
    own: bool = False


def readable(caller: Caller) -> ColumnElement[bool]:
    """Staff who keep the pool there, and oneself."""
    return or_(
        within(col(Expert.division_code), caller, P.EXPERT_MANAGE),
        mine(col(Expert.account_id), caller),
    )


async def around(db: AsyncSession, rows: Sequence[Expert]) -> list[Entry]:
    """Experts with what stands around. Apart from them: a join would read the whole pool."""
    ids = [row.id for row in rows]
    employers = {row.employer_id for row in rows}
    named = select(Institution.id, Institution.name).where(col(Institution.id).in_(employers))
    agreed = select(Agreement.expert_id, func.max(Agreement.year)).where(
        col(Agreement.expert_id).in_(ids)
    )
    since = began(datetime.now(UTC))
    reviews = select(Seat.expert_id, func.count(col(Seat.id))).where(
        col(Seat.expert_id).in_(ids),
        col(Seat.state).in_(COUNTED),
        col(Seat.invited_at) >= since,
    )
    names = dict((await db.exec(named)).all())
    years = dict((await db.exec(agreed.group_by(col(Agreement.expert_id)))).all())
    counts = dict((await db.exec(reviews.group_by(col(Seat.expert_id)))).all())
    return [
        Entry(row, names[row.employer_id], years.get(row.id), counts.get(row.id, 0)) for row in rows
    ]


async def experts(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: WantedExperts
) -> Sequence[Entry]:
    """The experts that are wanted, by division: within reach, or oneself.

    One or the other: both at once would be no order of an index.
    """
    reach = within(col(Expert.division_code), caller, P.EXPERT_MANAGE)
    alone = wanted.own or not caller.reach(P.EXPERT_MANAGE)
    statement = select(Expert).where(mine(col(Expert.account_id), caller) if alone else reach)
    if wanted.division is not None:
        statement = statement.where(at_or_below(col(Expert.division_code), wanted.division))
    for column, value in (
        (Expert.kind, wanted.kind),
        (Expert.state, wanted.state),
        (Expert.employer_id, wanted.employer),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    for array, word in (
        (Expert.fields, wanted.field),
        (Expert.tags, wanted.tag),
        (Expert.languages, wanted.language),
    ):
        if word is not None:
            statement = statement.where(col(array).contains([word]))
    page = keyset(statement, paging, col(Expert.division_code), col(Expert.id))
    return await around(db, (await db.exec(page)).all())


async def expert(db: AsyncSession, caller: Caller, expert_id: UUID, *, lock: bool = False) -> Entry:
    """One expert; Missing for those who may not read them."""
    statement = select(Expert).where(Expert.id == expert_id, readable(caller))
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(
            populate_existing=True
        )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    (entry,) = await around(db, [found])
    return entry


def require_somewhere(caller: Caller) -> None:
    """Institutions are read by whoever keeps a pool, anywhere."""
    if not caller.reach(P.EXPERT_MANAGE):
        raise NotHeld(permission=P.EXPERT_MANAGE.value)


async def institutions(
    db: AsyncSession, caller: Caller, paging: Paging, name: str | None
) -> Sequence[Institution]:
    """Institutions by name; `name` is any name that it has or had, whole."""
    require_somewhere(caller)
    statement = select(Institution)
    if name is not None:
        statement = statement.where(col(Institution.name_keys).contains([name_key(name)]))
    page = keyset(statement, paging, col(Institution.name), col(Institution.id))
    return (await db.exec(page)).all()


async def institution(
    db: AsyncSession, caller: Caller, institution_id: UUID, *, lock: bool = False
) -> Institution:
    """One institution; Missing when there is none."""
    require_somewhere(caller)
    statement = select(Institution).where(Institution.id == institution_id)
    if lock:
        statement = statement.with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


_ABOVE = text(
    """WITH RECURSIVE above AS (
        SELECT id, parent_id FROM institutions WHERE id = :id
        UNION SELECT i.id, i.parent_id FROM institutions i JOIN above a ON i.id = a.parent_id)
    SELECT id FROM above"""
)


async def with_all_above(db: AsyncSession, institution_id: UUID) -> set[UUID]:
    """An institution and everything that it belongs to; empty when there is no such one."""
    return set((await run(db, _ABOVE, {"id": institution_id})).scalars().all())
