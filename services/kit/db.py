"""The database of one service: a transaction per request, committed before the response leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import CursorResult, Executable, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, Kind, P, multirange
from services.kit.context import current
from services.kit.identity import CallerDep
from services.kit.problems import TooSlow


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
            connect_args={"server_settings": {"application_name": name}},
        )
        self._sessions = async_sessionmaker(
            self.engine, class_=AsyncSession, expire_on_commit=False
        )
        self._hot: asyncpg.Pool[asyncpg.Record] | None = None
        self._making_hot = asyncio.Lock()
        self._walls_sql = text(
            "SELECT set_config('kepu.subject', :subject, true),"
            " set_config('kepu.kind', :kind, true),"
            " set_config('statement_timeout', :timeout, true)"
            + "".join(f", set_config('kepu.reach_{p.value}', :{p.value}, true)" for p in walls)
        )

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
        async with self._sessions() as db, db.begin():
            await self.speak_as(db, caller)
            yield db
        if db.info.get("facts"):
            self.on_facts()

    async def speak_as(self, db: AsyncSession, caller: Caller) -> None:
        """Tell PostgreSQL, until the end of the transaction, whose reach draws the walls."""
        work = current()
        remaining = work.remaining() if work else None
        if remaining is not None and remaining <= 0:
            raise TooSlow()
        values: dict[str, Any] = {
            "subject": str(caller.subject or ""),
            "kind": caller.kind.value,
            "timeout": str(max(1, int((remaining or 30) * 1000))),
        }
        values.update({p.value: multirange(caller, p) for p in self.walls})
        await run(db, self._walls_sql, values)

    @staticmethod
    def on_facts() -> None:
        """Called after a commit that recorded facts; the relay replaces it to be woken."""

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
    connection = db.info.get("connection")
    if connection is None:  # a session here lives for one transaction, so it is always this one
        connection = db.info["connection"] = await db.connection()
    found: CursorResult[Any] = await connection.execute(statement, values)
    return found


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
