"""Wire shapes of draws."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.kit.days import Moment
from services.kit.draw_report import Commitment
from services.venues.experts.draws.rules import DrawState
from services.venues.experts.invitations.rules import DAYS_TO_ANSWER, SeatState
from services.venues.experts.shapes import Given, Reason


class SourceIn(Given):
    """A public source of chance that nobody here decides, and when its value is known."""

    name: str = Field(min_length=4, max_length=200)
    """So exactly that there is one value: 福彩双色球第 2026133 期开奖号码, as drawn."""
    at: Moment


class DrawIn(Given):
    """A draw for an application's panel: the pool is frozen, and both are public, at once."""

    application_id: UUID
    reason: Reason
    """Why it is drawn, or drawn again; public."""
    source: SourceIn
    answer_days: int = Field(default=DAYS_TO_ANSWER, ge=1, le=30)
    """How long each invitation waits for its answer."""


class ValueIn(Given):
    """What the named source said, letter for letter."""

    value: str = Field(min_length=1, max_length=500)


class DrawOut(BaseModel):
    """A draw as everybody may see it."""

    id: UUID
    application_id: UUID
    stage_key: str
    division_code: str
    state: DrawState
    reason: str
    source_at: datetime
    commitment: Commitment
    commitment_sha256: str
    pool_sha256: str
    entries: int
    """Experts in the frozen pool."""
    void_reason: str | None
    opened_at: datetime
    drawn_at: datetime | None
    disclosed_at: datetime | None
    """Since when it is public who sat on the panel."""
    version: int
    allowed_actions: list[str]


class StepOut(BaseModel):
    """A line of the log."""

    number: int
    at: datetime
    event: Annotated[str, Field(examples=["frozen", "drawn", "exhausted", "voided", "disclosed"])]
    detail: dict[str, Any]


class DrawDetailOut(DrawOut):
    """A draw with its log."""

    log: list[StepOut]


class SeatTold(BaseModel):
    """A seat once the scoring is over; the name of whoever served."""

    slip: str
    stratum: str
    rank: int
    state: SeatState
    expert_id: UUID
    name: str | None
    employer: str | None


class IdentitiesOut(BaseModel):
    """What turns slips into experts: HMAC-SHA-256 of the id under the salt, its first 16 bytes."""

    draw_id: UUID
    salt: str
    seats: list[SeatTold]
