"""Several at once: each step happens once, and nobody stays registered for what was called off."""

import asyncio

import pytest

from services.events.activities.rules import ActivityState
from tests.events.activities.bodies import COUNTY, act, brought, facts, occurrence
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff


@pytest.mark.parametrize(
    ("state", "action", "fact"),
    [
        (ActivityState.DRAFT, "submit", "activity_submitted"),
        (ActivityState.APPROVED, "publish", "activity_published"),
        (ActivityState.PUBLISHED, "cancel", "activity_cancelled"),
    ],
)
async def test_a_step_taken_five_times_at_once_happens_once(
    events_with_register: Running, state: ActivityState, action: str, fact: str
) -> None:
    events = events_with_register
    found = await brought(events, state)
    async with events.as_(staff("approver", COUNTY)) as approver:
        answers = await asyncio.gather(*(act(approver, found["id"], action) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert [kind for kind, _ in await facts(events, found["id"])].count(fact) == 1


async def test_occurrences_added_at_once_are_all_kept_and_told_with_growing_versions(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    path = f"/activities/{found['id']}/occurrences"
    async with events.as_(staff("approver", COUNTY)) as approver:
        answers = await asyncio.gather(
            *(approver.post(path, json=occurrence(number)) for number in range(1, 7))
        )
    assert [answer.status_code for answer in answers] == [201] * 6
    told = await events.rows(
        "SELECT version, (data->>'occurrences')::int FROM outbox"
        " WHERE type = 'events.activity_rescheduled.v1' ORDER BY version"
    )
    assert told == [(version, version - 3) for version in range(5, 11)]


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("what", ["activities", "occurrences"])
async def test_whoever_registers_while_it_is_called_off_is_told_or_refused(
    events_with_register: Running, turn: int, what: str
) -> None:
    events = events_with_register
    ids = await published_activity(events, "630123101", 5, place="文化广场")

    async def register() -> int:
        async with events.as_(citizen()) as person:
            return (await person.post("/registrations", json=ids.party(1))).status_code

    async def call_off() -> int:
        await asyncio.sleep(0.02 * turn)
        async with events.as_(staff("approver", COUNTY)) as approver:
            one = ids.activity if what == "activities" else ids.occurrence
            body = {"reason": "大雪封路"}
            return (await approver.post(f"/{what}/{one}/cancel", json=body)).status_code

    cancelled, *registered = await asyncio.gather(call_off(), *(register() for _ in range(12)))
    assert cancelled == 200
    assert set(registered) <= {201, 409}
    live = "SELECT count(*) FROM registrations WHERE state IN ('waiting', 'offered', 'confirmed')"
    assert await events.scalar(live) == 0
    ended = "SELECT count(*) FROM outbox WHERE type = 'events.registration_cancelled.v1'"
    assert await events.scalar(ended) == registered.count(201)
