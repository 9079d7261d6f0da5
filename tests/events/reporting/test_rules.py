"""What counts where: shares that sum to one, differences, periods and the year before."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.reporting.rules import (
    WHOLE,
    Added,
    Cell,
    Grain,
    Period,
    Placed,
    differences,
    period,
    spread,
)
from services.kit.divisions import covers
from services.kit.problems import BrokenRule

CODES = ("63", "6301", "6302", "630102", "630123", "630123101", "630202", "6202")
HOSTS = st.lists(st.sampled_from(CODES), min_size=1, max_size=6).map(tuple)
DAY = date(2026, 9, 18)
ONE = Added(activities=1, occurrences=2)


def test_three_hosts_share_one_activity_to_the_last_millionth() -> None:
    assert spread(("630102", "6302", "6303")) == {
        "63": 1_000_000,
        "6301": 333_334,
        "630102": 333_334,
        "6302": 333_333,
        "6303": 333_333,
    }


def test_a_host_below_another_host_adds_its_share_to_it() -> None:
    assert spread(("6301", "630102")) == {"63": WHOLE, "6301": WHOLE, "630102": 500_000}


def test_a_host_named_twice_is_one_host() -> None:
    assert spread(("6301", "6301")) == {"63": WHOLE, "6301": WHOLE}


@given(HOSTS)
def test_shares_of_the_hosts_sum_to_one_and_reach_every_ancestor(hosts: tuple[str, ...]) -> None:
    found = spread(hosts)
    assert sum(found[top] for top in found if len(top) == 2) == WHOLE
    assert set(found) == {code[:n] for code in hosts for n in (2, 4, 6, 9, 12) if n <= len(code)}
    for above in found:
        at_or_below = {host for host in hosts if covers(above, host)}
        least, most = len(at_or_below) * (WHOLE // len(set(hosts))), WHOLE
        assert least <= found[above] <= most


def test_what_a_new_state_replaces_is_taken_away() -> None:
    old = Placed(DAY, ("6301", "6302"), ONE)
    new = Placed(DAY, ("6301",), ONE._replace(occurrences=3))
    assert differences([(old, new)]) == {
        Cell(division, grain, day): expected
        for grain, day in ((Grain.DAY, DAY), (Grain.MONTH, DAY.replace(day=1)))
        for division, expected in (
            ("63", [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            ("6301", [500_000, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            ("6302", [-500_000, -1, -2, 0, 0, 0, 0, 0, 0, 0]),
        )
    }


def test_what_did_not_change_touches_no_cell() -> None:
    same = Placed(DAY, ("6301",), ONE)
    assert differences([(same, same)]) == {}
    assert differences([(None, Placed(DAY, ("6301",), Added()))]) == {}


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-12-31")),
        (("2024-02-29", "2024-02-29"), ("2023-02-28", "2023-02-28")),
        (("2025-02-01", "2025-02-28"), ("2024-02-01", "2024-02-29")),
        (("2025-02-10", "2025-02-20"), ("2024-02-10", "2024-02-20")),
        (("2025-12-15", "2026-01-14"), ("2024-12-15", "2025-01-14")),
    ],
)
def test_the_year_before_keeps_whole_months_whole(
    asked: tuple[str, str], before: tuple[str, str]
) -> None:
    given_, expected = (Period(*map(date.fromisoformat, each)) for each in (asked, before))
    assert given_.a_year_earlier == expected


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(min_value=0, max_value=3659))
def test_months_cover_the_period_day_for_day(first: date, more: int) -> None:
    asked = Period(first, first + timedelta(days=more))
    months = asked.months()
    assert (months[0].first, months[-1].last) == asked
    for one, following in pairwise(months):
        assert following.first == one.last + timedelta(days=1)
        assert following.first.day == 1
    assert all(month.first.month == month.last.month for month in months)


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [
        ("2026-01-01", "2026-12-31", ["month 2026-01-01 2026-12-01"]),
        ("2026-03-10", "2026-03-20", ["day 2026-03-10 2026-03-20"]),
        (
            "2026-01-15",
            "2026-04-02",
            [
                "day 2026-01-15 2026-01-31",
                "day 2026-04-01 2026-04-02",
                "month 2026-02-01 2026-03-01",
            ],
        ),
    ],
)
def test_a_period_is_whole_months_and_the_days_beside_them(
    first: str, last: str, parts: list[str]
) -> None:
    asked = Period(date.fromisoformat(first), date.fromisoformat(last))
    assert [f"{grain} {one} {other}" for grain, one, other in asked.parts()] == parts


def test_the_last_month_of_the_calendar_ends() -> None:
    asked = Period(date(9999, 12, 1), date(9999, 12, 31))
    assert asked.months() == [asked]


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), "period-backwards"),
        (date(1999, 12, 31), date(2000, 1, 1), "period-too-early"),
        (date(2000, 1, 1), date(2010, 1, 8), "period-too-long"),
    ],
)
def test_a_period_that_cannot_be_names_its_rule(first: date, last: date, rule: str) -> None:
    with pytest.raises(BrokenRule) as refused:
        period(first, last)
    assert [error.rule for error in refused.value.errors] == [rule]
