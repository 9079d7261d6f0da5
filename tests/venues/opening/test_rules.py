"""When a venue is open: seasons across the end of the year, leap days, exceptions, changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit.problems import BrokenRule
from services.venues.opening.rules import (
    CLOSED,
    Hours,
    Opening,
    Rule,
    Season,
    Span,
    count_open,
    days,
    is_open,
    moment,
    require_range,
    season_errors,
    span_errors,
)

SUMMER = Hours((Span(540, 1080),), free=True)
WINTER = Hours((Span(600, 720), Span(840, 1020)))
EVERY_DAY = range(7)
NOT_MONDAYS = range(1, 7)


def season(hours: Hours, weekdays: range, *ends: tuple[int, int]) -> Season:
    """A season with the same hours on some weekdays."""
    return Season(dict.fromkeys(weekdays, hours), *ends)


WINTERS = season(WINTER, NOT_MONDAYS, (11, 1), (3, 31))
OPENING = Opening(
    (
        Rule(date(2024, 1, 1), 1, (season(SUMMER, NOT_MONDAYS), WINTERS)),
        Rule(date(2027, 1, 1), 2, (season(SUMMER, EVERY_DAY),)),
    ),
    {date(2026, 10, 1): CLOSED, date(2026, 12, 28): WINTER},
)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2023, 12, 31), CLOSED),  # nothing was known yet
        (date(2024, 2, 29), WINTER),
        (date(2026, 3, 31), WINTER),
        (date(2026, 4, 1), SUMMER),
        (date(2026, 10, 31), SUMMER),
        (date(2026, 11, 1), WINTER),
        (date(2026, 12, 31), WINTER),
        (date(2026, 10, 5), CLOSED),  # a Monday
        (date(2026, 10, 1), CLOSED),  # an exception
        (date(2026, 12, 28), WINTER),  # a Monday that is open by exception
        (date(2027, 1, 4), SUMMER),  # a Monday, by the next rule
    ],
)
def test_the_hours_of_a_day(day: date, hours: Hours) -> None:
    assert OPENING.hours(day) == hours


def test_open_days_are_counted_across_years_by_the_rule_of_each() -> None:
    # 2026 has 52 Mondays; one of them is open by exception, and one Thursday is closed.
    assert count_open(OPENING, date(2026, 1, 1), date(2026, 12, 31)) == 365 - 52 + 1 - 1
    assert count_open(OPENING, date(2026, 12, 25), date(2027, 1, 7)) == 14
    assert count_open(OPENING, date(2024, 2, 26), date(2024, 3, 3)) == 6


def test_a_moment_is_read_on_the_clock_of_the_place() -> None:
    # 2026-11-03 is a Tuesday in winter; 02:00 UTC is 10:00 there.
    assert is_open(OPENING, datetime(2026, 11, 3, 2, 0, tzinfo=UTC))
    assert not is_open(OPENING, datetime(2026, 11, 3, 1, 59, tzinfo=UTC))
    assert not is_open(OPENING, datetime(2026, 11, 3, 4, 0, tzinfo=UTC))
    # The evening before, there it is Tuesday already.
    assert moment(date(2026, 11, 3), 0) == datetime(2026, 11, 2, 16, 0, tzinfo=UTC)
    assert moment(date(2026, 12, 31), 1440) == datetime(2026, 12, 31, 16, 0, tzinfo=UTC)


@settings(max_examples=40)
@given(st.tuples(st.integers(1, 12), st.integers(1, 28)), st.integers(0, 360))
def test_a_season_and_its_complement_share_no_day_and_miss_none(
    first: tuple[int, int], length: int
) -> None:
    begin = date(2024, *first)
    end = begin + timedelta(days=length)
    after, before = end + timedelta(days=1), begin - timedelta(days=1)
    one = season(SUMMER, EVERY_DAY, (begin.month, begin.day), (end.month, end.day))
    other = season(WINTER, EVERY_DAY, (after.month, after.day), (before.month, before.day))
    for day in days(date(2024, 1, 1), date(2024, 12, 31)):
        assert one.holds(day) != other.holds(day)
    assert season_errors((one, other)) == []
    assert [error.rule for error in season_errors((one, other, one))] == ["seasons-overlap"]


def test_what_is_wrong_with_hours_is_said_where_it_stands() -> None:
    crossed = span_errors((Span(600, 600), Span(720, 700)), "/hours")
    assert [(e.pointer, e.rule) for e in crossed] == [
        ("/hours/0/closes", "closes-before-opening"),
        ("/hours/1/closes", "closes-before-opening"),
    ]
    assert [e.rule for e in span_errors((Span(540, 720), Span(700, 800)), "/hours")] == [
        "hours-overlap"
    ]
    twice = season_errors((season(SUMMER, EVERY_DAY), season(WINTER, EVERY_DAY)))
    assert [(e.pointer, e.rule) for e in twice] == [("/seasons/1", "second-whole-year")]
    for last, rule in (
        (date(2025, 12, 31), "last-before-first"),
        (date(2028, 1, 1), "too-many-days"),
    ):
        with pytest.raises(BrokenRule) as refused:
            require_range(date(2026, 1, 1), last)
        assert [error.rule for error in refused.value.errors] == [rule]
