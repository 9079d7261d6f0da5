"""Wire shapes of objections: what is handed in, what staff see, what the applicant is told."""

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.venues.notices.objection_rules import ObjectionState
from services.venues.notices.schemas import Given, Reason


def _phone(given: str) -> str:
    """Digits only, without the country code: what the blind index is made of."""
    digits = re.sub(r"[\s\-()]", "", given)
    digits = re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", digits)
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise PydanticCustomError("phone", "not a phone number")
    return digits


Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(_phone)]


class ObjectionIn(Given):
    """An objection, in writing and under real name; `phone` or `address` says how to answer."""

    entry_id: UUID | None = None
    """Which of the names; may be left out when there is only one."""
    name: str = Field(default="", max_length=80)
    phone: Phone | None = None
    address: str | None = Field(default=None, min_length=5, max_length=200)
    statement: str = Field(min_length=10, max_length=5000)
    """What is objected, and the facts and reasons."""
    office: Literal[1, 2] = 1
    """Which of the two offices of the notice receives it."""
    by_letter: bool = False
    """The office enters a letter that it received."""
    client_id: UUID | None = None
    """The id that the client gave it: sending it twice is harmless."""


class AnswerIn(Given):
    """Why. It is read by who objected and by the applicant: it does not say who objected."""

    reason: Reason


class ReleaseIn(Given):
    """What the applicant is told of the substance; nothing that says who objected."""

    released: Reason


class OpenIn(Given):
    """What personal data is opened for; written down."""

    purpose: str = Field(min_length=4, max_length=200)


class AttachmentOut(BaseModel):
    """A file of an objection."""

    id: str
    name: str
    ready: bool


class ObjectionLine(BaseModel):
    """An objection, in a list; who objects is masked."""

    id: UUID
    notice_id: UUID
    entry_id: UUID
    subject: str
    """The name in the notice that it is about."""
    office: str
    by_letter: bool
    own: bool
    """It is the caller's."""
    name: str
    phone: str | None
    state: ObjectionState
    received_at: datetime
    closed_at: datetime | None
    version: int
    allowed_actions: list[str]


class ObjectionOut(ObjectionLine):
    """An objection with what became of it; what it says is read through /open."""

    attachments: list[AttachmentOut]
    accepted_reason: str | None
    outcome: str | None
    released: str | None


class PersonOpened(BaseModel):
    """Who objected and what they wrote; the opening is written down."""

    opening_id: UUID
    name: str
    phone: str | None
    address: str | None
    statement: str


class ObjectionTold(BaseModel):
    """An objection as the applicant learns of it: never who."""

    id: UUID
    notice_id: UUID
    state: ObjectionState
    received_at: datetime
    closed_at: datetime | None
    released: str | None
    """Its substance, once the office has released it."""
    outcome: str | None
