"""Schedules: a turn that fails is followed by the next, and nothing spins."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.app import Kit
from services.kit.db import run
from services.kit.schedules import Schedule, run_schedule
from tests.kit.facts_machine import Machine, machine_on

if TYPE_CHECKING:
    from tests.engines import TestCluster


@pytest.fixture
async def machine(
    postgres: "TestCluster", nats_url: str, venues_template: str
) -> AsyncIterator[Machine]:
    async with machine_on(postgres, nats_url, venues_template) as made:
        yield made


def scheduled(machine: Machine, schedule: Schedule) -> asyncio.Task[None]:
    kit = cast("Kit", SimpleNamespace(database=machine.database))
    return machine.start(run_schedule(schedule, kit))


async def test_whatever_a_turn_raises_the_next_one_comes(machine: Machine) -> None:
    turns: list[int] = []

    async def turn(db: AsyncSession) -> int:
        turns.append(len(turns))
        await run(db, text("INSERT INTO effects (kind) VALUES ('x')"))
        if len(turns) == 1:
            raise KeyError("a row that nobody foresaw")
        return 0

    task = scheduled(machine, Schedule("test", 0.05, turn))
    await asyncio.sleep(0.5)
    assert not task.done()
    assert len(turns) > 1
    assert len(await machine.done()) == len(turns) - 1


async def test_a_turn_whose_commit_fails_waits_before_the_next(machine: Machine) -> None:
    await machine.execute_as_superuser(
        "ALTER TABLE effects ADD UNIQUE (kind) DEFERRABLE INITIALLY DEFERRED"
    )
    turns: list[int] = []

    async def turn(db: AsyncSession) -> int:
        turns.append(len(turns))
        await run(db, text("INSERT INTO effects (kind) VALUES ('x'), ('x')"))
        return 2

    scheduled(machine, Schedule("test", 0.3, turn))
    await asyncio.sleep(1)
    assert 2 <= len(turns) <= 4


async def test_of_two_replicas_one_takes_the_turn(machine: Machine) -> None:
    at_once, most = 0, 0

    async def turn(_: AsyncSession) -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return 1

    for _ in range(2):
        scheduled(machine, Schedule("test", 0.02, turn))
    await asyncio.sleep(0.6)
    assert most == 1
