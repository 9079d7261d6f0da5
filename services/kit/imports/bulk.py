"""Many rows into a table at once: their ids in order, and COPY inside the transaction."""

from operator import itemgetter
from random import getrandbits
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.ids import uuid7


def ids_in_order(count: int) -> list[UUID]:
    """As many UUIDv7 as there are rows, each after the one before: lists show a file's order.

    The 62 bits behind time and variant hold the row's number and 42 random bits.
    """
    first = uuid7().int >> 62 << 62
    return [UUID(int=first | number << 42 | getrandbits(42)) for number in range(count)]


async def copy_in(db: AsyncSession, table: str, rows: list[dict[str, Any]]) -> None:
    """Copy `rows`, dicts with the same keys; JSON goes in as text. Raises asyncpg's errors.

    Not for a table behind a wall: PostgreSQL refuses COPY where row-level security speaks.
    """
    if not rows:
        return
    columns = tuple(rows[0])
    # With more than one column, which every table here has, itemgetter answers tuples.
    records = list(map(itemgetter(*columns), rows))
    await db.flush()
    raw = await (await db.connection()).get_raw_connection()
    connection: Any = raw.driver_connection
    await connection.copy_records_to_table(table, records=records, columns=columns)
