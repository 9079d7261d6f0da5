"""Wire shapes of outliers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.events.activities.outliers.rules import OutlierState, Rule
from services.events.activities.rules import Form


class DismissIn(BaseModel):
    """Why the number is right after all."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=2, max_length=1000)


class OutlierOut(BaseModel):
    """A number that stands out."""

    id: UUID
    activity_id: UUID
    occurrence_id: UUID
    division_code: str
    """Of the lead host."""
    division_name: str | None
    title: str
    title_language: str
    form: Form
    starts_at: datetime
    rule: Rule
    number: int
    compared: int
    """What the number was compared with: places, check-ins, or the median of its form and tier."""
    detail: str
    state: OutlierState
    reason: str | None
    """Why it was dismissed. It is open again when the number changes."""
    dismissed_at: datetime | None
    raised_at: datetime
    version: int
    allowed_actions: list[str]
    """For approvers at the division above the lead."""
