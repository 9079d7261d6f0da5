"""A crowd has a safety plan also when it becomes one after the activity was handed in."""

import asyncio
from typing import Any

import httpx
import pytest

from services.events.activities.rules import ActivityState
from tests.events.activities.bodies import COUNTY, START, brought, occurrence
from tests.support.apps import Running, staff

PLAN = {"safety_plan": "分区、疏散、医疗"}
TWO_POOLS: dict[str, Any] = {
    "capacity": None,
    "pools": [{"name": "上午场", "capacity": 400}, {"name": "下午场", "capacity": 400}],
}
RUNNING = (ActivityState.PUBLISHED, ActivityState.ONGOING)
APPROVER = staff("approver", COUNTY)


def said(answer: httpx.Response) -> tuple[int, list[str]]:
    errors = answer.json().get("errors", []) if answer.status_code >= 400 else []
    return answer.status_code, [f"{one['pointer']} {one['rule']}" for one in errors]


GOOD: tuple[int, list[str]] = (200, [])
NEEDED = (422, ["/safety_plan safety-plan-needed"])


async def pools_of(client: httpx.AsyncClient, one: dict[str, Any]) -> list[tuple[str, str]]:
    """The addresses of its pools, each with its version."""
    path = f"/occurrences/{one['id']}/places"
    pools = (await client.get(path)).json()["pools"]
    return [(f"{path}/{pool['id']}", f'"v{pool["version"]}"') for pool in pools]


async def raised(client: httpx.AsyncClient, one: dict[str, Any], *to: int) -> list[Any]:
    """What setting the capacity of each of its pools answers, all asked at once."""
    named = await pools_of(client, one)
    answers = await asyncio.gather(
        *(
            client.patch(path, json={"capacity": places}, headers={"If-Match": version})
            for (path, version), places in zip(named, to, strict=False)
        )
    )
    return [said(answer) for answer in answers]


async def planned(client: httpx.AsyncClient, activity_id: str, plan: str | None) -> Any:
    """What setting the plan answers."""
    now = (await client.get(f"/activities/{activity_id}")).json()["version"]
    return said(
        await client.patch(
            f"/activities/{activity_id}",
            json={"safety_plan": plan},
            headers={"If-Match": f'"v{now}"'},
        )
    )


@pytest.mark.parametrize("state", [ActivityState.SUBMITTED, ActivityState.APPROVED, *RUNNING])
async def test_more_places_make_a_crowd_only_with_a_plan(
    events_with_register: Running, state: ActivityState
) -> None:
    found = await brought(events_with_register, state)
    (one,) = found["occurrences"]
    async with events_with_register.as_(APPROVER) as client:
        assert await raised(client, one, 999) == [GOOD]
        assert await raised(client, one, 1000) == [NEEDED]
        assert await planned(client, found["id"], PLAN["safety_plan"]) == GOOD
        assert await raised(client, one, 1000) == [GOOD]
        assert await planned(client, found["id"], "改为三个分区") == GOOD
        assert await planned(client, found["id"], None) == NEEDED
        assert await planned(client, found["id"], "") == NEEDED
        assert await raised(client, one, 900) == [GOOD]
        assert await planned(client, found["id"], None) == GOOD


async def test_places_of_a_draft_grow_freely_since_submitting_asks(
    events_with_register: Running,
) -> None:
    found = await brought(events_with_register, ActivityState.DRAFT)
    async with events_with_register.as_(APPROVER) as client:
        assert await raised(client, found["occurrences"][0], 5000) == [GOOD]
        assert await planned(client, found["id"], None) == GOOD
        assert said(await client.post(f"/activities/{found['id']}/submit")) == NEEDED


async def test_two_pools_that_grow_at_once_are_one_crowd(events_with_register: Running) -> None:
    found = await brought(
        events_with_register, ActivityState.PUBLISHED, occurrences=[occurrence(**TWO_POOLS)]
    )
    async with events_with_register.as_(APPROVER) as client:
        answers = await raised(client, found["occurrences"][0], 590, 590)
    assert sorted(answers) == [GOOD, NEEDED]


async def test_a_crowd_that_has_no_plan_may_become_smaller(events_with_register: Running) -> None:
    """As after the threshold was lowered."""
    found = await brought(
        events_with_register, ActivityState.PUBLISHED, occurrences=[occurrence(capacity=3000)]
    )
    async with events_with_register.as_(APPROVER) as client:
        assert await raised(client, found["occurrences"][0], 2000) == [GOOD]
        assert await raised(client, found["occurrences"][0], 2001) == [NEEDED]


@pytest.mark.parametrize("state", RUNNING)
async def test_times_that_come_together_make_a_crowd_only_with_a_plan(
    events_with_register: Running, state: ActivityState
) -> None:
    found = await brought(
        events_with_register,
        state,
        occurrences=[occurrence(0, capacity=600), occurrence(1, capacity=600)],
    )
    base = f"/activities/{found['id']}"
    second = f"/occurrences/{found['occurrences'][1]['id']}/reschedule"
    beside = occurrence(0.05, capacity=600)
    times = {name: beside[name] for name in ("starts_at", "ends_at")}
    asked = [
        (f"{base}/occurrences", beside, 201),
        (f"{base}/repeat", {"every": "day", "count": 1}, 200),
        (second, times, 200),
    ]
    # Repeating the first meets the second on the next day.
    asked[1][1]["occurrence_id"] = found["occurrences"][0]["id"]
    async with events_with_register.as_(APPROVER) as client:
        refused = [said(await client.post(path, json=body)) for path, body, _ in asked]
        assert refused == [NEEDED] * 3
        kept = (await client.get(base)).json()
        assert (kept["version"], len(kept["occurrences"])) == (found["version"], 2)
        assert kept["occurrences"][1]["starts_at"] != START.isoformat()
        apart = await client.post(f"{base}/occurrences", json=occurrence(9, capacity=600))
        assert apart.status_code == 201
        assert await planned(client, found["id"], PLAN["safety_plan"]) == GOOD
        answers = [await client.post(path, json=body) for path, body, _ in asked]
    assert [answer.status_code for answer in answers] == [status for *_, status in asked]


async def test_a_plan_is_set_until_it_is_over_by_who_may_change_the_activity(
    events_with_register: Running,
) -> None:
    set_by: dict[str, dict[str, int]] = {}
    for state in ActivityState:
        found = await brought(events_with_register, state)
        set_by[state.value] = {}
        for role, division in (("observer", COUNTY), ("approver", "630121"), ("officer", COUNTY)):
            async with events_with_register.as_(staff(role, division)) as client:
                path, version = f"/activities/{found['id']}", f'"v{found["version"]}"'
                answer = await client.patch(path, json=PLAN, headers={"If-Match": version})
                set_by[state.value][role] = answer.status_code
    # The neighbour sees what is public, and changes nothing of it.
    assert {state: (by["observer"], by["approver"]) for state, by in set_by.items()} == {
        state.value: (403, 403 if state in _PUBLIC else 404) for state in ActivityState
    }
    assert {state: by["officer"] for state, by in set_by.items()} == {
        "draft": 200,
        "submitted": 200,
        "returned": 200,
        "approved": 200,
        "published": 403,
        "ongoing": 403,
        "completed": 409,
        "archived": 409,
        "cancelled": 409,
    }


_PUBLIC = {
    *RUNNING,
    ActivityState.COMPLETED,
    ActivityState.ARCHIVED,
    ActivityState.CANCELLED,
}
