"""Orders: who may give them, what contradicts the register, merges, splits, names."""

from typing import Any

import pytest
from sqlalchemy import text

from services.events.follows import FOLLOWS, STAY
from services.events.load import load
from services.kit.access import SERVICE
from services.kit.db import run
from tests.events.recoding.records import NEW, OLD, ORDER, TOWNSHIP, VILLAGE
from tests.events.recoding.story import activities, done, entered, folded, job_ended
from tests.support.activities import published_activity
from tests.support.apps import Running, staff
from tests.support.follows import codes_of, followed
from tests.support.queries import counted

MANAGER = staff("administrator", "63")
OTHER_VILLAGE = "630122100202"


def order(kind: str, *lines: dict[str, Any], **over: Any) -> dict[str, Any]:
    return {**ORDER, "kind": kind, "lines": list(lines), **over}


async def test_only_who_manages_old_and_new_gives_an_order(before: Running) -> None:
    for caller in (
        staff("administrator", OLD),  # of the old one alone
        staff("administrator", "6302"),
        staff("approver", "6301"),
        staff("officer", "63"),
    ):
        async with before.as_(caller) as client:
            assert (await client.post("/divisions/changes", json=ORDER)).status_code == 403
    async with before.as_(staff("administrator", "6301")) as manager:
        where = await entered(manager, ORDER)
        again = await manager.post("/divisions/changes", json=ORDER)
        assert again.json()["type"] == "/api/v1/problems/document-entered"
    async with before.as_(staff("administrator", OLD)) as foreign:
        answers = [
            await foreign.get(where),
            await foreign.post(f"{where}/rehearse"),
            await foreign.post(f"{where}/apply"),
            await foreign.post(f"{where}/withdraw"),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        assert (await foreign.get("/divisions/changes")).json()["items"] == []
    async with before.as_() as nobody:
        assert (await nobody.get("/divisions/changes")).status_code == 401


CONTRADICTIONS = [
    ("recode", [{"code": "630199", "successor": NEW}], "change-unknown"),
    ("recode", [{"code": "632321", "successor": "632399"}], "change-abolished"),
    ("recode", [{"code": OLD, "successor": "630123"}], "change-taken"),
    ("recode", [{"code": OLD, "successor": "632321"}], "change-used-before"),
    ("recode", [{"code": OLD, "successor": "630106001"}], "change-tier"),
    ("recode", [{"code": OLD, "successor": OLD}], "change-nothing"),
    ("recode", [{"code": TOWNSHIP, "successor": "630199100"}], "change-no-parent"),
    (
        "recode",
        [{"code": OLD, "successor": NEW}, {"code": TOWNSHIP, "successor": "630122900"}],
        "change-in-a-circle",
    ),
    (
        "recode",
        [{"code": OLD, "successor": "630123"}, {"code": "630123", "successor": OLD}],
        "change-in-a-circle",
    ),
    ("recode", [{"code": OLD, "successor": NEW}] * 2, "change-twice"),
    (
        "split",
        [{"code": OLD, "successor": NEW}, {"code": OLD, "successor": "630107"}],
        "change-rest",
    ),
]


@pytest.mark.parametrize(("kind", "lines", "rule"), CONTRADICTIONS)
async def test_a_contradiction_is_refused_with_its_line(
    before: Running, kind: str, lines: list[dict[str, Any]], rule: str
) -> None:
    async with before.as_(MANAGER) as manager:
        answer = await manager.post("/divisions/changes", json=order(kind, *lines))
    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "/api/v1/problems/change-contradicts",
    )
    assert rule in {error["rule"] for error in answer.json()["errors"]}
    assert all(error["pointer"].startswith("/lines/") for error in answer.json()["errors"])


async def test_an_order_waits_for_its_day_and_may_be_withdrawn(before: Running) -> None:
    async with before.as_(MANAGER) as manager:
        where = await entered(manager, {**ORDER, "effective_on": "2999-01-01"})
        early = await manager.post(f"{where}/apply")
        assert early.json()["type"] == "/api/v1/problems/change-not-in-force"
        assert (await manager.post(f"{where}/withdraw")).json()["state"] == "withdrawn"
        late = await manager.post(f"{where}/rehearse")
        assert late.json()["type"] == "/api/v1/problems/wrong-state"


async def test_one_change_at_a_time_and_the_second_meets_what_the_first_left(
    before: Running,
) -> None:
    async with before.as_(MANAGER) as manager:
        first = await entered(manager, ORDER)
        second = await entered(manager, {**ORDER, "document": "二号"})
        started = await manager.post(f"{first}/apply")
        meanwhile = await manager.post(f"{second}/apply")
        assert meanwhile.json()["type"] == "/api/v1/problems/other-change-running"
        assert (await manager.post(f"{started.headers['location']}/cancel")).status_code in (
            200,
            409,
        )
        job = await job_ended(manager, started.headers["location"])
        if job["state"] == "done":
            after = await manager.post(f"{second}/apply")
            assert after.json()["type"] == "/api/v1/problems/change-contradicts"


