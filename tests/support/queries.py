"""Counts what an app asks of its database, whatever way it asks.

async with counted(running) as statements:
    await client.get("/divisions")
assert len(statements) == 1
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event

from tests.support.apps import Running

_OURS = ("SELECT set_config('kepu.", "SELECT pg_advisory_unlock_all()")
"""What the kit says at the start of a transaction, and asyncpg when a connection goes back."""

_here: ContextVar[bool] = ContextVar("counted", default=False)
"""The block's own work: the loops of a running service ask the database in contexts of theirs."""


@asynccontextmanager
async def counted(running: Running) -> AsyncIterator[list[str]]:
    """The statements of the block, in order: those of transactions and those of hot reads.

    For requests one after another: a hot connection opened within the block is not listened to.
    """
    statements: list[str] = []

    def noted(sql: str) -> None:
        if _here.get() and not sql.lstrip().startswith(_OURS):
            statements.append(sql)

    def of_engine(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        noted(sql)

    def of_hot(query: Any) -> None:
        noted(query.query)

    engine = running.kit.database.engine.sync_engine
    pool = await running.kit.database.hot()
    async with AsyncExitStack() as held:
        connections = [
            await held.enter_async_context(pool.acquire()) for _ in range(pool.get_size())
        ]
        for connection in connections:
            connection.add_query_logger(of_hot)
    event.listen(engine, "before_cursor_execute", of_engine)
    ours = _here.set(True)
    try:
        yield statements
    finally:
        _here.reset(ours)
        event.remove(engine, "before_cursor_execute", of_engine)
        async with AsyncExitStack() as held:
            for _ in range(pool.get_size()):
                (await held.enter_async_context(pool.acquire())).remove_query_logger(of_hot)
