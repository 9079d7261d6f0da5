"""Wire shapes of the register. Names are in Chinese: no source has official translations."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.kit.divisions import Tier

Change = Literal["recode", "rename", "merge", "split", "abolish", "unknown"]
Precision = Literal["day", "month", "edition"]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Named(_Out):
    """A division as others refer to it."""

    code: str
    name: str
    tier: Tier


class PointOut(_Out):
    """A point inside, WGS-84 degrees, and who says so."""

    longitude: float
    latitude: float
    source: str


class CivilAffairsCode(_Out):
    """The code in the Ministry of Civil Affairs' system: equal digits may mean another unit."""

    code: str
    system: str


class DivisionItem(_Out):
    """A division in a list."""

    code: str
    name: str
    short_name: str
    tier: Tier
    kind: str
    parent_code: str | None
    official: bool
    """False for quasi units that only the statistics know."""
    abolished_on: date | None


class DivisionOut(_Out):
    """One division, standing or former."""

    code: str
    name: str
    short_name: str
    tier: Tier
    kind: str
    official: bool
    edition: str
    """The latest edition of the register that has it."""
    parent: Named | None
    path: list[Named]
    """Its ancestors, province first."""
    children: int
    """Divisions directly below that stand today."""
    point: PointOut | None
    civil_affairs: CivilAffairsCode | None
    abolished_after: date | None
    """The last day on which it is known to have stood; null when `abolished_on` is the day."""
    abolished_on: date | None
    """Null while it stands; the day it ended, or the latest possible one (see `precision`)."""
    effective: str | None
    """The same for people: `2020-06-02`, `2019-11`, or an interval `2019-10-31/2020-06-30`."""
    precision: Precision | None
    change: Change | None
    successors: list[Named]
    """Who follows it today, through every step; empty when nothing says so."""
    today: list[Named]
    """Where its records belong today: the successors, or the nearest ancestor that stands in."""


class Step(_Out):
    """One old code and one unit that followed it."""

    code: str
    name: str
    successor_code: str | None
    successor_name: str | None
    change: Change
    edition: str
    """The first edition that shows it."""
    effective_after: date | None
    effective_on: date
    effective: str
    precision: Precision
    reused: bool
    """The code lives on with another meaning."""
    basis: str
    note: str | None


class FormerNameOut(_Out):
    """A name that was given up while the code was kept."""

    old_name: str
    new_name: str
    edition: str
    only_spelling: bool
    doubtful: bool
    """The new name had been a neighbour's: the code may have changed hands instead."""


class HistoryOut(_Out):
    """What became of a code and what it came from, step by step, earliest first."""

    code: str
    name: str
    former_names: list[FormerNameOut]
    became: list[Step]
    came_from: list[Step]


class EditionOut(_Out):
    """An edition of the register that was loaded."""

    edition: str
    source: str
    divisions: int
    loaded_at: datetime
