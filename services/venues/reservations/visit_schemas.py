"""Wire shapes of visits."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.venues.opening.schemas import Given
from services.venues.reservations.schemas import MOST_PEOPLE, Reason


class HeadCountIn(Given):
    """Everybody who came on a day, reserved or not."""

    people: int = Field(ge=0, le=MOST_PEOPLE)
    children: int = Field(default=0, ge=0)
    """How many of them are under 18."""
    free: bool = False
    reason: Reason | None = None
    """Why a number that was known changes."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.children > self.people:
            raise PydanticCustomError("children-above-party", "more children than people")
        return self


class HeadCountOut(BaseModel):
    """The count of a day; version is what If-Match names when it is corrected."""

    id: UUID
    venue_id: UUID
    day: date
    people: int
    children: int
    free: bool
    version: int


class VisitDayOut(BaseModel):
    """One day: `people` is the count, or those checked in where nobody counted."""

    day: date
    people: int
    children: int
    free: bool
    counted: int | None
    checked_in: int
    version: int
    """Of the count; 0 where there is none."""


class VisitsOut(BaseModel):
    """The days on which somebody came, and their sums."""

    first: date
    last: date
    people: int
    children: int
    days: list[VisitDayOut]
