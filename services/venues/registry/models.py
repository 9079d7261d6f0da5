"""The table of venues."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column
from services.kit.ids import uuid7
from services.venues.registry.rules import PlaceEvidence, VenueKind, VenueState


class Venue(SQLModel, table=True):
    __tablename__ = "venues"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str
    kind: VenueKind = Field(sa_column=enum_column(VenueKind))
    division_code: str = Field(sa_column=code_column())
    """Where it is on today's map."""
    recorded_code: str = Field(sa_column=code_column())
    """Where it was entered, on the map of that day."""
    longitude: float | None = None
    latitude: float | None = None
    source: str | None = None
    """The public page that a venue nobody entered is known from."""
    place_evidence: PlaceEvidence | None = Field(
        default=None, sa_column=enum_column(PlaceEvidence, nullable=True)
    )
    state: VenueState = Field(default=VenueState.DRAFT, sa_column=enum_column(VenueState))
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())
