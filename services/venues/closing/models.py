"""The table of closings: when a venue closed, why, and what was called off because of it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import time_column
from services.kit.ids import uuid7


class Closing(SQLModel, table=True):
    """A venue received nobody from a moment until another, or since."""

    __tablename__ = "venue_closings"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    reason: str | None = None
    """Who had reserved reads it; none where nobody had."""
    parties: int = 0
    people: int = 0
    holds: int = 0
    """What was called off so far."""
    closed_by: UUID
    closed_at: datetime = Field(sa_column=time_column())
    settled_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When nothing was left to call off, or the venue had opened again."""
    reopened_by: UUID | None = None
    reopened_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
