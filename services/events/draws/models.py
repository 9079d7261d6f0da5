"""Tables of draws: each with its promise and its report, and the log that only grows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.events.draws.rules import DrawState
from services.kit.columns import enum_column, now_column, time_column
from services.kit.ids import uuid7


class Draw(SQLModel, table=True):
    """One draw of an occurrence; at most one is open or frozen. No row about people."""

    __tablename__ = "draws"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    occurrence_id: UUID = Field(foreign_key="occurrences.id")
    state: DrawState = Field(default=DrawState.OPEN, sa_column=enum_column(DrawState))
    closes_at: datetime = Field(sa_column=time_column())
    source_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    commitment: str
    """In its one spelling, as text: what was hashed."""
    commitment_sha256: str
    secret_sealed: bytes
    salt_sealed: bytes
    report: str | None = None
    """From the freeze on, as text; with the result once it is drawn."""
    void_reason: str | None = None
    opened_by: UUID
    opened_at: datetime = Field(sa_column=now_column())
    drawn_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1


class DrawStep(SQLModel, table=True):
    """What was done with a draw, and what became public by it; never changed (kit/migrations)."""

    __tablename__ = "draw_log"

    draw_id: UUID = Field(primary_key=True, foreign_key="draws.id")
    number: int = Field(primary_key=True)
    at: datetime = Field(sa_column=time_column())
    event: str
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
