"""The table of grants."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from gateway.identity.rules import now
from services.kit.access import Role
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7


class GrantRow(SQLModel, table=True):
    """A role at a division for some days (both included; in the province's time)."""

    __tablename__ = "grants"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID
    role: Role = Field(sa_column=enum_column(Role))
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    from_day: date
    until_day: date | None = None
    reason: str
    deputy_for: UUID | None = None
    """The grant whose holder is absent."""
    taken_from: UUID | None = None
    """The grant that was handed over."""
    granted_by: UUID | None = None
    """None: by the operator's command, or at the first start."""
    ended_by: UUID | None = None
    ended_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    created_at: datetime = Field(default_factory=now, sa_column=now_column())
