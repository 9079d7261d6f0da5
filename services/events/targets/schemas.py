"""Wire shapes of targets."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.events.registrations.schemas import Given
from services.events.reporting.schemas import UnknownOut
from services.events.targets.rules import Measure, Unit
from services.kit.days import Day
from services.kit.divisions import DivisionCode

UNSET: Any = None
"""The default of a field that may be left out and may not be null; see `exclude_unset`."""

Goal = Annotated[Decimal, Field(gt=0, le=9_999_999, decimal_places=2)]
Value = Annotated[Decimal, Field(ge=0, le=9_999_999, decimal_places=2)]
Source = Annotated[str, StringConstraints(min_length=2, max_length=500)]
Department = Annotated[str, StringConstraints(min_length=2, max_length=200)]


class TargetIn(Given):
    """A goal of a division. For counties_with_venue it may be left out: every county."""

    division_code: DivisionCode
    measure: Measure
    goal: Goal | None = None
    due_on: Day
    lead_department: Department | None = None
    source: Source
    """The document that sets it."""


class PartIn(Given):
    """The part of a division directly below; due with the whole when no day is given."""

    division_code: DivisionCode
    goal: Goal | None = None
    due_on: Day | None = None
    lead_department: Department | None = None
    source: Source


class TargetPatch(Given):
    goal: Goal | None = None
    due_on: Day = Field(default=UNSET)
    lead_department: Department | None = None
    source: Source = Field(default=UNSET)


class ValueIn(Given):
    """What it stood at on a day, and who says so."""

    value: Value
    as_of: Day
    source: Source
    note: str | None = Field(default=None, max_length=1000)


class WithdrawIn(Given):
    reason: str = Field(min_length=2, max_length=500)


class CurrentOut(BaseModel):
    """The latest value that was not withdrawn, or the platform's own count."""

    value: float
    as_of: date
    source: str | None
    """Null: counted by the platform."""
    note: str | None


class PartsOut(BaseModel):
    """What its parts say together. Sums of percentages mean nothing and are null."""

    count: int
    goals: float | None
    known: int
    """Parts with a value."""
    values: float | None
    """Null while a part is not known."""


class TargetOut(BaseModel):
    id: UUID
    division_code: str
    division_name: str | None
    parent_id: UUID | None
    measure: Measure
    name: str
    unit: Unit
    goal: float | None
    due_on: date
    lead_department: str | None
    source: str
    current: CurrentOut | None
    gap: float | None
    reached: bool | None
    overdue: bool
    """The day has passed, and it is not known to be reached."""
    parts: PartsOut
    unknown: list[UnknownOut]
    version: int
    allowed_actions: list[str]


class ValueOut(BaseModel):
    """A value as it was recorded."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    target_id: UUID
    value: float
    as_of: date
    source: str
    note: str | None
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdraw_reason: str | None
