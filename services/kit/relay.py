"""The relay: carries committed facts from outbox to JetStream, in commit order, at least once."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from services.kit.facts import Envelope, stream_of, subject_of
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS

Connection = Any  # asyncpg's own, or one of a pool

LOCK = 0x6B657075  # "kepu": one relay per database, so replicas are safe
BATCH = 500
IDLE_S = 1.0
ACK_S = 10.0
CHECK_S = 10.0
HINTS_S = 0.005

UNSENT = """
SELECT id, type, subject, division, "time", version, traceparent, data
FROM outbox
WHERE sent_at IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq
LIMIT $1
"""
SENT = "UPDATE outbox SET sent_at = now() WHERE id = ANY($1::uuid[])"
REPUBLISH = "UPDATE outbox SET sent_at = NULL, xid = '3'::xid8 WHERE sent_at IS NOT NULL"
# In a restored cluster transaction ids start again. A row that can be seen, of a transaction that
# this cluster has not come to, is of the former life: it and what was before it must not wait.
FORMER_LIFE = """
UPDATE outbox SET xid = '3'::xid8
WHERE sent_at IS NULL AND seq <= (
    SELECT max(seq) FROM outbox
    WHERE sent_at IS NULL AND xid >= pg_snapshot_xmax(pg_current_snapshot()))
"""


class Relay:
    """One loop per process; the one that holds the advisory lock publishes, the others wait."""

    def __init__(self, service: str, dsn: str, nats: Client) -> None:
        self._service = service
        self._dsn = dsn
        self._nats = nats
        self._hints = f"hints.{service}"
        self._wake = asyncio.Event()
        self.ready = asyncio.Event()
        self.last_sent_at: datetime | None = None

    def wake(self) -> None:
        """A hint that there is something to send; polling finds it anyway within IDLE_S."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled; a lost connection is made again."""
        # One context for good: each listens for its acknowledgements as long as the client lives.
        jetstream = self._nats.jetstream(timeout=ACK_S)
        while True:
            try:
                await self._run_connected(jetstream)
            except INTERRUPTIONS as error:
                log.warning("relay_interrupted", error=repr(error))
                await asyncio.sleep(IDLE_S)

    async def _run_connected(self, jetstream: JetStreamContext) -> None:
        connection = await asyncpg.connect(
            self._dsn, server_settings={"application_name": f"{self._service}-relay"}
        )
        async with AsyncExitStack() as stack:
            stack.callback(connection.terminate)
            # Ready before it leads: a second replica waits for its turn in good health.
            self.ready.set()
            await self._lead(connection)
            await connection.execute(FORMER_LIFE)
            self._check_connected()
            hints = await self._nats.subscribe(self._hints, cb=self._told)
            stack.push_async_callback(hints.unsubscribe)
            checked_at = -CHECK_S
            while True:
                self._wake.clear()
                self._check_connected()
                if time.monotonic() - checked_at >= CHECK_S:
                    await self._ensure_stream(jetstream, connection)
                    checked_at = time.monotonic()
                if await self._publish_batch(jetstream, connection) < BATCH:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), IDLE_S)

    def _check_connected(self) -> None:
        if not self._nats.is_connected:
            # Another replica may have a way to NATS: let go of the lead.
            raise ConnectionClosedError

    async def _lead(self, connection: Connection) -> None:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._follow(), IDLE_S)

    async def _follow(self) -> None:
        """Tell the process that leads of what is committed in this one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._nats.is_connected:
                await self._nats.publish(self._hints, b"")
            await asyncio.sleep(HINTS_S)

    async def _told(self, _: Msg) -> None:
        self.wake()

    async def _ensure_stream(self, jetstream: JetStreamContext, connection: Connection) -> None:
        stream = stream_of(self._service)
        try:
            await jetstream.stream_info(stream)
        except NotFoundError:
            await jetstream.add_stream(
                StreamConfig(
                    name=stream,
                    subjects=[f"facts.{self._service}.>"],
                    retention=RetentionPolicy.LIMITS,
                    storage=StorageType.FILE,
                    discard=DiscardPolicy.NEW,
                    duplicate_window=120,
                )
            )
            # A new stream beside an old outbox: the broker's store was lost. The outbox is the
            # record, so it goes out again; inboxes skip what they have taken.
            again = await connection.execute(REPUBLISH)
            log.info("stream_created", stream=stream, republished=int(again.split()[-1]))

    async def _publish_batch(self, jetstream: JetStreamContext, connection: Connection) -> int:
        rows = await connection.fetch(UNSENT, BATCH)
        if not rows:
            return 0
        acks = [
            await jetstream.publish_async(
                subject_of(row["type"]),
                Envelope(
                    id=row["id"],
                    source=f"/{self._service}",
                    type=row["type"],
                    subject=row["subject"],
                    time=row["time"],
                    division=row["division"],
                    traceparent=row["traceparent"],
                    aggregateversion=row["version"],
                    data=orjson.loads(row["data"]),
                )
                .model_dump_json()
                .encode(),
                headers={"Nats-Msg-Id": str(row["id"])},
            )
            for row in rows
        ]
        await asyncio.wait_for(asyncio.gather(*acks), ACK_S)
        await connection.execute(SENT, [row["id"] for row in rows])
        self.last_sent_at = datetime.now(UTC)
        return len(rows)
