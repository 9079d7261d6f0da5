"""Tables of self-assessment: answers, snapshots, corrections, evidence, and activities heard of."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.assessment.rules import Cause, CorrectionState, FilePart


class Assessment(SQLModel, table=True):
    """What the applicant wrote: criterion → {"points", "explanation"}."""

    __tablename__ = "assessments"

    application_id: UUID = Field(primary_key=True, foreign_key="applications.id")
    answers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    handed_in_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1


class Snapshot(SQLModel, table=True):
    """The assessment as it was decided on. Written once: nobody changes or removes it."""

    __tablename__ = "assessment_snapshots"

    application_id: UUID = Field(primary_key=True, foreign_key="applications.id")
    number: int = Field(primary_key=True)
    cause: Cause = Field(sa_column=enum_column(Cause))
    version_id: UUID
    first_day: date
    last_day: date
    total: int
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    taken_by: UUID
    taken_at: datetime = Field(sa_column=time_column())


class Correction(SQLModel, table=True):
    """The applicant holds a figure of the platform for wrong; staff settle it, with a reason."""

    __tablename__ = "assessment_corrections"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    criterion: str
    measure: str
    figure: int | None
    """What the platform said when it was asked; None: it did not know."""
    claimed: int
    reason: str
    state: CorrectionState = Field(
        default=CorrectionState.ASKED, sa_column=enum_column(CorrectionState)
    )
    settled: int | None = None
    settled_reason: str | None = None
    settled_by: UUID | None = None
    settled_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1
    asked_by: UUID
    asked_at: datetime = Field(sa_column=time_column())


class ApplicationFile(SQLModel, table=True):
    """A file of an application. Once submitted it is kept, also when another replaces it."""

    __tablename__ = "application_files"

    file_id: UUID = Field(primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    part: FilePart = Field(sa_column=enum_column(FilePart))
    key: str
    name: str
    """As the applicant called it; the file itself bears a neutral one, for experts."""
    caption: str = ""
    ready: bool = False
    submitted_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    replaces: UUID | None = None
    superseded_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    added_by: UUID
    added_at: datetime = Field(sa_column=now_column())


class HeldActivity(SQLModel, table=True):
    """An activity that another service tells of, with the venues that it is held at."""

    __tablename__ = "held_activities"

    activity_id: UUID = Field(primary_key=True)
    version: int = 0
    day: date | None = None
    occurrences: int = 0
    held: bool = False
    venues: list[UUID] = Field(default_factory=list, sa_column=Column(ARRAY(Uuid), nullable=False))
    answers_version: int = 0
    answers: int = 0
    satisfied: int = 0
