"""Tables of applications: the application, the runs of its stages, and every decision."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.applications.rules import ApplicationState, RunState

__all__ = [
    "Application",
    "ApplicationContact",
    "ApplicationState",
    "Decision",
    "RunState",
    "StageRun",
]


class Application(SQLModel, table=True):
    __tablename__ = "applications"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    client_id: UUID | None = None
    programme_id: UUID = Field(foreign_key="programmes.id")
    version_id: UUID = Field(foreign_key="programme_versions.id")
    """The rule it started under, and keeps."""
    venue_id: UUID | None = Field(default=None, foreign_key="venues.id")
    subject_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    """The division that is to be named, where the programme names divisions."""
    host_name: str
    host_uscc: str | None = None
    """The host institution: its credit is checked, and whoever belongs to it has a conflict."""
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    category: str | None = None
    channel: str | None = None
    year: int
    number: str | None = None
    """Given on first submission."""
    declared: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """Key of a condition → true or false, as the applicant declares."""
    summary: str = ""
    state: ApplicationState = Field(
        default=ApplicationState.DRAFT, sa_column=enum_column(ApplicationState)
    )
    stage_key: str | None = None
    version: int = 1
    applicant: UUID
    """The account that applies; the relation `own`."""
    on_behalf: bool = True
    """Staff drafted it, and act as the applicant; what a representative drafted, they do not."""
    created_at: datetime = Field(sa_column=now_column())
    submitted_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class StageRun(SQLModel, table=True):
    """One time that an application stood in a stage."""

    __tablename__ = "stage_runs"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    stage_key: str
    attempt: int
    state: RunState = Field(default=RunState.OPEN, sa_column=enum_column(RunState))
    opened_at: datetime = Field(sa_column=time_column())
    due_on: date | None = None
    """The last day of the clock; None with `due_open`: no calendar of that year is known yet."""
    due_open: bool = False
    supplement_due_on: date | None = None
    """The last day to answer a return; None while `supplement_days` is set: not known yet."""
    supplement_days: int | None = None
    """Working days that the return, or the last extension, gave."""
    supplement_from: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    closed_by: UUID | None = None


class ApplicationContact(SQLModel, table=True):
    """Whom to ask about an application; sealed (kit/vault.py), apart from its row."""

    __tablename__ = "application_contacts"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    applicant: UUID
    position: int
    duty: str | None = None
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes
    phone_masked: str
    phone_index: bytes
    written_at: datetime = Field(sa_column=now_column())


class Decision(SQLModel, table=True):
    """Who did what, when, under which rule and why. Written once: nobody changes or removes it."""

    __tablename__ = "decisions"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID | None = Field(default=None, foreign_key="applications.id")
    honour_id: UUID | None = None
    action: str
    stage_key: str | None = None
    version_id: UUID | None = None
    actor: UUID
    acted_for: str | None = Field(default=None, sa_column=code_column(nullable=True))
    """The division in whose name."""
    reason: str | None = None
    fields: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False)
    )
    """[{"pointer": "/summary", "reason": …}] of a return."""
    grounds: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False)
    )
    """[{"rule": "found-notice", "values": {…}}]: what it rests on, as slugs of words.toml."""
    public: bool = False
    """Shown on the public page of the honour as well as in the applicant's timeline."""
    decided_at: datetime = Field(sa_column=now_column())
