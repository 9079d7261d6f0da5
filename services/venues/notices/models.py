"""Tables of notices: a notice, the applications that it shows, and the objections to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, time_column
from services.kit.ids import uuid7
from services.venues.notices.objection_rules import ObjectionState
from services.venues.notices.rules import EntryState, NoticeState


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSONB, nullable=False))


class Notice(SQLModel, table=True):
    """What was published, in the words of that day."""

    __tablename__ = "notices"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    version_id: UUID = Field(foreign_key="programme_versions.id")
    title: str
    authority: str
    basis: str
    honour: str
    offices: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    """The two that receive objections."""
    working_days: int
    first_day_counts: bool
    first_on: date
    division_code: str = Field(sa_column=code_column())
    """Where the authority sits."""
    recorded_code: str = Field(sa_column=code_column())
    state: NoticeState = Field(default=NoticeState.OPEN, sa_column=enum_column(NoticeState))
    withdrawn_reason: str | None = None
    version: int = 1
    opened_by: UUID
    opened_at: datetime = Field(sa_column=time_column())
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class Entry(SQLModel, table=True):
    """An application in a notice, with a window of its own."""

    __tablename__ = "notice_entries"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    notice_id: UUID = Field(foreign_key="notices.id")
    application_id: UUID = Field(foreign_key="applications.id")
    run_id: UUID = Field(foreign_key="stage_runs.id")
    stage_key: str
    position: int
    name: str
    host_name: str
    category: str | None = None
    state: EntryState = Field(default=EntryState.OPEN, sa_column=enum_column(EntryState))
    last_on: date | None = None
    """None while an objection suspends it, or while no calendar of the year is known."""
    open_objections: int = 0
    """Counted by a trigger of `objections`."""
    suspended_from: date | None = None
    suspensions: list[Any] = _list()
    """[first, last] of those that are over; their days do not count."""
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class Objection(SQLModel, table=True):
    """Who objects, sealed; behind a wall (RLS). The division is the authority's: those who work
    beside the applicant do not see it."""

    __tablename__ = "objections"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    client_id: UUID | None = None
    notice_id: UUID = Field(foreign_key="notices.id")
    entry_id: UUID = Field(foreign_key="notice_entries.id")
    application_id: UUID = Field(foreign_key="applications.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    office: str
    account_id: UUID | None = None
    """Whose own it is; None for a letter."""
    recorded_by: UUID | None = None
    """Who of the office entered a letter."""
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    address_sealed: bytes | None = None
    statement_sealed: bytes
    """What is objected and why, in writing: it may tell who wrote it."""
    attachments: list[Any] = _list()
    """[{"file": …, "name": …, "ready": …}]"""
    state: ObjectionState = Field(
        default=ObjectionState.RECEIVED, sa_column=enum_column(ObjectionState)
    )
    accepted_reason: str | None = None
    outcome: str | None = None
    """Why it was closed as it was; for whoever objected, and for the applicant."""
    released: str | None = None
    """What the applicant is told of its substance."""
    received_at: datetime = Field(sa_column=time_column())
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1
