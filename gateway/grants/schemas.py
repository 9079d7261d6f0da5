"""Wire shapes of grants."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kit.access import Role
from services.kit.days import Day
from services.kit.divisions import DivisionCode

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GrantIn(_In):
    """A role for somebody. Days include both ends; without `until_day` it lasts."""

    account_id: UUID
    role: Role
    division_code: DivisionCode
    from_day: Day
    until_day: Day | None = None
    reason: Reason


class GrantOut(BaseModel):
    id: UUID
    account_id: UUID
    role: Role
    division_code: str
    recorded_code: str
    from_day: date
    until_day: date | None
    reason: str
    deputy_for: UUID | None
    taken_from: UUID | None
    granted_by: UUID | None
    ended_at: datetime | None
    valid_today: bool
    allowed_actions: list[str]


class EndIn(_In):
    reason: Reason


class HandoverIn(_In):
    """Posts that move to a successor; without `grants`, all that the account holds."""

    grants: Annotated[list[UUID], Field(min_length=1, max_length=100)] | None = None
    to: UUID
    from_day: Day
    reason: Reason


class AbsenceIn(_In):
    """Who stands in, and for which days (both included)."""

    deputy: UUID
    from_day: Day
    until_day: Day
    reason: Reason


class GrantsOut(BaseModel):
    """The grants that came of it."""

    items: list[GrantOut]
