"""Proving who one is: a password with its second factor, or a code; every try counted first."""

from datetime import UTC, datetime

from sqlmodel import select

from gateway.factors import actions as factors
from gateway.factors.rules import FactorCodeNeeded
from gateway.identity import passwords, throttles
from gateway.identity.audit import note
from gateway.identity.codes import try_code
from gateway.identity.models import PHONE, Account
from gateway.identity.rules import AccountState, SignInFailed, Throttle, TooManyTries
from services.kit.access import SERVICE
from services.kit.app import Kit


async def take_try(kit: Kit, what: Throttle, who: str, account: Account | None) -> None:
    """Count a try before it is judged; raises TooManyTries."""
    now = datetime.now(UTC)
    async with kit.database.transaction(SERVICE) as db:
        allowed = await throttles.take(db, kit.vault, what, who, now)
        if not allowed and account is not None:
            await note(
                db, "sign_in_barred", actor=None, subject=account.id, division=account.home_code
            )
    if not allowed:
        raise TooManyTries()


async def named(kit: Kit, username: str) -> Account | None:
    """The account with this username."""
    async with kit.database.transaction(SERVICE) as db:
        return (await db.exec(select(Account).where(Account.username == username))).first()


async def by_password(
    kit: Kit, username: str, account: Account | None, password: str, factor: str | None
) -> bool:
    """Password, and the second factor of who has one; answers whether it was given.

    Both share one count of tries, and a right password alone does not clear it: it would be a way
    to guess six digits without end. Raises TooManyTries, SignInFailed, FactorCodeNeeded.
    """
    # Names that nobody has are barred in the same way, or being barred would tell.
    await take_try(kit, Throttle.PASSWORD, username, account)
    fits = await passwords.matches(account.password_hash if account else None, password)
    if account is None or not fits or account.state is not AccountState.ACTIVE:
        raise SignInFailed()
    async with kit.database.transaction(SERVICE) as db:
        if not await factors.is_enrolled(db, account.id):
            return False
        if factor is None:
            raise FactorCodeNeeded()
        right = await factors.take(db, kit.vault, account.id, factor, datetime.now(UTC))
    if not right:
        raise SignInFailed()
    return True


async def by_code(kit: Kit, account: Account, code: str) -> None:
    """A code that was sent to the account's phone just now. Raises SignInFailed."""
    async with kit.database.transaction(SERVICE) as db:
        phone = account.phone_sealed and kit.vault.open(account.phone_sealed, PHONE)
        right = bool(phone) and await try_code(db, kit.vault, str(phone), code)
    if not right:
        raise SignInFailed()


async def by_factor(kit: Kit, account: Account, factor: str) -> None:
    """The second factor alone, for somebody signed in. Raises TooManyTries, SignInFailed."""
    assert account.username is not None
    await take_try(kit, Throttle.PASSWORD, account.username, account)
    async with kit.database.transaction(SERVICE) as db:
        right = await factors.take(db, kit.vault, account.id, factor, datetime.now(UTC))
        if right:
            await throttles.clear(db, kit.vault, Throttle.PASSWORD, account.username)
    if not right:
        raise SignInFailed()
