"""A transaction is whole or not at all, whatever ends it, and leaves its connection clean."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from services.kit.access import SERVICE
from services.kit.bare import Bare
from services.kit.db import run
from tests.support.apps import Running

ADD = "INSERT INTO inbox (consumer, fact_id) VALUES ('test', uuidv7())"
COUNT = "SELECT count(*) FROM inbox WHERE consumer = 'test'"
IDLE = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"


async def test_its_end_commits_what_both_handles_wrote(venues: Running) -> None:
    async with venues.kit.database.transaction(SERVICE) as db:
        await run(db, text(ADD))
        await Bare(ADD).rows(db)
    assert await venues.scalar(COUNT) == 2


async def test_an_error_undoes_both(venues: Running) -> None:
    async def fails() -> None:
        async with venues.kit.database.transaction(SERVICE) as db:
            await run(db, text(ADD))
            await Bare(ADD).rows(db)
            raise LookupError

    with pytest.raises(LookupError):
        await fails()
    assert (await venues.scalar(COUNT), await venues.scalar(IDLE)) == (0, 0)


async def test_a_failure_that_was_passed_over_is_not_taken_for_a_commit(venues: Running) -> None:
    async def fails() -> None:
        async with venues.kit.database.transaction(SERVICE) as db:
            await run(db, text(ADD))
            with pytest.raises(asyncpg.DivisionByZeroError):
                await Bare("SELECT 1 / 0").rows(db)

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await fails()
    assert await venues.scalar(COUNT) == 0


async def test_a_part_that_may_fail_stands_in_a_savepoint(venues: Running) -> None:
    async with venues.kit.database.transaction(SERVICE) as db:
        await run(db, text(ADD))

        async def fails() -> None:
            async with db.begin_nested():
                await run(db, text(ADD))
                await Bare("SELECT 1 / 0").rows(db)

        with pytest.raises(asyncpg.DivisionByZeroError):
            await fails()
    assert await venues.scalar(COUNT) == 1


async def test_whoever_hangs_up_leaves_nothing_and_no_open_transaction(venues: Running) -> None:
    async def slow() -> None:
        async with venues.kit.database.transaction(SERVICE) as db:
            await run(db, text(ADD))
            await Bare("SELECT pg_sleep(10)").rows(db)

    tasks = [asyncio.create_task(slow()) for _ in range(15)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError)
        for end in await asyncio.gather(*tasks, return_exceptions=True)
    )
    assert (await venues.scalar(COUNT), await venues.scalar(IDLE)) == (0, 0)
    async with venues.kit.database.transaction(SERVICE) as db:
        await run(db, text(ADD))
    assert await venues.scalar(COUNT) == 1


async def test_connections_that_postgresql_closed_are_replaced_unseen(venues: Running) -> None:
    async def add() -> None:
        async with venues.kit.database.transaction(SERVICE) as db:
            await run(db, text(ADD))
            await Bare("SELECT pg_sleep(0.1)").rows(db)

    await asyncio.gather(*(add() for _ in range(5)))
    ended = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name ="
        " 'venues' AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    assert await venues.scalar(ended) >= 5
    await asyncio.sleep(0.2)
    await asyncio.gather(*(add() for _ in range(5)))
    assert await venues.scalar(COUNT) == 10


async def test_the_end_of_a_transaction_is_not_the_callers_to_choose(venues: Running) -> None:
    async with venues.kit.database.transaction(SERVICE) as db:
        with pytest.raises(RuntimeError):
            await db.commit()
        with pytest.raises(RuntimeError):
            await db.rollback()


def test_a_bare_statement_refuses_what_it_does_not_name() -> None:
    with pytest.raises(TypeError):
        Bare("SELECT :a")._given({"a": 1, "b": 2})
