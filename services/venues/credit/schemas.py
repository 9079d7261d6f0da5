"""Wire shapes of credit checks, remedies and the list."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kit.days import Day
from services.venues.credit.rules import (
    CheckState,
    RemedyKind,
    RemedyState,
    Result,
    Standing,
    Waiting,
)

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=1000)]


class Given(BaseModel):
    """What a request gives: nothing unknown, nothing padded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class RepairIn(Given):
    """A repair (信用修复) with the paper that proves it. A new answer is asked for."""

    grounds: Reason
    document: str = Field(min_length=4, max_length=200)


class AppealIn(Given):
    """Why the red line is wrong."""

    grounds: Reason


class DecideIn(Given):
    """Why an appeal is decided as it is."""

    reason: Reason


class LiftIn(Given):
    """Since when a line of the list no longer holds, and the paper that says so."""

    lifted_on: Day
    document: str = Field(min_length=4, max_length=200)


class CheckOut(BaseModel):
    """A question."""

    id: UUID
    stage_key: str
    uscc: str | None
    name: str
    state: CheckState
    reason: Waiting | None
    """Why it waits."""
    tries: int
    requested_at: datetime
    tried_at: datetime | None
    next_try_at: datetime | None
    closed_at: datetime | None


class AnswerOut(BaseModel):
    """An answer as it was signed: the document holds everything that was said."""

    id: UUID
    check_id: UUID
    result: Result
    answered_at: datetime
    document: str
    signature: str
    """Ed25519 over the bytes of the document, base64url, by the key `key_id`."""
    key_id: str
    provider_document: str | None
    provider_signature: str | None


class RemedyOut(BaseModel):
    """A repair, or an appeal."""

    id: UUID
    answer_id: UUID
    kind: RemedyKind
    state: RemedyState
    grounds: str
    document: str | None
    outcome: str | None
    recorded_at: datetime
    decided_at: datetime | None
    version: int
    allowed_actions: list[str]


class CreditOut(BaseModel):
    """All that is known about the credit of an application's host, the newest first."""

    application_id: UUID
    checks: list[CheckOut]
    answers: list[AnswerOut]
    remedies: list[RemedyOut]
    allowed_actions: list[str]


class RedLineOut(BaseModel):
    """A line of the imported list."""

    id: UUID
    uscc: str | None
    name: str
    standing: Standing
    grounds: str | None
    imposed_by: str | None
    listed_on: date
    until_on: date | None
    lifted_on: date | None
    lift_document: str | None
    confirmed_at: datetime
    division_code: str
    version: int
    allowed_actions: list[str]
