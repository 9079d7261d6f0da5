"""What a fact adds to the totals, and where: pure arithmetic over divisions and days.

An activity counts once at every division at or above any of its hosts, however many of them there
are. Its share is divided between the hosts in whole millionths that sum to exactly one; what does
not divide goes to the lead. Attendance counts once at the same divisions, each grade by itself.

A cancelled activity adds nothing. Attendance that happened stays, even when the activity is then
cancelled (a series that is broken off after its second evening): people did come.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from services.kit.divisions import lineage
from services.kit.problems import broken

WHOLE = 1_000_000
"""One activity, in the unit of shares."""
FIRST_YEAR = 2000
LONGEST_DAYS = 3660


class Source(StrEnum):
    """What contributes: an activity, its released feedback, or the attendance of an occurrence."""

    ACTIVITY = "activity"
    ATTENDANCE = "attendance"
    FEEDBACK = "feedback"


class Grain(StrEnum):
    """What a row of the tallies is of."""

    DAY = "day"
    MONTH = "month"


class Added(NamedTuple):
    """What one source adds to each division on its day. All zero: nothing, or no more."""

    activities: int = 0
    occurrences: int = 0
    attended: int = 0
    """Occurrences whose attendance is known."""
    verified: int = 0
    counted: int = 0
    estimated: int = 0
    online: int = 0
    answers: int = 0
    """Of released feedback only: whole groups (feedback/rules.py), so no sum tells of fewer."""
    satisfied: int = 0


@dataclass(frozen=True)
class Placed:
    """What is added, on which day, and who hosts it (the lead first)."""

    day: date
    hosts: tuple[str, ...]
    added: Added


class Cell(NamedTuple):
    """One row of the tallies by its key."""

    division_code: str
    grain: Grain
    day: date


Difference = list[int]
"""What to add to one row of the tallies, by COLUMNS."""
COLUMNS = ("share", *Added._fields)
_ATTENDED = COLUMNS.index("attended")
_ANSWERS = COLUMNS.index("answers")


def may_empty(difference: Difference) -> bool:
    """Can a row fall to nothing by this? What counts has a share, is attendance or feedback."""
    return difference[0] < 0 or difference[_ATTENDED] < 0 or difference[_ANSWERS] < 0


@lru_cache(maxsize=10_000)
def spread(hosts: tuple[str, ...]) -> dict[str, int]:
    """Every division where a thing of `hosts` counts (once), and the hosts' share at or below it.

    >>> spread(("630102", "6302", "6301"))["63"], spread(("630102", "6302", "6301"))["6301"]
    (1000000, 666667)
    """
    distinct = tuple(dict.fromkeys(hosts))
    each, rest = divmod(WHOLE, len(distinct))
    found: dict[str, int] = {}
    for position, host in enumerate(distinct):
        for division in lineage(host):
            found[division] = found.get(division, 0) + each + (rest if position == 0 else 0)
    return found


def differences(changes: Iterable[tuple[Placed | None, Placed]]) -> dict[Cell, Difference]:
    """What changes in the tallies when each contribution goes from its old state to its new one.

    Cells that do not change are left out; the rest are in order, so that writers of the same cells
    wait for one another instead of deadlocking.
    """
    found: dict[Cell, Difference] = {}
    for old, new in changes:
        if old == new:
            continue
        for placed, sign in ((old, -1), (new, 1)):
            if placed is not None and any(placed.added):
                _add(found, placed, sign)
    return {cell: found[cell] for cell in sorted(found) if any(found[cell])}


def less(cells: dict[Cell, Difference], others: dict[Cell, Difference]) -> dict[Cell, Difference]:
    """`cells` without `others`, in order; what comes to nothing is left out."""
    nothing = [0] * len(COLUMNS)
    found = {
        cell: [
            a - b for a, b in zip(cells.get(cell, nothing), others.get(cell, nothing), strict=True)
        ]
        for cell in sorted({*cells, *others})
    }
    return {cell: difference for cell, difference in found.items() if any(difference)}


def _add(found: dict[Cell, Difference], placed: Placed, sign: int) -> None:
    days = ((Grain.DAY, placed.day), (Grain.MONTH, placed.day.replace(day=1)))
    numbers = [(at, sign * n) for at, n in enumerate(placed.added, start=1) if n]
    each = sign * placed.added.activities
    for division, share in spread(placed.hosts).items():
        for grain, day in days:
            cell = Cell(division, grain, day)
            difference = found.get(cell)
            if difference is None:
                difference = found[cell] = [0] * len(COLUMNS)
            difference[0] += each * share
            for at, number in numbers:
                difference[at] += number


class Period(NamedTuple):
    """Days in Asia/Shanghai, both included."""

    first: date
    last: date

    @property
    def a_year_earlier(self) -> "Period":
        """The same days of the year before; whole months stay whole in leap years too."""
        return Period(
            _a_year_earlier(self.first, ends=False), _a_year_earlier(self.last, ends=True)
        )

    @property
    def is_month(self) -> bool:
        """Is it one whole month?"""
        return self == Period(
            self.first.replace(day=1),
            self.first.replace(day=monthrange(self.first.year, self.first.month)[1]),
        )

    def parts(self) -> list[tuple[Grain, date, date]]:
        """The rows of the tallies that make up the period: whole months, and single days."""
        months = self.months()
        whole = [month.first for month in months if month.is_month]
        rest = [(Grain.DAY, *month) for month in months if not month.is_month]
        return [*rest, (Grain.MONTH, whole[0], whole[-1])] if whole else rest

    def months(self) -> list["Period"]:
        """The period month by month; the first and the last may be parts of one."""
        found, first = [], self.first
        while first <= self.last:
            last = first.replace(day=monthrange(first.year, first.month)[1])
            found.append(Period(first, min(last, self.last)))
            if last >= self.last:
                break
            first = date(last.year + last.month // 12, last.month % 12 + 1, 1)
        return found


def period(first: date, last: date) -> Period:
    """A period to report on; BrokenRule when it is backwards, too early or too long."""
    if first.year < FIRST_YEAR:
        raise broken("/from", "period-too-early", year=FIRST_YEAR)
    if last < first:
        raise broken("/to", "period-backwards")
    if (last - first).days >= LONGEST_DAYS:
        raise broken("/to", "period-too-long", days=LONGEST_DAYS)
    return Period(first, last)


def _a_year_earlier(day: date, *, ends: bool) -> date:
    length = monthrange(day.year - 1, day.month)[1]
    whole = ends and day.day == monthrange(day.year, day.month)[1]
    return date(day.year - 1, day.month, length if whole else min(day.day, length))
