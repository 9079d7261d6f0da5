"""Query scope of messages with row-level security switched off, and the other way round."""

from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import true

from gateway.messages import actions, queries
from gateway.messages.rules import Template
from services.kit.access import SERVICE, Caller
from services.kit.ids import uuid7
from services.kit.pages import Paging
from services.kit.problems import Missing
from tests.engines import TestCluster
from tests.gateway.conftest import RunningGateway
from tests.support.apps import citizen

NOW = datetime.now(UTC)


async def fill(gateway: RunningGateway) -> list[Caller]:
    """Two people with two messages each."""
    people = [citizen(), citizen()]
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        for person in people:
            assert person.subject is not None
            for _ in range(2):
                about = {"division": "63", "fact_id": uuid7(), "at": NOW}
                await actions.send(db, person.subject, Template.OFFER_LAPSED, {}, **about)
    return people


async def check(gateway: RunningGateway, people: list[Caller]) -> None:
    """Each sees, counts and marks their own."""
    database = gateway.running.kit.database
    for me, other in (people, people[::-1]):
        async with database.transaction(other) as db:
            theirs = await queries.list_messages(db, other, Paging(), None)
        assert {row.recipient for row in theirs} == {other.subject}
        async with database.transaction(me) as db:
            assert await queries.unread(db, me) == 2
            with pytest.raises(Missing):
                await queries.message(db, me, theirs[0].id)
    async with database.transaction(people[0]) as db:
        assert await actions.mark_all_read(db, people[0], NOW) == 2


async def unwall(postgres: TestCluster, gateway: RunningGateway) -> None:
    connection = await asyncpg.connect(postgres.dsn(gateway.running.database_name))
    for table in ("messages", "message_deliveries"):
        await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    await connection.close()


async def test_the_query_scope_of_messages_alone_leaks_nothing(
    lone_gateway: RunningGateway, postgres: TestCluster
) -> None:
    people = await fill(lone_gateway)
    await unwall(postgres, lone_gateway)
    await check(lone_gateway, people)


async def test_row_level_security_of_messages_alone_leaks_nothing(
    lone_gateway: RunningGateway, postgres: TestCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await fill(lone_gateway)
    for module in (queries, actions):
        monkeypatch.setattr(module, "mine", lambda *_: true())
    await check(lone_gateway, people)
    await lone_gateway.running.rows("UPDATE messages SET read_at = NULL RETURNING 1")
    await unwall(postgres, lone_gateway)
    with pytest.raises(AssertionError):
        await check(lone_gateway, people)


async def test_who_wants_no_messages_gets_none(lone_gateway: RunningGateway) -> None:
    database = lone_gateway.running.kit.database
    account = await lone_gateway.account("sonam", "630123")
    sent = []
    for wanted in (True, False):
        await lone_gateway.running.rows(
            "UPDATE accounts SET messages_off = :off RETURNING 1", off=not wanted
        )
        async with database.transaction(SERVICE) as db:
            about = {"division": "63", "fact_id": uuid7(), "at": NOW}
            sent.append(await actions.send(db, account, Template.OFFER_LAPSED, {}, **about))
    assert sent == [True, False]
    assert await lone_gateway.running.scalar("SELECT count(*) FROM messages") == 1
