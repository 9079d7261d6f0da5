"""Working days of China: statutory holidays and make-up days, and the last day of a term in them.

The days of a year are known from `chinesecalendar`, which gives a year once the State Council has
announced it, or from the operator's file (KEPU_WORKDAYS_FILE), which may come first. A year that
neither knows is not guessed: `is_working` and `due` answer None, and a clock stays open until the
year is known.

    [2027]
    holidays = ["2027-01-01..2027-01-03", "2027-02-05"]
    working = ["2027-02-14"]

A year of its own in the file is known as a whole: weekends rest but for `working`, weekdays work
but for `holidays`. For a year that the library knows too, the file changes the days that it names.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
from prometheus_client import Gauge
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.logs import log

SHANGHAI = ZoneInfo("Asia/Shanghai")
STATUTORY_DAYS = 13
"""Days off in a year since 2025 (全国年节及纪念日放假办法): a year with fewer is not complete."""
KNOWN_UNTIL = Gauge(
    "kepu_workdays_known_until", "The last year whose working days are known to this process"
)
DUE_OPEN = Gauge(
    "kepu_clocks_due_open", "Clocks without a last day: no calendar of its year is known", ["of"]
)


class CalendarUnreadable(ValueError):
    """The operator's file cannot be used; the sentence says where and why."""


class WorkdaySettings(BaseSettings):
    """KEPU_WORKDAYS_FILE: where an operator says which days are worked."""

    model_config = SettingsConfigDict(extra="ignore")

    kepu_workdays_file: Path | None = None


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked, as far as anybody knows."""

    changed: Mapping[date, bool] = field(default_factory=dict)
    """Days that the operator named: worked or not."""
    years: frozenset[int] = frozenset()
    """Years that only the operator's file knows."""

    def is_working(self, day: date) -> bool | None:
        """Is it worked? None: the year is not known."""
        if day in self.changed:
            return self.changed[day]
        if day.year in self.years:
            return day.weekday() < 5
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return None

    def due(self, first: date, days: int, first_day_counts: bool) -> date | None:
        """The last day of a term of `days` working days from `first` on; None: not known yet.

        The first day counts when the rule says so and it is worked.
        """
        if days < 1:
            raise ValueError("a term has at least one day")
        day = first if first_day_counts else first + timedelta(days=1)
        left = days
        while True:
            worked = self.is_working(day)
            if worked is None:
                return None
            left -= worked
            if not left:
                return day
            day += timedelta(days=1)

    def count(self, first: date, last: date) -> int | None:
        """Working days from `first` to `last`, both included; None: not known yet."""
        worked = [self.is_working(day) for day in days_between(first, last)]
        return None if None in worked else sum(1 for each in worked if each)

    @property
    def known_until(self) -> int:
        """The last year without a gap before it."""
        year = date.today().year
        while self.is_working(date(year, 12, 31)) is None:
            year -= 1
        while self.is_working(date(year + 1, 12, 31)) is not None:
            year += 1
        return year


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def day_of(now: datetime) -> date:
    """The day of a moment, as people here count."""
    return now.astimezone(SHANGHAI).date()


_in_use: dict[Path | None, tuple[int, WorkingDays]] = {}
"""The last calendar that could be read from a path, and the file's time of change."""


def working_days() -> WorkingDays:
    """The calendar of this process; the operator's file is read again when it has changed.

    A file that cannot be used any more leaves the calendar as it was; one that never could be
    raises CalendarUnreadable.
    """
    path = WorkdaySettings().kepu_workdays_file
    stamp, calendar = _in_use.get(path, (-1, None))
    try:
        now = 0 if path is None else path.stat().st_mtime_ns
        if calendar is None or now != stamp:
            calendar = WorkingDays() if path is None else read(path)
            _in_use[path] = (now, calendar)
            KNOWN_UNTIL.set(calendar.known_until)
    except (CalendarUnreadable, OSError) as error:
        if calendar is None:
            raise CalendarUnreadable(str(error)) from error
        log.error("workdays_unreadable", error=str(error))
    return calendar


def require_calendar() -> None:
    """For the start of a process: stop it with one sentence when the file cannot be used."""
    try:
        working_days()
    except CalendarUnreadable as error:
        sys.exit(str(error))


def read(path: Path) -> WorkingDays:
    """The operator's file; CalendarUnreadable says what is wrong with it, and where."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CalendarUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # tomllib's own, and bytes that are no UTF-8
        raise CalendarUnreadable(f"{path} is not TOML in UTF-8: {error}.") from error
    changed: dict[date, bool] = {}
    years = set()
    for name, table in tables.items():
        year, days = _year(path, name, table)
        changed |= days
        if WorkingDays().is_working(date(year, 1, 1)) is None:
            _require_whole(path, year, days)
            years.add(year)
    calendar = WorkingDays(changed, frozenset(years))
    log.info("workdays_read", years=sorted({day.year for day in changed} | years))
    return calendar


def _year(path: Path, name: str, table: Any) -> tuple[int, dict[date, bool]]:
    if not (name.isascii() and name.isdigit() and len(name) == 4 and name >= "2004"):
        raise CalendarUnreadable(f"{path}: [{name}] is not a year from 2004 on.")
    if not isinstance(table, dict) or (unknown := table.keys() - {"holidays", "working"}):
        what = ", ".join(sorted(unknown)) if isinstance(table, dict) else repr(table)
        raise CalendarUnreadable(
            f"{path}: [{name}] holds {what}; it takes lists named holidays and working."
        )
    year = int(name)
    off, on = (_days(path, year, key, table.get(key, [])) for key in ("holidays", "working"))
    if both := off & on:
        raise CalendarUnreadable(f"{path}: {min(both)} is both a holiday and worked.")
    return year, dict.fromkeys(off, False) | dict.fromkeys(on, True)


def _days(path: Path, year: int, key: str, given: Any) -> set[date]:
    if not isinstance(given, list):
        raise CalendarUnreadable(f"{path}: {key} of {year} is not a list of days.")
    found: set[date] = set()
    for one in given:
        first, dots, last = str(one).partition("..")
        try:
            start = date.fromisoformat(first.strip())
            end = date.fromisoformat(last.strip()) if dots else start
        except ValueError as error:
            raise CalendarUnreadable(
                f'{path}: "{one}" in {key} of {year} is not a day (2027-02-05)'
                " nor a span of days (2027-02-05..2027-02-11)."
            ) from error
        if not start.year == end.year == year or end < start:
            raise CalendarUnreadable(f'{path}: "{one}" in {key} is not within {year}.')
        found |= set(days_between(start, end))
    return found


def _require_whole(path: Path, year: int, days: Mapping[date, bool]) -> None:
    """A year that nobody else knows has to be complete, or terms would end too early."""
    off = sum(1 for worked in days.values() if not worked)
    if off < STATUTORY_DAYS:
        raise CalendarUnreadable(
            f"{path}: {year} has {off} holidays; a whole year has at least {STATUTORY_DAYS}."
        )
    idle = [day for day, worked in days.items() if worked and day.weekday() < 5]
    if idle:
        raise CalendarUnreadable(
            f"{path}: {min(idle)} is a weekday, worked anyway: a make-up day is at a weekend."
        )
