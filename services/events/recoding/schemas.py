"""Wire shapes of orders."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.events.recoding.rules import MOST_LINES, ChangeKind, ChangeState, Line
from services.kit.days import Day
from services.kit.divisions import normalise


def _as_written(code: str) -> str:
    # Not `DivisionCode`: an order speaks of old codes, which that would take to their successors.
    try:
        return normalise(code)
    except ValueError:
        raise PydanticCustomError("division-code", "not a division code") from None


Code = Annotated[str, StringConstraints(max_length=12), AfterValidator(_as_written)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class LineIn(BaseModel):
    """One old code and one that follows it; all below keep the ends of their codes.

    `code` = `successor` with a `name` is a new name alone; with `takes_rest`, a division that only
    loses a part.
    """

    model_config = ConfigDict(extra="forbid")

    code: Code
    successor: Code
    name: Text | None = None
    short_name: Text | None = None
    kind: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    takes_rest: bool = False

    def line(self) -> Line:
        return Line(**self.model_dump())


class ChangeIn(BaseModel):
    """An order as it was issued."""

    model_config = ConfigDict(extra="forbid")

    document: Text
    decided_on: Day
    effective_on: Day
    kind: ChangeKind
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None


class ChangeOut(BaseModel):
    """An order, what its rehearsal said, and what came of it."""

    id: UUID
    document: str
    decided_on: date
    effective_on: date
    kind: ChangeKind
    scope_code: str
    lines: list[LineIn]
    note: str | None
    state: ChangeState
    codes: int
    """How many divisions give up their code, all tiers together."""
    rehearsed: dict[str, Any] | None
    rehearsed_at: datetime | None
    figures: dict[str, Any] | None
    """Rows at the old codes before and after by table; divisions founded, abolished, renamed."""
    applied_at: datetime | None
    job: str | None
    version: int
    created_at: datetime
    allowed_actions: list[str]
