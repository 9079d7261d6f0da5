"""What is done with accounts: load, decide, write, put on record."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.factors import actions as factors
from gateway.factors.rules import NoFactor
from gateway.grants.queries import not_over_of
from gateway.grants.rules import require_may_grant
from gateway.identity import passwords, queries, throttles
from gateway.identity.audit import note
from gateway.identity.callers import Callers
from gateway.identity.models import NAME, PHONE, Account, Session
from gateway.identity.rules import (
    AccountKind,
    AccountState,
    OwnAccount,
    Throttle,
    check_password,
    new_password,
    today,
)
from gateway.identity.schemas import AccountIn, Opened
from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, FieldError, NotHeld
from services.kit.tables import openings
from services.kit.vault import Vault
from services.kit.workflow import Workflow

LIFECYCLE: Workflow[AccountState] = Workflow(
    "account",
    # action          from                         to                    needs
    ("lock", AccountState.ACTIVE, AccountState.LOCKED, P.ACCOUNT_MANAGE),
    ("unlock", {AccountState.ACTIVE, AccountState.LOCKED}, AccountState.ACTIVE, P.ACCOUNT_MANAGE),
)


def staff_account(
    vault: Vault, given: AccountIn, password_hash: str, *, temporary: bool
) -> Account:
    """The row of a new member of staff."""
    return Account(
        kind=AccountKind.STAFF,
        username=given.username,
        home_code=given.home_code,
        recorded_code=given.home_code,
        name_sealed=vault.seal(given.name, NAME),
        phone_sealed=vault.seal(given.phone, PHONE) if given.phone else None,
        phone_index=vault.index(given.phone, PHONE) if given.phone else None,
        password_hash=password_hash,
        password_temporary=temporary,
    )


async def enter(
    db: AsyncSession, caller: Caller, vault: Vault, given: AccountIn
) -> tuple[Account, str]:
    """Enter a member of staff; answers the row and its first password."""
    caller.require(P.ACCOUNT_MANAGE, at=given.home_code)
    password = new_password()
    row = staff_account(vault, given, await passwords.hashed(password), temporary=True)
    row.created_by = caller.known()
    db.add(row)
    await db.flush()
    await note(
        db,
        "account_created",
        actor=caller.subject,
        subject=row.id,
        division=row.home_code,
        kind="staff",
    )
    return row, password


async def _theirs(db: AsyncSession, caller: Caller, account_id: UUID) -> Account:
    row = await queries.account(db, caller, account_id, lock=True)
    if caller.is_(row.id):
        raise OwnAccount()
    if row.home_code is None:
        raise NotHeld(permission=P.ACCOUNT_MANAGE.value)
    caller.require(P.ACCOUNT_MANAGE, at=row.home_code)
    return row


async def _require_above(db: AsyncSession, caller: Caller, row: Account) -> None:
    """Raise unless `caller` could have given every post of the account.

    Who sets somebody's password can act as them, so it must open nothing beyond one's own reach.
    """
    for post in await not_over_of(db, row.id, today(datetime.now(UTC))):
        require_may_grant(caller, post.role, post.division_code)


async def move(
    db: AsyncSession,
    caller: Caller,
    callers: Callers,
    vault: Vault,
    account_id: UUID,
    action: str,
    reason: str,
) -> Account:
    """Lock or unlock; a locked account is signed out everywhere."""
    row = await _theirs(db, caller, account_id)
    await _require_above(db, caller, row)
    row.state = LIFECYCLE.next(action, row.state)
    row.version += 1
    await db.flush()
    if row.state is AccountState.LOCKED:
        await sign_out_everywhere(db, callers, row.id)
    elif row.username is not None:
        await throttles.clear(db, vault, Throttle.PASSWORD, row.username)
    callers.forget_after(db, row.id)
    await note(
        db,
        f"account_{action}ed",
        actor=caller.subject,
        subject=row.id,
        division=row.home_code,
        reason=reason,
    )
    return row


async def reset_password(
    db: AsyncSession, caller: Caller, callers: Callers, vault: Vault, account_id: UUID, reason: str
) -> tuple[Account, str]:
    """Give a new temporary password; the old one and all sessions end."""
    row = await _theirs(db, caller, account_id)
    await _require_above(db, caller, row)
    password = new_password()
    row.password_hash = await passwords.hashed(password)
    row.password_temporary = True
    row.version += 1
    await db.flush()
    await sign_out_everywhere(db, callers, row.id)
    if row.username is not None:
        await throttles.clear(db, vault, Throttle.PASSWORD, row.username)
    await note(
        db,
        "password_reset",
        actor=caller.subject,
        subject=row.id,
        division=row.home_code,
        reason=reason,
    )
    return row, password


async def reset_factor(
    db: AsyncSession, caller: Caller, callers: Callers, vault: Vault, account_id: UUID, reason: str
) -> Account:
    """Take somebody's second factor away (a lost phone); every session of theirs ends."""
    row = await _theirs(db, caller, account_id)
    await _require_above(db, caller, row)
    if not await factors.remove(db, row.id):
        raise NoFactor()
    row.version += 1
    await db.flush()
    await sign_out_everywhere(db, callers, row.id)
    if row.username is not None:
        await throttles.clear(db, vault, Throttle.PASSWORD, row.username)
    await note(
        db,
        "second_factor_reset",
        actor=caller.subject,
        subject=row.id,
        division=row.home_code,
        reason=reason,
    )
    return row


