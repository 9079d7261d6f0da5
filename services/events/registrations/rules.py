"""Vocabulary, lifecycle and decisions of registrations: pure, no I/O; time is passed in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.events.activities.rules import ActivityState, OccurrenceState
from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict, broken
from services.kit.workflow import Needs, Relation, Workflow

LOCAL = ZoneInfo("Asia/Shanghai")
CHECK_IN_BEFORE = timedelta(hours=2)


class ListRule(StrEnum):
    """How a freed place goes to the waiting list; published with the occurrence."""

    STRICT = "strict"
    """Nobody passes: when the first party does not fit, its place is kept until it does."""
    GREEDY = "greedy"
    """The first party that fits."""


class RegistrationState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    ENTERED = "entered"
    """Stands in a draw, and holds nothing yet."""


class Grade(StrEnum):
    """How attendance is known; grades are never added together."""

    VERIFIED = "verified"
    COUNTED = "counted"
    ESTIMATED = "estimated"
    ONLINE = "online"


# ── What can go wrong ────────────────────────────────────────────────────────────────────────────


class RegistrationNotOpen(Conflict):
    """Registration opens later."""


class RegistrationClosed(Conflict):
    """Registration is over, or the occurrence is not one that takes people now."""


class NoRegistration(Conflict):
    """The occurrence takes no registrations: one simply comes."""


class AlreadyRegistered(Conflict):
    """The account has a live registration for this occurrence."""


class ClientIdReused(Conflict):
    """The client_id belongs to a registration for another occurrence."""


class CapacityReached(Conflict):
    """What the CHECK on pools says, should code ever forget."""


class CapacityBelowTaken(Conflict):
    """A capacity is not lowered below what is confirmed or offered."""


class OfferExpired(Conflict):
    """The offer was not taken in time, whether or not it was cleared away already."""


class OccurrenceStarted(Conflict):
    """It has begun: registrations stay as they are."""


class PartyCheckedIn(Conflict):
    """Somebody of the party has come already."""


class NotConfirmed(Conflict):
    """Only a confirmed registration has a ticket and is let in."""


class BadTicket(BrokenRule):
    """Not a ticket that this installation signed."""


class WrongOccurrence(Conflict):
    """The ticket is for another occurrence than the one at this door."""


class CheckInClosed(Conflict):
    """Check-in is open from two hours before the start to the end of the day after."""


class NotCheckedIn(Conflict):
    """There is no check-in to take back."""


class NotHeldYet(Conflict):
    """Attendance is recorded once the occurrence has begun, and not for one that was called off."""


# ── Lifecycle ────────────────────────────────────────────────────────────────────────────────────


def offer_stands(*, now: datetime, expires_at: datetime | None, **_: Any) -> None:
    """Raise OfferExpired when the offer's time is over."""
    if expires_at is None or now >= expires_at:
        raise OfferExpired()


def not_begun(*, now: datetime, starts_at: datetime, checked_in: bool, **_: Any) -> None:
    """Raise once the party, or the occurrence, is past changing its registration."""
    if checked_in:
        raise PartyCheckedIn()
    if now >= starts_at:
        raise OccurrenceStarted()


S = RegistrationState
LIVE = frozenset({S.WAITING, S.OFFERED, S.CONFIRMED, S.ENTERED})
_MINE_OR_STAFF: set[Needs] = {Relation.OWN, P.REGISTRATION_MANAGE}
_NOBODY: set[Needs] = set()  # the list's own steps: no person takes them

LIFECYCLE: Workflow[RegistrationState] = Workflow(
    "registration",
    # action    from                         to           needs           guard
    ("offer", S.WAITING, S.OFFERED, _NOBODY),
    ("accept", S.OFFERED, S.CONFIRMED, _MINE_OR_STAFF, offer_stands),
    ("decline", S.OFFERED, S.CANCELLED, _MINE_OR_STAFF),
    ("lapse", S.OFFERED, S.LAPSED, _NOBODY),
    ("cancel", LIVE, S.CANCELLED, _MINE_OR_STAFF, not_begun),
    ("call_off", LIVE, S.CANCELLED, _NOBODY),
    ("win", S.ENTERED, S.CONFIRMED, _NOBODY),
    ("queue", S.ENTERED, S.WAITING, _NOBODY),
)


def allowed_actions(
    state: RegistrationState, party_size: int, may: Callable[[Needs], bool], **facts: Any
) -> list[str]:
    """The rows of the table that stand open; who may cancel a party may also reduce it."""
    found = LIFECYCLE.allowed(state, may, **facts)
    return [*found, "reduce"] if "cancel" in found and party_size > 1 else found


