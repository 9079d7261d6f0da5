"""Tables of outliers: the flags themselves, and what is usual for a form and tier."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.events.activities.outliers.rules import OutlierState, Rule
from services.events.activities.rules import Form
from services.kit.columns import enum_column, now_column, time_column
from services.kit.ids import uuid7


class Outlier(SQLModel, table=True):
    """One rule that one occurrence stands out by; gone when it no longer does."""

    __tablename__ = "outliers"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    occurrence_id: UUID
    activity_id: UUID
    """Its lead's division is whose numbers they are: not copied here, divisions change."""
    rule: Rule = Field(sa_column=enum_column(Rule))
    number: int
    compared: int
    state: OutlierState = Field(default=OutlierState.OPEN, sa_column=enum_column(OutlierState))
    reason: str | None = None
    dismissed_by: UUID | None = None
    dismissed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    raised_at: datetime = Field(sa_column=now_column())
    """Anew when its number changed."""
    version: int = 1


class HeadcountNorm(SQLModel, table=True):
    """The median of a form at a tier (`digits`: the length of its lead's code)."""

    __tablename__ = "headcount_norms"

    form: Form = Field(sa_column=enum_column(Form, primary_key=True))
    digits: int = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    """`headcount` or `capacity`."""
    occurrences: int
    median: float
    computed_at: datetime = Field(sa_column=now_column())
