"""The feed: follows each publisher's stream with one ordered, ephemeral consumer a process."""

import asyncio
from collections import defaultdict

from nats.aio.client import Client as Nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from gateway.live.hub import Hub
from gateway.live.rules import VISIBLE
from services.kit.facts import Envelope, stream_of, subject_of
from services.kit.logs import log

LOOK_S = 5.0
RETRY_S = 1.0


def streams() -> dict[str, list[str]]:
    """The streams to follow, and the subjects of those facts that anybody may see."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact_type in VISIBLE:
        found[stream_of(fact_type)].append(subject_of(fact_type))
    return dict(found)


async def follow(nats: Nats, hub: Hub, stream: str, subjects: list[str]) -> None:
    """Feed the hub from one stream until cancelled; what a lost connection hid comes after it."""
    hub.begin(stream, 0)
    born = ""
    while True:
        try:
            jetstream = nats.jetstream(timeout=5)
            info = await jetstream.stream_info(stream)
            made = str(info.created)
            if made != born or info.state.last_seq < hub.positions[stream]:
                # A first look, or another stream under the old name: only what is new is live.
                hub.begin(stream, info.state.last_seq)
                born = made
            await _follow_connected(nats, jetstream, hub, stream, subjects)
        except (NotFoundError, NatsError, OSError, TimeoutError) as error:
            log.debug("live_interrupted", stream=stream, error=repr(error))
            await asyncio.sleep(RETRY_S)


async def _follow_connected(
    nats: Nats, jetstream: JetStreamContext, hub: Hub, stream: str, subjects: list[str]
) -> None:
    """Returns when a fact was missed; raises when the consumer or the connection is gone.

    An ordered consumer by hand: nats-py's own starts again from the stream's first fact when it is
    reset before it has received anything.
    """
    subscription = await jetstream.subscribe(
        "",
        stream=stream,
        config=ConsumerConfig(
            filter_subjects=subjects,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=hub.positions[stream] + 1,
            ack_policy=AckPolicy.NONE,
            mem_storage=True,
            num_replicas=1,
        ),
    )
    expected = 1
    try:
        while True:
            try:
                message = await subscription.next_msg(timeout=LOOK_S)
            except TimeoutError:
                # Silence is also what a consumer that went with its server sounds like.
                info = await subscription.consumer_info()
                if info.delivered and info.delivered.consumer_seq >= expected:
                    return
                continue
            if message.metadata.sequence.consumer != expected:
                return
            expected += 1
            try:
                fact = Envelope.model_validate_json(message.data)
            except ValidationError as error:
                log.error("live_unreadable", stream=stream, error=repr(error)[:500])
                continue
            hub.take(stream, message.metadata.sequence.stream, fact)
    finally:
        await subscription.unsubscribe()