async def test_two_villages_become_one_and_what_both_hosted_counts_once_there(
    before: Running,
) -> None:
    shared = await published_activity(before, VILLAGE, co_hosts=(OTHER_VILLAGE,))
    alone = await published_activity(before, OTHER_VILLAGE)
    await folded(before)
    async with before.as_(MANAGER) as manager, before.as_() as public:
        where = await entered(
            manager, order("merge", {"code": OTHER_VILLAGE, "successor": VILLAGE, "name": "合村"})
        )
        rehearsed = await done(manager, where, "rehearse")
        applied = await done(manager, where, "apply")
        assert applied.pop("left") == {}
        assert applied == rehearsed
        assert applied["tables"]["activity_hosts"] == {"rows": 2, "joined": 1}
        assert [
            await activities(public, VILLAGE, "now"),
            await activities(public, OTHER_VILLAGE, "now"),
            await activities(public, VILLAGE, "then"),
            await activities(public, OTHER_VILLAGE, "then"),
            await activities(public, "63", "now"),
            await activities(public, "63", "then"),
        ] == [2, 0, 1, 2, 2, 2]
    hosts = "SELECT role, recorded_code, absorbed FROM activity_hosts WHERE activity_id = :a"
    assert await before.rows(hosts, a=shared.activity) == [("lead", VILLAGE, [OTHER_VILLAGE])]
    assert await before.rows(hosts, a=alone.activity) == [("lead", OTHER_VILLAGE, [])]


async def test_a_divided_county_gives_each_row_to_whoever_its_line_names(before: Running) -> None:
    rows = {
        code: await published_activity(before, code)
        for code in (OLD, TOWNSHIP, VILLAGE, "630122101")
    }
    lines = [
        {"code": OLD, "successor": "630107", "name": "西湟区", "takes_rest": True},
        {"code": OLD, "successor": "630108", "name": "东湟区"},
        {"code": TOWNSHIP, "successor": "630108100"},
    ]
    async with before.as_(MANAGER) as manager:
        where = await entered(manager, order("split", *lines))
        applied = await done(manager, where, "apply")
        old = (await manager.get(f"/divisions/{OLD}")).json()
    assert applied["left"] == {}
    assert [each["name"] for each in old["successors"]] == ["西湟区", "东湟区"]
    placed = "SELECT division_code FROM activities WHERE id = :a"
    assert {code: await before.scalar(placed, a=ids.activity) for code, ids in rows.items()} == {
        OLD: "630107",
        TOWNSHIP: "630108100",
        VILLAGE: "630108100201",
        "630122101": "630107101",
    }


async def test_a_new_name_alone_moves_nothing_and_the_old_one_is_kept(before: Running) -> None:
    line = {"code": VILLAGE, "successor": VILLAGE, "name": "新村村委会"}
    async with before.as_(MANAGER) as manager:
        where = await entered(manager, order("rename", line))
        was = (await manager.get(f"/divisions/{VILLAGE}")).json()["name"]
        applied = await done(manager, where, "apply")
        history = (await manager.get(f"/divisions/{VILLAGE}/history")).json()
    assert applied["divisions"] == {"abolished": 0, "founded": 0, "renamed": 1}
    assert [(each["old_name"], each["new_name"]) for each in history["former_names"]] == [
        (was, "新村村委会")
    ]


async def test_loading_the_edition_again_leaves_what_an_order_made(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(MANAGER) as manager:
        name = "五谷新村"
        village = "630123101201"
        order_ = order("recode", {"code": village, "successor": "630123101399", "name": name})
        await done(manager, await entered(manager, order_), "apply")
        said: list[str] = []
        await load(said.append)
        old = (await manager.get(f"/divisions/{village}")).json()
        new = (await manager.get("/divisions/630123101399")).json()
    assert ([each["code"] for each in old["successors"]], new["name"]) == (["630123101399"], name)
    assert new["abolished_on"] is None


async def test_a_second_change_carries_the_first_along(before: Running) -> None:
    made = await published_activity(before, VILLAGE)
    async with before.as_(MANAGER) as manager:
        await done(manager, await entered(manager, ORDER), "apply")
        again = order("recode", {"code": NEW, "successor": "630109"}, document="再次")
        await done(manager, await entered(manager, again), "apply")
        today = (await manager.get(f"/divisions/{OLD}")).json()["today"]
    assert [each["code"] for each in today] == ["630109"]
    sql = "SELECT division_code, recorded_code FROM activities WHERE id = :a"
    assert await before.rows(sql, a=made.activity) == [(VILLAGE.replace(OLD, "630109"), VILLAGE)]
    # A writer who knows only the oldest code ends where it leads today.
    async with before.kit.database.transaction(SERVICE) as db:
        await run(
            db,
            text("UPDATE activities SET division_code = :old WHERE id = :a"),
            {"a": made.activity, "old": VILLAGE},
        )
    assert await before.rows(sql, a=made.activity) == [(VILLAGE.replace(OLD, "630109"), VILLAGE)]


async def test_the_list_of_orders_is_the_same_number_of_questions(before: Running) -> None:
    asked = set()
    async with before.as_(MANAGER) as manager:
        for number in range(3):
            await entered(manager, {**ORDER, "document": f"第{number}号"})
            async with counted(before) as statements:
                page = (await manager.get("/divisions/changes?state=entered")).json()
            asked.add(len(statements))
    assert (asked, len(page["items"])) == ({1}, 3)


async def test_every_column_with_a_division_follows_or_says_why_not(before: Running) -> None:
    """A new table that forgets it is found here: give it a line in services/events/follows.py."""
    follows = {f"{each.table}.{each.column}" for each in FOLLOWS}
    recorded = {f"{each.table}.{each.recorded}" for each in FOLLOWS}
    assert await codes_of(before) - follows - recorded - set(STAY) == set()
    assert await followed(before) == {each.table for each in FOLLOWS}
