"""Dates, numbers and spellings of honours: pure."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.venues.honours.rules import (
    LIFECYCLE,
    HonourState,
    is_higher,
    last_day,
    list_now,
    local_day,
    months_after,
    number_of,
    spellings,
    standing,
    state_today,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("issued", "months", "until"),
    [
        (date(2026, 10, 20), 24, date(2028, 10, 20)),
        (date(2026, 1, 1), 12, date(2027, 1, 1)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2027, 2, 28), 12, date(2028, 2, 28)),
        (date(2026, 1, 1), None, None),
    ],
)
def test_a_term_ends_on_the_corresponding_day_or_with_the_month_that_has_none(
    issued: date, months: int | None, until: date | None
) -> None:
    # 民法典 201, 202: the first day is not counted.
    assert last_day(issued, months) == until


@given(DAYS, st.integers(1, 240))
def test_months_are_counted_by_the_calendar(day: date, months: int) -> None:
    found = months_after(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day <= day.day


def test_the_day_is_that_of_the_province_and_not_of_greenwich() -> None:
    assert local_day(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == date(2027, 1, 1)


def test_numbers_have_year_and_serial_and_any_brackets_are_read() -> None:
    number = number_of("青科普〔{year}〕{serial}号", 2026, 7)
    assert (number, number_of("{year}-{serial}", 2026, 1234)) == (
        "青科普〔2026〕007号",
        "2026-1234",
    )
    typed = (
        "青科普[2026]007号",
        "青科普（2026）007号",
        " 青科普〔2026〕 007号 ",
        "青科普【2026】007号",
    )
    assert [number in spellings(text) for text in typed] == [True] * 4
    assert "A 1" in spellings("A 1")


def test_a_higher_level_is_known_only_of_known_levels() -> None:
    assert [
        is_higher("national", "provincial"),
        is_higher("county", "provincial"),
        is_higher("county", "county"),
        is_higher("national", None),
        is_higher(None, "county"),
    ] == [True, False, False, False, False]


@given(st.sampled_from(HonourState), st.none() | DAYS, DAYS)
def test_what_is_over_is_never_valid_and_what_ended_otherwise_stays_so(
    state: HonourState, until: date | None, today: date
) -> None:
    now = state_today(state, until, today)
    if until is not None and today > until and state in LIFECYCLE.steps["expire"].sources:
        assert (now, standing(now)) == (HonourState.EXPIRED, "expired")
    else:
        assert now is state


def test_a_status_list_is_left_when_it_is_half_full() -> None:
    assert [list_now(there) for there in (0, 65_535, 65_536, 131_072)] == [1, 1, 2, 3]
