"""Tables of the register. Rows about people stand at a division and behind a wall (RLS)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.registry.rules import (
    Admission,
    Datum,
    NameKind,
    PlaceEvidence,
    VenueKind,
    VenueState,
)


def _texts() -> Any:
    return Field(
        default_factory=list, sa_column=Column(ARRAY(TEXT), nullable=False, server_default="{}")
    )


class Venue(SQLModel, table=True):
    __tablename__ = "venues"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str
    kind: VenueKind = Field(sa_column=enum_column(VenueKind))
    division_code: str = Field(sa_column=code_column())
    """Where it is on today's map."""
    recorded_code: str = Field(sa_column=code_column())
    """Where it was entered, on the map of that day."""
    longitude: float | None = None
    latitude: float | None = None
    """WGS-84."""
    given_datum: Datum | None = Field(default=None, sa_column=enum_column(Datum, nullable=True))
    """What the point was given in, before it was converted."""
    altitude_m: int | None = None
    address: str | None = None
    introduction: str | None = None
    phone: str | None = None
    """The public's number to ask at: an institution's, nobody's own."""
    website: str | None = None
    languages: list[str] = _texts()
    accessibility: list[str] = _texts()
    capacity: int | None = None
    """The most people inside at once."""
    admission: Admission | None = Field(
        default=None, sa_column=enum_column(Admission, nullable=True)
    )
    admission_note: str | None = None
    publicly_funded: bool | None = None
    open_all_year: bool | None = None
    host_name: str | None = None
    host_uscc: str | None = None
    exhibits: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    source: str | None = None
    """The public page that a venue nobody entered is known from."""
    place_evidence: PlaceEvidence | None = Field(
        default=None, sa_column=enum_column(PlaceEvidence, nullable=True)
    )
    state: VenueState = Field(default=VenueState.DRAFT, sa_column=enum_column(VenueState))
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class VenueName(SQLModel, table=True):
    """Another name that a venue goes or went by."""

    __tablename__ = "venue_names"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    name: str
    kind: NameKind = Field(sa_column=enum_column(NameKind))
    until_on: date | None = None
    """The last day of a former name, where it is known."""
    source: str | None = None


class VenueCounty(SQLModel, table=True):
    """One more division that a venue lies in."""

    __tablename__ = "venue_counties"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())


class VenueContact(SQLModel, table=True):
    """Whom to ask at a venue; sealed (kit/vault.py), apart from the public row."""

    __tablename__ = "venue_contacts"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    duty: str | None = None
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    written_at: datetime = Field(sa_column=now_column())


class Representative(SQLModel, table=True):
    """An account that acts for a venue from a day to a day."""

    __tablename__ = "venue_representatives"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    account_id: UUID
    from_on: date
    until_on: date | None = None
    """The last day; None: until it is ended."""
    ended_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When it was ended at once."""
    end_reason: str | None = None
    version: int = 1
    appointed_by: UUID
    appointed_at: datetime = Field(sa_column=now_column())


class Deletion(SQLModel, table=True):
    """A draft that was a mistake: what it was, and why it went. The id is the venue's."""

    __tablename__ = "venue_deletions"

    id: UUID = Field(primary_key=True)
    name: str
    kind: VenueKind = Field(sa_column=enum_column(VenueKind))
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    entered: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str
    deleted_by: UUID
    deleted_at: datetime = Field(sa_column=time_column())
