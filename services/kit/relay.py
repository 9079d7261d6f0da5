"""The relay: carries committed facts from outbox to JetStream, in commit order, at least once."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from services.kit.facts import Envelope, stream_of, subject_of
from services.kit.logs import log

Connection = Any  # asyncpg's own, or one of a pool

LOCK = 0x6B657075  # "kepu": one relay per database, so replicas are safe
BATCH = 500
IDLE_S = 1.0

UNSENT = """
SELECT id, type, subject, division, "time", version, traceparent, data
FROM outbox
WHERE sent_at IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq
LIMIT $1
"""
SENT = "UPDATE outbox SET sent_at = now() WHERE id = ANY($1::uuid[])"
# After a restore, transaction ids start again: old ones must not wait for them.
REPUBLISH = "UPDATE outbox SET sent_at = NULL, xid = '3'::xid8 WHERE sent_at IS NOT NULL"


class Relay:
    """One loop per process; the one that holds the advisory lock publishes, the others wait."""

    def __init__(self, service: str, dsn: str, nats: Client) -> None:
        self._service = service
        self._dsn = dsn
        self._nats = nats
        self._wake = asyncio.Event()
        self.ready = asyncio.Event()
        self.last_sent_at: datetime | None = None

    def wake(self) -> None:
        """A hint that there is something to send; polling finds it anyway within IDLE_S."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled; a lost connection is made again."""
        while True:
            try:
                await self._run_connected()
            except (
                OSError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                NatsError,
                TimeoutError,
            ) as error:
                log.warning("relay_interrupted", error=repr(error))
                await asyncio.sleep(IDLE_S)

    async def _run_connected(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, server_settings={"application_name": f"{self._service}-relay"}
        )
        try:
            jetstream = self._nats.jetstream(timeout=10)
            self.ready.set()
            await self._lead(connection)
            await self._ensure_stream(jetstream, connection)
            while True:
                self._wake.clear()
                if await self._publish_batch(jetstream, connection) < BATCH:
                    try:
                        await asyncio.wait_for(self._wake.wait(), IDLE_S)
                    except TimeoutError:
                        continue
        finally:
            connection.terminate()

    async def _lead(self, connection: Connection) -> None:
        while True:
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                return
            await asyncio.sleep(IDLE_S)

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
        await asyncio.wait_for(asyncio.gather(*acks), 30)
        await connection.execute(SENT, [row["id"] for row in rows])
        self.last_sent_at = datetime.now(UTC)
        return len(rows)
