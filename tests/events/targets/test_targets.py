"""The board over HTTP: goals, sourced values with their history, parts, and what nobody knows."""

import asyncio
from datetime import timedelta
from decimal import Decimal as D
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events.coverage.counting import rebuild
from services.events.stations.queries import today
from services.events.targets import actions
from services.events.targets.rules import Measure, allowed_actions, gap
from services.events.targets.schemas import ValueIn
from services.kit.access import SERVICE, P
from tests.events.coverage.network import station
from tests.events.stations.bodies import rules
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted

GOALS = {
    "research_bases": 10,
    "education_bases": 20,
    "rural_bases": 50,
    "demonstration_communities": 50,
    "demonstration_counties": 15,
    "national_demonstration_counties": 5,
    "prefecture_science_museums": 5,
    "counties_with_venue": 45,
    "civic_literacy": 10,
}
SAID = {"value": 4, "as_of": "2024-06-01", "source": "青海省科协 2024 年公告"}


async def board(client: httpx.AsyncClient, query: str = "top=true") -> dict[str, Any]:
    """The board, by measure."""
    answer = await client.get(f"/targets?limit=100&{query}")
    assert answer.status_code == 200, answer.text
    return {item["measure"]: item for item in answer.json()["items"]}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_plans_goals_stand_there_and_unknown_is_null_with_its_reason(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_() as public:
        found = await board(public)
    assert {measure: each["goal"] for measure, each in found.items()} == GOALS
    assert {each["due_on"] for each in found.values()} == {"2025-12-31"}
    known = found.pop("national_demonstration_counties")
    assert (known["current"]["value"], known["gap"], known["reached"], known["overdue"]) == (
        10,
        0,
        True,
        False,
    )
    assert known["current"]["source"].startswith("http")
    assert {(each["current"], each["gap"], each["reached"]) for each in found.values()} == {
        (None, None, None)
    }
    assert {measure: each["unknown"][0]["reason"] for measure, each in found.items()} == {
        measure: "no-venue-recorded" if measure == "counties_with_venue" else "no-sourced-value"
        for measure in found
    }
    assert {each["overdue"] for each in found.values()} == {today().isoformat() > "2025-12-31"}


async def test_a_venue_in_every_county_is_counted_by_the_platform(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.kit.database.transaction(SERVICE) as db:
        await station(db, "630123101201", kind="activity_venue")
        await station(db, "630123", kind="activity_venue")
        await rebuild(db)
    async with events.as_(staff("approver", "63")) as approver:
        one = (await board(approver))["counties_with_venue"]
        assert (one["current"]["value"], one["gap"], one["current"]["source"]) == (1, 44, None)
        assert one["allowed_actions"] == ["break_down", "edit", "delete"]
        refused = await approver.post(f"/targets/{one['id']}/values", json=SAID)
    assert rules(refused) == [("/value", "counted-by-platform")]


async def test_a_value_is_recorded_with_day_and_source_and_its_history_is_kept(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        one = (await board(officer))["education_bases"]
        path = f"/targets/{one['id']}"
        first = await post(officer, f"{path}/values", SAID)
        newer = {**SAID, "value": 9, "as_of": "2025-03-01"}
        second = await post(officer, f"{path}/values", newer)
        # An older day that somebody finds later is no newer value.
        await post(officer, f"{path}/values", {**SAID, "value": 2, "as_of": "2023-12-31"})
        now = (await officer.get(path)).json()
        assert (now["current"]["value"], now["current"]["as_of"], now["gap"]) == (
            9,
            "2025-03-01",
            11,
        )
        why = {"reason": "重复统计"}
        await post(officer, f"{path}/values/{second['id']}/withdraw", why)
        assert (await officer.get(path)).json()["current"]["value"] == 4
        again = await officer.post(f"{path}/values/{second['id']}/withdraw", json=why)
        foreign = await officer.post(f"{path}/values/{one['id']}/withdraw", json=why)
        history = (await officer.get(f"{path}/values")).json()["items"]
    assert (again.status_code, foreign.status_code) == (409, 404)
    assert [(each["value"], each["withdraw_reason"]) for each in history] == [
        (2, None),
        (9, "重复统计"),
        (4, None),
    ]
    assert history[2]["id"] == first["id"]


@pytest.mark.parametrize(
    ("measure", "over", "expected"),
    [
        ("rural_bases", {"value": 1.5}, ("/value", "whole-number")),
        ("civic_literacy", {"value": 100.5}, ("/value", "at-most-100")),
        ("civic_literacy", {"source": " "}, ("/source", "string-too-short")),
        ("rural_bases", {"value": -1}, ("/value", "greater-than-equal")),
        (
            "rural_bases",
            {"as_of": (today() + timedelta(days=1)).isoformat()},
            ("/as_of", "not-in-the-future"),
        ),
    ],
)
async def test_what_is_wrong_with_a_value_is_named(
    events_with_register: Running, measure: str, over: dict[str, Any], expected: tuple[str, str]
) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        one = (await board(officer))[measure]
        answer = await officer.post(f"/targets/{one['id']}/values", json={**SAID, **over})
    assert (answer.status_code, rules(answer)) == (422, [expected])


async def test_a_goal_is_broken_down_to_those_directly_below_who_record_their_part(
    events_with_register: Running,
) -> None:
    events = events_with_register
    part = {"goal": 20, "source": "省级分解方案"}
    async with events.as_(staff("approver", "63")) as above:
        whole = (await board(above))["rural_bases"]
        path = f"/targets/{whole['id']}"
        xining = await post(above, f"{path}/parts", {**part, "division_code": "630100000000"})
        haidong = await post(above, f"{path}/parts", {**part, "division_code": "6302"})
        twice = await above.post(f"{path}/parts", json={**part, "division_code": "6302"})
        too_deep = await above.post(f"{path}/parts", json={**part, "division_code": "630123"})
        too_late = await above.post(
            f"{path}/parts", json={**part, "division_code": "6322", "due_on": "2026-01-01"}
        )
        assert twice.json()["type"] == "/api/v1/problems/target-exists"
        assert [rules(answer) for answer in (too_deep, too_late)] == [
            [("/division_code", "not-directly-below")],
            [("/due_on", "due-after-the-whole")],
        ]
        async with events.as_(staff("approver", "6301")) as owner:
            await post(owner, f"/targets/{xining['id']}/values", SAID)
            known = (await owner.get(path)).json()
            assert known["parts"] == {"count": 2, "goals": 40, "known": 1, "values": None}
            # It was set above: its owner records, breaks down, and does not change it.
            mine = (await owner.get(f"/targets/{xining['id']}")).json()
            assert mine["allowed_actions"] == ["record", "break_down"]
            change = await owner.patch(
                f"/targets/{xining['id']}", json={"goal": 1}, headers={"If-Match": '"v1"'}
            )
            assert change.status_code == 403
            beyond = await owner.post(f"/targets/{haidong['id']}/values", json=SAID)
            assert beyond.status_code == 403
        await post(above, f"/targets/{haidong['id']}/values", {**SAID, "value": 6})
        assert (await above.get(path)).json()["parts"]["values"] == 10
        parts = (await above.get(f"/targets?parent={whole['id']}")).json()["items"]
        assert [(each["division_name"], each["gap"]) for each in parts] == [
            ("西宁市", 16),
            ("海东市", 14),
        ]
        in_use = await above.delete(path)
        assert in_use.json()["type"] == "/api/v1/problems/target-in-use"


async def test_a_goal_is_set_changed_and_deleted_by_whoever_may(
    events_with_register: Running,
) -> None:
    events = events_with_register
    body = {
        "division_code": "630123",
        "measure": "rural_bases",
        "goal": 3,
        "due_on": "2027-12-31",
        "source": "县科普规划",
    }
    for caller in (staff("officer", "630123"), staff("approver", "6302"), citizen(), None):
        async with events.as_(caller) as client:
            assert (await client.post("/targets", json=body)).status_code == 403
    async with events.as_(staff("approver", "630123")) as approver:
        one = await post(approver, "/targets", body)
        path = f"/targets/{one['id']}"
        assert one["allowed_actions"] == ["record", "break_down", "edit", "delete"]
        first = await approver.patch(path, json={"goal": 4}, headers={"If-Match": '"v1"'})
        stale = await approver.patch(path, json={"goal": 5}, headers={"If-Match": '"v1"'})
        none = await approver.patch(path, json={"goal": None}, headers={"If-Match": '"v2"'})
        assert (first.json()["goal"], stale.status_code, rules(none)) == (
            4,
            412,
            [("/goal", "goal-needed")],
        )
        assert (await approver.delete(path)).status_code == 204
        assert (await approver.get(path)).status_code == 404


async def test_a_goal_is_not_deleted_beside_a_value_that_is_just_being_recorded(
    events_with_register: Running,
) -> None:
    events, caller = events_with_register, staff("approver", "63")
    async with events.as_(caller) as approver:
        one = (await board(approver))["rural_bases"]
        async with events.kit.database.transaction(caller) as db:
            said = ValueIn.model_validate(SAID)
            await actions.record(db, caller, UUID(one["id"]), said, today())
            deleting = asyncio.create_task(approver.delete(f"/targets/{one['id']}"))
            await asyncio.wait({deleting}, timeout=0.5)
        answer = await deleting
    assert answer.json()["type"] == "/api/v1/problems/target-in-use"


async def test_pages_cost_the_same_for_one_target_and_for_many(
    events_with_register: Running,
) -> None:
    events = events_with_register
    costs = []
    async with events.as_(staff("approver", "63")) as approver:
        for query in ("measure=rural_bases", "limit=3", "limit=100"):
            async with counted(events) as statements:
                await approver.get(f"/targets?{query}")
            costs.append(len(statements))
        one = (await board(approver))["rural_bases"]
        for number in range(4):
            await post(approver, f"/targets/{one['id']}/values", {**SAID, "value": number})
        async with counted(events) as statements:
            page = (await approver.get(f"/targets/{one['id']}/values?limit=3")).json()
        costs.append(len(statements))
        rest = await approver.get(f"/targets/{one['id']}/values?limit=3&cursor={page['next']}")
    assert costs == [1, 1, 1, 2]
    assert [each["value"] for each in (*page["items"], *rest.json()["items"])] == [3, 2, 1, 0]


def test_a_gap_is_never_below_nothing_and_unknown_stays_unknown() -> None:
    assert [gap(D(5), D(10)), gap(D(5), D(2)), gap(None, D(2)), gap(D(5), None)] == [
        D(0),
        D(3),
        None,
        None,
    ]


def test_nobody_may_do_anything_with_nothing() -> None:
    assert (
        allowed_actions(Measure.RURAL_BASES, may=lambda _: False, may_above=False, in_use=False)
        == []
    )
    assert (
        allowed_actions(
            Measure.COUNTIES_WITH_VENUE,
            may=lambda p: p is P.TARGET_RECORD,
            may_above=False,
            in_use=False,
        )
        == []
    )
