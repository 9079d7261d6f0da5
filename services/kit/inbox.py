"""The inbox: facts taken at least once from the wire, exactly once in effect.

A consumer is a name and a table of handlers. Each fact's effect and its `(consumer, fact id)` row
are one transaction; a fact that keeps failing becomes a dead letter, seen in metrics and replayed
by command. Stopping, killing or restoring anything leaves nothing out and nothing twice. While a
part is away facts wait: only what a handler itself raises counts as an attempt.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import BaseModel, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import func
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.context import Work, begin, child_traceparent
from services.kit.db import Database, run
from services.kit.facts import Envelope, stream_of, subject_of
from services.kit.logs import log
from services.kit.metrics import FACTS_DEAD, FACTS_TAKEN
from services.kit.outages import INTERRUPTIONS, is_away
from services.kit.tables import dead_letters, inbox

BATCH = 200
ACK_WAIT_S = 15
BACKOFF_S = (1, 5, 15, 60)
IDLE_S = 1.0
WAIT_S = 2.0

Handler = Callable[[AsyncSession, Envelope, Any], Awaitable[None]]
Fold = Callable[[AsyncSession, list[tuple[Envelope, Any]]], Awaitable[None]]


@dataclass(frozen=True)
class Reads:
    """What a consumer does with one fact type: the fields it reads, and the handler.

    No handler where the consumer folds.
    """

    body: type[BaseModel]
    handle: Handler | None = None


@dataclass(frozen=True)
class Consumer:
    """A named projection. `reset` empties it, so that it can be rebuilt from the first fact on.

    `fold` takes a whole batch at once, in the place of the handlers: for projections that are
    quicker in sets. It is given single facts when a batch failed or a dead letter is replayed.
    """

    name: str
    handlers: Mapping[str, Reads]
    fold: Fold | None = None
    reset: Callable[[AsyncSession], Awaitable[None]] | None = None
    after_commit: Callable[[list[Envelope]], None] | None = None
    streams: Mapping[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        streams: dict[str, list[str]] = defaultdict(list)
        for fact_type in self.handlers:
            streams[stream_of(fact_type)].append(subject_of(fact_type))
        object.__setattr__(self, "streams", dict(streams))
        if self.fold is None and not all(reads.handle for reads in self.handlers.values()):
            raise ValueError(f"{self.name} reads facts that nothing handles")


@dataclass(frozen=True)
class Taken:
    """A fact in hand, and the message to answer."""

    message: Msg
    envelope: Envelope


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
        # In memory: a restart grants a failing fact its attempts again. JetStream's own count
        # would not do: it also counts deliveries to a database that was away.
        self._attempts: Counter[UUID] = Counter()

    async def run(self) -> None:
        """Take facts until cancelled."""
        while True:
            try:
                await self._run_subscribed()
            except INTERRUPTIONS as error:
                log.debug("inbox_interrupted", consumer=self.durable, error=repr(error))
                await asyncio.sleep(IDLE_S)

    async def _run_subscribed(self) -> None:
        if not self._nats.is_connected:
            raise ConnectionClosedError
        jetstream = self._nats.jetstream(timeout=5)
        subscription = await self._subscribe(jetstream)
        try:
            while True:
                try:
                    messages = await subscription.fetch(BATCH, timeout=WAIT_S)
                except TimeoutError:
                    # Also what a consumer that was deleted for a rebuild looks like.
                    await jetstream.consumer_info(self._stream, self.durable)
                    continue
                await self._take(await self._readable(messages))
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

    async def _readable(self, messages: list[Msg]) -> list[Taken]:
        """The messages that are facts; what is none becomes a dead letter at once."""
        found = []
        for message in messages:
            try:
                found.append(Taken(message, Envelope.model_validate_json(message.data)))
            except ValidationError as error:
                sequence = message.metadata.sequence.stream
                await self._bury(
                    message,
                    uuid5(NAMESPACE_OID, f"{self._stream} {sequence}"),
                    message.subject,
                    {"unreadable": message.data.decode(errors="replace").replace("\0", "")},
                    error,
                    attempts=1,
                )
        return found

    async def _take(self, taken: list[Taken]) -> None:
        """Every fact is acknowledged, asked for again, or a dead letter, in the order given."""
        left = taken
        try:
            error = await self._tried(left) if left else None
            if error is None:
                return
            for each in taken:
                if len(taken) > 1:
                    error = await self._tried([each])
                if error is not None:
                    await self._failed(each, error)
                left = left[1:]
        except INTERRUPTIONS:
            for each in left:
                await each.message.nak(delay=IDLE_S)
            raise

    async def _tried(self, taken: list[Taken]) -> Exception | None:
        """Take the facts in one transaction and acknowledge them; answers what a handler raised."""
        try:
            await self._take_together([each.envelope for each in taken])
        except Exception as error:  # whatever a handler raises, the others go on
            if is_away(error):
                raise
            return error
        for each in taken:
            self._attempts.pop(each.envelope.id, None)
            await each.message.ack()
        return None

    async def _take_together(self, envelopes: list[Envelope]) -> None:
        by_id = {envelope.id: envelope for envelope in envelopes}
        _begin(envelopes[0])
        async with self._database.transaction(SERVICE) as db:
            fresh = await run(
                db,
                insert(inbox)
                # In order, so that replicas that take the same facts wait for one another.
                .values([{"consumer": self._key, "fact_id": fact_id} for fact_id in sorted(by_id)])
                .on_conflict_do_nothing()
                .returning(inbox.c.fact_id),
            )
            new = set(fresh.scalars())
            taken = [envelope for envelope in by_id.values() if envelope.id in new]
            await apply(db, self._consumer, taken)
        FACTS_TAKEN.labels(self.durable).inc(len(taken))
        if self._consumer.after_commit:
            self._consumer.after_commit(taken)

    async def _failed(self, taken: Taken, error: Exception) -> None:
        envelope = taken.envelope
        self._attempts[envelope.id] += 1
        attempts = self._attempts[envelope.id]
        if attempts <= len(BACKOFF_S):
            log.warning("fact_failed", consumer=self.durable, attempts=attempts, error=repr(error))
            await taken.message.nak(delay=BACKOFF_S[attempts - 1])
            return
        await self._bury(
            taken.message,
            envelope.id,
            envelope.type,
            envelope.model_dump(mode="json"),
            error,
            attempts,
        )
        del self._attempts[envelope.id]

    async def _bury(
        self,
        message: Msg,
        fact_id: UUID,
        fact_type: str,
        envelope: dict[str, Any],
        error: Exception,
        attempts: int,
    ) -> None:
        row = {
            "type": fact_type,
            "envelope": envelope,
            "error": repr(error)[:2000].replace("\0", ""),
            "attempts": attempts,
        }
        async with self._database.transaction(SERVICE) as db:
            await run(
                db,
                insert(dead_letters)
                .values(consumer=self._key, fact_id=fact_id, **row)
                # After a rebuild the same fact may die a second time: it waits again.
                .on_conflict_do_update(
                    index_elements=["consumer", "fact_id"],
                    set_={**row, "died_at": func.now(), "replayed_at": None},
                ),
            )
        FACTS_DEAD.labels(self.durable).inc()
        log.error(
            "fact_dead",
            consumer=self.durable,
            fact=str(fact_id),
            type=fact_type,
            error=repr(error),
        )
        await message.term()


def _begin(envelope: Envelope) -> None:
    begin(
        Work(
            request_id=str(envelope.id),
            traceparent=child_traceparent(envelope.traceparent),
            actor="service",
        )
    )


async def apply(db: AsyncSession, consumer: Consumer, envelopes: list[Envelope]) -> None:
    """Apply facts in their order. A type that is not read is none of this consumer's business."""
    read = [
        (envelope, consumer.handlers[envelope.type].body.model_validate(envelope.data))
        for envelope in envelopes
        if envelope.type in consumer.handlers
    ]
    if consumer.fold is not None:
        if read:
            await consumer.fold(db, read)
        return
    for envelope, body in read:
        handle = consumer.handlers[envelope.type].handle
        assert handle is not None
        _begin(envelope)
        await handle(db, envelope, body)
