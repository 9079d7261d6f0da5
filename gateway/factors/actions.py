"""Enrolling, giving and taking away a second factor: load, decide, write, put on record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.factors.models import RECOVERY, SECRET, RecoveryCode, SecondFactor
from gateway.factors.rules import (
    FactorExists,
    NoFactor,
    new_recovery_codes,
    new_secret,
    step_of,
)
from services.kit.db import as_service, run
from services.kit.vault import Vault


async def factor_of(
    db: AsyncSession, account_id: UUID, *, lock: bool = False
) -> SecondFactor | None:
    """Somebody's factor, confirmed or not yet."""
    statement = select(SecondFactor).where(SecondFactor.account_id == account_id)
    if lock:
        statement = statement.with_for_update()
    return (await db.exec(statement)).first()


async def is_enrolled(db: AsyncSession, account_id: UUID) -> bool:
    """Has somebody a factor that counts?"""
    found = await factor_of(db, account_id)
    return found is not None and found.confirmed_at is not None


async def codes_left(db: AsyncSession, account_id: UUID) -> int:
    """How many recovery codes still work."""
    statement = select(func.count()).where(
        RecoveryCode.account_id == account_id, col(RecoveryCode.used_at).is_(None)
    )
    return (await db.exec(statement)).one()


async def require_none(db: AsyncSession, account_id: UUID) -> None:
    """Raise FactorExists when there is one that counts."""
    if await is_enrolled(db, account_id):
        raise FactorExists()


async def begin(db: AsyncSession, vault: Vault, account_id: UUID) -> str:
    """A fresh secret; one that was never confirmed is replaced. Raises FactorExists."""
    await require_none(db, account_id)
    row = await factor_of(db, account_id, lock=True)
    secret = new_secret()
    sealed = vault.seal(secret, SECRET)
    if row is None:
        db.add(SecondFactor(account_id=account_id, secret_sealed=sealed))
    else:
        row.secret_sealed, row.last_step = sealed, 0
    await db.flush()
    return secret


async def confirm(
    db: AsyncSession, vault: Vault, account_id: UUID, code: str, now: datetime
) -> list[str] | None:
    """The first code makes it count; answers the recovery codes, or None for a wrong code."""
    row = await factor_of(db, account_id, lock=True)
    if row is None:
        raise NoFactor()
    if row.confirmed_at is not None:
        raise FactorExists()
    step = step_of(vault.open(row.secret_sealed, SECRET), code, now)
    if step is None:
        return None
    row.confirmed_at, row.last_step = now, step
    await db.flush()
    return await renew_codes(db, vault, account_id)


async def renew_codes(db: AsyncSession, vault: Vault, account_id: UUID) -> list[str]:
    """Ten new recovery codes; the old ones work no more."""
    codes = new_recovery_codes()
    await run(db, delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    rows = [{"account_id": account_id, "code_index": vault.index(c, RECOVERY)} for c in codes]
    await run(db, insert(RecoveryCode), rows)
    return codes


async def take(db: AsyncSession, vault: Vault, account_id: UUID, code: str, now: datetime) -> bool:
    """Is this the factor? A code is taken with it: neither kind works twice."""
    if not code.isdigit():
        return await _take_recovery(db, vault, account_id, code, now)
    row = await factor_of(db, account_id)
    if row is None or row.confirmed_at is None:
        return False
    step = step_of(vault.open(row.secret_sealed, SECRET), code, now)
    if step is None:
        return False
    # One statement judges and takes: of two who send the same code at once, one is late.
    taken = await run(
        db,
        update(SecondFactor)
        .where(col(SecondFactor.account_id) == account_id, col(SecondFactor.last_step) < step)
        .values(last_step=step),
    )
    return taken.rowcount == 1


async def _take_recovery(
    db: AsyncSession, vault: Vault, account_id: UUID, code: str, now: datetime
) -> bool:
    taken = await run(
        db,
        update(RecoveryCode)
        .where(
            col(RecoveryCode.account_id) == account_id,
            col(RecoveryCode.code_index) == vault.index(code, RECOVERY),
            col(RecoveryCode.used_at).is_(None),
            # A factor that was never confirmed has no codes that count.
            select_columns(col(SecondFactor.confirmed_at).is_not(None))
            .where(col(SecondFactor.account_id) == account_id)
            .scalar_subquery(),
        )
        .values(used_at=now),
    )
    return taken.rowcount == 1


async def remove(db: AsyncSession, account_id: UUID) -> bool:
    """Take the factor and its codes away; False when there was none."""
    async with as_service(db):
        await run(db, delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
        gone = await run(db, delete(SecondFactor).where(col(SecondFactor.account_id) == account_id))
    return gone.rowcount == 1
