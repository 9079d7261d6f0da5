"""Wire shapes of feedback."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.events.registrations.schemas import Given
from services.events.reporting.schemas import SatisfactionOut, UnknownOut
from services.kit.logs import without_personal_data


def _comment(given: str) -> str | None:
    # Numbers of phones and identity cards are of no use here, whoever's they are.
    return without_personal_data(given) or None


class FeedbackIn(Given):
    """An answer, by the registration of who is signed in, or by the ticket of who is not."""

    registration_id: UUID | None = None
    ticket: str | None = Field(default=None, max_length=4000)
    rating: int = Field(ge=1, le=5)
    """1 很不满意 … 5 非常满意."""
    comment: Annotated[
        str | None, Field(max_length=500), AfterValidator(lambda text: text and _comment(text))
    ] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "FeedbackIn":
        if (self.ticket is None) == (self.registration_id is None):
            raise PydanticCustomError("ticket-or-registration", "ticket or registration_id")
        return self


class FeedbackTaken(BaseModel):
    """That it was taken, and nothing of what it said. It cannot be found again, nor withdrawn."""

    activity_id: UUID
    shown_after: date
    """With others, the day after this at the earliest, and once there are five."""


class FeedbackOut(BaseModel):
    """What is published about an activity: null while fewer than five answers are released."""

    activity_id: UUID
    title: str
    division_code: str
    satisfaction: SatisfactionOut | None
    released_on: date | None
    unknown: list[UnknownOut]


class AwaitedOut(BaseModel):
    """A registration of mine whose feedback is still awaited."""

    registration_id: UUID
    activity_id: UUID
    title: str
    starts_at: datetime
    until: datetime


class CommentOut(BaseModel):
    """A comment, in no order: neither its writer, nor their rating, nor its time is known."""

    id: UUID
    comment: str
