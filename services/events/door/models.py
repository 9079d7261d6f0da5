"""Tables of the door. Scans and check-ins taken back are about people and stand behind a wall."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Column, Integer, Interval
from sqlmodel import Field, SQLModel

from services.events.door.rules import Outcome
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7


class EnrolmentCode(SQLModel, table=True):
    """Lets one device in, once and soon. Only a keyed digest of the code is kept."""

    __tablename__ = "enrolment_codes"

    digest: bytes = Field(primary_key=True)
    division_code: str = Field(sa_column=code_column())
    created_by: UUID
    expires_at: datetime = Field(sa_column=time_column())
    device_id: UUID | None = None
    """The device that used it."""


class Device(SQLModel, table=True):
    """A phone at the door. It keeps its private key; we know the public one (P-256, a point)."""

    __tablename__ = "devices"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    division_code: str = Field(sa_column=code_column())
    """It checks in at occurrences that are hosted, or take place, at or below this division."""
    name: str
    public_key: bytes
    enrolled_by: UUID
    enrolled_at: datetime = Field(sa_column=now_column())
    last_seen_at: datetime = Field(sa_column=now_column())
    last_seq: int = 0
    """The highest sequence number that it has told of."""
    clock_offset: timedelta = Field(sa_column=Column(Interval, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    revoked_by: UUID | None = None
    revoke_reason: str | None = None
    version: int = 1


class Contact(SQLModel, table=True):
    """The server and a device spoke, and the server saw how far the device's clock was off."""

    __tablename__ = "device_contacts"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    device_id: UUID = Field(foreign_key="devices.id")
    at: datetime = Field(sa_column=time_column())
    clock_offset: timedelta = Field(sa_column=Column(Interval, nullable=False))


class ScanRow(SQLModel, table=True):
    """A scan as its device signed it, and what it came to. Kept whatever it came to."""

    __tablename__ = "scans"

    key: bytes = Field(primary_key=True)
    """SHA-256 of what the device signed: the same scan is the same row, however often it comes."""
    id: UUID = Field(default_factory=uuid7)
    device_id: UUID = Field(foreign_key="devices.id")
    contact_id: UUID = Field(foreign_key="device_contacts.id")
    """The one it names; the device's first where it names none of its own."""
    client_id: UUID
    seq: int
    device_at: datetime = Field(sa_column=time_column())
    """As the device's clock had it."""
    received_at: datetime = Field(sa_column=time_column())
    occurrence_id: UUID
    """The door that it was made at."""
    division_code: str = Field(sa_column=code_column())
    registration_id: UUID | None = None
    numbers: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    """Who of the party; empty is everybody."""
    by_hand: bool
    signature: bytes
    signed: str
    """What was signed; a ticket stands in it as its digest."""
    refusal: Outcome | None = Field(default=None, sa_column=enum_column(Outcome, nullable=True))
    """Why it can never count."""
    admitted: bool = False
    """The registration was confirmed when it was weighed; what happens to it later is no matter."""
    at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    doubtful: bool = False
    outcome: Outcome = Field(sa_column=enum_column(Outcome))


class TakenBack(SQLModel, table=True):
    """A check-in that staff took back: what was made before it does not count."""

    __tablename__ = "check_ins_taken_back"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    member_id: UUID
    occurrence_id: UUID
    division_code: str = Field(sa_column=code_column())
    checked_in_at: datetime = Field(sa_column=time_column())
    at: datetime = Field(sa_column=time_column())
    by: UUID
    reason: str
