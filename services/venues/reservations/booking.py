"""Reserving: the hot path, few statements under the lock of one day."""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.bare import Bare
from services.kit.facts import RECORD, Fact, recorded
from services.kit.ids import uuid7
from services.kit.problems import Forbidden, Missing, broken
from services.kit.vault import Vault, mask_name, mask_phone
from services.venues.facts import (
    ReservationConfirmed,
    ReservationRequested,
    ReservationWaitlisted,
)
from services.venues.opening.rules import moment
from services.venues.opening.schemas import minute_of
from services.venues.registry.representatives import represents
from services.venues.registry.rules import VenueState
from services.venues.reservations.buckets import Day, Room
from services.venues.reservations.days import make
from services.venues.reservations.models import NewReservation, Reservation
from services.venues.reservations.queries import Entry
from services.venues.reservations.rules import (
    NoReservations,
    ReservationState,
    SlotBegun,
    SlotFull,
    UnderPenalty,
    VenueHasClosed,
    VenueShut,
    free_turn,
    holds,
    local,
    require_released,
)
from services.venues.reservations.schemas import ReservationIn

# What is known beforehand: the venue, its settings, and what stands against this person.
KNOWN = Bare(
    """SELECT v.name AS venue, v.division_code, v.state, s.accepting,
        s.slot_minutes, s.visit_minutes, s.per_day, s.at_once, s.release_days,
        s.group_release_days, s.release_at, s.max_party, s.per_person, s.group_min, s.group_max,
        s.grace_minutes,
        ARRAY(SELECT r.turn FROM reservations r
            WHERE r.account_id = CAST(:account_id AS uuid) AND r.venue_id = v.id
            AND r.state IN ('requested', 'waiting', 'offered', 'confirmed')) AS turns,
        (SELECT max(p.until_at) FROM penalties p
            WHERE p.account_id = CAST(:account_id AS uuid) AND p.venue_id = v.id
            AND p.state <> 'lifted' AND p.until_at > :now) AS penalised_until
    FROM venues v LEFT JOIN reservation_settings s ON s.venue_id = v.id
    WHERE v.id = CAST(:venue_id AS uuid)"""
)
# The day and the quarters of the visit, each as it is once it is ours: in the order of minutes,
# which is everybody's.
HOLD = Bare(
    """SELECT d.hours, d.slot_minutes, d.visit_minutes, d.capacity - d.taken AS day_left,
        d.next_number, b.minute, b.capacity - b.taken AS left, b.waiting
    FROM visit_days d JOIN visit_buckets b ON b.venue_id = d.venue_id AND b.day = d.day
    WHERE d.venue_id = CAST(:venue_id AS uuid) AND d.day = CAST(:day AS date)
        AND b.minute >= CAST(:starts AS int)
        AND b.minute < CAST(:starts AS int) + d.visit_minutes
    ORDER BY b.minute FOR NO KEY UPDATE OF d, b"""
)
# The counters, the reservation and its fact at once: others wait for the day.
ENTER = Bare(
    """WITH counted AS (
        UPDATE visit_days SET taken = taken + CAST(:people AS int),
            waiting = waiting + CAST(:waits AS int), next_number = next_number + 1
        WHERE venue_id = CAST(:venue_id AS uuid) AND day = CAST(:day AS date)),
    inside AS (
        UPDATE visit_buckets SET taken = taken + CAST(:people AS int),
            waiting = waiting + CASE WHEN minute = CAST(:starts AS int)
                THEN CAST(:waits AS int) ELSE 0 END
        WHERE venue_id = CAST(:venue_id AS uuid) AND day = CAST(:day AS date)
            AND minute >= CAST(:starts AS int) AND minute < CAST(:counted_until AS int)),
    told AS ("""
    + RECORD
    + """)
    INSERT INTO reservations (id, client_id, venue_id, day, starts, ends, starts_at, held_until,
        division_code, recorded_code, account_id, proxy_by, turn, is_group, group_name, party_size,
        children, number, state, name_sealed, name_masked, phone_sealed, phone_masked, phone_index,
        version, created_at)
    VALUES (CAST(:id AS uuid), :client_id, CAST(:venue_id AS uuid), CAST(:day AS date),
        CAST(:starts AS int), :ends, :starts_at, :held_until, CAST(:division_code AS varchar),
        CAST(:division_code AS varchar), CAST(:account_id AS uuid), CAST(:proxy_by AS uuid), :turn,
        :is_group, :group_name, :party_size, :children, :number, :state, :name_sealed,
        :name_masked, :phone_sealed, :phone_masked, :phone_index, 1, :created_at)"""
)
_WRITTEN = tuple(
    name
    for name in NewReservation.__slots__
    if name not in ("offer_expires_at", "decision_reason", "arrived_at", "arrived", "version")
)


async def book(
    db: AsyncSession, caller: Caller, vault: Vault, given: ReservationIn, now: datetime
) -> Entry:
    """Give a party its places, put it on the waiting list, or let a group wait for approval.

    Raises NoReservations, VenueShut, NotReleased, SlotBegun, SlotFull, UnderPenalty,
    TooManyReservations, BrokenRule.
    """
    me = caller.known()
    starts = minute_of(given.starts)
    known = await KNOWN.row(db, venue_id=given.venue_id, account_id=me, now=now)
    represented = await _require_allowed(db, caller, given, known)
    row = _row(given, known, me, starts, vault, now)
    _require_in_time(given, known, row, now)
    # From here on everybody else waits: as few statements as can be.
    held = await _hold(db, given, starts)
    room = _room(held, row, given, starts)
    first = held[0]
    row.number = first["next_number"]
    row.state = _admit(row, room, first["waiting"], wait=given.wait)
    people, waits = holds(row.state, row.party_size)
    values = {name: getattr(row, name) for name in _WRITTEN}
    await ENTER.rows(
        db,
        **values,
        people=people,
        waits=waits,
        counted_until=row.ends if people else starts + waits,
        **recorded(db, [(_fact(row, known["venue"]), row.id, row.division_code, 1)]),
    )
    ahead = first["waiting"] if row.state is ReservationState.WAITING else None
    # It reads like the row that it has become.
    return Entry(cast("Reservation", row), known["venue"], represented, ahead)


