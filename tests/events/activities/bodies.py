"""What the tests of activities send, and the states that they bring activities into."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.events.activities.rules import ActivityState
from tests.support.activities import write_state
from tests.support.apps import Running, staff

COUNTY = "630123"
"""湟源县"""
TOWNSHIP = "630123101"
NEIGHBOUR = "630121"
"""大通回族土族自治县"""

START = (datetime.now(UTC) + timedelta(days=10)).replace(microsecond=0)


def occurrence(days: float = 0, **over: Any) -> dict[str, Any]:
    """An occurrence of two hours, `days` after START."""
    starts = START + timedelta(days=days)
    return {
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(),
        "place": "文化广场",
        "capacity": 30,
        **over,
    }


def activity(**over: Any) -> dict[str, Any]:
    """A draft that can be submitted."""
    return {
        "division_code": COUNTY,
        "title": "青海湖的鸟",
        "summary": "听鸟类专家讲青海湖的候鸟。",
        "form": "lecture",
        "audiences": ["minors"],
        "languages": ["zh", "bo"],
        "occurrences": [occurrence()],
        **over,
    }


async def drafted(client: httpx.AsyncClient, **over: Any) -> dict[str, Any]:
    """A new draft, as answered."""
    answer = await client.post("/activities", json=activity(**over))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


_WAY = {
    ActivityState.DRAFT: (),
    ActivityState.SUBMITTED: ("submit",),
    ActivityState.RETURNED: ("submit", "send_back"),
    ActivityState.APPROVED: ("submit", "approve"),
    ActivityState.PUBLISHED: ("submit", "approve", "publish"),
    ActivityState.ONGOING: ("submit", "approve", "publish", "begin"),
    ActivityState.CANCELLED: ("submit", "approve", "publish", "cancel"),
    ActivityState.COMPLETED: ("submit", "approve", "publish", "complete"),
    ActivityState.ARCHIVED: ("submit", "approve", "publish", "complete", "archive"),
}

BODIES = {"send_back": {"reason": "请补充地点"}, "cancel": {"reason": "大雪封路"}}
"""What an action needs to be told."""
REASONS = {
    ActivityState.RETURNED: BODIES["send_back"]["reason"],
    ActivityState.CANCELLED: BODIES["cancel"]["reason"],
}


async def act(client: httpx.AsyncClient, activity_id: str, action: str) -> httpx.Response:
    """Take a step of the lifecycle."""
    return await client.post(f"/activities/{activity_id}/{action}", json=BODIES.get(action))


async def brought(events: Running, state: ActivityState, **over: Any) -> dict[str, Any]:
    """An activity in `state`, as its approver reads it: drafted, and written into that state.

    Nothing was told of its steps; where that matters, it is `walked` there.
    """
    async with events.as_(staff("approver", COUNTY)) as approver:
        found = await drafted(approver, **over)
        if state is not ActivityState.DRAFT:
            await write_state(events, found["id"], state, REASONS.get(state, ""))
            found = (await approver.get(f"/activities/{found['id']}")).json()
    assert found["state"] == state
    return found


async def walked(events: Running, state: ActivityState, **over: Any) -> dict[str, Any]:
    """An activity in `state`, by the way that leads there, as its approver reads it."""
    async with events.as_(staff("approver", COUNTY)) as approver:
        found = await drafted(approver, **over)
        for action in _WAY[state]:
            if action == "complete":
                await held(events, found["id"])
            answer = await act(approver, found["id"], action)
            assert answer.status_code == 200, (action, answer.text)
            found = answer.json()
    assert found["state"] == state
    return found


async def held(events: Running, activity_id: str) -> None:
    """Let time pass: its occurrences have ended."""
    async with events.kit.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE occurrences SET starts_at = starts_at - INTERVAL '30 days',"
            " ends_at = ends_at - INTERVAL '30 days' WHERE activity_id = $1",
            (activity_id,),
        )


async def facts(events: Running, activity_id: str) -> list[tuple[Any, ...]]:
    """What was told of an activity: type and version, in order."""
    return await events.rows(
        "SELECT split_part(type, '.', 2), version FROM outbox WHERE subject = :id ORDER BY seq",
        id=activity_id,
    )
