"""What scans made without a line come to: a fold over sets, whatever order they arrive in.

When a scan was made is worked out from what its device signed and from the contact it names (the
last time that device and the server spoke, when the server measured how far the clock was off):

1. the device's clock, corrected by the offset that was measured at the contact;
2. never before the contact itself, and within one contact never before a scan with a lower
   sequence number (a clock that was set back does not make a scan earlier);
3. within the hours of the door.

The raw time is kept; where 2 or 3 changed something, the scan is `doubtful`. The first of several
scans of one person is the least by (time, on line before offline, device, sequence, digest). None
of it depends on when a scan was delivered, so two devices may sync in either order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from services.events.registrations.rules import RegistrationState
from services.kit.problems import Conflict, Forbidden, Missing, TooMany, Unauthenticated

CODE_LIFE = timedelta(minutes=10)
CONTACT_LIFE = timedelta(minutes=10)
"""How long a contact is named by new scans before the next sync makes another."""
CONTACT_DRIFT = timedelta(seconds=1)
"""A clock that moved by more than this since the last contact gets a new one at once."""
TRIES = 5
TRY_WINDOW = timedelta(minutes=5)
NO_DEVICE = UUID(int=0)


class Outcome(StrEnum):
    """What one scan came to."""

    COUNTED = "counted"
    """At least one person came by it."""
    DUPLICATE = "duplicate"
    """Everybody it names had come before; the answer says by which device, and when."""
    BAD_SIGNATURE = "bad_signature"
    """Not signed by the device that delivers it; not kept."""
    BAD_TICKET = "bad_ticket"
    UNKNOWN = "unknown"
    """There is no such registration."""
    WRONG_OCCURRENCE = "wrong_occurrence"
    OUT_OF_REACH = "out_of_reach"
    """The device is of another division than host and place of the occurrence."""
    NOT_CONFIRMED = "not_confirmed"
    """The party waits, or was offered places and has not taken them."""
    CANCELLED = "cancelled"
    OVER_PARTY = "over_party"
    """None of the numbers is of somebody who is in the party."""
    DEVICE_REVOKED = "device_revoked"
    """Made after the device was revoked, by the order of its sequence numbers."""
    TAKEN_BACK = "taken_back"
    """Staff took the check-in back after this scan was made."""


# ── What can go wrong ────────────────────────────────────────────────────────────────────────────


class UnknownDevice(Unauthenticated):
    """No such device, or not its signature."""


class DeviceRevoked(Forbidden):
    """The device was revoked: it is sent no lists any more. Its scans are still taken."""


class EnrolmentCodeUnusable(Missing):
    """The code is wrong, used by another device, or too old."""


class DeviceKeyTaken(Conflict):
    """The key is of a device that is enrolled already."""


class AlreadyRevoked(Conflict):
    """The device was revoked before."""


class WrongDoorCode(Conflict):
    """The code at the door has changed, or is of another door."""


class NotRegistered(Conflict):
    """The caller has no confirmed registration for this occurrence."""


class TooManyDoorCodes(TooMany):
    """Too many codes were tried for this occurrence."""

    retry_after = int(TRY_WINDOW.total_seconds())


# ── When a scan was made ─────────────────────────────────────────────────────────────────────────


class Window(NamedTuple):
    """The hours of the door, both ends included."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Scan:
    """One signed scan as it is weighed. `key` is the digest of what the device signed."""

    key: bytes
    device: UUID
    seq: int
    device_at: datetime
    contact_at: datetime
    """When the server heard of the device last, before the scan."""
    offset: timedelta
    """Server clock less device clock, measured then."""
    received_at: datetime
    people: tuple[UUID, ...] = ()
    """Those it names who are in the party."""
    refusal: Outcome | None = None
    """Why it cannot count, whatever the others say."""


class Moment(NamedTuple):
    """When a scan was made, and whether the device's clock was overruled."""

    at: datetime
    doubtful: bool


def corrected(device_at: datetime, offset: timedelta) -> datetime:
    """The device's clock set right by what was measured; a clock may show any year there is."""
    try:
        return device_at + offset
    except OverflowError:
        edge = datetime.max if offset > timedelta(0) else datetime.min
        return edge.replace(tzinfo=UTC)


def moments(scans: Iterable[Scan], window: Window) -> dict[bytes, Moment]:
    """When each was made, by the rule at the head of this module."""
    found = {}
    in_order = sorted(scans, key=lambda s: (s.device, s.contact_at, s.seq, s.key))
    for _, line in groupby(in_order, key=lambda s: (s.device, s.contact_at)):
        latest: datetime | None = None
        for scan in line:
            said = corrected(scan.device_at, scan.offset)
            latest = max(said, scan.contact_at, latest or said)
            at = min(max(latest, window.opens), window.closes)
            found[scan.key] = Moment(at, at != said)
    return found


