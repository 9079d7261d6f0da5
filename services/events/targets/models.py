"""Tables of targets and of the values recorded for them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, Numeric
from sqlmodel import Field, SQLModel

from services.events.targets.rules import Measure
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7


class Target(SQLModel, table=True):
    __tablename__ = "targets"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    division_code: str = Field(sa_column=code_column())
    """Who owns it, on today's map."""
    recorded_code: str = Field(sa_column=code_column())
    parent_id: UUID | None = Field(default=None, foreign_key="targets.id")
    measure: Measure = Field(sa_column=enum_column(Measure))
    goal: Decimal | None = Field(default=None, sa_column=Column(Numeric(12, 2)))
    """Null: every one that there is."""
    due_on: date
    lead_department: str | None = None
    source: str
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class TargetValue(SQLModel, table=True):
    """A value as somebody recorded it; never changed, at most withdrawn."""

    __tablename__ = "target_values"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    target_id: UUID = Field(foreign_key="targets.id")
    value: Decimal = Field(sa_column=Column(Numeric(12, 2), nullable=False))
    as_of: date
    source: str
    note: str | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(sa_column=now_column())
    withdrawn_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    withdrawn_by: UUID | None = None
    withdraw_reason: str | None = None
