"""Tables of reporting: what each fact contributes, and the totals by division and day."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column


class Contribution(SQLModel, table=True):
    """What one activity, or one occurrence's attendance, adds to the totals at present."""

    __tablename__ = "contributions"

    source: str = Field(primary_key=True)
    """`activity` or `attendance`."""
    id: UUID = Field(primary_key=True)
    version: int
    day: date
    hosts: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    activities: int = 0
    occurrences: int = 0
    verified: int = 0
    counted: int = 0
    estimated: int = 0
    online: int = 0


class Tally(SQLModel, table=True):
    """Totals of a division and day: everything at or below it, each activity counted once."""

    __tablename__ = "tallies"

    division_code: str = Field(sa_column=code_column(primary_key=True))
    day: date = Field(primary_key=True)
    activities: int = 0
    activity_share: Decimal = Field(sa_column=Column(Numeric(14, 6), nullable=False))
    """Each host's equal share of a co-hosted activity; shares of siblings add up, counts do not."""
    occurrences: int = 0
    verified: int = 0
    counted: int = 0
    estimated: int = 0
    online: int = 0
