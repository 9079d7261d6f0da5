"""Wire shapes of draws."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.events.draws.rules import DrawState
from services.events.registrations.rules import ListRule
from services.events.registrations.schemas import Given
from services.kit.days import Moment
from services.kit.draw_report import Commitment


class SourceIn(Given):
    """A public source of chance that nobody here decides, and when its value is known."""

    name: str = Field(min_length=4, max_length=200)
    """So exactly that there is one value: 福彩双色球第 2026133 期开奖号码, as drawn."""
    at: Moment


class DrawIn(Given):
    """A draw for an occurrence. Parties are always drawn whole."""

    closes_at: Moment
    """Until when one may enter; the pool is frozen then."""
    source: SourceIn | None = None
    """Without one, whoever held the secret could foresee the draw, and the report says so."""
    one_per_family: bool = True
    """Of parties that share a phone, the first of rank counts; the others stand behind all."""
    winners_after_days: int = Field(default=0, ge=0, le=730)
    """Who got a place in a draw within so many days stands behind who did not."""


class ValueIn(Given):
    """What the named source said, letter for letter."""

    value: str = Field(min_length=1, max_length=500)


class VoidIn(Given):
    """Why a draw is not made; public."""

    reason: str = Field(min_length=4, max_length=500)


class DrawOut(BaseModel):
    """A draw as everybody may see it."""

    id: UUID
    occurrence_id: UUID
    state: DrawState
    closes_at: datetime
    list_rule: ListRule
    commitment: Commitment
    commitment_sha256: str
    pool_sha256: str | None
    entries: int | None
    """Parties in the frozen pool; null while it is open."""
    foreseeable: bool
    """There is no public source, so whoever held the secret could foresee the draw."""
    void_reason: str | None
    opened_at: datetime
    drawn_at: datetime | None
    version: int
    allowed_actions: list[str]


class StepOut(BaseModel):
    """A line of the log."""

    number: int
    at: datetime
    event: Annotated[str, Field(examples=["opened", "frozen", "drawn", "voided"])]
    detail: dict[str, Any]


class DrawDetailOut(DrawOut):
    """A draw with its log."""

    log: list[StepOut]


class SlipOut(BaseModel):
    """Where a registration stands in a draw: its row of the public report."""

    registration_id: UUID
    draw_id: UUID
    state: DrawState
    slip: str
    rank: int | None
    """From 1 within its pool of places, once it is drawn; null before, or when it entered later."""
    chosen: bool | None
