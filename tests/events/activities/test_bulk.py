"""Many approved at once: each row for itself, or all or none; twice is once."""

from typing import Any

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import actions
from services.events.activities.models import Activity
from services.events.activities.rules import ActivityState
from services.events.activities.telling import tell
from services.kit.facts import Fact
from services.kit.problems import Conflict
from tests.events.activities.bodies import COUNTY, NEIGHBOUR, act, brought, drafted, facts
from tests.support.apps import Running, staff


async def bulk(
    client: httpx.AsyncClient, rows: list[tuple[str, int]], **over: Any
) -> httpx.Response:
    headers = over.pop("headers", {})
    body = {"items": [{"id": one, "version": version} for one, version in rows], **over}
    return await client.post("/activities/bulk-approve", json=body, headers=headers)


async def rows_of_every_kind(events: Running) -> list[tuple[str, int]]:
    """Two that can be approved, and one of each that cannot: state, version, reach, not there."""
    good = [await brought(events, ActivityState.SUBMITTED) for _ in range(2)]
    draft = await brought(events, ActivityState.DRAFT)
    stale = await brought(events, ActivityState.SUBMITTED)
    async with events.as_(staff("informant", NEIGHBOUR)) as neighbour:
        foreign = await drafted(neighbour, division_code=NEIGHBOUR)
        await act(neighbour, foreign["id"], "submit")
    return [
        (good[0]["id"], 2),
        (draft["id"], 1),
        (foreign["id"], 2),
        (stale["id"], 1),
        (good[1]["id"], 2),
    ]


async def test_every_row_has_its_own_result(events_with_register: Running) -> None:
    events = events_with_register
    rows = await rows_of_every_kind(events)
    async with events.as_(staff("approver", COUNTY), **{"Accept-Language": "en"}) as approver:
        answer = await bulk(approver, rows)
        again = await bulk(approver, rows)
    body = answer.json()
    assert [
        (row["id"], row["version"], row["problem"] and row["problem"]["type"].rpartition("/")[2])
        for row in body["items"]
    ] == [
        (rows[0][0], 3, None),
        (rows[1][0], None, "wrong-state"),
        (rows[2][0], None, "missing"),
        (rows[3][0], None, "stale"),
        (rows[4][0], 3, None),
    ]
    assert (answer.status_code, body["approved"], body["refused"]) == (200, 2, 3)
    assert body["items"][3]["problem"]["status"] == 412
    assert again.json()["approved"] == 2
    for one, _ in (rows[0], rows[4]):
        assert await facts(events, one) == [("activity_approved", 3)]
    assert await events.scalar("SELECT count(*) FROM activities WHERE state = 'approved'") == 2


async def test_all_or_none_names_what_stood_in_the_way(events_with_register: Running) -> None:
    events = events_with_register
    rows = await rows_of_every_kind(events)
    async with events.as_(staff("approver", COUNTY)) as approver:
        refused = await bulk(approver, rows, all_or_none=True)
        untouched = await events.scalar("SELECT count(*) FROM activities WHERE state = 'approved'")
        both = await bulk(approver, [rows[0], rows[4]], all_or_none=True)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2], untouched) == (
        409,
        "nothing-approved",
        0,
    )
    assert [(error["pointer"], error["rule"]) for error in refused.json()["errors"]] == [
        ("/items/1", "wrong-state"),
        ("/items/2", "missing"),
        ("/items/3", "stale"),
    ]
    assert (both.status_code, both.json()["approved"], both.json()["refused"]) == (200, 2, 0)


async def test_who_may_not_approve_and_what_is_no_bulk(events_with_register: Running) -> None:
    events = events_with_register
    one = (await brought(events, ActivityState.SUBMITTED))["id"]
    async with (
        events.as_(staff("officer", COUNTY)) as officer,
        events.as_(staff("approver", COUNTY)) as approver,
        events.as_() as nobody,
    ):
        forbidden = (await bulk(officer, [(one, 2)])).json()["items"][0]["problem"]
        unseen = (await bulk(nobody, [(one, 2)])).json()["items"][0]["problem"]
        twice = await bulk(approver, [(one, 2), (one, 2)])
        empty = await bulk(approver, [])
        keyed = [
            await bulk(approver, [(one, 2)], headers={"Idempotency-Key": "k"}) for _ in range(2)
        ]
    assert (forbidden["status"], unseen["status"]) == (403, 404)
    assert [answer.status_code for answer in (twice, empty)] == [422, 422]
    assert twice.json()["errors"][0]["pointer"] == "/items/1/id"
    assert keyed[0].json() == keyed[1].json()
    assert await facts(events, one) == [("activity_approved", 3)]


async def test_a_row_that_fails_half_way_leaves_nothing_behind(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_with_register
    bad, good = [(await brought(events, ActivityState.SUBMITTED))["id"] for _ in range(2)]

    async def telling(db: AsyncSession, fact: Fact, row: Activity) -> None:
        await db.flush()
        if str(row.id) == bad:
            raise Conflict()
        await tell(db, fact, row)

    monkeypatch.setattr(actions, "tell", telling)
    async with events.as_(staff("approver", COUNTY)) as approver:
        answer = await bulk(approver, [(bad, 2), (good, 2)])
    assert [row["version"] for row in answer.json()["items"]] == [None, 3]
    assert dict(await events.rows("SELECT id::text, state FROM activities")) == {
        bad: "submitted",
        good: "approved",
    }


@pytest.mark.parametrize("many", [1, 100])
async def test_a_hundred_are_one_request(events_with_register: Running, many: int) -> None:
    events = events_with_register
    async with events.as_(staff("approver", COUNTY)) as approver:
        found = await brought(events, ActivityState.SUBMITTED)
        async with events.kit.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO activities (id, division_code, recorded_code, title, summary, form,"
                " state, version, created_by) SELECT gen_random_uuid(), division_code,"
                " recorded_code, title, summary, form, state, version, created_by"
                " FROM activities, generate_series(2, $1)",
                (many,),
            )
        ids = [str(row[0]) for row in await events.rows("SELECT id FROM activities")]
        answer = await bulk(approver, [(one, 2) for one in ids])
    assert found["id"] in ids
    assert (len(ids), answer.json()["approved"]) == (many, many)
