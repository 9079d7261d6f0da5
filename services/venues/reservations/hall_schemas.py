"""Wire shapes of halls and of what holds them."""

from datetime import timedelta
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.kit.days import Moment
from services.venues.opening.schemas import Given
from services.venues.reservations.schemas import MOST_PEOPLE

LONGEST = timedelta(days=184)


class HallIn(Given):
    """A hall of a venue."""

    name: str = Field(min_length=1, max_length=80)
    capacity: int | None = Field(default=None, ge=1, le=MOST_PEOPLE)


class HallPatch(Given):
    """What changes of a hall; `open` false: it is not given out any more."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    capacity: int | None = Field(default=None, ge=1, le=MOST_PEOPLE)
    open: bool | None = None


class HallOut(BaseModel):
    id: UUID
    venue_id: UUID
    name: str
    capacity: int | None
    open: bool
    version: int


class HoldIn(Given):
    """A hall from one moment to another."""

    starts_at: Moment
    ends_at: Moment
    purpose: str = Field(min_length=2, max_length=200)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta() < self.ends_at - self.starts_at <= LONGEST:
            raise PydanticCustomError("hold-in-order", "it ends after it starts, within 184 days")
        return self


class HoldOut(BaseModel):
    id: UUID
    hall_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    active: bool
    purpose: str
    activity_id: UUID | None
    occurrence_id: UUID | None
    version: int
