"""Opening hours: weekly, by season, with dated exceptions. Pure, no I/O; days are Asia/Shanghai's.

`queries.days_open(db, venue_id, first, last)` counts them for a venue (科普法 46: 常年开放).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.kit.problems import BrokenRule, Conflict, FieldError

LOCAL = ZoneInfo("Asia/Shanghai")
DAY_MINUTES = 24 * 60
MOST_DAYS = 400
"""Of one question about days: a year, and what is seen of the next."""

MonthDay = tuple[int, int]
"""A day of every year: (12, 1) is 1 December."""


class OpeningNotSet(Conflict):
    """Nobody has said when the venue is open."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From a minute of the day to another; 24:00 is the last one."""

    opens: int
    closes: int

    def holds(self, minute: int) -> bool:
        """Is somebody who comes at this minute let in?"""
        return self.opens <= minute < self.closes


@dataclass(frozen=True, slots=True)
class Hours:
    """One day: its spans in order, and whether admission is free."""

    spans: tuple[Span, ...] = ()
    free: bool = False

    @property
    def is_open(self) -> bool:
        return bool(self.spans)

    def holds(self, minute: int) -> bool:
        """Is it open at this minute of the day?"""
        return any(span.holds(minute) for span in self.spans)


CLOSED = Hours()


@dataclass(frozen=True, slots=True)
class Season:
    """Hours by weekday (0 is Monday) from a month-day to another, both held, or all year round.

    `first` after `last` goes across the end of the year: 1 November to 31 March.
    """

    days: Mapping[int, Hours]
    first: MonthDay | None = None
    last: MonthDay | None = None

    def holds(self, day: date) -> bool:
        """Is `day` in this season?"""
        if self.first is None or self.last is None:
            return True
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds from a day on, until the next rule."""

    from_on: date
    version: int
    seasons: tuple[Season, ...]

    def hours(self, day: date) -> Hours:
        """The first season that holds the day says it; dated ones stand before the whole year."""
        dated = [season for season in self.seasons if season.first is not None]
        whole = [season for season in self.seasons if season.first is None]
        found = next((season for season in (*dated, *whole) if season.holds(day)), None)
        return CLOSED if found is None else found.days.get(day.weekday(), CLOSED)


@dataclass(frozen=True, slots=True)
class Opening:
    """All that is known of when a venue is open."""

    rules: tuple[Rule, ...] = ()
    exceptions: Mapping[date, Hours] | None = None
    shut: tuple[tuple[date, date | None], ...] = ()
    """First and last days on which the venue itself was closed; no last one: until today."""

    def hours(self, day: date) -> Hours:
        """The hours of a day: an exception says them, or the latest rule that has begun by then."""
        if any(first <= day and (last is None or day <= last) for first, last in self.shut):
            return CLOSED
        if self.exceptions and day in self.exceptions:
            return self.exceptions[day]
        begun = [rule for rule in self.rules if rule.from_on <= day]
        # The one written last counts from its first day on, also before a rule that was to follow.
        return max(begun, key=lambda rule: rule.version).hours(day) if begun else CLOSED


def is_open(opening: Opening, moment: datetime) -> bool:
    """Does the venue receive the public at this moment?"""
    there = moment.astimezone(LOCAL)
    return opening.hours(there.date()).holds(there.hour * 60 + there.minute)


def days(first: date, last: date) -> Iterator[date]:
    """Each day from `first` to `last`, both held."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def count_open(opening: Opening, first: date, last: date) -> int:
    """How many of these days it opens at all."""
    return sum(opening.hours(day).is_open for day in days(first, last))


def moment(day: date, minute: int) -> datetime:
    """A minute of a day there, in UTC; minute 1440 is the midnight that ends it."""
    return (datetime.combine(day, time(), LOCAL) + timedelta(minutes=minute)).astimezone(UTC)


# ── What is given ────────────────────────────────────────────────────────────────────────────────


def span_errors(spans: Iterable[Span], pointer: str) -> list[FieldError]:
    """What is wrong with the spans of one day."""
    found, given = [], list(spans)
    for number, span in enumerate(given):
        if span.opens >= span.closes:
            found.append(FieldError(f"{pointer}/{number}/closes", "closes-before-opening"))
    if not found and any(after.opens < before.closes for before, after in pairwise(given)):
        found.append(FieldError(pointer, "hours-overlap"))
    return found


_LEAP_YEAR = 2024


def season_errors(seasons: Iterable[Season]) -> list[FieldError]:
    """Seasons whose days meet, and a second one for the whole year."""
    given = list(seasons)
    found = []
    for number, season in enumerate(given):
        same = [
            other for other in given[:number] if (other.first is None) == (season.first is None)
        ]
        if season.first is None and same:
            found.append(FieldError(f"/seasons/{number}", "second-whole-year"))
        elif any(_meet(season, other) for other in same):
            found.append(FieldError(f"/seasons/{number}", "seasons-overlap"))
    return found


def _meet(one: Season, other: Season) -> bool:
    year = days(date(_LEAP_YEAR, 1, 1), date(_LEAP_YEAR, 12, 31))
    return any(one.holds(day) and other.holds(day) for day in year)


def require_range(first: date, last: date) -> None:
    """Raise BrokenRule for a range of days that is turned round, or too long to answer."""
    if last < first:
        raise BrokenRule(errors=(FieldError("/last", "last-before-first"),))
    if (last - first).days >= MOST_DAYS:
        values = (("most", MOST_DAYS),)
        raise BrokenRule(errors=(FieldError("/last", "too-many-days", values),))


def today(now: datetime) -> date:
    """The day there."""
    return now.astimezone(LOCAL).date()
