"""Facts take effect exactly once, whatever is cut, killed, broken or away meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from nats.aio.msg import Msg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit import inbox
from services.kit.db import run
from services.kit.facts import Envelope, subject_of
from services.kit.ids import uuid7
from services.kit.inbox import Consumer, Reads
from services.kit.outages import is_away
from services.kit.upkeep import rebuild_consumer, replay_dead
from tests.kit.facts_machine import STREAM, TYPE, Body, Machine, consumer, effect, machine_on
from tests.support.apps import until

if TYPE_CHECKING:
    from tests.engines import TestCluster


@pytest.fixture
async def machine(
    postgres: "TestCluster", nats_url: str, clean_streams: None, venues_template: str
) -> AsyncIterator[Machine]:
    async with machine_on(postgres, nats_url, venues_template) as made:
        yield made


DEAD = "SELECT type, attempts, error, replayed_at IS NULL FROM dead_letters ORDER BY died_at"


class Refusing:
    """A handler that refuses some kinds, and counts how often it was asked."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = set(kinds)
        self.asked: list[str] = []

    async def __call__(self, db: AsyncSession, envelope: Envelope, body: Body) -> None:
        self.asked.append(body.kind)
        await effect(db, envelope, body)
        if body.kind in self.kinds:
            raise ValueError(f"no {body.kind} here")


async def test_a_fact_alone_takes_effect_at_once(machine: Machine) -> None:
    machine.relay()
    machine.taker(consumer())
    await machine.tell("first")
    await machine.until_done("first")
    started = asyncio.get_running_loop().time()
    await machine.tell("second")
    await machine.until_done("first", "second")
    # One idle poll of the relay (nobody wakes it here) and a moment more.
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_fact_published_twice_takes_effect_once(machine: Machine) -> None:
    machine.relay()
    machine.taker(consumer())
    await machine.tell("a", "b")
    await machine.until_done("a", "b")
    for envelope in await machine.envelopes():
        await machine.jetstream.publish(subject_of(TYPE), envelope.model_dump_json().encode())
    await machine.tell("c")
    await machine.until_acknowledged(5)
    assert await machine.done() == ["a", "b", "c"]


async def test_the_same_fact_twice_in_one_batch_takes_effect_once(machine: Machine) -> None:
    machine.relay()
    await machine.tell("a")
    await until(machine.sent)
    [envelope] = await machine.envelopes()
    await machine.jetstream.publish(subject_of(TYPE), envelope.model_dump_json().encode())
    machine.taker(consumer())
    await machine.until_acknowledged(2)
    assert await machine.done() == ["a"]


async def test_a_process_that_dies_between_commit_and_acknowledgement_counts_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "ACK_WAIT_S", 1)

    async def never(_: Msg) -> None:
        await asyncio.Event().wait()

    machine.relay()
    with monkeypatch.context() as dying:
        dying.setattr(Msg, "ack", never)
        first = machine.taker(consumer())
        await machine.tell("a", "b")
        await machine.until_done("a", "b")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    machine.taker(consumer())
    await machine.until_acknowledged(2)
    assert await machine.done() == ["a", "b"]


async def test_two_replicas_share_the_facts_and_each_counts_once(machine: Machine) -> None:
    machine.relay()
    machine.taker(consumer())
    machine.taker(consumer())
    kinds = [f"{number:03}" for number in range(450)]
    for start in range(0, 450, 90):
        await machine.tell(*kinds[start : start + 90])
    await machine.until_done(*kinds)


async def test_a_fact_that_keeps_failing_becomes_a_dead_letter_and_the_others_go_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BACKOFF_S", (0.05, 0.05))
    refusing = Refusing("bad")
    machine.relay()
    await machine.tell("a", "bad", "b")
    await until(machine.sent)
    machine.taker(consumer(refusing))
    await machine.until_done("a", "b")

    async def died() -> bool:
        return len(await machine.rows(DEAD)) == 1

    await until(died)
    assert await machine.rows(DEAD) == [(TYPE, 3, "ValueError('no bad here')", True)]
    # Once with the others, then alone: three attempts.
    assert refusing.asked.count("bad") == 4
    await machine.until_acknowledged(3)

    assert await replay_dead(machine.database, "venues", (consumer(refusing),)) == (0, 1)
    assert await replay_dead(machine.database, "venues", (consumer(),)) == (1, 0)
    assert await replay_dead(machine.database, "venues", (consumer(),)) == (0, 0)
    assert await machine.done() == ["a", "b", "bad"]


async def test_a_fact_that_dies_again_after_a_rebuild_waits_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BACKOFF_S", ())
    machine.relay()
    await machine.tell("bad")
    machine.taker(consumer(Refusing("bad")))

    async def waits() -> bool:
        return [row[3] for row in await machine.rows(DEAD)] == [True]

    await until(waits)
    assert await replay_dead(machine.database, "venues", (consumer(),)) == (1, 0)
    assert not await waits()
    await rebuild_consumer(machine.database, machine.nats, "venues", consumer())
    await until(waits)


async def test_what_is_no_fact_is_put_aside_and_the_next_fact_is_taken(machine: Machine) -> None:
    machine.relay()
    await machine.tell("a")
    await until(machine.sent)
    await machine.jetstream.publish(subject_of(TYPE), b"\xff{not a fact\x00")
    await machine.tell("b")
    machine.taker(consumer())
    await machine.until_done("a", "b")
    await machine.until_acknowledged(3)
    [(kind, attempts, error, waits)] = await machine.rows(DEAD)
    assert (kind, attempts, waits) == (subject_of(TYPE), 1, True)
    assert error.startswith("1 validation error for Envelope")
    assert await replay_dead(machine.database, "venues", (consumer(),)) == (0, 1)


