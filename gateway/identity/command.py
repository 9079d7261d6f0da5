"""The operator's commands on staff accounts: `kepu account add`, `list`, `lock` …"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import click
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, update
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.factors import actions as factors
from gateway.grants.models import GrantRow
from gateway.identity import throttles
from gateway.identity.actions import staff_account
from gateway.identity.audit import chain, first_broken, note
from gateway.identity.models import Account, Session
from gateway.identity.passwords import hashed_now
from gateway.identity.rules import AccountState, Throttle, new_password, today
from gateway.identity.schemas import AccountIn
from services.kit.access import SERVICE, Role
from services.kit.db import Database, run
from services.kit.divisions import DivisionCode
from services.kit.settings import database_of, suite
from services.kit.vault import Vault

_WITHIN = "在 30 秒内生效 · takes effect within 30 s"
_ROLES = click.Choice([role.value for role in Role])


@click.group()
def account() -> None:
    """Staff accounts: add, list, lock, unlock, password, factor. 账号"""


def _do(work: Callable[[AsyncSession, Vault], Awaitable[None]]) -> None:
    async def within_transaction() -> None:
        database = Database(database_of("gateway").database_url, name="gateway account")
        try:
            async with database.transaction(SERVICE) as db:
                await work(db, Vault(suite().keys))
        finally:
            await database.close()

    asyncio.run(within_transaction())


def _code(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return str(TypeAdapter(DivisionCode).validate_python(value))
    except ValidationError:
        raise click.BadParameter("a division code has 2, 4, 6, 9 or 12 digits") from None


async def _named(db: AsyncSession, username: str) -> Account:
    statement = select(Account).where(Account.username == username.lower()).with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise click.ClickException(f"There is no staff account named {username}.")
    return found


async def _sign_out(db: AsyncSession, row: Account) -> None:
    await run(
        db,
        update(Session)
        .where(col(Session.account_id) == row.id, col(Session.revoked_at).is_(None))
        .values(revoked_at=datetime.now(UTC)),
    )


@account.command()
@click.argument("username")
@click.option("--name", required=True, help="The person's name.")
@click.option("--home", required=True, callback=_code, help="Division code where they belong.")
@click.option("--phone")
@click.option("--role", type=_ROLES, help="A role to begin with.")
@click.option("--at", callback=_code, help="Where they have it (default: --home).")
def add(
    username: str, name: str, home: str, phone: str | None, role: str | None, at: str | None
) -> None:
    """Add a member of staff and say their first password, which they have to change. 添加"""
    try:
        given = AccountIn(username=username, name=name, phone=phone, home_code=home)
    except ValidationError as error:
        where = ", ".join(str(item["loc"][0]) for item in error.errors())
        raise click.ClickException(f"Not accepted: {where}.") from None
    password = new_password()

    async def work(db: AsyncSession, vault: Vault) -> None:
        row = staff_account(vault, given, hashed_now(password), temporary=True)
        db.add(row)
        try:
            await db.flush()
        except IntegrityError:
            raise click.ClickException(f"There is an account named {given.username}.") from None
        await note(db, "account_created", actor=None, subject=row.id, division=home, kind="staff")
        if role is not None:
            post = GrantRow(
                account_id=row.id,
                role=Role(role),
                division_code=at or home,
                recorded_code=at or home,
                from_day=today(datetime.now(UTC)),
                reason="kepu account add",
            )
            db.add(post)
            await db.flush()
            await note(
                db, "granted", actor=None, subject=row.id, division=at or home, grant=post.id
            )

    _do(work)
    click.echo(f"{given.username}  {password}")


@account.command("list")
@click.option("--division", callback=_code, help="At or below this division.")
def list_accounts(division: str | None) -> None:
    """List staff accounts; names stay sealed. 列出"""

    async def work(db: AsyncSession, _: Vault) -> None:
        roles = (
            select_columns(
                func.string_agg(
                    col(GrantRow.role).concat("@").concat(col(GrantRow.division_code)), " "
                )
            )
            .where(col(GrantRow.account_id) == col(Account.id), col(GrantRow.ended_at).is_(None))
            .scalar_subquery()
        )
        statement = (
            select_columns(col(Account.username), col(Account.state), col(Account.home_code))
            .where(
                col(Account.username).is_not(None),
                col(Account.home_code).startswith(division or ""),
            )
            .order_by(col(Account.username))
        )
        for row in (await run(db, statement.add_columns(roles.label("held")))).all():
            click.echo(f"{row.username:28} {row.state:8} {row.home_code:13} {row.held or ''}")

    _do(work)


@account.command()
@click.argument("username")
def lock(username: str) -> None:
    """Keep somebody out, everywhere. 锁定"""

    async def work(db: AsyncSession, _: Vault) -> None:
        row = await _named(db, username)
        row.state, row.version = AccountState.LOCKED, row.version + 1
        await db.flush()
        await _sign_out(db, row)
        await note(db, "account_locked", actor=None, subject=row.id, division=row.home_code)

    _do(work)
    click.echo(_WITHIN)


@account.command()
@click.argument("username")
def unlock(username: str) -> None:
    """Let somebody in again, also after too many wrong tries. 解锁"""

    async def work(db: AsyncSession, vault: Vault) -> None:
        row = await _named(db, username)
        row.state, row.version = AccountState.ACTIVE, row.version + 1
        await db.flush()
        await throttles.clear(db, vault, Throttle.PASSWORD, str(row.username))
        await note(db, "account_unlocked", actor=None, subject=row.id, division=row.home_code)

    _do(work)
    click.echo(_WITHIN)


@account.command()
@click.argument("username")
def password(username: str) -> None:
    """Say a new temporary password; every session ends. 重置密码"""
    new = new_password()

    async def work(db: AsyncSession, vault: Vault) -> None:
        row = await _named(db, username)
        row.password_hash, row.password_temporary = hashed_now(new), True
        row.version += 1
        await db.flush()
        await _sign_out(db, row)
        await throttles.clear(db, vault, Throttle.PASSWORD, str(row.username))
        await note(db, "password_reset", actor=None, subject=row.id, division=row.home_code)

    _do(work)
    click.echo(new)


@account.command()
@click.argument("username")
def factor(username: str) -> None:
    """Take a lost second factor away; every session ends. 重置第二因素"""

    async def work(db: AsyncSession, vault: Vault) -> None:
        row = await _named(db, username)
        if not await factors.remove(db, row.id):
            raise click.ClickException(f"{username} has no second factor.")
        row.version += 1
        await db.flush()
        await _sign_out(db, row)
        await throttles.clear(db, vault, Throttle.PASSWORD, str(row.username))
        await note(db, "second_factor_reset", actor=None, subject=row.id, division=row.home_code)

    _do(work)
    click.echo(_WITHIN)


@account.command()
def audit() -> None:
    """Check the audit chain; keep the number and hash it says somewhere else. 核验审计链"""

    async def work(db: AsyncSession, _: Vault) -> None:
        broken = await first_broken(db)
        if broken is not None:
            raise click.ClickException(f"The audit chain is broken at row {broken}.")
        last = select_columns(chain.c.number, chain.c.hash).order_by(chain.c.number.desc()).limit(1)
        row = (await run(db, last)).one_or_none()
        click.echo(f"{row.number} {row.hash.hex()}" if row else "0")

    _do(work)
