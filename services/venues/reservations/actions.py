"""What people do with reservations: load, decide, write, record the fact."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import Fact, record
from services.kit.ids import uuid7
from services.kit.problems import Forbidden
from services.kit.tables import openings
from services.kit.vault import Vault
from services.kit.versions import require_version
from services.kit.workflow import Needs
from services.venues.facts import (
    ReservationApproved,
    ReservationCancelled,
    ReservationConfirmed,
    ReservationRefused,
)
from services.venues.registry.models import Venue
from services.venues.registry.queries import venue as find_venue
from services.venues.registry.representatives import represents
from services.venues.reservations import queries
from services.venues.reservations.changing import settings_changed
from services.venues.reservations.days import count, settings
from services.venues.reservations.models import Reservation, Settings
from services.venues.reservations.queries import Entry, may_of
from services.venues.reservations.rules import LIFECYCLE, ReservationState, SlotFull, holds
from services.venues.reservations.schemas import SettingsIn, VisitorOpened
from services.venues.reservations.waiting import lock, room, serve


async def acting(
    db: AsyncSession, caller: Caller, venue_id: UUID, *permissions: P
) -> tuple[Venue, bool]:
    """The venue, for its representatives and for staff with one of `permissions` there.

    Also answers whether it is staff. Raises Missing, Unauthenticated, Forbidden.
    """
    caller.known()
    row = await find_venue(db, caller, venue_id)
    if any(caller.may(permission, at=row.division_code) for permission in permissions):
        return row, True
    if not await represents(db, caller, venue_id):
        raise Forbidden(permission=permissions[0].value, division=row.division_code)
    return row, False


async def set_settings(
    db: AsyncSession,
    caller: Caller,
    venue_id: UUID,
    given: SettingsIn,
    version: int,
    now: datetime,
) -> Settings:
    """Say how a venue takes reservations; days that are made follow. Version 0 is the first.

    Raises CapBelowTaken when more people are expected than would be let in.
    """
    await acting(db, caller, venue_id, P.VENUE_EDIT)
    row = await settings(db, venue_id, lock="change")
    require_version(row.version if row else 0, version)
    if row is None:
        row = Settings(venue_id=venue_id, version=0, set_by=caller.known(), **given.model_dump())
        db.add(row)
    for name, value in given.model_dump().items():
        setattr(row, name, value)
    row.version += 1
    row.set_by, row.set_at = caller.known(), now
    await db.flush()
    await settings_changed(db, row, now)
    return row


def circumstances(row: Reservation, now: datetime) -> dict[str, Any]:
    """What the lifecycle's guards look at."""
    return {"now": now, "starts_at": row.starts_at, "expires_at": row.offer_expires_at}


async def hold(db: AsyncSession, caller: Caller, reservation_id: UUID, action: str) -> Entry:
    """The reservation for a change: seen, its day and row locked, and the caller entitled."""
    seen = (await queries.entry(db, caller, reservation_id)).row
    await lock(db, seen.venue_id, seen.day)
    found = await queries.entry(db, caller, reservation_id, lock=True)
    may: Callable[[Needs], bool] = may_of(caller, found.row, is_represented=found.represented)
    if not any(may(need) for need in LIFECYCLE.steps[action].needs):
        raise Forbidden(permission=P.RESERVATION_MANAGE.value, division=found.row.division_code)
    return found


def about(found: Entry) -> dict[str, Any]:
    """What every fact about a reservation says."""
    row = found.row
    return {
        "recipient": row.account_id or row.proxy_by,
        "venue_id": row.venue_id,
        "venue": found.venue,
        "starts_at": row.starts_at,
    }


