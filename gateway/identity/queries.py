"""Reads of accounts, sessions and held grants, always within the caller's reach."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Response
from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.identity.models import NAME, PHONE, Account, Session
from gateway.identity.rules import AccountKind, AccountState
from gateway.identity.schemas import AccountOut
from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.kit.vault import Vault, mask_name, mask_phone


async def private(response: Response) -> None:
    """For answers about a person: nobody on the way keeps them."""
    response.headers["Cache-Control"] = "private, no-store"


def account_out(
    row: Account, caller: Caller, vault: Vault, *, open_name: bool = False
) -> AccountOut:
    """The account as `caller` may see it; the name in full only for oneself."""
    name = vault.open(row.name_sealed, NAME) if row.name_sealed else None
    phone = vault.open(row.phone_sealed, PHONE) if row.phone_sealed else None
    manages = (
        row.home_code is not None
        and caller.may(P.ACCOUNT_MANAGE, at=row.home_code)
        and not caller.is_(row.id)
    )
    locked = row.state is AccountState.LOCKED
    return AccountOut(
        **row.model_dump(
            include={
                "id",
                "kind",
                "state",
                "username",
                "home_code",
                "password_temporary",
                "version",
                "created_at",
                "signed_in_at",
            }
        ),
        name=name if name is None or open_name else mask_name(name),
        phone=phone and mask_phone(phone),
        allowed_actions=["unlock" if locked else "lock", "reset_password", "reset_second_factor"]
        if manages
        else [],
    )


async def account(
    db: AsyncSession, caller: Caller, account_id: UUID, *, lock: bool = False
) -> Account:
    """One's own account, or one that the caller looks after; Missing otherwise."""
    statement = select(Account).where(
        Account.id == account_id,
        or_(
            mine(col(Account.id), caller), within(col(Account.home_code), caller, P.ACCOUNT_MANAGE)
        ),
    )
    if lock:
        statement = statement.with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def staff_accounts(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    division: str | None,
    state: AccountState | None,
) -> list[Account]:
    """Staff that the caller looks after, by username."""
    statement = select(Account).where(
        Account.kind == AccountKind.STAFF,
        within(col(Account.home_code), caller, P.ACCOUNT_MANAGE),
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Account.home_code), division))
    if state is not None:
        statement = statement.where(Account.state == state)
    page = keyset(statement, paging, col(Account.username), col(Account.id))
    return list((await db.exec(page)).all())


async def live_sessions(db: AsyncSession, account_id: UUID) -> list[Session]:
    """Where somebody is signed in now, newest first."""
    statement = (
        select(Session)
        .where(
            Session.account_id == account_id,
            col(Session.revoked_at).is_(None),
            Session.expires_at > datetime.now(UTC),
        )
        .order_by(col(Session.id).desc())
        .limit(100)
    )
    return list((await db.exec(statement)).all())
