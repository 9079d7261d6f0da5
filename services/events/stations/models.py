"""Tables of stations and posts. Rows about people have a division and stand behind a wall (RLS)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel

from services.events.stations.rules import PostRole, Sector, StationKind, StationState
from services.kit.columns import code_column, enum_column, now_column
from services.kit.ids import uuid7


class Station(SQLModel, table=True):
    """A place or body through which a division does its work (阵地)."""

    __tablename__ = "stations"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    division_code: str = Field(sa_column=code_column())
    """On today's map."""
    recorded_code: str = Field(sa_column=code_column())
    """On the map of the day it was entered."""
    kind: StationKind = Field(sa_column=enum_column(StationKind))
    name: str
    sector: Sector | None = Field(default=None, sa_column=enum_column(Sector, nullable=True))
    lead_department: str | None = None
    responsible_unit: str | None = None
    place: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    languages: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(TEXT), nullable=False, server_default="{}")
    )
    opened_on: date | None = None
    """Null: it was there before anybody wrote down since when."""
    closed_on: date | None = None
    """The first day on which it is not there any more."""
    close_reason: str | None = None
    state: StationState = Field(default=StationState.OPEN, sa_column=enum_column(StationState))
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class Contact(SQLModel, table=True):
    """Whom to ask at a station; sealed (kit/vault.py), apart from the public row."""

    __tablename__ = "station_contacts"

    station_id: UUID = Field(primary_key=True, foreign_key="stations.id")
    division_code: str = Field(sa_column=code_column())
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    written_at: datetime = Field(sa_column=now_column())


class Post(SQLModel, table=True):
    """A person who holds a role at a division or station from a day to a day."""

    __tablename__ = "posts"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    station_id: UUID | None = Field(default=None, foreign_key="stations.id")
    role: PostRole = Field(sa_column=enum_column(PostRole))
    sector: Sector | None = Field(default=None, sa_column=enum_column(Sector, nullable=True))
    account_id: UUID | None = None
    """Whose it is, when that person has an account."""
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    begins_on: date
    ends_on: date | None = None
    """The last day; null while nobody knows it."""
    end_reason: str | None = None
    predecessor_id: UUID | None = Field(default=None, foreign_key="posts.id")
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())
