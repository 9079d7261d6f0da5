"""Wire shapes of notices: what is published, and how one is opened."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kit.days import Day
from services.venues.notices.rules import MOST_ENTRIES, EntryState, NoticeState


class Given(BaseModel):
    """What a request gives: nothing unknown, nothing padded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=1000)]


class NoticeIn(Given):
    """Applications of one programme that are shown together, in this order."""

    application_ids: list[UUID] = Field(min_length=1, max_length=MOST_ENTRIES)
    title: str | None = Field(default=None, min_length=4, max_length=200)
    first_on: Day | None = None
    """The first day of the window; today when it is left out, at most 30 days ahead."""


class WithdrawIn(Given):
    """Why a notice is taken back; public."""

    reason: Reason


class EntryOut(BaseModel):
    """One of the names."""

    id: UUID
    """What an objection names."""
    number: str | None
    """Of the application."""
    name: str
    host_name: str
    category: str | None
    state: EntryState
    last_on: date | None
    """The last day of its window; null while it is suspended, or `due_open`."""
    due_open: bool
    """No calendar of that year is known yet, so nobody can say when the window ends."""
    suspended: bool
    """An objection is open: neither the window nor the naming goes on."""
    suspensions: list[list[date]]
    """First and last day of suspensions that are over; they do not count."""


class NoticeLine(BaseModel):
    """A notice, in a list."""

    id: UUID
    title: str
    authority: str
    honour: str
    programme_id: UUID
    programme: str
    division_code: str
    state: NoticeState
    first_on: date
    last_on: date | None
    """Of the name whose window ends last; null while one is open-ended."""
    names: int
    opened_at: datetime


class NoticeOut(NoticeLine):
    """A notice as it is published. Names of venues and institutions, never of people."""

    basis: str
    offices: list[str]
    """The two that receive objections: written, and under real name."""
    working_days: int
    first_day_counts: bool
    due_open: bool
    withdrawn_reason: str | None
    closed_at: datetime | None
    version: int
    page: str
    """Where a browser reads it, in three languages."""
    entries: list[EntryOut]


class NoticeForStaff(NoticeOut):
    """The same for who opened it."""

    allowed_actions: list[str]

    @classmethod
    def of(cls, public: dict[str, Any], allowed: list[str]) -> "NoticeForStaff":
        """From the public page."""
        return cls.model_validate({**public, "allowed_actions": allowed})
