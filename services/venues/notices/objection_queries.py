"""Reads of objections: one's own, those within reach, and what an applicant is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, mine, within
from services.kit.db import as_service
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.applications.models import Application
from services.venues.notices.models import Entry, Objection
from services.venues.notices.objection_rules import ObjectionState
from services.venues.registry.representatives import represented


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to."""

    notice: UUID | None = None
    state: ObjectionState | None = None
    own: bool = False


def visible(caller: Caller) -> ColumnElement[bool]:
    """One's own, and those of authorities within reach."""
    return or_(
        mine(col(Objection.account_id), caller),
        within(col(Objection.division_code), caller, P.APPLICATION_READ),
    )


def _objections(caller: Caller) -> Any:
    return (
        select(Objection, Entry.name)
        .join(Entry, col(Entry.id) == Objection.entry_id)
        .where(visible(caller))
    )


async def objections(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: Wanted
) -> Sequence[tuple[Objection, str]]:
    """With the name that each is about, the latest of an authority first.

    One's own, or as staff those within reach: both at once would be no order of an index.
    """
    reach = caller.reach(P.APPLICATION_READ)
    seen = (
        mine(col(Objection.account_id), caller)
        if wanted.own or not reach
        else within(col(Objection.division_code), caller, P.APPLICATION_READ)
    )
    statement = select(Objection).where(seen)
    if wanted.notice is not None:
        statement = statement.where(Objection.notice_id == wanted.notice)
    if wanted.state is not None:
        statement = statement.where(Objection.state == wanted.state)
    order = (col(Objection.division_code), col(Objection.id))
    page = keyset(statement, paging, *order, descending=True)
    rows = (await db.exec(page)).all()
    names = select(Entry.id, Entry.name).where(col(Entry.id).in_([row.entry_id for row in rows]))
    by_id = dict((await db.exec(names)).all())
    return [(row, by_id[row.entry_id]) for row in rows]


async def objection(
    db: AsyncSession, caller: Caller, objection_id: UUID, *, lock: bool = False
) -> tuple[Objection, str]:
    """One objection with the name that it is about; Missing for those who cannot see it.

    `lock`: held, as it is now; its notice is held before (queries.held).
    """
    statement = _objections(caller).where(Objection.id == objection_id)
    if lock:
        statement = statement.with_for_update(of=Objection, key_share=True)
    statement = statement.execution_options(populate_existing=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found[0], found[1]


async def told(db: AsyncSession, caller: Caller, application_id: UUID) -> list[Objection]:
    """The objections to an application, for who applied, who represents it, or reads it as staff.

    What is shown of them is settled by the route: never who objects.
    """
    concerned = or_(
        mine(col(Application.applicant), caller),
        represented(col(Application.venue_id), caller),
        within(col(Application.division_code), caller, P.APPLICATION_READ),
    )
    statement = select(Application.id).where(Application.id == application_id, concerned)
    if (await db.exec(statement)).first() is None:
        raise Missing()
    async with as_service(db):
        rows = await db.exec(
            select(Objection)
            .where(Objection.application_id == application_id)
            .order_by(col(Objection.id))
            .limit(100)
        )
        return list(rows.all())
