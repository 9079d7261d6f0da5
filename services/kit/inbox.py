"""The inbox: facts taken at least once from the wire, exactly once in effect.

A consumer is a name and a table of handlers. Each fact's effect and its `(consumer, fact id)` row
are one transaction; a fact that keeps failing becomes a dead letter, seen in metrics and replayed
by command. Stopping, killing or restoring anything leaves nothing out and nothing twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from pydantic import BaseModel
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import func
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.context import Work, begin, child_traceparent
from services.kit.db import Database, run
from services.kit.facts import Envelope, stream_of, subject_of
from services.kit.ids import uuid7
from services.kit.logs import log
from services.kit.metrics import FACTS_DEAD, FACTS_TAKEN
from services.kit.tables import dead_letters, inbox

BATCH = 200
ACK_WAIT_S = 60
BACKOFF_S = (1, 5, 15, 60)
IDLE_S = 1.0

Handler = Callable[[AsyncSession, Envelope, Any], Awaitable[None]]


@dataclass(frozen=True)
class Reads:
    """What a consumer does with one fact type: the fields it reads, and the handler."""

    body: type[BaseModel]
    handle: Handler


@dataclass(frozen=True)
class Consumer:
    """A named projection. `reset` empties it, so that it can be rebuilt from the first fact on."""

    name: str
    handlers: Mapping[str, Reads]
    reset: Callable[[AsyncSession], Awaitable[None]] | None = None
    after_commit: Callable[[list[Envelope]], None] | None = None
    streams: Mapping[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        streams: dict[str, list[str]] = defaultdict(list)
        for fact_type in self.handlers:
            streams[stream_of(fact_type)].append(subject_of(fact_type))
        object.__setattr__(self, "streams", dict(streams))


class Taker:
    """Runs one consumer on one stream."""

    def __init__(
        self, service: str, database: Database, nats: Client, consumer: Consumer, stream: str
    ) -> None:
        self._database = database
        self._nats = nats
        self._consumer = consumer
        self._stream = stream
        self.durable = f"{service}-{consumer.name}"
        self._key = self.durable

    async def run(self) -> None:
        """Take facts until cancelled."""
        while True:
            try:
                await self._run_subscribed()
            except (NotFoundError, NatsError, OSError, DBAPIError, TimeoutError) as error:
                log.debug(
                    "inbox_interrupted",
                    consumer=self.durable,
                    stream=self._stream,
                    error=repr(error),
                )
                await asyncio.sleep(IDLE_S)

    async def _run_subscribed(self) -> None:
        jetstream = self._nats.jetstream(timeout=5)
        subscription = await self._subscribe(jetstream)
        try:
            while True:
                try:
                    messages = await subscription.fetch(BATCH, timeout=5)
                except TimeoutError:
                    # Also what a consumer that was deleted for a rebuild looks like.
                    await jetstream.consumer_info(self._stream, self.durable)
                    continue
                await self._take(messages)
        finally:
            await subscription.unsubscribe()

    async def _subscribe(self, jetstream: JetStreamContext) -> JetStreamContext.PullSubscription:
        await jetstream.add_consumer(
            self._stream,
            ConsumerConfig(
                durable_name=self.durable,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_S,
                max_ack_pending=BATCH * 5,
                filter_subjects=self._consumer.streams[self._stream],
            ),
        )
        return await jetstream.pull_subscribe_bind(self.durable, self._stream)

    async def _take(self, messages: list[Msg]) -> None:
        try:
            await self._take_together(
                [Envelope.model_validate_json(message.data) for message in messages]
            )
        except (NatsError, OSError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the others go on
            if len(messages) == 1:
                await self._failed(messages[0], error)
                return
            for message in messages:
                await self._take([message])
            return
        for message in messages:
            await message.ack()

    async def _take_together(self, envelopes: list[Envelope]) -> None:
        first = envelopes[0]
        begin(
            Work(
                request_id=str(first.id),
                traceparent=child_traceparent(first.traceparent),
                actor="service",
            )
        )
        async with self._database.transaction(SERVICE) as db:
            fresh = await run(
                db,
                insert(inbox)
                .values(
                    [
                        {"consumer": self._key, "fact_id": envelope.id}
                        for envelope in _distinct(envelopes)
                    ]
                )
                .on_conflict_do_nothing()
                .returning(inbox.c.fact_id),
            )
            new = set(fresh.scalars())
            taken = [envelope for envelope in _distinct(envelopes) if envelope.id in new]
            for envelope in taken:
                await handle(db, self._consumer, envelope)
        FACTS_TAKEN.labels(self.durable).inc(len(taken))
        if self._consumer.after_commit:
            self._consumer.after_commit(taken)

    async def _failed(self, message: Msg, error: Exception) -> None:
        attempts = message.metadata.num_delivered or 1
        if attempts <= len(BACKOFF_S):
            log.warning("fact_failed", consumer=self.durable, attempts=attempts, error=repr(error))
            await message.nak(delay=BACKOFF_S[attempts - 1])
            return
        envelope = Envelope.model_validate_json(message.data)
        async with self._database.transaction(SERVICE) as db:
            await run(
                db,
                insert(dead_letters)
                .values(
                    consumer=self._key,
                    fact_id=envelope.id,
                    type=envelope.type,
                    envelope=envelope.model_dump(mode="json"),
                    error=repr(error)[:2000],
                    attempts=attempts,
                )
                .on_conflict_do_nothing(),
            )
        FACTS_DEAD.labels(self.durable).inc()
        log.error(
            "fact_dead",
            consumer=self.durable,
            fact=str(envelope.id),
            type=envelope.type,
            error=repr(error),
        )
        await message.term()


def _distinct(envelopes: list[Envelope]) -> list[Envelope]:
    return list({envelope.id: envelope for envelope in envelopes}.values())


async def handle(db: AsyncSession, consumer: Consumer, envelope: Envelope) -> None:
    """Apply one fact. A type without a handler is none of this consumer's business."""
    reads = consumer.handlers.get(envelope.type)
    if reads is not None:
        await reads.handle(db, envelope, reads.body.model_validate(envelope.data))


