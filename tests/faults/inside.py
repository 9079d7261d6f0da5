"""What a running suite is like inside: its processes, its rows, its facts on their way."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import nats

from deploy import status
from deploy.engines.databases import role_of
from deploy.leftovers import leftovers
from deploy.suite import NAMES, Suite
from tests.support.province import Province


def suite_of(qinghai: Province) -> Suite:
    return Suite(
        qinghai.installation.home,
        "127.0.0.1",
        qinghai.installation.port,
        given=qinghai.installation.environ(),
    )


def state_of(qinghai: Province) -> dict[str, Any]:
    """What the supervisor wrote down: pids and restarts."""
    state: dict[str, Any] = json.loads(qinghai.installation.home.state.read_text())
    return state


def pids(qinghai: Province) -> dict[str, int]:
    return {name: each["pid"] for name, each in state_of(qinghai)["processes"].items()}


def restarts(qinghai: Province) -> dict[str, int]:
    return {name: each["restarts"] for name, each in state_of(qinghai)["processes"].items()}


async def rows(qinghai: Province, service: str, sql: str, *values: Any) -> list[Any]:
    """What stands in a database, with no wall before it."""
    suite = suite_of(qinghai)
    engine = suite.postgres(suite.home.secrets(NAMES))
    connection = await asyncpg.connect(engine.dsn(role_of(service)))
    try:
        return [tuple(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


async def until(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 60) -> None:
    for _ in range(int(seconds * 10)):
        if await check():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"it did not come about: {what}")


async def nothing_waits(qinghai: Province) -> None:
    """Every part is ready, every fact sent, none of them dead."""
    found: dict[str, tuple[Any, ...]] = {}

    async def settled() -> bool:
        found.clear()
        for line in await asyncio.to_thread(status.read, suite_of(qinghai)):
            waiting = line.told.get("facts_unsent", 0), line.told.get("dead_letters", 0)
            found[line.name] = (line.ready, *waiting)
        names = ("supervisor", "NATS", "PostgreSQL", *suite_of(qinghai).process_names)
        return found == dict.fromkeys(names, (True, 0, 0))

    try:
        await until(settled, "ready, nothing unsent, nothing dead")
    except AssertionError:
        raise AssertionError(found) from None


async def nothing_is_on_its_way(qinghai: Province) -> None:
    """Every consumer has taken and acknowledged every fact, so nothing comes later either.

    What was in the hands of a killed process comes again after ACK_WAIT_S (inbox.ACK_WAIT_S).
    """
    suite = suite_of(qinghai)
    client = await nats.connect(suite.nats(suite.home.secrets(NAMES)).url)
    jetstream = client.jetstream()

    async def all_taken() -> bool:
        waiting = [
            (consumer.name, consumer.num_pending, consumer.num_ack_pending)
            for stream in await jetstream.streams_info()
            for consumer in await jetstream.consumers_info(str(stream.config.name))
            if consumer.num_pending or consumer.num_ack_pending
        ]
        return waiting == []

    try:
        await until(all_taken, "every fact taken", seconds=90)
    finally:
        await client.close()


def nobody_is_left_over(qinghai: Province) -> None:
    """The processes of this home are those in the state file, and PostgreSQL's own children."""
    ours = pids(qinghai)
    postmaster = ours.pop("PostgreSQL")
    assert sorted(leftovers(qinghai.installation.home)) == sorted(ours.values())
    data = str(qinghai.installation.home.postgres / "18")
    strangers = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            is_here = str((folder / "cwd").readlink()) == data
        except OSError:  # it has just ended, or is not ours to look at
            continue
        if is_here and postmaster not in (int(folder.name), parent):
            strangers.append(int(folder.name))
    assert strangers == []