# ── Places ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Counts:
    """What a pool has given: places confirmed, places offered, parties waiting."""

    confirmed: int = 0
    offered: int = 0
    waiting: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.confirmed + other.confirmed,
            self.offered + other.offered,
            self.waiting + other.waiting,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        return self + Counts(-other.confirmed, -other.offered, -other.waiting)

    @property
    def taken(self) -> int:
        """Places that nobody else can have."""
        return self.confirmed + self.offered


def holds(state: RegistrationState, party_size: int, offered_places: int = 0) -> Counts:
    """What one registration adds to its pool's counts: they are the sum of this, always."""
    match state:
        case S.CONFIRMED:
            return Counts(confirmed=party_size)
        case S.OFFERED:
            return Counts(offered=offered_places)
        case S.WAITING:
            return Counts(waiting=1)
        case _:
            return Counts()


def admit(capacity: int, counts: Counts, party_size: int, *, split_ok: bool) -> RegistrationState:
    """Confirmed when the whole party fits and nobody waits; else it queues.

    Raises BrokenRule for a party that could never fit whole and will not be split.
    """
    if party_size > capacity and not split_ok:
        raise broken("/party", "party-over-capacity", capacity=capacity)
    if counts.waiting == 0 and counts.taken + party_size <= capacity:
        return S.CONFIRMED
    return S.WAITING


@dataclass(frozen=True, slots=True)
class Queued:
    """A party on the waiting list."""

    id: UUID
    size: int
    split_ok: bool


def hand_out(
    capacity: int, counts: Counts, line: Iterable[Queued], rule: ListRule
) -> list[tuple[UUID, int]]:
    """Which parties of `line` (in order of arrival) are offered how many of the free places.

    Strict: when the first party does not fit, the free places are kept for it. A party bigger than
    the whole pool (its capacity was lowered) holds nobody up: no place could ever be kept for it.
    Greedy: the first that fits, then the next.
    """
    free = capacity - counts.taken
    offers: list[tuple[UUID, int]] = []
    for party in line:
        if free <= 0:
            break
        if party.size <= free or party.split_ok:
            places = min(party.size, free)
            offers.append((party.id, places))
            free -= places
        elif rule is ListRule.STRICT and party.size <= capacity:
            break
    return offers


def expiry(now: datetime, minutes: int, starts_at: datetime) -> datetime:
    """When an offer made now lapses: never beyond the start of the occurrence."""
    return min(now + timedelta(minutes=minutes), starts_at)


def require_capacity(capacity: int, counts: Counts) -> None:
    """Raise CapacityBelowTaken when `capacity` is less than what is confirmed and offered."""
    if capacity < counts.taken:
        raise CapacityBelowTaken(capacity=capacity, taken=counts.taken)


# ── When ─────────────────────────────────────────────────────────────────────────────────────────


def require_window(
    now: datetime,
    *,
    activity: ActivityState,
    occurrence: OccurrenceState,
    opens_at: datetime | None,
    closes_at: datetime | None,
    starts_at: datetime,
) -> None:
    """Raise RegistrationClosed or RegistrationNotOpen unless one may register now."""
    held = activity in (ActivityState.PUBLISHED, ActivityState.ONGOING)
    over = now >= min(closes_at or starts_at, starts_at)
    if not held or occurrence is not OccurrenceState.SCHEDULED or over:
        raise RegistrationClosed()
    if opens_at is not None and now < opens_at:
        raise RegistrationNotOpen(opens_at=local(opens_at))


def door_window(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    """The hours of the door: from two hours before the start to the end of the day after."""
    last = (ends_at.astimezone(LOCAL) + timedelta(days=2)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return starts_at - CHECK_IN_BEFORE, last.astimezone(UTC)


def require_door_open(now: datetime, starts_at: datetime, ends_at: datetime) -> None:
    """Raise CheckInClosed outside the hours of the door."""
    opens, last = door_window(starts_at, ends_at)
    if not opens <= now < last:
        raise CheckInClosed(opens_at=local(opens), closes_at=local(last))


def require_held(now: datetime, occurrence: OccurrenceState, starts_at: datetime) -> None:
    """Raise NotHeldYet unless the occurrence has begun and was not called off."""
    if now < starts_at or occurrence in (OccurrenceState.CANCELLED, OccurrenceState.POSTPONED):
        raise NotHeldYet()


def require_reason(activity: ActivityState, reason: str | None) -> None:
    """Raise BrokenRule when numbers of a completed activity change without a reason."""
    if reason is None and activity in (ActivityState.COMPLETED, ActivityState.ARCHIVED):
        raise broken("/reason", "reason-needed")


def local(moment: datetime) -> str:
    """A moment as people here write it: 2026-09-18 09:30."""
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
