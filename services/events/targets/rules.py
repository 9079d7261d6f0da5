"""Vocabulary of targets, and what a current value says: pure."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.kit.access import P
from services.kit.problems import Conflict, FieldError, broken


class Measure(StrEnum):
    """What the plan counts (青海省 2023, goals to 2025)."""

    RESEARCH_BASES = "research_bases"
    EDUCATION_BASES = "education_bases"
    RURAL_BASES = "rural_bases"
    DEMONSTRATION_COMMUNITIES = "demonstration_communities"
    DEMONSTRATION_COUNTIES = "demonstration_counties"
    NATIONAL_DEMONSTRATION_COUNTIES = "national_demonstration_counties"
    PREFECTURE_SCIENCE_MUSEUMS = "prefecture_science_museums"
    COUNTIES_WITH_VENUE = "counties_with_venue"
    CIVIC_LITERACY = "civic_literacy"


class Unit(StrEnum):
    COUNT = "count"
    PERCENT = "percent"


MEASURE_NAMES: dict[Measure, str] = {
    Measure.RESEARCH_BASES: "省级科研科普基地",
    Measure.EDUCATION_BASES: "省级科普教育基地",
    Measure.RURAL_BASES: "省级农村科普示范基地",
    Measure.DEMONSTRATION_COMMUNITIES: "省级科普示范社区",
    Measure.DEMONSTRATION_COUNTIES: "省级科普示范县",
    Measure.NATIONAL_DEMONSTRATION_COUNTIES: "全国科普示范县（市、区）",
    Measure.PREFECTURE_SCIENCE_MUSEUMS: "市州级科技馆",
    Measure.COUNTIES_WITH_VENUE: "有科普活动场所的县（市、区）",
    Measure.CIVIC_LITERACY: "公民具备科学素质的比例",
}
COUNTED_HERE = frozenset({Measure.COUNTIES_WITH_VENUE})
"""What the platform counts from its own records."""


class TargetExists(Conflict):
    """The division has a goal for this measure and day already."""


class TargetInUse(Conflict):
    """It has values or parts: they would be lost."""


class ValueWithdrawn(Conflict):
    """The value was withdrawn before."""


def unit_of(measure: Measure) -> Unit:
    """What its numbers are."""
    return Unit.PERCENT if measure is Measure.CIVIC_LITERACY else Unit.COUNT


def number_errors(measure: Measure, number: Decimal | None, pointer: str) -> list[FieldError]:
    """Counts are whole, percentages at most 100, and a goal may only be left out where "every"
    is meant."""
    if number is None:
        return [] if measure in COUNTED_HERE else [FieldError(pointer, "goal-needed")]
    if unit_of(measure) is Unit.PERCENT:
        return [FieldError(pointer, "at-most-100")] if number > 100 else []
    return [FieldError(pointer, "whole-number")] if number != number.to_integral_value() else []


def may_record(measure: Measure, as_of: date, today: date) -> None:
    """Raise BrokenRule for what the platform counts itself, and for days to come."""
    if measure in COUNTED_HERE:
        raise broken("/value", "counted-by-platform")
    if as_of > today:
        raise broken("/as_of", "not-in-the-future", day=today.isoformat())


def gap(goal: Decimal | None, value: Decimal | None) -> Decimal | None:
    """What is missing to the goal; 0 when it is reached, None when either is not known."""
    if goal is None or value is None:
        return None
    return max(goal - value, Decimal(0))


def allowed_actions(
    measure: Measure, *, may: Callable[[P], bool], may_above: bool, in_use: bool
) -> list[str]:
    """What a caller may do with a target: `may` at its division, `may_above` at who set it."""
    found = []
    if may(P.TARGET_RECORD) and measure not in COUNTED_HERE:
        found.append("record")
    if may(P.TARGET_SET):
        found.append("break_down")
    if may_above:
        found += ["edit"] if in_use else ["edit", "delete"]
    return found
