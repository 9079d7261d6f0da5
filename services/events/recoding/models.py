"""Tables of orders: what was ordered, what it does to each code, what it made of the register."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.events.recoding.rules import ChangeKind, ChangeState
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7


def _json(*, nullable: bool = True) -> Column[Any]:
    return Column(JSONB(none_as_null=True), nullable=nullable)


class Change(SQLModel, table=True):
    """An order that changes divisions: its document, its day, its lines, and what came of it."""

    __tablename__ = "division_changes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    document: str
    """Its number: 国函〔2019〕106号."""
    decided_on: date
    effective_on: date
    kind: ChangeKind = Field(sa_column=enum_column(ChangeKind))
    scope_code: str = Field(sa_column=code_column())
    """The nearest division that holds all old and new ones: who manages it may see the order."""
    lines: list[dict[str, Any]] = Field(sa_column=_json(nullable=False))
    note: str | None = None
    state: ChangeState = Field(default=ChangeState.ENTERED, sa_column=enum_column(ChangeState))
    rehearsed: dict[str, Any] | None = Field(default=None, sa_column=_json())
    rehearsed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    figures: dict[str, Any] | None = Field(default=None, sa_column=_json())
    applied_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    job_id: UUID | None = None
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(default=None, sa_column=now_column())


class ChangeCode(SQLModel, table=True):
    """One code that is given up, and where its rows go."""

    __tablename__ = "division_change_codes"

    change_id: UUID = Field(primary_key=True)
    old_code: str = Field(sa_column=code_column(primary_key=True))
    new_code: str = Field(sa_column=code_column())
