"""Tables of reporting: what each fact contributes, and the totals by division, day and month.

A fact names its hosts by the codes at which they were recorded (`hosts`); `today` are those codes
as they are now. The tallies count `today`, and a change of divisions rewrites it by the same rules
(recoding/figures.py). `tallies_then`, a table like the tallies, holds what the map of then has
besides: then = tallies + tallies_then. Folding the facts again gives the same of both.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Column
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel

from services.events.reporting.rules import Grain, Source
from services.kit.columns import code_column, enum_column


class Contribution(SQLModel, table=True):
    """What one activity, or one occurrence's attendance, adds to the totals at present."""

    __tablename__ = "contributions"

    source: Source = Field(sa_column=enum_column(Source, primary_key=True))
    id: UUID = Field(primary_key=True)
    version: int
    """Of the newest fact taken. A cancelled activity keeps its row: late facts stay late."""
    day: date
    hosts: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    today: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    activities: int = 0
    occurrences: int = 0
    attended: int = 0
    verified: int = 0
    counted: int = 0
    estimated: int = 0
    online: int = 0
    answers: int = 0
    satisfied: int = 0


class Tally(SQLModel, table=True):
    """Totals of a division and day, or month: everything at or below it, each activity once.

    A year at the province is 12 rows instead of 365, each on a page of its own.
    """

    __tablename__ = "tallies"

    division_code: str = Field(sa_column=code_column(primary_key=True))
    grain: Grain = Field(sa_column=enum_column(Grain, primary_key=True))
    day: date = Field(primary_key=True)
    """The first of the month, where the row is a month's."""
    activities: int = 0
    share: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """In millionths of an activity: each host's part. Shares of siblings add up, counts do not."""
    occurrences: int = 0
    attended: int = 0
    verified: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    counted: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    estimated: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    online: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    answers: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    satisfied: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
