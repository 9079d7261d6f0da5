"""Wire shapes of closings."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.venues.opening.schemas import Given
from services.venues.reservations.schemas import Reason


class CloseIn(Given):
    """Why a venue closes; `call_off` says that who has reserved, and whose hall it is, is told."""

    reason: Reason | None = None
    """Needed when somebody has to be told."""
    call_off: bool = False
    """False: refused, with the figures, while anybody is expected."""


class ClosingOut(BaseModel):
    """One closing. What was called off stays so when the venue opens again."""

    id: UUID
    venue_id: UUID
    reason: str | None
    closed_at: datetime
    parties: int
    """Reservations that were called off, groups and those on waiting lists included."""
    people: int
    holds: int
    """Halls that were given back."""
    settled_at: datetime | None
    """Null while there is still somebody to tell."""
    reopened_at: datetime | None
