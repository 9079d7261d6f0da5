"""Wire shapes of devices, their lists and their scans."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from pydantic_core import PydanticCustomError

from services.events.door.proofs import point
from services.events.door.rules import Outcome
from services.events.registrations.rules import RegistrationState
from services.events.registrations.schemas import MAX_PARTY, Given
from services.kit.divisions import DivisionCode

MAX_SCANS = 500
MAX_SEQ = 2_147_483_647


def _on_the_curve(given: str) -> str:
    try:
        point(given)
    except ValueError as error:
        raise PydanticCustomError("public-key", "not a P-256 point") from error
    return given


DeviceName = Annotated[str, Field(min_length=1, max_length=60)]
Signature = Annotated[str, Field(max_length=100, pattern="^[A-Za-z0-9_-]*$")]
"""r‖s, 64 bytes, base64url."""
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
Number = Annotated[int, Field(ge=1, le=MAX_PARTY)]
Reason = Annotated[str, Field(min_length=2, max_length=200)]


# ── Devices ──────────────────────────────────────────────────────────────────────────────────────


class EnrolmentCodeIn(Given):
    """Where the device will check in: at this division and below."""

    division_code: DivisionCode


class EnrolmentCodeOut(BaseModel):
    """Shown once. `link` opens the scanner page with the code in its fragment; `qr` draws it."""

    code: str
    division_code: str
    expires_at: datetime
    link: str
    qr: str


class EnrolIn(Given):
    """A device with a key of its own (P-256, base64url of the uncompressed point).

    `signature` is over the lines `kepu-enrolment-1`, code, name, public_key.
    """

    code: str = Field(min_length=4, max_length=40)
    name: DeviceName
    device_at: AwareDatetime
    """As its clock has it."""
    public_key: Annotated[str, Field(max_length=100), AfterValidator(_on_the_curve)]
    signature: Signature


class DevicePatch(Given):
    name: DeviceName


class RevokeIn(Given):
    """Why: lost, given away, broken."""

    reason: Reason


class DeviceOut(BaseModel):
    """A device. `clock_offset_ms` is server clock less device clock at the last contact."""

    id: UUID
    division_code: str
    name: str
    enrolled_by: UUID
    enrolled_at: datetime
    last_seen_at: datetime
    clock_offset_ms: int
    revoked_at: datetime | None
    revoke_reason: str | None
    version: int
    allowed_actions: list[str]


class ContactOut(BaseModel):
    """What the next scans name: proof that they were made after this."""

    id: UUID
    at: datetime


class OwnDeviceOut(BaseModel):
    """What a device hears of itself."""

    id: UUID
    name: str
    division_code: str
    clock_offset_ms: int
    revoked_at: datetime | None
    contact: ContactOut


# ── What a device takes along ────────────────────────────────────────────────────────────────────


class PackOut(BaseModel):
    """An occurrence that a device may serve, and what is needed to do so without a line.

    Its registrations are a list of their own: pages that arrived need not be fetched again.
    """

    occurrence_id: UUID
    title: str
    place: str | None
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    """The hours of the door: also how long the pack is of use."""
    verified: int
    keys: list[dict[str, str]]


class PackRegistrationOut(BaseModel):
    """A party at the door: no names but a masked one."""

    id: UUID
    state: RegistrationState
    name: str
    """Of the first person, masked."""
    party_size: int
    numbers: list[int]
    came: list[int]


# ── Scans ────────────────────────────────────────────────────────────────────────────────────────


class ScanIn(Given):
    """One scan. What it names is decided by the server; only its form is checked here.

    `signature` is over the lines `kepu-scan-1`, device, contact_id, client_id, seq, device_at in
    milliseconds, occurrence_id, hex SHA-256 of the ticket or empty, registration_id or empty,
    members with commas.
    """

    client_id: UUID
    contact_id: UUID
    seq: Seq
    device_at: AwareDatetime
    """As the device's clock has it, however wrong."""
    occurrence_id: UUID
    """The door."""
    ticket: str | None = Field(default=None, max_length=4000)
    registration_id: UUID | None = None
    """Chosen by hand, where there is no ticket."""
    members: list[Number] = Field(default_factory=list, max_length=MAX_PARTY)
    """Numbers within the party; none means everybody that the ticket names."""
    signature: Signature


class SyncIn(Given):
    """Scans in any order, also repeated; none is a way to ask how things stand."""

    last_seq: Seq
    """The highest sequence number that the device has given so far."""
    scans: list[ScanIn] = Field(max_length=MAX_SCANS)


class FirstOut(BaseModel):
    """When a person first came, and by which device; null: checked in on line."""

    number: int
    at: datetime
    device_id: UUID | None
    device_name: str | None


class ScanOut(BaseModel):
    """What a scan came to, as of now: an earlier one of another device may still arrive."""

    client_id: UUID
    outcome: Outcome
    counted: list[int]
    """The numbers that came by this scan."""
    firsts: list[FirstOut]
    """For the others of its numbers: by what they came before."""
    at: datetime | None
    """When it was made, as worked out; null when it was refused unread."""
    doubtful: bool
    """The device's clock was overruled."""
    device_revoked: bool
    """Counted, but its device has been revoked since: worth a look."""


class SyncOut(BaseModel):
    """`scans` are in the order given."""

    device: OwnDeviceOut
    server_time: datetime
    scans: list[ScanOut]
    verified: dict[UUID, int]
    """People checked in, by each occurrence that the scans are of."""


class KeptScanOut(BaseModel):
    """A kept scan, for the list of what needs a look."""

    id: UUID
    client_id: UUID
    device_id: UUID
    device_name: str
    seq: int
    occurrence_id: UUID
    registration_id: UUID | None
    members: list[int]
    outcome: Outcome
    device_at: datetime
    at: datetime | None
    doubtful: bool
    device_revoked: bool
    received_at: datetime


# ── The rotating code ────────────────────────────────────────────────────────────────────────────


class DoorCodeOut(BaseModel):
    """Six digits for the screen at the door."""

    occurrence_id: UUID
    code: str
    expires_at: datetime
    period_s: int


class SelfCheckInIn(Given):
    """The code at the door, for one's own registration. A party of several says who is here."""

    occurrence_id: UUID
    code: str = Field(pattern="^[0-9]{6}$")
    members: list[Number] | None = Field(default=None, min_length=1, max_length=MAX_PARTY)


class TakeBackIn(Given):
    """Why a check-in is taken back."""

    reason: Reason