async def change_password(
    db: AsyncSession, row: Account, callers: Callers, new: str, keep: UUID | None
) -> None:
    """Set one's own password; every other session ends."""
    assert row.username is not None
    check_password(new, row.username)
    row.password_hash = await passwords.hashed(new)
    row.password_temporary = False
    row.version += 1
    await db.flush()
    await sign_out_everywhere(db, callers, row.id, but=keep)
    await note(db, "password_changed", actor=row.id, subject=row.id, division=row.home_code)


async def sign_out_everywhere(
    db: AsyncSession, callers: Callers, account_id: UUID, but: UUID | None = None
) -> None:
    """Revoke every session of an account, except `but`."""
    statement = update(Session).where(
        col(Session.account_id) == account_id, col(Session.revoked_at).is_(None)
    )
    if but is not None:
        statement = statement.where(col(Session.id) != but)
    async with as_service(db):
        await run(db, statement.values(revoked_at=datetime.now(UTC)))
    callers.forget_after(db, account_id)


async def set_messages(db: AsyncSession, row: Account, *, wanted: bool) -> None:
    """Want messages, or none."""
    row.messages_off = not wanted
    row.version += 1
    await db.flush()
    await note(
        db,
        "messages_wanted" if wanted else "messages_refused",
        actor=row.id,
        subject=row.id,
        division=row.home_code,
    )


async def rename(db: AsyncSession, row: Account, vault: Vault, name: str | None) -> None:
    """Correct one's own name. Staff have one: their administrators vouch for it."""
    if name is None and row.kind is AccountKind.STAFF:
        raise BrokenRule(errors=(FieldError("/name", "missing-field"),))
    row.name_sealed = vault.seal(name, NAME) if name is not None else None
    row.version += 1
    await db.flush()
    await note(db, "name_changed", actor=row.id, subject=row.id, division=row.home_code)


async def open_personal(
    db: AsyncSession, caller: Caller, vault: Vault, account_id: UUID, purpose: str
) -> Opened:
    """Name and phone in full, for a purpose that is put on record."""
    row = await _theirs(db, caller, account_id)
    await run(
        db,
        openings.insert().values(
            id=uuid7(),
            actor=caller.known(),
            subject=f"accounts/{row.id}",
            fields="name, phone",
            purpose=purpose,
        ),
    )
    await note(
        db,
        "personal_opened",
        actor=caller.subject,
        subject=row.id,
        division=row.home_code,
        purpose=purpose,
    )
    return Opened(
        name=vault.open(row.name_sealed, NAME) if row.name_sealed else None,
        phone=vault.open(row.phone_sealed, PHONE) if row.phone_sealed else None,
    )
