"""Wire shapes of venues."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.kit.divisions import DivisionCode
from services.venues.registry.rules import PlaceEvidence, VenueKind, VenueState


class VenueIn(BaseModel):
    """A venue to enter. The point is WGS-84 degrees; leave both out when it is not known."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=2, max_length=100)
    kind: VenueKind
    division_code: DivisionCode
    longitude: float | None = Field(default=None, ge=73, le=136)
    latitude: float | None = Field(default=None, ge=3, le=54)


class VenueOut(BaseModel):
    id: UUID
    name: str
    kind: VenueKind
    division_code: str
    longitude: float | None
    latitude: float | None
    source: str | None
    """The public page that it is known from; null when people entered it."""
    place_evidence: PlaceEvidence | None
    """How far its division can be trusted; null when people entered it."""
    state: VenueState
    version: int
    allowed_actions: list[str]
