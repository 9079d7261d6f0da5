"""Every action in every state, for every role: what the table says is what happens."""

from typing import Any

import pytest

from services.events.activities.rules import LIFECYCLE, ActivityState
from services.kit.access import ROLES, P, Role
from tests.events.activities.bodies import COUNTY, act, brought, facts, held, walked
from tests.support.apps import Running, staff

ACTIONS = [step.action for step in LIFECYCLE]


def _starts(action: str, state: ActivityState) -> bool:
    return state in LIFECYCLE.steps[action].sources


@pytest.mark.parametrize("state", list(ActivityState))
async def test_an_approver_takes_each_action_exactly_where_the_table_starts_it(
    events_with_register: Running, state: ActivityState
) -> None:
    events = events_with_register
    outcome: dict[str, Any] = {}
    for action in ACTIONS:
        found = await brought(events, state)
        if action == "complete" and state is not ActivityState.DRAFT:
            await held(events, found["id"])
        async with events.as_(staff("approver", COUNTY)) as approver:
            answer = await act(approver, found["id"], action)
        outcome[action] = (
            answer.json()["state"] if answer.status_code == 200 else answer.json()["type"]
        )
    assert outcome == {
        action: LIFECYCLE.steps[action].target.value
        if _starts(action, state)
        else "/api/v1/problems/wrong-state"
        for action in ACTIONS
    }


@pytest.mark.parametrize("role", list(Role))
async def test_allowed_actions_are_the_ones_that_succeed(
    events_with_register: Running, role: Role
) -> None:
    events = events_with_register
    states = list(ActivityState)
    claimed: dict[str, list[str]] = {}
    succeeded: dict[str, list[str]] = {}
    for state in states:
        found = await brought(events, state)
        path = f"/activities/{found['id']}"
        async with events.as_(staff(role, COUNTY)) as someone:
            shown = await someone.get(path)
            claimed[state] = shown.json()["allowed_actions"] if shown.is_success else []
        succeeded[state] = []
        for action in ACTIONS:
            async with events.as_(staff(role, COUNTY)) as someone:
                answer = await act(someone, found["id"], action)
            if answer.status_code == 200:
                succeeded[state].append(action)
                found = await brought(events, state)
            else:
                held_need = LIFECYCLE.steps[action].needs <= ROLES[role]
                sees = state in {"published", "ongoing", "completed", "archived", "cancelled"}
                seen = sees or P.ACTIVITY_READ in ROLES[role]
                expected = 404 if not seen else 409 if held_need else 403
                assert (action, state, answer.status_code) == (action, state, expected)
    assert claimed == succeeded


async def test_the_facts_of_a_life_are_told_once_each_with_growing_versions(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("approver", COUNTY)) as approver:
        found = await walked(events, ActivityState.RETURNED)
        for action in ("submit", "withdraw", "submit", "approve", "publish", "begin"):
            assert (await act(approver, found["id"], action)).status_code == 200
        await held(events, found["id"])
        for action in ("complete", "archive"):
            assert (await act(approver, found["id"], action)).status_code == 200
    assert await facts(events, found["id"]) == [
        ("activity_submitted", 2),
        ("activity_returned", 3),
        ("activity_submitted", 4),
        ("activity_submitted", 6),
        ("activity_approved", 7),
        ("activity_published", 8),
        ("activity_completed", 10),
    ]


async def test_the_published_fact_says_who_when_and_how_many(
    events_with_register: Running,
) -> None:
    events = events_with_register
    # 17:30 UTC is half past one of the next day in Qinghai.
    night = {
        "starts_at": "2031-09-17T17:30:00Z",
        "ends_at": "2031-09-17T19:00:00Z",
        "place": "广场",
    }
    found = await walked(events, ActivityState.PUBLISHED, occurrences=[night])
    told = await events.rows(
        "SELECT data, division, version FROM outbox"
        " WHERE subject = :id AND type = 'events.activity_published.v1'",
        id=found["id"],
    )
    assert told == [
        (
            {
                "hosts": [COUNTY],
                "day": "2031-09-18",
                "occurrences": 1,
                "form": "lecture",
                "campaign_id": None,
                "places": [],
            },
            COUNTY,
            4,
        )
    ]


async def test_cancelling_reaches_every_occurrence_that_is_not_over(
    events_with_register: Running,
) -> None:
    found = await walked(events_with_register, ActivityState.CANCELLED)
    assert (found["cancel_reason"], found["occurrence_count"]) == ("大雪封路", 0)
    assert [
        (one["state"], one["cancel_reason"], one["sequence"], one["places_left"])
        for one in found["occurrences"]
    ] == [("cancelled", "大雪封路", 1, None)]
    assert (await facts(events_with_register, found["id"]))[-1] == ("activity_cancelled", 5)


async def test_cancelling_needs_a_reason(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.PUBLISHED)
    async with events_with_register.as_(staff("approver", COUNTY)) as approver:
        answer = await approver.post(f"/activities/{found['id']}/cancel", json={"reason": " "})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/reason")


async def test_it_is_not_completed_before_it_is_over(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.ONGOING)
    async with events_with_register.as_(staff("approver", COUNTY)) as approver:
        answer = await act(approver, found["id"], "complete")
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/v1/problems/not-over")
    assert found["allowed_actions"] == ["cancel"]


async def test_it_is_not_published_when_nothing_is_left_to_come_to(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.APPROVED)
    await held(events, found["id"])
    async with events.as_(staff("approver", COUNTY)) as approver:
        answer = await act(approver, found["id"], "publish")
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/v1/problems/nothing-ahead")
