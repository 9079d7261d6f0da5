"""Wire shapes of campaigns."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class CampaignOut(BaseModel):
    """A campaign as public reports tell of it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    name: str
    theme: str | None
    starts_on: str
    """A day, or only a month (2022-06)."""
    ends_on: str | None
    place: str | None
    division_code: str
    division_name: str | None
    """Null when the register does not have the code."""
    reported: str | None
    """The numbers in the report's own words; they are not the platform's."""
    source: str
    """The page that says so."""
