"""From the outbox over the wire into the totals, and the same totals again after a rebuild."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from random import Random

from sqlalchemy import text

from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.facts import record
from tests.events.reporting.histories import CODES, DAYS, TALLIES, History, State, count
from tests.support.apps import Running, until

ROOT = Path(__file__).parents[3]


def histories(chance: Random, sources: int) -> list[History]:
    """Activities and attendance that are moved, given other hosts, and cancelled."""

    def state(source: str, version: int) -> State:
        hosts = tuple(chance.sample(CODES, chance.randint(1, 4)))
        numbers = tuple(chance.randint(0, 50) for _ in range(1 if source == "activity" else 4))
        cancelled = source == "activity" and version > 1 and chance.random() < 0.3
        return State(chance.choice(DAYS), hosts, numbers, cancelled)

    made = []
    for number in range(sources):
        source = chance.choice(("activity", "attendance"))
        versions = range(1, chance.randint(1, 5) + 1)
        made.append(History(source, number, tuple(state(source, n) for n in versions)))
    return made


async def publish(events: Running, made: list[History], chance: Random) -> int:
    """Record every state of every history, shuffled and some twice, many to a transaction."""
    facts = [(each, version) for each in made for version in range(1, len(each.states) + 1)]
    facts += chance.choices(facts, k=len(facts) // 4)
    chance.shuffle(facts)
    for start in range(0, len(facts), 50):
        async with events.kit.database.transaction(SERVICE) as db:
            for history, version in facts[start : start + 50]:
                await record(
                    db,
                    history.fact(version),
                    subject=history.subject,
                    division=history.states[version - 1].hosts[0],
                    version=version,
                )
    return len(facts)


async def all_taken(events: Running, facts: int) -> None:
    async def taken() -> bool:
        found = await events.scalar("SELECT count(*) FROM inbox WHERE consumer='events-reporting'")
        return bool(found == facts)

    await until(taken, within_s=30)


async def test_the_totals_are_those_of_a_plain_count_and_a_rebuild_gives_them_again(
    events: Running,
) -> None:
    chance = Random(20260918)
    made = histories(chance, 120)
    facts = await publish(events, made, chance)
    await all_taken(events, facts)
    assert await events.rows(TALLIES) == count(made)

    # What a rebuild finds is not trusted: it may be wrong for any reason.
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE tallies SET activities = activities + 7"))
    rebuilt = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.kit", "facts", "rebuild", "services.events", "reporting"],
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    # The service runs on meanwhile, and so do the facts.
    later = [History("activity", 10_000, (State(DAYS[1], CODES[:3], (4,)),))]
    facts += await publish(events, later, chance)
    await all_taken(events, facts)
    assert await events.rows(TALLIES) == count([*made, *later])


async def test_a_consumer_that_is_not_there_is_refused_in_one_sentence(events: Running) -> None:
    refused = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.kit", "facts", "rebuild", "services.events", "nonesuch"],
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert (
        refused.stderr
        == "Error: events cannot rebuild nonesuch; what it can: reporting, coverage.\n"
    )
