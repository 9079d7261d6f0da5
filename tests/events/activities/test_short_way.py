"""The short way into a state that other tests take leads where the steps lead."""

from typing import Any

from services.events.activities.rules import ActivityState
from tests.events.activities.bodies import brought, walked
from tests.support.apps import Running

DIFFERENT = {"id", "activity_id", "created_at", "published_at", "at", "starts_at", "ends_at"}


def _same(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _same(each) for name, each in value.items() if name not in DIFFERENT}
    return [_same(each) for each in value] if isinstance(value, list) else value


async def test_a_state_written_is_the_state_walked_to(events_with_register: Running) -> None:
    events = events_with_register
    for state in ActivityState:
        short, long = await brought(events, state), await walked(events, state)
        assert (state, _same(short)) == (state, _same(long))
        assert (short["published_at"] is None) == (long["published_at"] is None)
    assert await events.rows(
        "SELECT state, count(DISTINCT (submitted_by IS NULL, approved_by IS NULL)) FROM activities"
        " GROUP BY state ORDER BY state"
    ) == [(state.value, 1) for state in sorted(ActivityState)]
