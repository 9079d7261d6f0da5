"""Vocabulary, lifecycles and decisions of reservations: pure, no I/O; time is passed in."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict
from services.kit.workflow import Needs, Relation, Workflow

LOCAL = ZoneInfo("Asia/Shanghai")
DOOR_BEFORE = timedelta(minutes=30)
"""How early a party is let in."""


class ReservationState(StrEnum):
    REQUESTED = "requested"  # a group waits for approval, and holds nothing
    REFUSED = "refused"
    WAITING = "waiting"
    OFFERED = "offered"
    LAPSED = "lapsed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    ARRIVED = "arrived"
    NO_SHOW = "no_show"


class PenaltyState(StrEnum):
    STANDING = "standing"
    APPEALED = "appealed"
    UPHELD = "upheld"
    LIFTED = "lifted"


class VisitSource(StrEnum):
    """How visits are known. For one day a head-count stands in the place of its check-ins."""

    CHECK_IN = "check_in"
    HEAD_COUNT = "head_count"


# ── What can go wrong ────────────────────────────────────────────────────────────────────────────


class NoReservations(Conflict):
    """The venue takes no reservations, or no more of them."""


class VenueShut(Conflict):
    """The venue is closed that day."""


class VenueHasClosed(Conflict):
    """The venue receives nobody any more: no visits, and no halls."""


class NotReleased(Conflict):
    """The day is opened for reservations later."""


class SlotBegun(Conflict):
    """The slot has begun."""


class SlotFull(Conflict):
    """There is no room for the party in this slot."""


class AlreadyReserved(Conflict):
    """The account has a live reservation for this venue and day."""


class TooManyReservations(Conflict):
    """As many live reservations as one person may have at this venue."""


class OtherRequest(Conflict):
    """Two requests of one person at once; one of them came first."""


class ReservationIdReused(Conflict):
    """The client_id belongs to a reservation of another venue, day or slot."""


class UnderPenalty(Conflict):
    """Too many no-shows: no reservations for a while."""


class SlotsOversold(Conflict):
    """What the CHECK of the counters says, should code ever forget."""


class VisitOfferExpired(Conflict):
    """The offer was not taken in time."""


class VisitBegun(Conflict):
    """The slot has begun: the reservation stays as it is."""


class ReservationNotConfirmed(Conflict):
    """Only a confirmed reservation has a code and is let in."""


class BadVisitCode(BrokenRule):
    """Not a code that this installation signed."""


class WrongVenue(Conflict):
    """The code is for another venue than the one at this door."""


class VenueDoorClosed(Conflict):
    """A party is let in on its day, from half an hour before its slot."""


class CapBelowTaken(Conflict):
    """A cap is not lowered below what is taken; the errors say which days, and how many."""


class OpeningCutsReservations(Conflict):
    """Hours under which people have reserved are not cut; a dated exception tells them."""


class HallHeld(Conflict):
    """The hall is held at that time; the errors name the other times."""


class HallShut(Conflict):
    """The hall is not given out any more."""


class NotCountedYet(Conflict):
    """Visitors of a day are counted from that day on."""


# ── Lifecycles ───────────────────────────────────────────────────────────────────────────────────


def offer_stands(*, now: datetime, expires_at: datetime | None, **_: Any) -> None:
    """Raise VisitOfferExpired when the offer's time is over."""
    if expires_at is None or now >= expires_at:
        raise VisitOfferExpired()


def not_begun(*, now: datetime, starts_at: datetime, **_: Any) -> None:
    """Raise VisitBegun once the slot has begun: who does not come then is a no-show."""
    if now >= starts_at:
        raise VisitBegun()


S = ReservationState
LIVE = frozenset({S.REQUESTED, S.WAITING, S.OFFERED, S.CONFIRMED})
_DESK: set[Needs] = {Relation.REPRESENTS, P.RESERVATION_MANAGE}
_MINE_OR_DESK: set[Needs] = {Relation.OWN, *_DESK}
_DOOR: set[Needs] = {Relation.REPRESENTS, P.REGISTRATION_CHECK_IN, P.RESERVATION_MANAGE}
_NOBODY: set[Needs] = set()  # the clock's own steps: no person takes them