async def replay_dead(
    database: Database, service: str, consumers: tuple[Consumer, ...]
) -> tuple[int, int]:
    """Try every waiting dead letter again, one transaction each; answers (replayed, still dead)."""
    by_key = {f"{service}-{consumer.name}": consumer for consumer in consumers}
    async with database.transaction(SERVICE) as db:
        rows = (
            await run(db, select(dead_letters).where(dead_letters.c.replayed_at.is_(None)))
        ).all()
    replayed = 0
    for row in rows:
        try:
            async with database.transaction(SERVICE) as db:
                mark = (
                    insert(inbox)
                    .values(consumer=row.consumer, fact_id=row.fact_id)
                    .on_conflict_do_nothing()
                )
                if (await run(db, mark.returning(inbox.c.fact_id))).first():
                    await handle(db, by_key[row.consumer], Envelope.model_validate(row.envelope))
                await run(
                    db,
                    update(dead_letters)
                    .where(
                        dead_letters.c.consumer == row.consumer,
                        dead_letters.c.fact_id == row.fact_id,
                    )
                    .values(replayed_at=func.now()),
                )
                replayed += 1
        except Exception as error:  # noqa: BLE001 - it stays a dead letter, and says why
            log.error(
                "fact_still_dead", consumer=row.consumer, fact=str(row.fact_id), error=repr(error)
            )
    return replayed, len(rows) - replayed


async def rebuild(database: Database, nats: Client, service: str, consumer: Consumer) -> None:
    """Empty a projection and let it fold every fact again, from the first on.

    Emptying and forgetting the inbox are one transaction, so a batch in flight counts once.
    """
    if consumer.reset is None:
        raise ValueError(f"{consumer.name} has nothing to rebuild")
    async with database.transaction(SERVICE) as db:
        await consumer.reset(db)
        await run(db, delete(inbox).where(inbox.c.consumer == f"{service}-{consumer.name}"))
    jetstream = nats.jetstream(timeout=5)
    for stream in consumer.streams:
        try:
            await jetstream.delete_consumer(stream, f"{service}-{consumer.name}")
        except NotFoundError:
            log.info("nothing_to_forget", consumer=consumer.name, stream=stream)


def work_id() -> str:
    """An id for a piece of work that no request started (a schedule's turn)."""
    return str(uuid7())
