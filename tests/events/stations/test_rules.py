"""Kinds and tiers, days of posts, handovers: pure."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.stations.rules import (
    SECTOR_NAMES,
    TIER_OF_KIND,
    PostState,
    Sector,
    StationKind,
    day_before_handover,
    kind_errors,
    post_state,
)
from services.kit.divisions import tier_of
from services.kit.problems import BrokenRule

CODES = ("63", "6301", "630123", "630123101", "630123101201")
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize("kind", StationKind)
def test_a_kind_stands_at_its_tier_and_at_no_other(kind: StationKind) -> None:
    fits = [code for code in CODES if not kind_errors(kind, code)]
    only = TIER_OF_KIND.get(kind)
    assert fits == [code for code in CODES if only in (None, tier_of(code))]


def test_the_error_names_the_field_and_the_tier_that_it_needs() -> None:
    (error,) = kind_errors(StationKind.PRACTICE_CENTRE, "630123101")
    assert (error.pointer, error.rule) == ("/kind", "kind-needs-county")


def test_every_sector_has_a_name() -> None:
    assert list(SECTOR_NAMES) == list(Sector)


@given(begins=DAYS, length=st.none() | st.integers(0, 400), on=DAYS)
def test_a_post_is_held_from_its_first_to_its_last_day(
    begins: date, length: int | None, on: date
) -> None:
    ends = None if length is None else begins + timedelta(days=length)
    held = begins <= on and (ends is None or on <= ends)
    assert (post_state(begins, ends, on) is PostState.HELD) is held


@given(begins=DAYS, length=st.none() | st.integers(0, 400), successor=DAYS)
def test_a_handover_leaves_neither_gap_nor_overlap(
    begins: date, length: int | None, successor: date
) -> None:
    ends = None if length is None else begins + timedelta(days=length)
    fits = begins < successor and (ends is None or successor <= ends + timedelta(days=1))
    if not fits:
        with pytest.raises(BrokenRule):
            day_before_handover(begins, ends, successor)
        return
    last = day_before_handover(begins, ends, successor)
    assert (last >= begins, last + timedelta(days=1)) == (True, successor)
