"""Tables of draws: each with its promise and its report, and the log that only grows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.experts.draws.rules import DrawState


class PanelDraw(SQLModel, table=True):
    """One draw for an application; at most one waits for its source."""

    __tablename__ = "panel_draws"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    stage_key: str
    division_code: str = Field(sa_column=code_column())
    """Whose office draws, from the pool at and below it."""
    recorded_code: str = Field(sa_column=code_column())
    state: DrawState = Field(default=DrawState.FROZEN, sa_column=enum_column(DrawState))
    reason: str
    source_at: datetime = Field(sa_column=time_column())
    commitment: str
    """In its one spelling, as text: what was hashed."""
    commitment_sha256: str
    secret_sealed: bytes
    salt_sealed: bytes
    pool_sha256: str
    entries: int
    void_reason: str | None = None
    opened_by: UUID
    opened_at: datetime = Field(sa_column=now_column())
    drawn_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    disclosed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1


class PanelReport(SQLModel, table=True):
    """What everybody may replay, as text: a line for every expert of the pool."""

    __tablename__ = "panel_reports"

    draw_id: UUID = Field(primary_key=True, foreign_key="panel_draws.id")
    report: str


class PanelStep(SQLModel, table=True):
    """What was done with a draw, and what became public by it; only grows (a trigger holds it)."""

    __tablename__ = "panel_log"

    draw_id: UUID = Field(primary_key=True, foreign_key="panel_draws.id")
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_column=time_column())
    event: str
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
