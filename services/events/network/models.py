"""Tables of the register: divisions, editions, successions."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column
from services.kit.divisions import Tier
from services.kit.ids import uuid7


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
    """The Ministry of Civil Affairs' code where it differs. Another system: never joined on."""
    edition: str
    longitude: float | None = None
    latitude: float | None = None
    """A point inside, WGS-84 degrees; null where no source has one."""
    abolished_on: date | None = None


class Edition(SQLModel, table=True):
    """One edition of the register, with its source."""

    __tablename__ = "editions"

    edition: str = Field(primary_key=True)
    source: str
    divisions: int
    loaded_at: datetime = Field(sa_column=now_column())


class Succession(SQLModel, table=True):
    """Whose code replaced whose, and how that is known."""

    __tablename__ = "successions"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    code: str = Field(sa_column=code_column())
    successor_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    kind: str
    effective_on: str
    """A day, or the edition bound that is all we know (see `precision`)."""
    precision: str
    basis: str
