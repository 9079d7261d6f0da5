"""Tables of inspections: inspections, answers, files, rectifications, and samples."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.inspections.rules import (
    FilePart,
    InspectionKind,
    InspectionState,
    RectificationState,
    Result,
    SampleState,
)
from services.venues.programmes.definition import Grade


def _ids() -> Column[Any]:
    return Column(ARRAY(Uuid), nullable=False)


def _texts() -> Column[Any]:
    return Column(JSONB, nullable=False)


class Inspection(SQLModel, table=True):
    """One look at what applies, or at what was named."""

    __tablename__ = "inspections"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kind: InspectionKind = Field(sa_column=enum_column(InspectionKind))
    application_id: UUID | None = Field(default=None, foreign_key="applications.id")
    stage_run_id: UUID | None = None
    honour_id: UUID | None = Field(default=None, foreign_key="honours.id")
    rectification_id: UUID | None = None
    sample_id: UUID | None = None
    programme_id: UUID | None = None
    version_id: UUID | None = None
    """The rule that it goes by; None for an honour that no programme of ours named."""
    venue_id: UUID | None = None
    subject_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    applicant: UUID | None = None
    """Of a site visit: the account that sees what is released."""
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    due_on: date | None = None
    planned_on: date | None = None
    team: list[UUID] = Field(default_factory=list, sa_column=_ids())
    """Accounts; the first one leads."""
    state: InspectionState = Field(
        default=InspectionState.DUE, sa_column=enum_column(InspectionState)
    )
    held_on: date | None = None
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_column=_texts())
    """In order, each {"criterion", "standing", "text"}."""
    summary: str = ""
    result: Result | None = Field(default=None, sa_column=enum_column(Result, nullable=True))
    grade: Grade | None = Field(default=None, sa_column=enum_column(Grade, nullable=True))
    cancel_reason: str | None = None
    released_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class InspectionAnswer(SQLModel, table=True):
    """What the venue says to the findings, or of its rectification. Added to, never changed."""

    __tablename__ = "inspection_answers"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    inspection_id: UUID
    rectification_id: UUID | None = None
    text: str
    late: bool = False
    answered_by: UUID
    answered_at: datetime = Field(sa_column=time_column())


class InspectionFile(SQLModel, table=True):
    """A photo of the inspectors, or evidence of the venue."""

    __tablename__ = "inspection_files"

    file_id: UUID = Field(primary_key=True)
    inspection_id: UUID
    part: FilePart = Field(sa_column=enum_column(FilePart))
    finding: int | None = None
    caption: str = ""
    ready: bool = False
    added_by: UUID
    added_at: datetime = Field(sa_column=now_column())


class Rectification(SQLModel, table=True):
    """What a base has to put right, and by when."""

    __tablename__ = "rectifications"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    inspection_id: UUID
    honour_id: UUID = Field(foreign_key="honours.id")
    programme_id: UUID | None = None
    venue_id: UUID | None = None
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    demands: list[str] = Field(sa_column=_texts())
    first_day: date
    days: int
    working: bool
    due_on: date | None = None
    due_open: bool = False
    """The calendar of that year is not known yet."""
    extended: bool = False
    state: RectificationState = Field(
        default=RectificationState.ORDERED, sa_column=enum_column(RectificationState)
    )
    removal_reason: str | None = None
    version: int = 1
    ordered_by: UUID
    ordered_at: datetime = Field(sa_column=time_column())
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class Sample(SQLModel, table=True):
    """Who is visited unannounced, drawn so that anybody can replay it."""

    __tablename__ = "inspection_samples"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    year: int
    wanted: int
    alternates: int
    due_on: date
    state: SampleState = Field(default=SampleState.FROZEN, sa_column=enum_column(SampleState))
    source_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    secret_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    salt_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    report: str
    void_reason: str | None = None
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=time_column())
    drawn_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
