"""Reads and writes of the log of imports: within the caller's reach, by way of the lifecycle."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, mine, within
from services.kit.db import run
from services.kit.imports.rules import LIFECYCLE, Importer, ImportState
from services.kit.imports.tables import import_faults, imports
from services.kit.problems import Missing
from services.kit.sheets.faults import Fault


def visible(importer: Importer, caller: Caller) -> ColumnElement[bool]:
    """One's own, and those of divisions where the caller may import the same."""
    return or_(
        mine(imports.c.owner, caller),
        within(imports.c.division_code, caller, importer.permission),
    )


async def one(
    db: AsyncSession, importer: Importer, caller: Caller, import_id: UUID, *, lock: bool = False
) -> RowMapping:
    """One import; Missing for those who cannot see it."""
    statement = imports.select().where(
        imports.c.id == import_id,
        imports.c.sheet == importer.sheet.name,
        visible(importer, caller),
    )
    found = (await run(db, statement.with_for_update() if lock else statement)).mappings().first()
    if found is None:
        raise Missing()
    return found


async def locked(db: AsyncSession, import_id: UUID) -> RowMapping:
    """One import for its own job, held until the transaction ends."""
    statement = imports.select().where(imports.c.id == import_id).with_for_update()
    return (await run(db, statement)).mappings().one()


async def move(db: AsyncSession, row: RowMapping, action: str, **values: Any) -> None:
    """A step of the lifecycle; WrongState when it does not start from where the import is."""
    state = LIFECYCLE.next(action, ImportState(row["state"]))
    values = {"state": state.value, "version": imports.c.version + 1, **values}
    await run(db, update(imports).where(imports.c.id == row["id"]).values(**values))


async def faults_of(
    db: AsyncSession, import_id: UUID, *, limit: int, after: int = -1
) -> list[tuple[int, Fault]]:
    """Bad cells with their numbers, in the order of the file."""
    c = import_faults.c
    statement = (
        select(c.number, c.row, c.column, c.key, c.value, c.rule, c["values"])
        .where(c.import_id == import_id, c.number > after)
        .order_by(c.number)
        .limit(limit)
    )
    rows = (await run(db, statement)).all()
    return [(row[0], Fault(*tuple(row)[1:])) for row in rows]


async def seen_before(
    db: AsyncSession, importer: Importer, digest: bytes, about: UUID | None
) -> RowMapping | None:
    """An import of the same file that stands, or is under way."""
    statement = imports.select().where(
        imports.c.sheet == importer.sheet.name,
        imports.c.digest == digest,
        imports.c.about.is_(None) if about is None else imports.c.about == about,
        imports.c.state.in_(
            (ImportState.CHECKING, ImportState.CHECKED, ImportState.WRITING, ImportState.DONE)
        ),
    )
    newest = statement.order_by(imports.c.id.desc()).limit(1)
    return (await run(db, newest)).mappings().first()


async def forget_faults(db: AsyncSession, import_id: UUID) -> None:
    """Before a file is checked anew."""
    await run(db, import_faults.delete().where(import_faults.c.import_id == import_id))


async def count_faults(db: AsyncSession, import_id: UUID) -> int:
    """How many bad cells are kept of it."""
    statement = select(func.count()).where(import_faults.c.import_id == import_id)
    found: int = (await run(db, statement)).scalar_one()
    return found