async def _require_allowed(
    db: AsyncSession, caller: Caller, given: ReservationIn, known: Any
) -> bool:
    """Does the caller act for the venue? Asked only of those who reserve for others."""
    represented = False
    if known is None or known["state"] == VenueState.DRAFT:
        raise Missing()
    if known["state"] == VenueState.CLOSED:
        raise VenueHasClosed()
    if not known["accepting"]:
        raise NoReservations()
    if given.on_behalf:
        permitted = caller.may(P.RESERVATION_MANAGE, at=known["division_code"])
        represented = not permitted and await represents(db, caller, given.venue_id)
        if not permitted and not represented:
            raise Forbidden(permission=P.RESERVATION_MANAGE.value, division=known["division_code"])
    elif known["penalised_until"] is not None:
        raise UnderPenalty(until=local(known["penalised_until"]))
    size, is_group = given.party_size, given.group_name is not None
    if is_group and size < known["group_min"]:
        raise broken("/party_size", "group-too-small", least=known["group_min"])
    most = known["group_max"] if is_group else known["max_party"]
    if size > min(most, known["per_day"], known["at_once"]):
        most = min(most, known["per_day"], known["at_once"])
        raise broken("/party_size", "visit-party-too-large", most=most)
    return represented


def _row(
    given: ReservationIn, known: Any, me: UUID, starts: int, vault: Vault, now: datetime
) -> NewReservation:
    starts_at = moment(given.day, starts)
    phone = given.phone
    return NewReservation(
        id=uuid7(),
        client_id=given.client_id,
        venue_id=given.venue_id,
        day=given.day,
        starts=starts,
        ends=starts,
        starts_at=starts_at,
        held_until=starts_at + timedelta(minutes=known["grace_minutes"]),
        division_code=known["division_code"],
        account_id=None if given.on_behalf else me,
        proxy_by=me if given.on_behalf else None,
        turn=None if given.on_behalf else free_turn(known["turns"], known["per_person"]),
        is_group=given.group_name is not None,
        group_name=given.group_name,
        party_size=given.party_size,
        children=given.children,
        number=0,
        state=ReservationState.WAITING,
        name_sealed=vault.seal(given.name, "reservations.name"),
        name_masked=mask_name(given.name),
        phone_sealed=vault.seal(phone, "reservations.phone") if phone else None,
        phone_masked=mask_phone(phone) if phone else None,
        phone_index=vault.index(phone, "reservations.phone") if phone else None,
        created_at=now,
    )


def _require_in_time(given: ReservationIn, known: Any, row: NewReservation, now: datetime) -> None:
    if given.on_behalf:
        # The desk also writes down who stands before it, until the slot is over.
        if now >= row.starts_at + timedelta(minutes=known["slot_minutes"]):
            raise SlotBegun()
        return
    if now >= row.starts_at:
        raise SlotBegun()
    days = known["group_release_days"] if row.is_group else known["release_days"]
    require_released(now, given.day, days, known["release_at"])


async def _hold(db: AsyncSession, given: ReservationIn, starts: int) -> list[Any]:
    """The day and the quarters from `starts` on, held; the day is made when it is asked first."""
    values = {"venue_id": given.venue_id, "day": given.day, "starts": starts}
    held = await HOLD.rows(db, **values)
    if held and held[0]["minute"] == starts:
        return held
    if await make(db, given.venue_id, given.day) is None:
        raise VenueShut()
    held = await HOLD.rows(db, **values)
    if not held or held[0]["minute"] != starts:
        raise broken("/starts", "not-a-slot")
    return held


def _room(held: list[Any], row: NewReservation, given: ReservationIn, starts: int) -> Room:
    """What is left of the quarters that the visit takes, once its end is known."""
    first = held[0]
    day = Day(first["hours"], first["slot_minutes"], first["visit_minutes"])
    if not day.hours:
        raise VenueShut()
    ends = day.ends(starts)
    if ends is None:
        raise broken("/starts", "not-a-slot")
    row.ends = ends
    return Room(first["day_left"], {each["minute"]: each["left"] for each in held})


def _admit(row: NewReservation, room: Room, waiting: int, *, wait: bool) -> ReservationState:
    """A group asks; a party comes when it fits and nobody waits for the slot; else it queues."""
    if row.is_group and row.proxy_by is None:
        return ReservationState.REQUESTED
    if waiting == 0 and room.fits(row.starts, row.ends, row.party_size):
        return ReservationState.CONFIRMED
    if not wait:
        raise SlotFull()
    return ReservationState.WAITING


def _fact(row: NewReservation, venue: str) -> Fact:
    about: dict[str, Any] = {
        "recipient": row.account_id or row.proxy_by,
        "venue_id": row.venue_id,
        "venue": venue,
        "starts_at": row.starts_at,
    }
    match row.state:
        case ReservationState.CONFIRMED:
            return ReservationConfirmed(**about, places=row.party_size)
        case ReservationState.REQUESTED:
            return ReservationRequested(**about, places=row.party_size)
        case _:
            return ReservationWaitlisted(**about)
