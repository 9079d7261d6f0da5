"""The rules of activities, without a database."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.activities import rules
from services.events.activities.rules import (
    EDITABLE,
    LIFECYCLE,
    PUBLIC_STATES,
    RUNNING,
    ActivityState,
    NothingAhead,
    NotOver,
    OccurrenceState,
    Standing,
)
from services.events.activities.times_and_places import (
    LATITUDES,
    LONGITUDES,
    Window,
    moved_window,
    place_errors,
    time_errors,
)
from services.kit.problems import Problem

NOW = datetime(2026, 9, 18, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class One:
    """An occurrence, as the rules see it."""

    starts_at: datetime
    ends_at: datetime
    state: OccurrenceState = OccurrenceState.SCHEDULED


PAST = One(NOW - 3 * HOUR, NOW - HOUR)
RUNS = One(NOW - HOUR, NOW + HOUR)
AHEAD = One(NOW + HOUR, NOW + 2 * HOUR)


def _as(one: One, state: OccurrenceState) -> One:
    return replace(one, state=state)


CANCELLED = _as(AHEAD, OccurrenceState.CANCELLED)
POSTPONED = _as(PAST, OccurrenceState.POSTPONED)
COMPLETED = _as(AHEAD, OccurrenceState.COMPLETED)


def _standing(*occurrences: One) -> Standing:
    return Standing("题", occurrences, 10, None, 1000, NOW)


def _problem(guard: Any, *occurrences: One) -> type[Problem] | None:
    try:
        guard(_standing(*occurrences))
    except Problem as problem:
        return type(problem)
    return None


@pytest.mark.parametrize(
    ("occurrences", "publish", "complete"),
    [
        ((), NothingAhead, NotOver),
        ((PAST,), NothingAhead, None),
        ((RUNS,), NothingAhead, NotOver),
        ((AHEAD,), None, NotOver),
        ((PAST, AHEAD), None, NotOver),
        ((PAST, CANCELLED), NothingAhead, None),
        ((CANCELLED,), NothingAhead, NotOver),
        ((POSTPONED,), NothingAhead, NotOver),
        ((COMPLETED,), NothingAhead, None),
        ((COMPLETED, POSTPONED), NothingAhead, NotOver),
    ],
)
def test_what_its_occurrences_let_an_activity_do(
    occurrences: tuple[One, ...], publish: type[Problem] | None, complete: type[Problem] | None
) -> None:
    found = (
        _problem(rules.may_publish, *occurrences),
        _problem(rules.may_complete, *occurrences),
    )
    assert found == (publish, complete)


@pytest.mark.parametrize(
    ("occurrences", "day"),
    [
        ((One(datetime(2026, 9, 17, 15, 59, tzinfo=UTC), NOW),), date(2026, 9, 17)),
        ((One(datetime(2026, 9, 17, 16, 0, tzinfo=UTC), NOW),), date(2026, 9, 18)),
        ((_as(PAST, OccurrenceState.CANCELLED), One(NOW + 48 * HOUR, NOW)), date(2026, 9, 20)),
        ((_as(PAST, OccurrenceState.CANCELLED), CANCELLED), date(2026, 9, 18)),
    ],
)
def test_the_day_of_an_activity_is_its_first_in_qinghai(
    occurrences: tuple[One, ...], day: date
) -> None:
    assert rules.day_of(occurrences) == day


def test_the_sets_of_states_and_the_table_agree() -> None:
    """Once public, always public; what stands still is neither edited nor run."""
    reached = {ActivityState.PUBLISHED}
    while more := {
        step.target for step in LIFECYCLE if step.sources & reached and step.target not in reached
    }:
        reached |= more
    assert reached == PUBLIC_STATES
    assert set(LIFECYCLE.steps["submit"].sources) == EDITABLE
    assert set(LIFECYCLE.steps["complete"].sources) == RUNNING


DEGREES = st.floats(-200, 200)


@given(longitude=DEGREES, latitude=DEGREES)
def test_coordinates_are_right_swapped_or_outside_and_never_two_of_these(
    longitude: float, latitude: float
) -> None:
    found = place_errors(somewhere=True, longitude=longitude, latitude=latitude)
    right = LONGITUDES[0] <= longitude <= LONGITUDES[1] and LATITUDES[0] <= latitude <= LATITUDES[1]
    swapped = (
        LONGITUDES[0] <= latitude <= LONGITUDES[1] and LATITUDES[0] <= longitude <= LATITUDES[1]
    )
    assert (found == []) == right
    assert ([error.rule for error in found] == ["coordinates-swapped"]) == swapped


@pytest.mark.parametrize(
    ("hours", "window", "wrong"),
    [
        (2, Window(None, None), []),
        (0, Window(None, None), ["/ends_at"]),
        (-1, Window(None, None), ["/ends_at"]),
        (184 * 24, Window(None, None), []),
        (184 * 24 + 1, Window(None, None), ["/ends_at"]),
        (2, Window(NOW - HOUR, NOW), []),
        (2, Window(NOW, NOW), ["/registration_opens_at"]),
        (2, Window(None, NOW + 3 * HOUR), ["/registration_closes_at"]),
        (2, Window(NOW + 2 * HOUR, None), ["/registration_opens_at"]),
    ],
)
def test_times_that_cannot_be_are_named(hours: int, window: Window, wrong: list[str]) -> None:
    found = time_errors(NOW, NOW + hours * HOUR, window)
    assert [error.pointer for error in found] == wrong


def test_an_opening_that_the_earlier_end_overtakes_is_dropped() -> None:
    window = Window(NOW, NOW + 10 * HOUR)
    assert moved_window(window, timedelta(days=1)) == Window(NOW, NOW + 34 * HOUR)
    assert moved_window(window, timedelta(days=-1)) == Window(None, NOW - 14 * HOUR)
    assert moved_window(Window(None, None), HOUR) == Window(None, None)


@pytest.mark.parametrize(
    ("pointer", "there"),
    [
        ("/a", True),
        ("/a/0/b~1c", True),
        ("/a/0/d~0e", True),
        ("/a/1", False),
        ("/a/-1", False),
        ("/a/²", False),
        ("/none", True),
        ("/none/x", False),
        ("a", False),
        ("/", False),
        ("", False),
    ],
)
def test_json_pointers_follow_rfc_6901(pointer: str, there: bool) -> None:
    document = {"a": [{"b/c": 1, "d~e": 2}], "none": None}
    assert rules.pointer_exists(pointer, document) == there
