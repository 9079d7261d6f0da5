"""The relay carries every committed fact, in commit order, whoever dies on the way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import nats
import pytest

from deploy.engines.nats import Nats
from services.kit import relay
from services.kit.access import SERVICE
from services.kit.facts import record
from services.kit.ids import uuid7
from services.kit.relay import Relay
from services.venues.facts import VenuePublished
from tests.engines import PASSWORD, free_port
from tests.kit.facts_machine import STREAM, Machine, consumer, machine_on
from tests.support.apps import until

if TYPE_CHECKING:
    from tests.engines import TestCluster

LEADERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture
async def machine(
    postgres: "TestCluster", nats_url: str, clean_streams: None, venues_template: str
) -> AsyncIterator[Machine]:
    async with machine_on(postgres, nats_url, venues_template) as made:
        yield made


async def until_sent(machine: Machine, *kinds: str, within_s: float = 10) -> None:
    async def all_sent() -> bool:
        return await machine.sent() == list(kinds)

    await until(all_sent, within_s=within_s)


async def test_a_transaction_that_commits_late_is_neither_lost_nor_overtaken(
    machine: Machine,
) -> None:
    machine.relay()
    async with machine.database.transaction(SERVICE) as db:
        await record(db, VenuePublished(kind="late"), subject=uuid7(), division="63", version=1)
        await machine.tell("b")
        await machine.tell("c")
        await asyncio.sleep(1.5)  # more than one poll
        assert await machine.sent() == []
    await until_sent(machine, "late", "b", "c")


async def test_facts_of_many_concurrent_transactions_all_arrive(machine: Machine) -> None:
    machine.relay()

    async def writer(name: int) -> None:
        for number in range(15):
            async with machine.database.transaction(SERVICE) as db:
                await record(
                    db,
                    VenuePublished(kind=f"{name}-{number:02}"),
                    subject=uuid7(),
                    division="63",
                    version=1,
                )
                await asyncio.sleep(0.002 * (name + number % 3))

    await asyncio.gather(*(writer(name) for name in range(4)))
    expected = sorted(f"{name}-{number:02}" for name in range(4) for number in range(15))

    async def all_sent() -> bool:
        return len(await machine.sent()) == len(expected)

    await until(all_sent)
    sent = await machine.sent()
    assert sorted(sent) == expected
    for name in range(4):
        assert [kind for kind in sent if kind.startswith(f"{name}-")] == [
            f"{name}-{number:02}" for number in range(15)
        ]


async def test_of_two_relays_one_leads_both_are_ready_and_the_other_takes_over(
    machine: Machine,
) -> None:
    one, other = machine.relay(), machine.relay()
    await asyncio.wait_for(one.ready.wait(), 5)
    await asyncio.wait_for(other.ready.wait(), 5)
    await machine.tell("a")
    await until_sent(machine, "a")
    [(leader,)] = await machine.rows(LEADERS)

    async def who_sent() -> Relay | None:
        return next((each for each in (one, other) if each.last_sent_at), None)

    led = await until(who_sent)
    machine.tasks[[one, other].index(led)].cancel()
    await machine.tell("b")
    await until_sent(machine, "a", "b")
    [(next_leader,)] = await machine.rows(LEADERS)
    assert next_leader != leader


async def test_a_commit_in_a_process_that_does_not_lead_is_sent_without_waiting_for_a_poll(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "IDLE_S", 60)
    leader = machine.relay()
    await asyncio.wait_for(leader.ready.wait(), 5)
    await machine.tell("a")
    leader.wake()
    await until_sent(machine, "a")
    follower = machine.relay()
    await asyncio.wait_for(follower.ready.wait(), 5)
    for number, kind in enumerate("bcd"):
        await machine.tell(kind)
        follower.wake()
        await until_sent(machine, *"abcd"[: number + 2])


async def test_a_relay_whose_connection_is_cut_goes_on(machine: Machine) -> None:
    machine.relay()
    await machine.tell("a")
    await until_sent(machine, "a")
    [(leader,)] = await machine.rows(LEADERS)
    await machine.execute_as_superuser(f"SELECT pg_terminate_backend({leader})")
    await machine.tell("b")
    await until_sent(machine, "a", "b")


async def test_a_stream_that_vanishes_under_an_idle_relay_is_made_and_filled_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "CHECK_S", 0.2)
    machine.relay()
    await machine.tell("a")
    await machine.tell("b")
    await until_sent(machine, "a", "b")
    await machine.jetstream.delete_stream(STREAM)
    await until_sent(machine, "a", "b")


async def test_facts_of_a_restored_database_do_not_wait_for_its_transaction_ids(
    machine: Machine,
) -> None:
    await machine.tell("a")
    await machine.tell("b")
    # What a dump carries over: ids of transactions that this cluster will reach in years, and one
    # that it has passed already.
    await machine.execute_as_superuser(
        "UPDATE outbox SET xid = CASE data ->> 'kind' WHEN 'a' THEN '900000000000'::xid8"
        " ELSE '100'::xid8 END"
    )
    machine.relay()
    await until_sent(machine, "a", "b")
    await machine.tell("c")
    await until_sent(machine, "a", "b", "c")


async def test_after_a_restart_of_nats_facts_flow_again(
    postgres: "TestCluster", venues_template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = Path(str(tmp_path_factory.mktemp("nats")))
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o711)  # the server may run as another user, who has to pass through
    engine = Nats(folder / "nats", folder / "nats.log", free_port(), PASSWORD)
    engine.start()
    try:
        async with machine_on(postgres, engine.url, venues_template) as machine:
            machine.relay()
            machine.taker(consumer())
            await machine.tell("a")
            await machine.until_done("a")
            engine.stop()
            await machine.tell("b")
            await asyncio.sleep(1.5)
            engine.start()
            await machine.until_done("a", "b", within_s=30)
            await machine.tell("c")
            await machine.until_done("a", "b", "c", within_s=30)
            assert await machine.sent() == ["a", "b", "c"]
    finally:
        engine.stop()


async def test_a_relay_and_a_taker_wait_for_a_nats_that_is_not_there_yet(
    postgres: "TestCluster", venues_template: str, nats_url: str, clean_streams: None
) -> None:
    closed = nats.aio.client.Client()
    async with machine_on(postgres, nats_url, venues_template) as machine:
        waiting = machine.relay(closed)
        machine.taker(consumer(), closed)
        await asyncio.wait_for(waiting.ready.wait(), 5)
        await machine.tell("a")
        await asyncio.sleep(1.2)
        assert [task.done() for task in machine.tasks] == [False, False]
        await closed.connect(nats_url)
        await until_sent(machine, "a")
        await machine.until_done("a")
        # As Kit.stop: the loops first. A closed client swallows the cancellation of a fetch.
        await machine.stop()
        await closed.close()
