"""Which numbers stand out: by table, and that nobody is compared with what is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.activities.outliers.rules import (
    Finding,
    Norm,
    Numbers,
    OutlierSettings,
    Rule,
    findings,
    judge_of,
)

LIMITS = OutlierSettings()
USUAL = Norm(30, 40.0)


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (Numbers(), []),
        (Numbers(capacity=100, verified=150), []),
        (Numbers(capacity=100, verified=151), [Finding(Rule.OVER_CAPACITY, 151, 100)]),
        # Thirty children in a room for twenty are no news.
        (Numbers(capacity=20, counted=60), []),
        (Numbers(capacity=0, counted=50), [Finding(Rule.OVER_CAPACITY, 50, 0)]),
        (Numbers(counted=5000), []),
        (Numbers(verified=100, estimated=500), []),
        (Numbers(verified=100, estimated=501), [Finding(Rule.ABOVE_CHECKED_IN, 501, 100)]),
        # A door where nobody was checked in tells nothing.
        (Numbers(verified=0, estimated=900), []),
        (Numbers(counted=401, headcounts=USUAL), [Finding(Rule.HEADCOUNT_UNUSUAL, 401, 40)]),
        (Numbers(counted=400, headcounts=USUAL), []),
        (Numbers(counted=4000, headcounts=Norm(29, 40.0)), []),
        (
            Numbers(capacity=900, capacities=Norm(31, 39.6)),
            [Finding(Rule.CAPACITY_UNUSUAL, 900, 40)],
        ),
        (
            Numbers(capacity=100, verified=20, estimated=900, headcounts=USUAL),
            [
                Finding(Rule.OVER_CAPACITY, 900, 100),
                Finding(Rule.ABOVE_CHECKED_IN, 900, 20),
                Finding(Rule.HEADCOUNT_UNUSUAL, 900, 40),
            ],
        ),
    ],
)
def test_what_stands_out(seen: Numbers, found: list[Finding]) -> None:
    assert list(findings(seen, LIMITS)) == found


def test_the_limits_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Numbers(capacity=100, verified=125)
    monkeypatch.setenv("EVENTS_OUTLIER_CAPACITY_TIMES", "1.2")
    monkeypatch.setenv("EVENTS_OUTLIER_LEAST", "25")
    assert list(findings(seen, OutlierSettings())) == [Finding(Rule.OVER_CAPACITY, 125, 100)]


NUMBER = st.integers(0, 10_000)


@given(
    seen=st.builds(
        Numbers,
        capacity=st.none() | NUMBER,
        verified=NUMBER,
        counted=st.none() | NUMBER,
        estimated=st.none() | NUMBER,
    )
)
def test_more_places_or_check_ins_never_raise_a_flag_of_too_many_people(seen: Numbers) -> None:
    found = {finding.rule for finding in findings(seen, LIMITS)}
    assert (Rule.OVER_CAPACITY in found) <= (seen.capacity is not None)
    assert (Rule.ABOVE_CHECKED_IN in found) <= (seen.verified > 0)
    assert Rule.HEADCOUNT_UNUSUAL not in found
    assert all(finding.number - finding.compared >= 49 for finding in findings(seen, LIMITS))


@pytest.mark.parametrize(
    ("division", "judge"),
    [("630123101201", "630123101"), ("630123", "6301"), ("6301", "63"), ("63", "63")],
)
def test_the_tier_above_judges(division: str, judge: str) -> None:
    assert judge_of(division) == judge
