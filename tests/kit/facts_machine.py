"""The machinery of facts by itself: an outbox, a relay, a stream and takers, on throwaway engines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.db import Database, run
from services.kit.facts import Envelope, record
from services.kit.ids import uuid7
from services.kit.inbox import Consumer, Reads, Taker
from services.kit.relay import Relay
from services.venues.facts import VenuePublished
from tests.support.apps import until

if TYPE_CHECKING:
    from tests.engines import TestCluster

TYPE = VenuePublished.type
STREAM = "FACTS_VENUES"


class Body(BaseModel):
    kind: str


class Machine:
    """A database with the kit's tables and one table of effects, and a client of NATS."""

    def __init__(self, cluster: "TestCluster", name: str, client: Client) -> None:
        self.cluster = cluster
        self.name = name
        self.dsn = cluster.dsn(name, "kepu_venues")
        self.database = Database(self.dsn, name="venues", size=4)
        self.nats = client
        self.jetstream = client.jetstream()
        self.tasks: list[asyncio.Task[None]] = []

    def relay(self, client: Client | None = None) -> Relay:
        """A relay that runs until the test ends."""
        relay = Relay("venues", self.dsn, client or self.nats)
        self.start(relay.run())
        return relay

    def taker(self, consumer: Consumer, client: Client | None = None) -> asyncio.Task[None]:
        """A consumer that runs until the test ends."""
        return self.start(
            Taker("venues", self.database, client or self.nats, consumer, STREAM).run()
        )

    def start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self.tasks.append(task)
        return task

    async def tell(self, *kinds: str) -> list[UUID]:
        """Record one fact for each kind, in one transaction."""
        async with self.database.transaction(SERVICE) as db:
            return [
                await record(
                    db, VenuePublished(kind=kind), subject=uuid7(), division="63", version=1
                )
                for kind in kinds
            ]

    async def sent(self) -> list[str]:
        """The kinds on the stream, in its order."""
        return [Body(**envelope.data).kind for envelope in await self.envelopes()]

    async def envelopes(self) -> list[Envelope]:
        """The facts on the stream, in its order."""
        try:
            last = (await self.jetstream.stream_info(STREAM)).state.last_seq
        except nats.js.errors.NotFoundError:
            return []
        return [
            Envelope.model_validate_json((await self.jetstream.get_msg(STREAM, number)).data or b"")
            for number in range(1, last + 1)
        ]

    async def done(self) -> list[str]:
        """The effects, in order of name."""
        return [row[0] for row in await self.rows("SELECT kind FROM effects ORDER BY kind")]

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self.database.transaction(SERVICE) as db:
            return [tuple(row) for row in (await run(db, text(sql), values)).all()]

    async def execute_as_superuser(self, sql: str) -> Any:
        connection = await asyncpg.connect(self.cluster.dsn(self.name))
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    async def until_done(self, *kinds: str, within_s: float = 15) -> None:
        async def all_done() -> bool:
            return await self.done() == sorted(kinds)

        await until(all_done, within_s=within_s)

    async def until_acknowledged(self, facts: int, durable: str = "venues-effects") -> None:
        async def acknowledged() -> bool:
            try:
                info = await self.jetstream.consumer_info(STREAM, durable)
            except NotFoundError:  # the taker has not made it yet
                return False
            assert info.ack_floor is not None
            return info.ack_floor.stream_seq == facts and not info.num_ack_pending

        await until(acknowledged, within_s=30)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.database.close()


async def effect(db: AsyncSession, _: Envelope, body: Body) -> None:
    """Write one row a fact: twice in effect is two rows."""
    await run(db, text("INSERT INTO effects (kind) VALUES (:kind)"), {"kind": body.kind})


async def _reset(db: AsyncSession) -> None:
    await run(db, text("DELETE FROM effects"))


def consumer(
    handle: Callable[[AsyncSession, Envelope, Any], Awaitable[None]] = effect,
    *,
    after_commit: Callable[[list[Envelope]], None] | None = None,
) -> Consumer:
    """The consumer "effects" with this handler."""
    return Consumer("effects", {TYPE: Reads(Body, handle)}, reset=_reset, after_commit=after_commit)


@asynccontextmanager
async def machine_on(
    cluster: "TestCluster", nats_url: str, template: str
) -> AsyncIterator[Machine]:
    """A machine on a copy of `template`; everything stops and goes with it."""
    name = await cluster.create_database("venues", template=template)
    client = await nats.connect(
        nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_silent
    )
    machine = Machine(cluster, name, client)
    await machine.execute_as_superuser("CREATE TABLE effects (kind text NOT NULL)")
    await machine.execute_as_superuser("GRANT ALL ON effects TO kepu_venues")
    try:
        yield machine
    finally:
        await machine.stop()
        await client.close()
        await cluster.drop_database(name)


async def _silent(_: Exception) -> None:
    """Connections are cut on purpose here."""
