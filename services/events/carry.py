"""Carries the rows of a data file into a table: what is new is copied, what differs is updated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Shape:
    """A table's name, its columns with the key first, and how many of them are the key."""

    table: str
    columns: tuple[str, ...]
    key: int = 1

    @property
    def names(self) -> str:
        """The columns as SQL; all of them are our own words."""
        return ", ".join(self.columns)


@dataclass(frozen=True)
class Carried:
    """What carrying did: new rows, changed ones as (before, after), superfluous ones."""

    added: list[Row]
    changed: list[tuple[Row, Row]]
    removed: list[Row]


async def stored(db: AsyncSession, shape: Shape) -> dict[Row, Row]:
    """The table's rows by key."""
    connection = await _connection(db)
    found = await connection.fetch(f"SELECT {shape.names} FROM {shape.table}")
    return {tuple(row[: shape.key]): tuple(row) for row in found}


async def carry(
    db: AsyncSession,
    shape: Shape,
    rows: Sequence[Row],
    before: dict[Row, Row],
    *,
    remove: bool = False,
) -> Carried:
    """Bring the table from `before` to `rows`; others are deleted only with `remove`."""
    connection = await _connection(db)
    after = {row[: shape.key]: row for row in rows}
    done = Carried(
        [row for key, row in after.items() if key not in before],
        [(before[key], row) for key, row in after.items() if before.get(key, row) != row],
        [row for key, row in before.items() if remove and key not in after],
    )
    here = " AND ".join(f"{name} = ${n}" for n, name in enumerate(shape.columns[: shape.key], 1))
    if done.added:
        await connection.copy_records_to_table(
            shape.table, records=done.added, columns=shape.columns
        )
    if done.changed:
        rest = enumerate(shape.columns[shape.key :], shape.key + 1)
        values = ", ".join(f"{name} = ${n}" for n, name in rest)
        await connection.executemany(
            f"UPDATE {shape.table} SET {values} WHERE {here}", [row for _, row in done.changed]
        )
    if done.removed:
        await connection.executemany(
            f"DELETE FROM {shape.table} WHERE {here}", [row[: shape.key] for row in done.removed]
        )
    return done


async def _connection(db: AsyncSession) -> Any:
    """asyncpg's own connection, inside the session's transaction: COPY is not in SQLAlchemy."""
    raw = await (await db.connection()).get_raw_connection()
    return raw.driver_connection
