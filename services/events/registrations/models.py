"""Tables of registrations. Rows about people carry a division and stand behind a wall (RLS)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.events.registrations.rules import Grade, RegistrationState
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7


class Pool(SQLModel, table=True):
    """Places that several ticket kinds may share; confirmed + offered ≤ capacity, by CHECK."""

    __tablename__ = "pools"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    occurrence_id: UUID = Field(foreign_key="occurrences.id")
    name: str
    capacity: int
    confirmed: int = 0
    offered: int = 0
    waiting: int = 0
    """Parties (not people) on the list: while it is not 0, newcomers queue."""
    next_number: int = 1
    open: bool = True
    """False once the occurrence is postponed or cancelled: read under the lock of this row, so
    that nobody slips in beside a cancellation."""
    version: int = 1
    """Grows with every edit of the capacity; registrations do not touch it."""


class Ticket(SQLModel, table=True):
    """A ticket kind: who may come with it, and which pool it draws from."""

    __tablename__ = "tickets"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    occurrence_id: UUID = Field(foreign_key="occurrences.id")
    pool_id: UUID = Field(foreign_key="pools.id")
    name: str
    min_age: int | None = None
    max_age: int | None = None
    max_party: int = 10


class Registration(SQLModel, table=True):
    """One party for one occurrence."""

    __tablename__ = "registrations"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    client_id: UUID | None = None
    occurrence_id: UUID
    pool_id: UUID = Field(foreign_key="pools.id")
    ticket_id: UUID = Field(foreign_key="tickets.id")
    division_code: str = Field(sa_column=code_column())
    """The lead host's division on today's map: whose staff sees this row."""
    recorded_code: str = Field(sa_column=code_column())
    account_id: UUID | None = None
    """Whose it is; null when staff registered somebody without an account."""
    proxy_by: UUID | None = None
    party_size: int
    split_ok: bool = False
    """Will the party take part of its places? Otherwise all or none."""
    number: int
    """Order of arrival within the pool."""
    state: RegistrationState = Field(sa_column=enum_column(RegistrationState))
    offered_places: int = 0
    offer_expires_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1
    created_at: datetime = Field(sa_column=now_column())


class Member(SQLModel, table=True):
    """One person of a party. Names and phones are sealed (kit/vault.py)."""

    __tablename__ = "members"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    registration_id: UUID = Field(foreign_key="registrations.id")
    division_code: str = Field(sa_column=code_column())
    account_id: UUID | None = None
    proxy_by: UUID | None = None
    position: int
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    age: int | None = None
    guardian_sealed: bytes | None = None
    guardian_phone_sealed: bytes | None = None
    guardian_consent_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    dropped_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When a split offer left this person without a place, or they were taken off the party."""


@dataclass(slots=True)
class NewRegistration:
    """A registration about to be written: on the hot path a table object costs ten times this."""

    id: UUID
    client_id: UUID | None
    occurrence_id: UUID
    pool_id: UUID
    ticket_id: UUID
    division_code: str
    account_id: UUID | None
    proxy_by: UUID | None
    party_size: int
    split_ok: bool
    created_at: datetime
    number: int = 0
    """Not known until the pool is ours; nor is the state."""
    state: RegistrationState = RegistrationState.WAITING
    offered_places: int = 0
    offer_expires_at: datetime | None = None
    version: int = 1


@dataclass(slots=True)
class NewMember:
    """A person of a `NewRegistration`."""

    id: UUID
    position: int
    name_sealed: bytes
    name_masked: str
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    age: int | None = None
    guardian_sealed: bytes | None = None
    guardian_phone_sealed: bytes | None = None
    guardian_consent_at: datetime | None = None
    dropped_at: datetime | None = None


class CheckIn(SQLModel, table=True):
    """A person came: one row a member. A mistaken one is taken back by staff (undo)."""

    __tablename__ = "check_ins"

    member_id: UUID = Field(primary_key=True, foreign_key="members.id")
    occurrence_id: UUID = Field(foreign_key="occurrences.id")
    division_code: str = Field(sa_column=code_column())
    account_id: UUID | None = None
    at: datetime = Field(sa_column=now_column())
    by: UUID
    method: str
    device_id: UUID | None = None
    """Whose scan it is due to, when it was made without a line."""
    scan_key: bytes | None = None
    entered_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When it was also made on line: kept when a device's scan turns out to be earlier."""
    entered_by: UUID | None = None
    entered_method: str | None = None


class Attendance(SQLModel, table=True):
    """A number of people that came, by how it is known. `verified` is never here: it is counted."""

    __tablename__ = "attendance"

    occurrence_id: UUID = Field(primary_key=True, foreign_key="occurrences.id")
    grade: Grade = Field(sa_column=enum_column(Grade, primary_key=True))
    number: int
    note: str | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(sa_column=now_column())


class Correction(SQLModel, table=True):
    """A number of attendance that was known, and was changed."""

    __tablename__ = "attendance_corrections"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    occurrence_id: UUID = Field(foreign_key="occurrences.id")
    grade: str
    before: int | None = None
    after: int | None = None
    reason: str | None = None
    by: UUID
    at: datetime = Field(sa_column=time_column())
