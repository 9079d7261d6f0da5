"""Tables of reservations, halls and visits. Rows about people stand behind a wall (RLS)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.reservations.rules import PenaltyState, ReservationState, VisitSource


class Settings(SQLModel, table=True):
    """How a venue takes reservations. Its row is held by whoever makes or changes its days."""

    __tablename__ = "reservation_settings"

    venue_id: UUID = Field(primary_key=True, foreign_key="venues.id")
    accepting: bool
    slot_minutes: int
    visit_minutes: int
    per_day: int
    at_once: int
    release_days: int
    group_release_days: int
    release_at: str
    max_party: int
    per_person: int
    group_min: int
    group_max: int
    offer_minutes: int
    grace_minutes: int
    no_shows: int
    no_show_days: int
    penalty_days: int
    version: int = 1
    set_by: UUID
    set_at: datetime = Field(sa_column=now_column())


class Reservation(SQLModel, table=True):
    """One party for one slot. `starts` and `ends` are minutes of the day."""

    __tablename__ = "reservations"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    client_id: UUID | None = None
    venue_id: UUID
    day: date
    starts: int
    ends: int
    starts_at: datetime = Field(sa_column=time_column())
    held_until: datetime = Field(sa_column=time_column())
    """Until when its places wait for a party that is late."""
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    account_id: UUID | None = None
    """Whose it is; null when the desk reserved for somebody without an account."""
    proxy_by: UUID | None = None
    turn: int | None = None
    """Which of the reservations that its owner may have at a time."""
    is_group: bool
    group_name: str | None = None
    party_size: int
    children: int
    number: int
    """Order of arrival within the day."""
    state: ReservationState = Field(sa_column=enum_column(ReservationState))
    offer_expires_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    decision_reason: str | None = None
    arrived_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    arrived: int | None = None
    """How many of the party came."""
    checked_in_by: UUID | None = None
    method: str | None = None
    counted: bool | None = None
    """Of a no-show: does it count? Not on a day on which nobody at all was checked in."""
    version: int = 1
    created_at: datetime = Field(sa_column=now_column())


@dataclass(slots=True)
class NewReservation:
    """A reservation about to be written: on the hot path a table object costs ten times this."""

    id: UUID
    client_id: UUID | None
    venue_id: UUID
    day: date
    starts: int
    ends: int
    starts_at: datetime
    held_until: datetime
    division_code: str
    account_id: UUID | None
    proxy_by: UUID | None
    turn: int | None
    is_group: bool
    group_name: str | None
    party_size: int
    children: int
    number: int
    state: ReservationState
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None
    phone_masked: str | None
    phone_index: bytes | None
    created_at: datetime
    offer_expires_at: datetime | None = None
    decision_reason: str | None = None
    arrived_at: datetime | None = None
    arrived: int | None = None
    version: int = 1


class Penalty(SQLModel, table=True):
    """No reservations at a venue for a while, after too many no-shows."""

    __tablename__ = "penalties"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    account_id: UUID
    no_shows: int
    from_at: datetime = Field(sa_column=time_column())
    until_at: datetime = Field(sa_column=time_column())
    state: PenaltyState = Field(sa_column=enum_column(PenaltyState))
    appeal_sealed: bytes | None = None
    """What the person says: people write about their illnesses here."""
    appealed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    decision_reason: str | None = None
    version: int = 1


class Hall(SQLModel, table=True):
    """A room of a venue that is given out whole."""

    __tablename__ = "halls"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    name: str
    capacity: int | None = None
    open: bool = True
    version: int = 1


class HallHold(SQLModel, table=True):
    """A hall from one moment to another; the database keeps those that hold apart."""

    __tablename__ = "hall_holds"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    hall_id: UUID = Field(foreign_key="halls.id")
    during: Any = Field(sa_column=Column(TSTZRANGE, nullable=False))
    active: bool = True
    purpose: str
    activity_id: UUID | None = None
    occurrence_id: UUID | None = None
    made_by: UUID | None = None
    """Null when an activity that was published holds it."""
    made_at: datetime = Field(sa_column=now_column())
    released_by: UUID | None = None
    released_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1


class Visit(SQLModel, table=True):
    """People who came on a day: a reservation that was checked in, or the count of the day."""

    __tablename__ = "visits"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    venue_id: UUID = Field(foreign_key="venues.id")
    day: date
    source: VisitSource = Field(sa_column=enum_column(VisitSource))
    reservation_id: UUID | None = None
    people: int
    children: int
    free: bool
    recorded_by: UUID | None = None
    recorded_at: datetime = Field(sa_column=time_column())
    version: int = 1


class VisitCorrection(SQLModel, table=True):
    """A head-count that was known, and was changed."""

    __tablename__ = "visit_corrections"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    visit_id: UUID = Field(foreign_key="visits.id")
    before: int
    after: int
    reason: str
    by: UUID
    at: datetime = Field(sa_column=time_column())
