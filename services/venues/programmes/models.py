"""Tables of programmes: the programme, and its versions as they were written."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.programmes.states import VersionState

__all__ = ["Programme", "ProgrammeVersion", "VersionState"]


class Programme(SQLModel, table=True):
    __tablename__ = "programmes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    key: str = Field(unique=True)
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class ProgrammeVersion(SQLModel, table=True):
    __tablename__ = "programme_versions"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    number: int
    definition: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: VersionState = Field(default=VersionState.DRAFT, sa_column=enum_column(VersionState))
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())
    published_by: UUID | None = None
    published_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
