"""When and where an occurrence may be, and how one repeats: pure, no I/O."""

import calendar
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from services.events.activities.rules import SHANGHAI
from services.kit.problems import FieldError

LONGEST = timedelta(days=184)
"""A touring exhibition stays for months; what is longer is a mistyped year."""

MOST_REPEATS = 60
MOST_OCCURRENCES = 200
"""Of one activity: everything that shows an activity shows all of them."""

LONGITUDES = (73.0, 136.0)
LATITUDES = (3.0, 54.0)
"""Degrees that China lies within (WGS-84). The two do not overlap, so a swap shows itself."""


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Window:
    """When registration opens and closes; None: as soon as it is public, until it starts."""

    opens_at: datetime | None
    closes_at: datetime | None


def time_errors(starts_at: datetime, ends_at: datetime, window: Window) -> list[FieldError]:
    """What is wrong with the times, by field."""
    found = []
    if ends_at <= starts_at:
        found.append(FieldError("/ends_at", "ends-after-start"))
    elif ends_at - starts_at > LONGEST:
        found.append(FieldError("/ends_at", "too-long-a-time", (("days", LONGEST.days),)))
    if window.closes_at and window.closes_at > ends_at:
        found.append(FieldError("/registration_closes_at", "closes-before-end"))
    if window.opens_at and window.opens_at >= (window.closes_at or ends_at):
        found.append(FieldError("/registration_opens_at", "opens-before-closing"))
    return found


def _inside(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def place_errors(
    *, somewhere: bool, longitude: float | None, latitude: float | None
) -> list[FieldError]:
    """What is wrong with the place. `somewhere`: a place, a venue or an address online is named."""
    found = []
    if not somewhere:
        found.append(FieldError("/place", "place-needed"))
    if longitude is None and latitude is None:
        return found
    if longitude is None or latitude is None:
        missing = "/longitude" if longitude is None else "/latitude"
        return [*found, FieldError(missing, "both-coordinates")]
    if _inside(longitude, LATITUDES) and _inside(latitude, LONGITUDES):
        return [*found, FieldError("/longitude", "coordinates-swapped")]
    if not _inside(longitude, LONGITUDES):
        values = (("low", LONGITUDES[0]), ("high", LONGITUDES[1]))
        found.append(FieldError("/longitude", "outside-degrees", values))
    if not _inside(latitude, LATITUDES):
        values = (("low", LATITUDES[0]), ("high", LATITUDES[1]))
        found.append(FieldError("/latitude", "outside-degrees", values))
    return found


def moved_window(window: Window, shift: timedelta) -> Window:
    """The window of an occurrence that moves: it closes with it, and does not open later for it."""
    closes_at = window.closes_at + shift if window.closes_at else None
    late = window.opens_at and closes_at and window.opens_at >= closes_at
    return Window(None if late else window.opens_at, closes_at)


def _step(first: datetime, every: Every, times: int) -> datetime:
    """`first`, in local time, moved by a number of days, weeks or months.

    A month without that day takes its last one: 31 January, 28 February, 31 March.
    """
    match every:
        case Every.DAY:
            return first + timedelta(days=times)
        case Every.WEEK:
            return first + timedelta(weeks=times)
        case Every.MONTH:
            year, month = divmod(first.year * 12 + first.month - 1 + times, 12)
            last = calendar.monthrange(year, month + 1)[1]
            return first.replace(year=year, month=month + 1, day=min(first.day, last))


def repeats(
    starts_at: datetime, every: Every, *, count: int | None, until: date | None
) -> Iterator[timedelta]:
    """How far each repetition is from the pattern, at the same hour in Asia/Shanghai.

    Ends after `count`, or with the day `until`, or one past MOST_REPEATS (so that it shows).
    """
    first = starts_at.astimezone(SHANGHAI)
    for times in range(1, MOST_REPEATS + 2):
        if count is not None and times > count:
            return
        moved = _step(first, every, times)
        if until is not None and moved.date() > until:
            return
        yield moved - first


class Crowd(NamedTuple):
    """How many an occurrence has room for, when and where; `where` is None when only online."""

    starts_at: datetime
    ends_at: datetime
    where: Hashable | None
    capacity: int


def most_at_once(crowds: Iterable[Crowd]) -> int:
    """The most people that there is room for at one place at one time.

    大型群众性活动安全管理条例（国务院令第505号）第二条 counts 每场次预计参加人数: people of one
    occurrence, not of a series added up. Occurrences that overlap at one place are one crowd; on
    other days, at other places or online they are not.
    """
    places: dict[Hashable, list[tuple[datetime, int]]] = {}
    for crowd in crowds:
        if crowd.where is not None:
            steps = places.setdefault(crowd.where, [])
            steps += [(crowd.starts_at, crowd.capacity), (crowd.ends_at, -crowd.capacity)]
    # Those who leave at ten make room for those who come at ten: a step down sorts first.
    return max(
        (max(accumulate(n for _, n in sorted(steps))) for steps in places.values()), default=0
    )
