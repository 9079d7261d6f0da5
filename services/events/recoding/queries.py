"""Reads of orders, within the caller's reach."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.recoding.models import Change, ChangeCode
from services.events.recoding.rules import ChangeState, UnknownChange
from services.kit.access import Caller, P, within
from services.kit.pages import Paging, keyset

_CODES = (
    select(func.count())
    .where(col(ChangeCode.change_id) == col(Change.id))
    .correlate(Change)
    .scalar_subquery()
)


def visible(caller: Caller) -> ColumnElement[bool]:
    """Orders of divisions that the caller manages, old and new together."""
    return within(col(Change.scope_code), caller, P.DIVISION_MANAGE)


async def changes(
    db: AsyncSession, caller: Caller, paging: Paging, state: ChangeState | None
) -> Sequence[tuple[Change, int]]:
    """Orders with the number of codes that they give up, the newest first."""
    # Of two columns: sqlmodel's own type for that is none that `keyset` knows.
    wanted: Any = select(Change, _CODES).where(visible(caller))
    if state is not None:
        wanted = wanted.where(col(Change.state) == state)
    page = keyset(wanted, paging, col(Change.id), descending=True)
    return [(row, codes) for row, codes in (await db.exec(page)).all()]


async def change(db: AsyncSession, caller: Caller, change_id: UUID) -> tuple[Change, int]:
    """One order; UnknownChange for those who do not manage its divisions."""
    statement = select(Change, _CODES).where(Change.id == change_id, visible(caller))
    found = (await db.exec(statement)).first()
    if found is None:
        raise UnknownChange()
    return found[0], found[1]
