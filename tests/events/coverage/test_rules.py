"""Evenness and spans of months: pure."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.coverage.equity import since
from services.events.coverage.rules import Have, asked_tier, gini
from services.kit.divisions import Tier
from services.kit.problems import BrokenRule

COUNTIES = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 40)), min_size=1, max_size=12)


@given(COUNTIES)
def test_evenness_is_the_mean_difference_between_two_people(
    counties: list[tuple[int, int]],
) -> None:
    values, people = [float(v) for v, _ in counties], [n for _, n in counties]
    everybody = [value for value, n in zip(values, people, strict=True) for _ in range(n)]
    found = gini(values, people)
    if not sum(everybody):
        assert found is None
        return
    mean, n = sum(everybody) / len(everybody), len(everybody)
    between = sum(
        p * q * abs(a - b)
        for a, p in zip(values, people, strict=True)
        for b, q in zip(values, people, strict=True)
    )
    assert found == pytest.approx(between / (n * n) / (2 * mean), abs=1e-9)


@pytest.mark.parametrize(
    ("months", "day", "first"),
    [
        (1, date(2026, 11, 21), date(2026, 11, 1)),
        (12, date(2026, 11, 21), date(2025, 12, 1)),
        (12, date(2026, 12, 31), date(2026, 1, 1)),
        (60, date(2026, 1, 1), date(2021, 2, 1)),
    ],
)
def test_a_span_of_months_begins_on_a_first(months: int, day: date, first: date) -> None:
    assert since(months, day) == first


def test_a_tier_above_and_a_venue_below_counties_are_refused() -> None:
    asked_tier("63", Have.VENUE, Tier.COUNTY)
    asked_tier("630123", Have.PEOPLE, Tier.COUNTY)
    for code, have, tier in (
        ("630123", Have.PEOPLE, Tier.PREFECTURE),
        ("63", Have.VENUE, Tier.VILLAGE),
    ):
        with pytest.raises(BrokenRule):
            asked_tier(code, have, tier)
