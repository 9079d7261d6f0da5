"""Wire shapes of invitations."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.venues.experts.invitations.rules import Answer, SeatState
from services.venues.experts.shapes import Given
from services.venues.programmes.definition import Texts

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class LinkIn(Given):
    """Why the link is made: kept beside who made it."""

    purpose: str = Field(min_length=4, max_length=200)


class LinkOut(BaseModel):
    """A link that answers one invitation, once; it is shown only here."""

    link: str
    token: str
    expires_at: datetime


class TokenIn(Given):
    """The token of a link. It travels in the body: URLs are logged on the way."""

    token: Token


class AnswerIn(Given):
    """What an expert answers; whoever declines or has a conflict says why."""

    answer: Answer
    reason: Why | None = None


class TokenAnswerIn(AnswerIn):
    """The same, with the token of a link."""

    token: Token


class InvitationOut(BaseModel):
    """A seat as its expert sees it: enough to say whether one may judge."""

    id: UUID
    application_id: UUID
    programme: Texts
    host_name: str
    stratum: str
    state: SeatState
    expires_at: datetime | None
    answered_at: datetime | None
    reason: str | None
    version: int
    allowed_actions: list[str]


class MaterialOut(BaseModel):
    """What an expert judges by, without who applies: criteria, what was said, evidence."""

    sections: list[dict[str, Any]]
    material: dict[str, Any]
