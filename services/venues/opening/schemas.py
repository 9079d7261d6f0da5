"""Wire shapes of opening hours."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.kit.days import Day
from services.kit.problems import FieldError
from services.venues.opening.rules import CLOSED, Hours, MonthDay, Season, Span, span_errors


class Weekday(StrEnum):
    """In order: date.weekday() is its place."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)


class Given(BaseModel):
    """What a request gives: nothing unknown, nothing padded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _clock(given: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", given, re.ASCII):
        raise PydanticCustomError("clock", "a time of the day, HH:MM")
    return given


def _month_day(given: str) -> str:
    try:
        if not re.fullmatch(r"\d{2}-\d{2}", given, re.ASCII):
            raise ValueError
        # A leap year: 29 February may begin or end a season.
        date.fromisoformat(f"2024-{given}")
    except ValueError:
        raise PydanticCustomError("month-day", "a day of the year, MM-DD") from None
    return given


Clock = Annotated[str, AfterValidator(_clock)]
MonthDayText = Annotated[str, AfterValidator(_month_day)]


def minute_of(clock: str) -> int:
    """09:30 → 570."""
    return int(clock[:2]) * 60 + int(clock[3:])


def clock_of(minute: int) -> str:
    """570 → 09:30."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


class SpanIn(Given):
    """From opening to closing, local time; "24:00" ends the day."""

    opens: Clock
    closes: Clock


class DayIn(Given):
    """The hours of a weekday."""

    hours: list[SpanIn] = Field(min_length=1, max_length=4)
    free: bool = False
    """Admission is free on this day."""


class SeasonIn(Given):
    """Hours by weekday: one that is left out is closed. Without first and last: all year round."""

    name: str = Field(default="", max_length=40)
    first: MonthDayText | None = None
    last: MonthDayText | None = None
    days: dict[Weekday, DayIn] = Field(min_length=1)

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise PydanticCustomError("first-and-last", "both first and last, or neither")
        return self


class OpeningIn(Given):
    """When the venue is open from a day on. Dated seasons stand before the one of the whole year.

    Without `from_on` it holds from today.
    """

    from_on: Day | None = None
    seasons: list[SeasonIn] = Field(min_length=1, max_length=12)


class ExceptionIn(Given):
    """Other hours, or none, from one day to another."""

    first: Day
    last: Day | None = None
    hours: list[SpanIn] = Field(default_factory=list, max_length=4)
    """None: closed."""
    free: bool = False
    reason: str = Field(min_length=2, max_length=200)
    keep_halls: bool = False
    """True: what is held in the halls on days that are closed to visitors goes on."""


def spans_of(hours: list[SpanIn]) -> tuple[Span, ...]:
    """The spans as they were given, in that order."""
    return tuple(Span(minute_of(each.opens), minute_of(each.closes)) for each in hours)


def seasons_of(given: list[SeasonIn]) -> tuple[Season, ...]:
    """The seasons as rules read them."""
    return tuple(
        Season(
            {
                WEEKDAYS.index(name): Hours(tuple(sorted(spans_of(day.hours))), day.free)
                for name, day in season.days.items()
            },
            _pair(season.first),
            _pair(season.last),
        )
        for season in given
    )


def _pair(text: str | None) -> MonthDay | None:
    return None if text is None else (int(text[:2]), int(text[3:]))


def hours_errors(given: OpeningIn) -> list[FieldError]:
    """What is wrong within the days of the seasons."""
    return [
        error
        for number, season in enumerate(given.seasons)
        for name, day in season.days.items()
        for error in span_errors(
            sorted(spans_of(day.hours)), f"/seasons/{number}/days/{name}/hours"
        )
    ]


class RuleOut(BaseModel):
    """Hours that hold from a day on."""

    from_on: date
    version: int
    seasons: list[SeasonIn]


class OpeningOut(BaseModel):
    """The rules that hold today and later, oldest first; version is what If-Match names."""

    venue_id: UUID
    version: int
    rules: list[RuleOut]


class DayOut(BaseModel):
    """One day as the public needs it."""

    day: date
    is_open: bool
    hours: list[SpanIn]
    free: bool
    reason: str | None = None
    """Why it differs from the weekly hours."""


class DaysOut(BaseModel):
    """Each day of a range, and how many of them are open."""

    first: date
    last: date
    open_days: int
    free_days: int
    days: list[DayOut]


class ExceptionOut(BaseModel):
    """A day that differs from the weekly hours."""

    day: date
    hours: list[SpanIn]
    free: bool
    reason: str


class ExceptedOut(BaseModel):
    """The days that differ now, and what was called off by that."""

    days: list[ExceptionOut]
    called_off: int
    """Reservations."""
    holds_called_off: int
    """Holds of halls."""


def spans_out(hours: Hours = CLOSED) -> list[SpanIn]:
    """The spans of a day, as clocks."""
    return [
        SpanIn(opens=clock_of(span.opens), closes=clock_of(span.closes)) for span in hours.spans
    ]