async def test_facts_wait_while_the_database_is_away_and_none_counts_as_failed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BACKOFF_S", ())  # the first failure would be the last
    monkeypatch.setattr(inbox, "IDLE_S", 0.2)
    machine.relay()
    await machine.tell("a", "b", "c")
    await until(machine.sent)
    envelopes = await machine.envelopes()
    taker = machine.taker(consumer())
    await machine.until_done("a", "b", "c")
    machine.cluster.engine.stop()
    try:
        for envelope in envelopes:
            fresh = envelope.model_copy(update={"id": uuid7()})
            await machine.jetstream.publish(subject_of(TYPE), fresh.model_dump_json().encode())
        await asyncio.sleep(1.5)
        assert not taker.done()
    finally:
        machine.cluster.engine.start()
    await machine.until_done("a", "a", "b", "b", "c", "c")
    assert await machine.rows(DEAD) == []


async def test_a_deadlock_is_not_held_against_the_fact(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BACKOFF_S", ())  # the first failure would be the last
    monkeypatch.setattr(inbox, "IDLE_S", 0.05)
    unlucky = ["40P01", "57P01"]

    async def handle(db: AsyncSession, envelope: Envelope, body: Body) -> None:
        if unlucky:
            code = unlucky.pop()
            await run(db, text(f"DO $$ BEGIN RAISE 'unlucky' USING ERRCODE = '{code}'; END $$"))
        await effect(db, envelope, body)

    machine.relay()
    machine.taker(consumer(handle))
    await machine.tell("a")
    await machine.until_done("a")
    assert await machine.rows(DEAD) == []
    assert unlucky == []


def _database_error(state: str | None, *, cut: bool = False) -> DBAPIError:
    orig = Exception()
    orig.sqlstate = state  # type: ignore[attr-defined]
    return DBAPIError("", None, orig, connection_invalidated=cut)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (_database_error("57P01"), True),  # shut down
        (_database_error("40P01"), True),  # deadlock
        (_database_error("53300"), True),  # too many connections
        (_database_error("25006"), True),  # read-only: a failover
        (_database_error(None, cut=True), True),
        (asyncpg.CannotConnectNowError(""), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (ConnectionRefusedError(), True),
        (PoolTimeout(), True),
        (TimeoutError(), True),
        (_database_error("57014"), False),  # too slow: it will be again
        (_database_error("23505"), False),
        (_database_error("22003"), False),
        (_database_error(None), False),
        (asyncpg.DataError(""), False),
        (ValueError(), False),
    ],
)
def test_away_is_told_from_wrong(error: Exception, away: bool) -> None:
    assert is_away(error) is away


async def test_a_lost_stream_is_published_again_and_nothing_counts_twice(machine: Machine) -> None:
    machine.relay()
    machine.taker(consumer())
    await machine.tell("a", "b")
    await machine.until_done("a", "b")
    await machine.jetstream.delete_stream(STREAM)
    await machine.tell("c")
    await machine.until_done("a", "b", "c")
    assert await machine.sent() == ["a", "b", "c"]
    await machine.until_acknowledged(3)
    assert await machine.done() == ["a", "b", "c"]


async def test_a_rebuild_beside_a_batch_in_flight_counts_each_fact_once(machine: Machine) -> None:
    machine.relay()
    holding, go = asyncio.Event(), asyncio.Event()

    async def slow(db: AsyncSession, envelope: Envelope, body: Body) -> None:
        await effect(db, envelope, body)
        holding.set()
        await go.wait()

    async def reset_slowly(db: AsyncSession) -> None:
        """Two statements with the end of the batch between them, if nothing keeps it out."""
        await run(db, text("DELETE FROM effects"))
        go.set()
        await asyncio.sleep(0.5)

    await machine.tell("a")
    machine.taker(consumer(slow))
    await asyncio.wait_for(holding.wait(), 10)
    emptied = Consumer("effects", {TYPE: Reads(Body, slow)}, reset=reset_slowly)
    rebuilt = machine.start(rebuild_consumer(machine.database, machine.nats, "venues", emptied))
    await asyncio.sleep(0.5)
    assert not rebuilt.done()
    go.set()
    await rebuilt
    await machine.until_done("a")
    await machine.until_acknowledged(1)
    assert await machine.done() == ["a"]


async def test_a_consumer_that_folds_gets_the_whole_batch_and_nothing_twice(
    machine: Machine,
) -> None:
    sizes: list[int] = []

    async def fold(db: AsyncSession, facts: list[tuple[Envelope, Any]]) -> None:
        sizes.append(len(facts))
        for envelope, body in facts:
            await effect(db, envelope, body)

    machine.relay()
    await machine.tell(*"abcde")
    await until(machine.sent)
    machine.taker(Consumer("effects", {TYPE: Reads(Body)}, fold=fold))
    await machine.until_done(*"abcde")
    assert sizes == [5]


def test_a_consumer_without_a_handler_is_refused() -> None:
    with pytest.raises(ValueError, match="effects reads facts that nothing handles"):
        Consumer("effects", {TYPE: Reads(Body)})