def needs_new_contact(
    now: datetime, offset: timedelta, last_at: datetime, last_offset: timedelta
) -> bool:
    """Is the last contact too old, or the clock not what it was?"""
    return now - last_at >= CONTACT_LIFE or abs(offset - last_offset) > CONTACT_DRIFT


# ── Revoked devices ──────────────────────────────────────────────────────────────────────────────


def cut_of(revoked_at: datetime, scans: Iterable[Scan]) -> int | None:
    """The sequence number from which on a revoked device's scans are refused; None: from nowhere.

    The first one that its corrected clock puts at or after the revocation. Sequence numbers only
    grow, so what follows is later too, even when the clock was then set back. What was received
    before the revocation was made before it.
    """
    late = [
        scan.seq
        for scan in scans
        if scan.received_at >= revoked_at
        and max(corrected(scan.device_at, scan.offset), scan.contact_at) >= revoked_at
    ]
    return min(late, default=None)


def is_barred(scan: Scan, revoked_at: datetime, cut: int | None) -> bool:
    """Does the scan come after its device was revoked?"""
    return cut is not None and scan.received_at >= revoked_at and scan.seq >= cut


# ── Who was first ────────────────────────────────────────────────────────────────────────────────


class Claim(NamedTuple):
    """One reason to hold that a person came; claims compare by who was first."""

    at: datetime
    offline: bool
    device: UUID
    seq: int
    key: bytes


def entered(at: datetime) -> Claim:
    """The claim of a check-in made on line: the server's clock dates it."""
    return Claim(at, False, NO_DEVICE, 0, b"")


@dataclass(frozen=True, slots=True)
class Settled:
    """What the claims of an occurrence come to."""

    firsts: dict[UUID, Claim]
    """By person: everybody here has come."""
    outcomes: dict[bytes, Outcome]
    moments: dict[bytes, Moment]


def settle(
    scans: Iterable[Scan],
    online: Mapping[UUID, datetime],
    taken_back: Mapping[UUID, datetime],
    barred: frozenset[bytes],
    window: Window,
) -> Settled:
    """Who came, first by what, and what each scan came to.

    `online` are check-ins made on line, by person; `taken_back` when staff last took a person's
    check-in back: whatever was made, or known, before that does not count.
    """
    scans = list(scans)
    when = moments(scans, window)
    firsts = {person: entered(at) for person, at in online.items()}
    claims: dict[bytes, list[tuple[UUID, Claim]]] = {}
    outcomes: dict[bytes, Outcome] = {}
    for scan in scans:
        refusal = _refusal(scan, barred)
        if refusal is not None:
            outcomes[scan.key] = refusal
            continue
        claim = Claim(when[scan.key].at, True, scan.device, scan.seq, scan.key)
        claims[scan.key] = [
            (person, claim)
            for person in scan.people
            if not _is_void(claim.at, scan.received_at, taken_back.get(person))
        ]
        for person, _ in claims[scan.key]:
            firsts[person] = min(firsts.get(person, claim), claim)
    for key, made in claims.items():
        if not made:
            outcomes[key] = Outcome.TAKEN_BACK
        elif any(firsts[person] == claim for person, claim in made):
            outcomes[key] = Outcome.COUNTED
        else:
            outcomes[key] = Outcome.DUPLICATE
    return Settled(firsts, outcomes, when)


def _refusal(scan: Scan, barred: frozenset[bytes]) -> Outcome | None:
    if scan.refusal is not None:
        return scan.refusal
    if scan.key in barred:
        return Outcome.DEVICE_REVOKED
    return None if scan.people else Outcome.OVER_PARTY


def _is_void(made_at: datetime, received_at: datetime, taken_back_at: datetime | None) -> bool:
    return taken_back_at is not None and min(made_at, received_at) <= taken_back_at


def refusal_of(state: RegistrationState) -> Outcome | None:
    """Why a registration in this state lets nobody in."""
    match state:
        case RegistrationState.CONFIRMED:
            return None
        case RegistrationState.CANCELLED | RegistrationState.LAPSED:
            return Outcome.CANCELLED
        case _:
            return Outcome.NOT_CONFIRMED


# ── The rotating code ────────────────────────────────────────────────────────────────────────────


def step_of(now: datetime, period_s: int) -> int:
    """The number of the period that `now` is in (as in RFC 6238)."""
    return int(now.timestamp()) // period_s


def code_of(digest: bytes) -> str:
    """Six digits of a keyed digest of door and period."""
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def steps_around(step: int, tolerance: int) -> range:
    """The periods whose codes are taken now: people type slowly, and screens refresh late."""
    return range(step - tolerance, step + tolerance + 1)
