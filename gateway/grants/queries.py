"""Reads of grants, within the caller's reach or their own."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.grants.models import GrantRow
from gateway.identity.models import Account
from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.db import as_service
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing


def visible(caller: Caller) -> ColumnElement[bool]:
    """One's own, and those at divisions where the caller grants."""
    return or_(
        mine(col(GrantRow.account_id), caller),
        within(col(GrantRow.division_code), caller, P.GRANT_MANAGE),
    )


def valid_on(day: date) -> ColumnElement[bool]:
    """Grants that count on `day`."""
    return and_(
        col(GrantRow.ended_at).is_(None),
        col(GrantRow.from_day) <= day,
        or_(col(GrantRow.until_day).is_(None), col(GrantRow.until_day) >= day),
    )


def not_over(day: date) -> ColumnElement[bool]:
    """Grants that count on `day` or will later."""
    return and_(
        col(GrantRow.ended_at).is_(None),
        or_(col(GrantRow.until_day).is_(None), col(GrantRow.until_day) >= day),
    )


async def held_by(db: AsyncSession, account_id: UUID, day: date) -> list[GrantRow]:
    """What somebody is on `day`, and where."""
    statement = (
        select(GrantRow)
        .where(GrantRow.account_id == account_id, valid_on(day))
        .order_by(col(GrantRow.division_code), col(GrantRow.role), col(GrantRow.id))
    )
    return list((await db.exec(statement)).all())


async def not_over_of(db: AsyncSession, account_id: UUID, day: date) -> list[GrantRow]:
    """What somebody is on `day` or will be later, also as a deputy."""
    statement = select(GrantRow).where(GrantRow.account_id == account_id, not_over(day))
    return list((await db.exec(statement)).all())


async def list_grants(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    account: UUID | None,
    division: str | None,
    day: date | None,
) -> list[GrantRow]:
    """Grants that the caller may see, in the order of their making."""
    statement = select(GrantRow).where(visible(caller))
    if account is not None:
        statement = statement.where(GrantRow.account_id == account)
    if division is not None:
        statement = statement.where(at_or_below(col(GrantRow.division_code), division))
    if day is not None:
        statement = statement.where(valid_on(day))
    return list((await db.exec(keyset(statement, paging, col(GrantRow.id)))).all())


async def grant(db: AsyncSession, caller: Caller, grant_id: UUID) -> GrantRow:
    """One grant, locked; Missing for those who cannot see it."""
    statement = select(GrantRow).where(GrantRow.id == grant_id, visible(caller)).with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def movable(
    db: AsyncSession, account_id: UUID, day: date, ids: list[UUID] | None
) -> list[GrantRow]:
    """The posts that an account holds or will hold, locked; what a deputy has is not theirs."""
    statement = select(GrantRow).where(
        GrantRow.account_id == account_id, col(GrantRow.deputy_for).is_(None), not_over(day)
    )
    if ids is not None:
        statement = statement.where(col(GrantRow.id).in_(ids))
    found = (await db.exec(statement.order_by(col(GrantRow.id)).with_for_update())).all()
    if not found or (ids is not None and len(found) != len(set(ids))):
        raise Missing()
    return list(found)


async def deputies_of(db: AsyncSession, ids: list[UUID]) -> list[GrantRow]:
    """The running deputy grants that stand on these grants, locked."""
    statement = select(GrantRow).where(
        col(GrantRow.deputy_for).in_(ids), col(GrantRow.ended_at).is_(None)
    )
    return list((await db.exec(statement.with_for_update())).all())


async def anybody(db: AsyncSession, account_id: UUID) -> Account | None:
    """An account whatever the caller's reach: a deputy may be at home above them."""
    async with as_service(db):
        return (await db.exec(select(Account).where(Account.id == account_id))).first()
