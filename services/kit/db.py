"""The database of one service: a transaction per request, committed before the response leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import CursorResult, Executable, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, Kind, P, multirange
from services.kit.context import current
from services.kit.identity import CallerDep
from services.kit.problems import TooSlow

# What a statement says that PostgreSQL can no longer hear.
_LOST = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Transaction(AsyncSession):
    """The database handle. It begins and ends with `Database.transaction`, whole or not at all;
    a part that may fail stands in `begin_nested`."""

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:  # type: ignore[override]
        """A savepoint: what fails inside is undone alone."""
        async with super().begin_nested():
            # Set it now: what does not pass through the session (`run`, Bare) stands inside too.
            await self.connection()
            yield

    async def commit(self) -> None:
        """Not here: the end of `Database.transaction` commits."""
        raise RuntimeError("Database.transaction commits, at its end")

    async def rollback(self) -> None:
        """Not here: an error that leaves `Database.transaction` undoes it."""
        raise RuntimeError("raise, and Database.transaction undoes it")


def _still_connected(connection: Any, *_: object) -> None:
    """At each checkout: a connection that PostgreSQL has closed is replaced, not handed out."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


async def _nothing_to_reset(_: object) -> None:
    """Hot connections only read, outside of transactions: no state to clear, no round trip."""


class Database:
    """The engine for transactions, and a small pool of bare connections for hot public reads.

    `walls` are the permissions whose reach draws row-level security in this service's migrations.
    """

    def __init__(
        self, url: str, *, name: str, walls: tuple[P, ...] = (), size: int = 10, hot_size: int = 5
    ) -> None:
        self.name = name
        self.walls = walls
        self._hot_size = hot_size
        self._url = make_url(url).set(drivername="postgresql+asyncpg")
        self.engine: AsyncEngine = create_async_engine(
            self._url,
            pool_size=size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=False,
            pool_use_lifo=True,
            # `transaction` begins and ends them itself, in the same round trip as the walls.
            isolation_level="AUTOCOMMIT",
            connect_args={"server_settings": {"application_name": name}},
        )
        event.listen(self.engine.sync_engine, "checkout", _still_connected)
        self._hot: asyncpg.Pool[asyncpg.Record] | None = None
        self._making_hot = asyncio.Lock()

    @property
    def dsn(self) -> str:
        """The address for asyncpg itself."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def hot(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The pool for hot reads, made at first use. Its connections see no personal rows."""
        if self._hot is None:
            async with self._making_hot:
                if self._hot is None:
                    self._hot = await asyncpg.create_pool(
                        self.dsn,
                        min_size=1,
                        max_size=self._hot_size,
                        command_timeout=10,
                        reset=_nothing_to_reset,
                    )
        return self._hot

    @asynccontextmanager
    async def transaction(self, caller: Caller) -> AsyncIterator[AsyncSession]:
        """One transaction that sees what `caller` may see; committed at the end, or not at all."""
        begin = self._begin(caller)
        async with self.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                await driver.execute(begin)
                async with Transaction(connection, expire_on_commit=False) as db:
                    db.info.update(driver=driver, connection=connection, after_commit=[])
                    yield db
                    await db.flush()
                    if await driver.execute("COMMIT") != "COMMIT":
                        # PostgreSQL rolls back what failed, however quietly the error was passed.
                        raise asyncpg.InFailedSQLTransactionError("nothing was committed")
            except BaseException:
                # Also when the caller hung up: nothing half done goes back to the pool.
                if driver.is_in_transaction():
                    with suppress(*_LOST):
                        await driver.execute("ROLLBACK")
                raise
            finally:
                if driver.is_closed() or driver.is_in_transaction():
                    await connection.invalidate()
        for call in db.info["after_commit"]:
            call()
        if db.info.get("facts"):
            self.on_facts()
        if db.info.get("jobs"):
            self.on_jobs()

    def _begin(self, caller: Caller) -> str:
        """BEGIN, and whose reach draws the walls of this transaction: one message to the server."""
        work = current()
        remaining = work.remaining() if work else None
        if remaining is not None and remaining <= 0:
            raise TooSlow()
        settings = {
            "kepu.subject": str(caller.subject or ""),
            "kepu.kind": caller.kind.value,
            "statement_timeout": str(max(1, int((remaining or 30) * 1000))),
            **{f"kepu.reach_{p.value}": multirange(caller, p) for p in self.walls},
        }
        quoted = ((name, value.replace("'", "''")) for name, value in settings.items())
        return "BEGIN" + "".join(f"; SET LOCAL {name} = '{value}'" for name, value in quoted)

    @staticmethod
    def on_facts() -> None:
        """Called after a commit that recorded facts; the relay replaces it to be woken."""

    @staticmethod
    def on_jobs() -> None:
        """Called after a commit that started a job; the workers replace it to be woken."""

    async def close(self) -> None:
        await self.engine.dispose()
        if self._hot is not None:
            await self._hot.close()


async def _transaction(request: Request, caller: CallerDep) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.kit.database
    async with database.transaction(caller) as db:
        request.state.db = db
        yield db


Db = Annotated[AsyncSession, Depends(_transaction, scope="function")]
"""The request's transaction. `scope="function"`: committed before the response is sent."""


async def run(db: AsyncSession, statement: Executable, values: Any = None) -> CursorResult[Any]:
    """A statement on plain tables, in the session's transaction; rows, not objects."""
    found: CursorResult[Any] = await db.info["connection"].execute(statement, values)
    return found


def after_commit(db: AsyncSession, call: Callable[[], None]) -> None:
    """Call something once the transaction is committed; never, when it is not."""
    db.info["after_commit"].append(call)


@asynccontextmanager
async def as_service(db: AsyncSession) -> AsyncIterator[None]:
    """For the few lines that must see everybody's rows (a waiting list), speak as a service.

    What was changed meanwhile is flushed, then the caller's own voice comes back. An error needs
    no undoing: the setting goes with the transaction or savepoint that fails.
    """
    before = (await run(db, text("SELECT current_setting('kepu.kind', true)"))).scalar_one()
    await _kind(db, SERVICE.kind.value)
    yield
    await db.flush()
    await _kind(db, before or Kind.ANONYMOUS.value)


async def _kind(db: AsyncSession, kind: str) -> None:
    await run(db, text("SELECT set_config('kepu.kind', :kind, true)"), {"kind": kind})
