"""Tables of scores: each expert's sheet, what a panel came to, and what was found afterwards."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, time_column
from services.kit.ids import uuid7
from services.venues.experts.scores.rules import SheetState


class Sheet(SQLModel, table=True):
    """One expert's scores in one run of the stage; an earlier run's stay as they were."""

    __tablename__ = "score_sheets"

    seat_id: UUID = Field(primary_key=True, foreign_key="panel_seats.id")
    run_id: UUID = Field(primary_key=True, foreign_key="stage_runs.id")
    account_id: UUID | None = None
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    points: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    comments: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    opinion: str = ""
    state: SheetState = Field(default=SheetState.DRAFT, sa_column=enum_column(SheetState))
    version: int = 1
    saved_at: datetime = Field(sa_column=time_column())
    submitted_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    reopen_reason: str | None = None


class Result(SQLModel, table=True):
    """What a panel came to, once all of its sheets are in; gone while one is open again."""

    __tablename__ = "panel_results"

    run_id: UUID = Field(primary_key=True, foreign_key="stage_runs.id")
    application_id: UUID = Field(foreign_key="applications.id")
    result: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    computed_at: datetime = Field(sa_column=time_column())


class Finding(SQLModel, table=True):
    """A conflict that came to light when the panel had done its work, and what it changes."""

    __tablename__ = "panel_findings"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    seat_id: UUID = Field(foreign_key="panel_seats.id")
    reasons: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    found_at: datetime = Field(sa_column=time_column())
    found_by: UUID
    with_them: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    without_them: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
