"""Counts what an app asks of its database, whatever way it asks.

async with counted(running) as statements:
    await client.get("/divisions")
assert len(statements) == 1
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event

from tests.support.apps import Running

_OURS = ("SELECT set_config('kepu.", "SELECT pg_advisory_unlock_all()")
"""What the kit says at the start of a transaction, and asyncpg when a connection goes back."""
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK")
"""A transaction begins and ends on the driver; `Bare` statements stand between."""
_LEARNING = ("typeinfo_tree(", "'jit'")
"""In what asyncpg asks when a connection meets a type for the first time."""

_here: ContextVar[bool] = ContextVar("counted", default=False)
"""The block's own work: the loops of a running service ask the database in contexts of theirs."""


class Said(str):
    """A statement, and the values that went with it."""

    values: tuple[Any, ...] = ()

    @classmethod
    def of(cls, sql: str, values: Iterable[Any]) -> "Said":
        said = cls(sql)
        said.values = tuple(values or ())
        return said


@asynccontextmanager
async def counted(running: Running) -> AsyncIterator[list[Said]]:
    """The statements of the block, in order: SQLAlchemy's, `Bare` ones and those of hot reads.

    For requests one after another: a hot connection opened within the block is not listened to.
    """
    statements: list[Said] = []

    def noted(sql: str, values: Iterable[Any]) -> None:
        if _here.get() and not sql.lstrip().startswith(_OURS):
            statements.append(Said.of(sql, values))

    def of_engine(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        noted(sql, values)

    def of_driver(query: Any) -> None:
        # What SQLAlchemy prepares does not come by here.
        sql = query.query
        if not sql.startswith(_FRAME) and not any(part in sql for part in _LEARNING):
            noted(sql, query.args)

    def taken(connection: Any, *_: Any) -> None:
        connection.driver_connection.add_query_logger(of_driver)

    def given_back(connection: Any, *_: Any) -> None:
        if connection is not None:  # None: it was invalidated
            connection.driver_connection.remove_query_logger(of_driver)

    engine = running.kit.database.engine.sync_engine
    listeners = (
        ("before_cursor_execute", of_engine),
        ("checkout", taken),
        ("checkin", given_back),
    )
    pool = await running.kit.database.hot()
    async with AsyncExitStack() as held:
        connections = [
            await held.enter_async_context(pool.acquire()) for _ in range(pool.get_size())
        ]
        for connection in connections:
            connection.add_query_logger(of_driver)
    for name, listener in listeners:
        event.listen(engine, name, listener)
    ours = _here.set(True)
    try:
        yield statements
    finally:
        _here.reset(ours)
        for name, listener in listeners:
            event.remove(engine, name, listener)
        async with AsyncExitStack() as held:
            for _ in range(pool.get_size()):
                (await held.enter_async_context(pool.acquire())).remove_query_logger(of_driver)
