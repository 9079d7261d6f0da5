"""Which numbers of an occurrence are out of the ordinary: pure, no I/O; limits are settings.

A flag accuses nobody: it says which two numbers do not go together, and the tier above asks. A
number is compared only with what is known: without places, check-ins or enough occurrences of the
same form and tier, the rule that needs them is silent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.access import P
from services.kit.divisions import lineage
from services.kit.workflow import Workflow


class Rule(StrEnum):
    OVER_CAPACITY = "over_capacity"
    """Far more people than places."""
    ABOVE_CHECKED_IN = "above_checked_in"
    """Far more people estimated than were checked in at a door where check-in was used."""
    HEADCOUNT_UNUSUAL = "headcount_unusual"
    """Far more people than other occurrences of the same form and tier had."""
    CAPACITY_UNUSUAL = "capacity_unusual"
    """Far more places than others of the same form and tier had."""


class OutlierState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"


LIFECYCLE: Workflow[OutlierState] = Workflow(
    "outlier",
    # action    from                    to                      needs: at the division above
    ("dismiss", OutlierState.OPEN, OutlierState.DISMISSED, P.ACTIVITY_APPROVE),
    ("reopen", OutlierState.DISMISSED, OutlierState.OPEN, P.ACTIVITY_APPROVE),
)


class OutlierSettings(BaseSettings):
    """EVENTS_OUTLIER_LEAST, EVENTS_OUTLIER_CAPACITY_TIMES …: from where on a number stands out."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="EVENTS_OUTLIER_")

    least: int = Field(default=50, ge=0)
    """People or places too many before anybody is asked: thirty children in a room for twenty are
    no news."""
    capacity_times: float = Field(default=1.5, ge=1)
    checked_in_times: float = Field(default=5, ge=1)
    norm_times: float = Field(default=10, ge=1)
    norm_occurrences: int = Field(default=30, ge=1)
    """So many occurrences of a form and tier make a norm."""


class Norm(NamedTuple):
    """The middle of what occurrences of a form and tier had."""

    occurrences: int
    median: float


@dataclass(frozen=True)
class Numbers:
    """What is known of one occurrence; None is not known, and not 0."""

    capacity: int | None = None
    verified: int = 0
    counted: int | None = None
    estimated: int | None = None
    headcounts: Norm | None = None
    capacities: Norm | None = None

    @property
    def people(self) -> int:
        """The largest grade; grades are never added together."""
        return max(self.verified, self.counted or 0, self.estimated or 0)


class Finding(NamedTuple):
    """A number, and what it was compared with."""

    rule: Rule
    number: int
    compared: int


def _over_capacity(seen: Numbers, limits: OutlierSettings) -> tuple[float, float | None, float]:
    return seen.people, seen.capacity, limits.capacity_times


def _above_checked_in(seen: Numbers, limits: OutlierSettings) -> tuple[float, float | None, float]:
    return seen.estimated or 0, seen.verified or None, limits.checked_in_times


def _headcount(seen: Numbers, limits: OutlierSettings) -> tuple[float, float | None, float]:
    return seen.people, _median(seen.headcounts, limits), limits.norm_times


def _capacity(seen: Numbers, limits: OutlierSettings) -> tuple[float, float | None, float]:
    return seen.capacity or 0, _median(seen.capacities, limits), limits.norm_times


def _median(norm: Norm | None, limits: OutlierSettings) -> float | None:
    return norm.median if norm and norm.occurrences >= limits.norm_occurrences else None


RULES: dict[Rule, Callable[[Numbers, OutlierSettings], tuple[float, float | None, float]]] = {
    # rule: number, what it is compared with (None: not known), how many times that is too much
    Rule.OVER_CAPACITY: _over_capacity,
    Rule.ABOVE_CHECKED_IN: _above_checked_in,
    Rule.HEADCOUNT_UNUSUAL: _headcount,
    Rule.CAPACITY_UNUSUAL: _capacity,
}


def findings(seen: Numbers, limits: OutlierSettings) -> Iterator[Finding]:
    """What stands out: too many times what it is compared with, and by `least` at the least."""
    for rule, look in RULES.items():
        number, compared, times = look(seen, limits)
        if compared is not None and number > compared * times and number - compared >= limits.least:
            yield Finding(rule, int(number), round(compared))


def judge_of(division: str) -> str:
    """The division whose approvers judge the numbers of `division`: the one above it.

    >>> judge_of("630123101"), judge_of("63")
    ('630123', '63')
    """
    return (*lineage(division)[-2:-1], division)[0]
