"""The table of seats: who was drawn for which panel, and what became of it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, time_column
from services.kit.ids import uuid7
from services.venues.experts.invitations.rules import SeatState


class Seat(SQLModel, table=True):
    """A place that was drawn for an expert; nobody is drawn twice for one application."""

    __tablename__ = "panel_seats"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    draw_id: UUID = Field(foreign_key="panel_draws.id")
    application_id: UUID = Field(foreign_key="applications.id")
    expert_id: UUID = Field(foreign_key="experts.id")
    account_id: UUID | None = None
    stage_key: str
    division_code: str = Field(sa_column=code_column())
    """Where the panel was drawn."""
    recorded_code: str = Field(sa_column=code_column())
    stratum: str
    rank: int
    """From 1 within the stratum: first those of the panel, then the alternates."""
    slip: str
    """The salted id under which the expert stands in the public report."""
    state: SeatState = Field(sa_column=enum_column(SeatState))
    invited_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    expires_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    token_hash: bytes | None = None
    """SHA-256 of the token in the last link; it opens nothing once the seat waits no more."""
    answered_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    reason: str | None = None
    version: int = 1
