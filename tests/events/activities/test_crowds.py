"""How many people are in one place at one time, and what an umbrella may do without occurrences."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.events.activities import rules
from services.events.activities.rules import Standing
from services.events.activities.times_and_places import Crowd, most_at_once
from services.kit.problems import Problem
from tests.events.activities.test_rules import AHEAD, CANCELLED, NOW, PAST, One

START = datetime(2026, 9, 18, tzinfo=UTC)


def crowd(hour: int, hours: int, capacity: int, where: str | None = "广场") -> Crowd:
    starts_at = START + timedelta(hours=hour)
    return Crowd(starts_at, starts_at + timedelta(hours=hours), where, capacity)


CROWDS = st.lists(
    st.builds(
        crowd,
        st.integers(0, 30),
        st.integers(1, 9),
        st.integers(0, 2000),
        st.sampled_from(["广场", "礼堂", None]),
    ),
    max_size=12,
)


@given(crowds=CROWDS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_most_at_once_is_the_fullest_hour_of_the_fullest_place(crowds: list[Crowd]) -> None:
    hours = [
        sum(
            each.capacity
            for each in crowds
            if each.where == where
            and each.starts_at <= START + timedelta(hours=hour) < each.ends_at
        )
        for where in ("广场", "礼堂")
        for hour in range(40)
    ]
    assert most_at_once(crowds) == max(hours)


@pytest.mark.parametrize(
    ("occurrences", "submit", "publish", "complete"),
    [
        ((), None, None, None),
        ((CANCELLED,), None, None, None),
        ((AHEAD,), None, None, rules.NotOver),
        ((PAST,), None, rules.NothingAhead, None),
    ],
)
def test_an_umbrella_may_go_without_occurrences_but_not_ahead_of_its_own(
    occurrences: tuple[One, ...],
    submit: type[Problem] | None,
    publish: type[Problem] | None,
    complete: type[Problem] | None,
) -> None:
    standing = Standing("题", occurrences, 10, None, 1000, NOW, is_umbrella=True)
    found = []
    for guard in (rules.may_submit, rules.may_publish, rules.may_complete):
        try:
            guard(standing)
            found.append(None)
        except Problem as problem:
            found.append(type(problem))
    assert found == [submit, publish, complete]
