"""The table of campaigns."""

from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column
from services.kit.ids import uuid7


class Campaign(SQLModel, table=True):
    __tablename__ = "campaigns"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str
    theme: str | None = None
    starts_on: str
    """As reported: a day or only a month (2022-06)."""
    ends_on: str | None = None
    place: str | None = None
    division_code: str = Field(sa_column=code_column())
    reported: str | None = None
    source: str
