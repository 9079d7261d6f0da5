"""Either wall alone keeps experts to themselves and their keepers: the query's, the database's."""

import asyncpg
from sqlalchemy import text

from services.kit.access import Caller
from services.kit.db import run
from tests.engines import TestCluster
from tests.support.apps import Running, citizen, staff
from tests.venues.experts.panels import BOSS, seated

TABLES = ("experts", "expert_ties", "panel_seats", "score_sheets", "application_people")


async def test_without_the_wall_of_the_database_the_queries_still_hide(
    venues: Running, postgres: TestCluster
) -> None:
    made, accounts = await seated(venues)
    first, second, *_ = accounts
    await made.score(accounts[first], first, {"room": 15, "staff": 14, "events": 12})
    connection = await asyncpg.connect(postgres.dsn(venues.database_name))
    try:
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        ((expert, total),) = await venues.rows("SELECT min(id::text), count(*) FROM experts")
        stranger, elsewhere = citizen(), staff("approver", "6302")
        for who, count in ((stranger, 0), (elsewhere, 0), (accounts[first], 1), (BOSS, 20)):
            listed = await made.get(who, "/experts")
            assert (len(listed["items"]), total) == (count, 40)
        assert (await made.get(BOSS, "/experts?own=true"))["items"] == []
        for who, count in ((elsewhere, 0), (BOSS, 40)):
            out = await made.ask(who, "GET", "/experts/export?format=csv")
            assert len(out.text.splitlines()) == 1 + count
        sheet = f"/experts/invitations/{first}/sheet"
        for who, path in (
            *((who, f"/experts/{expert}") for who in (stranger, elsewhere)),
            *((who, sheet) for who in (stranger, BOSS, accounts[second])),
        ):
            assert (await made.ask(who, "GET", path)).status_code == 404
        for who in (stranger, BOSS):
            assert (await made.get(who, "/experts/invitations"))["items"] == []
    finally:
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        await connection.close()


async def test_without_a_thought_of_the_query_the_database_hides(venues: Running) -> None:
    made, accounts = await seated(venues)
    first, *_ = accounts
    await made.score(accounts[first], first, {"room": 15, "staff": 14, "events": 12})
    people = {"people": [{"name": "赵明"}]}
    await made.ask(BOSS, "PUT", f"/applications/{made.application}/people", people)
    expert = await venues.scalar("SELECT expert_id FROM panel_seats WHERE id = :id", id=first)
    await made.do(BOSS, f"/experts/{expert}/ties", {"kind": "kinship", "person": "无关的人"})

    async def seen(who: Caller) -> list[int]:
        async with venues.kit.database.transaction(who) as db:
            counts = [await run(db, text(f"SELECT count(*) FROM {each}")) for each in TABLES]
            return [int(count.scalar_one()) for count in counts]

    assert await seen(BOSS) == [40, 1, 10, 1, 1]
    assert await seen(accounts[first]) == [1, 1, 1, 1, 0]
    assert await seen(citizen()) == [0] * 5
    assert await seen(staff("approver", "6302")) == [0] * 5
