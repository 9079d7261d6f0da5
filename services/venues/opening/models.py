"""Tables of opening hours. Nothing here is about people."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import now_column


class OpeningRule(SQLModel, table=True):
    """The hours of a venue from a day on. Never rewritten: a change is another row."""

    __tablename__ = "opening_rules"

    venue_id: UUID = Field(primary_key=True, foreign_key="venues.id")
    version: int = Field(primary_key=True)
    from_on: date
    seasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """As `SeasonIn` says them."""
    set_by: UUID
    set_at: datetime = Field(sa_column=now_column())


class OpeningException(SQLModel, table=True):
    """A day with other hours, or none."""

    __tablename__ = "opening_exceptions"

    venue_id: UUID = Field(primary_key=True, foreign_key="venues.id")
    day: date = Field(primary_key=True)
    hours: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """As `SpanIn` says them; none is closed."""
    free: bool = False
    reason: str
    set_by: UUID
    set_at: datetime = Field(sa_column=now_column())
