"""Wire shapes of tickets, check-in and attendance."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.events.registrations.schemas import MAX_PARTY, Given


class TicketTokenOut(BaseModel):
    token: str


class KeysOut(BaseModel):
    """Public keys (JWKS, RFC 8037) that a device without network verifies tickets with."""

    keys: list[dict[str, str]]


class CheckInIn(Given):
    """A scanned ticket, or a registration chosen by hand; `members` are numbers in the party."""

    token: str | None = Field(default=None, max_length=4000)
    registration_id: UUID | None = None
    members: list[Annotated[int, Field(ge=1, le=MAX_PARTY)]] | None = Field(
        default=None, min_length=1, max_length=MAX_PARTY
    )
    occurrence_id: UUID | None = None
    """The occurrence at this door: a ticket for another one is refused."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "CheckInIn":
        if (self.token is None) == (self.registration_id is None):
            raise PydanticCustomError("token-or-registration", "token or registration_id")
        return self


class MemberCheckedIn(BaseModel):
    id: UUID
    number: int
    name: str
    at: datetime
    already: bool


class CheckInOut(BaseModel):
    """`already`: every one of them had come before."""

    registration_id: UUID
    occurrence_id: UUID
    already: bool
    members: list[MemberCheckedIn]
    verified: int
    """People checked in at this occurrence."""


class AttendanceIn(Given):
    """Numbers that were not checked in, each by how it is known; left out means not known."""

    counted: int | None = Field(default=None, ge=0, le=10_000_000)
    estimated: int | None = Field(default=None, ge=0, le=10_000_000)
    online: int | None = Field(default=None, ge=0, le=1_000_000_000)
    note: str | None = Field(default=None, max_length=500)
    reason: str | None = Field(default=None, min_length=2, max_length=200)
    """Why numbers that were known change; needed once the activity is completed."""


class AttendanceOut(BaseModel):
    """Each grade by itself: they overlap, so there is no total. Null is not known, not zero."""

    occurrence_id: UUID
    verified: int
    counted: int | None
    estimated: int | None
    online: int | None
    note: str | None
    recorded_by: UUID | None
    recorded_at: datetime | None
    version: int


class CorrectionOut(BaseModel):
    """A number of attendance that was known and was changed."""

    id: UUID
    grade: str
    before: int | None
    after: int | None
    reason: str | None
    by: UUID
    at: datetime
