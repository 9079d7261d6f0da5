"""Tables of the register: divisions, editions, successions, former names."""

from datetime import date, datetime

from sqlalchemy import ARRAY, Column, Text
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column
from services.kit.divisions import Tier


def _codes() -> Column[list[str]]:
    return Column(ARRAY(Text), nullable=False, server_default="{}")


class Division(SQLModel, table=True):
    """A division of today's register, or one that was abolished and still answers for its code."""

    __tablename__ = "divisions"

    code: str = Field(sa_column=code_column(primary_key=True))
    name: str
    short_name: str
    tier: Tier = Field(sa_column=enum_column(Tier))
    kind: str
    """乡, 镇, 街道, 村委会 … as the register says."""
    parent_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    official: bool = True
    """False for quasi units (parks, farms) that only the statistics know."""
    civil_affairs_code: str | None = None
    """The Ministry of Civil Affairs' code. Another system: never joined on."""
    civil_affairs_system: str | None = None
    """That system and its edition: MCA-2026."""
    edition: str
    """The latest edition that has it."""
    longitude: float | None = None
    latitude: float | None = None
    """A point inside, WGS-84 degrees; null where no source has one."""
    point_source: str | None = None
    abolished_after: date | None = None
    """The last day on which it is known to have stood; null when `abolished_on` is exact."""
    abolished_on: date | None = None
    """Null while it stands; otherwise the day, or the latest possible one (see `precision`)."""
    precision: str | None = None
    successors: list[str] = Field(default_factory=list, sa_column=_codes())
    """Today's codes that follow an abolished one, through every step; may be none."""
    today: list[str] = Field(default_factory=list, sa_column=_codes())
    """Where its records belong today: the successors, or the nearest ancestor that stands in."""


class Edition(SQLModel, table=True):
    """One edition of the register, with its source."""

    __tablename__ = "editions"

    edition: str = Field(primary_key=True)
    source: str
    divisions: int
    loaded_at: datetime = Field(sa_column=now_column())


class Succession(SQLModel, table=True):
    """One step: whose code replaced whose in which edition, and how that is known."""

    __tablename__ = "successions"

    code: str = Field(sa_column=code_column(primary_key=True))
    edition: str = Field(primary_key=True)
    """The first edition without the old code, or with another meaning of it."""
    successor_code: str = Field(sa_column=code_column(primary_key=True))
    """Empty when none is known."""
    name: str
    successor_name: str
    kind: str
    """recode, rename, merge, split, abolish, unknown."""
    effective_after: date | None = None
    effective_on: date
    precision: str
    """day, month, or edition: then only two editions bound it."""
    reused: bool
    """The code lives on with another meaning."""
    basis: str
    note: str


class FormerName(SQLModel, table=True):
    """A name that a division bore under the code it kept."""

    __tablename__ = "former_names"

    code: str = Field(sa_column=code_column(primary_key=True))
    edition: str = Field(primary_key=True)
    """The first edition with the new name."""
    old_name: str
    new_name: str
    only_spelling: bool
    doubtful: bool