LIFECYCLE: Workflow[ReservationState] = Workflow(
    "reservation",
    # action    from                         to           needs           guard
    ("approve", S.REQUESTED, S.CONFIRMED, _DESK, not_begun),
    ("refuse", S.REQUESTED, S.REFUSED, _DESK),
    ("offer", S.WAITING, S.OFFERED, _NOBODY),
    ("accept", S.OFFERED, S.CONFIRMED, _MINE_OR_DESK, offer_stands),
    ("decline", S.OFFERED, S.CANCELLED, _MINE_OR_DESK),
    ("lapse", {S.OFFERED, S.WAITING, S.REQUESTED}, S.LAPSED, _NOBODY),
    ("cancel", LIVE, S.CANCELLED, _MINE_OR_DESK, not_begun),
    ("call_off", LIVE, S.CANCELLED, _NOBODY),
    ("check_in", {S.CONFIRMED, S.NO_SHOW}, S.ARRIVED, _DOOR),
    ("miss", S.CONFIRMED, S.NO_SHOW, _NOBODY),
)

PENALTY_LIFECYCLE: Workflow[PenaltyState] = Workflow(
    "penalty",
    # action   from                                              to                  needs
    ("appeal", PenaltyState.STANDING, PenaltyState.APPEALED, Relation.OWN),
    ("uphold", PenaltyState.APPEALED, PenaltyState.UPHELD, P.RESERVATION_MANAGE),
    (
        "lift",
        {PenaltyState.STANDING, PenaltyState.APPEALED},
        PenaltyState.LIFTED,
        P.RESERVATION_MANAGE,
    ),
)


def holds(state: ReservationState, party_size: int) -> tuple[int, int]:
    """(people, parties waiting) that one reservation adds to its day's counts."""
    match state:
        case S.CONFIRMED | S.OFFERED:
            return party_size, 0
        case S.WAITING:
            return 0, 1
        case _:
            return 0, 0


def allowed_actions(
    state: ReservationState, may: Callable[[Needs], bool], **facts: Any
) -> list[str]:
    """The rows of the table that stand open."""
    return LIFECYCLE.allowed(state, may, **facts)


# ── When ─────────────────────────────────────────────────────────────────────────────────────────


def released_at(day: date, days_before: int, at: str) -> datetime:
    """When `day` is opened for reservations: so many days before, at a time of the day."""
    # "24:00" is the midnight that ends the day.
    clock = timedelta(hours=int(at[:2]), minutes=int(at[3:]))
    return datetime.combine(day - timedelta(days=days_before), time(), LOCAL) + clock


def require_released(now: datetime, day: date, days_before: int, at: str) -> None:
    """Raise NotReleased while the day is not open for reservations."""
    opens = released_at(day, days_before, at)
    if now < opens:
        raise NotReleased(opens_at=local(opens))


def require_door(now: datetime, day: date, starts_at: datetime) -> None:
    """Raise VenueDoorClosed before the door opens for the slot, and after the day."""
    opens = starts_at - DOOR_BEFORE
    if now < opens or now.astimezone(LOCAL).date() > day:
        raise VenueDoorClosed(opens_at=local(opens))


def free_turn(used: list[int], most: int) -> int:
    """Which of a person's `most` reservations the next one is; raises TooManyReservations."""
    turn = next((n for n in range(1, most + 1) if n not in used), None)
    if turn is None:
        raise TooManyReservations(most=most)
    return turn


def is_penalised(no_shows: int, limit: int) -> bool:
    """Are these no-shows, none of which was punished before, too many?"""
    return no_shows >= limit


def local(moment: datetime) -> str:
    """A moment as people here write it: 2026-09-18 09:30."""
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