async def settle(
    db: AsyncSession, found: Entry, before: tuple[int, int], fact: Fact, now: datetime
) -> None:
    """Write a changed reservation: the counters follow it, then the list is served."""
    row = found.row
    if row.state is not ReservationState.OFFERED:
        row.offer_expires_at = None
    row.version += 1
    await db.flush()
    # Who is inside holds places for as long as the visit lasts.
    after = (row.arrived, 0) if row.arrived is not None else holds(row.state, row.party_size)
    change = (after[0] - before[0], after[1] - before[1])
    await count(db, row.venue_id, row.day, [(row.starts, row.ends, *change)])
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)
    await serve(db, row.venue_id, row.day, now)


async def accept(db: AsyncSession, caller: Caller, reservation_id: UUID, now: datetime) -> None:
    """Take the places that are kept for the party."""
    found = await hold(db, caller, reservation_id, "accept")
    row = found.row
    before = holds(row.state, row.party_size)
    row.state = LIFECYCLE.next("accept", row.state, **circumstances(row, now))
    fact = ReservationConfirmed(**about(found), places=row.party_size)
    await settle(db, found, before, fact, now)


async def end(
    db: AsyncSession, caller: Caller, reservation_id: UUID, action: str, now: datetime
) -> None:
    """`decline` an offer or `cancel` a reservation: its places go to those who wait."""
    found = await hold(db, caller, reservation_id, action)
    row = found.row
    before = holds(row.state, row.party_size)
    row.state = LIFECYCLE.next(action, row.state, **circumstances(row, now))
    by = "owner" if caller.is_(row.account_id) else "desk"
    cause = "declined" if action == "decline" else f"cancelled_by_{by}"
    await settle(db, found, before, ReservationCancelled(**about(found), cause=cause), now)


async def approve(db: AsyncSession, caller: Caller, reservation_id: UUID, now: datetime) -> None:
    """Let a group come. Raises SlotFull when there is no room for it."""
    found = await hold(db, caller, reservation_id, "approve")
    row = found.row
    row.state = LIFECYCLE.next("approve", row.state, **circumstances(row, now))
    await require_room(db, row, row.party_size)
    row.decided_by, row.decided_at = caller.known(), now
    fact = ReservationApproved(**about(found), places=row.party_size)
    await settle(db, found, (0, 0), fact, now)


async def require_room(db: AsyncSession, row: Reservation, size: int) -> None:
    """Raise SlotFull unless the day and every quarter of the visit have room for `size`."""
    if not (await room(db, row.venue_id, row.day)).fits(row.starts, row.ends, size):
        raise SlotFull()


async def refuse(
    db: AsyncSession, caller: Caller, reservation_id: UUID, reason: str, now: datetime
) -> None:
    """Refuse a group, with a reason that it reads."""
    found = await hold(db, caller, reservation_id, "refuse")
    row = found.row
    row.state = LIFECYCLE.next("refuse", row.state, **circumstances(row, now))
    row.decided_by, row.decided_at, row.decision_reason = caller.known(), now, reason
    await settle(db, found, (0, 0), ReservationRefused(**about(found)), now)


async def open_visitor(
    db: AsyncSession, caller: Caller, vault: Vault, reservation_id: UUID, purpose: str
) -> VisitorOpened:
    """Who reserved, unmasked: for the owner or a holder of PERSONAL_OPEN; written down."""
    row = (await queries.entry(db, caller, reservation_id)).row
    if not caller.is_(row.account_id):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = await note_opening(
        db, caller, f"reservations/{row.id}", "reservations.name reservations.phone", purpose
    )
    phone = row.phone_sealed
    return VisitorOpened(
        reservation_id=row.id,
        opening_id=opening_id,
        name=vault.open(row.name_sealed, "reservations.name"),
        phone=vault.open(phone, "reservations.phone") if phone else None,
    )


async def note_opening(
    db: AsyncSession, caller: Caller, subject: str, fields: str, purpose: str
) -> UUID:
    """Write down who opens what, and why."""
    opening_id = uuid7()
    values = {"id": opening_id, "actor": caller.known(), "subject": subject}
    await run(db, openings.insert().values(**values, fields=fields, purpose=purpose))
    return opening_id
