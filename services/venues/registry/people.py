"""Whom to ask at a venue, and who represents it: written, ended and opened by those who keep it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, FieldError, Missing, broken
from services.kit.tables import openings
from services.kit.vault import Vault, mask_name, mask_phone
from services.venues.registry import queries
from services.venues.registry.models import Representative, Venue, VenueContact
from services.venues.registry.representatives import holds_or_will, represents
from services.venues.registry.rules import AppointmentEnded, VenueIsClosed, VenueState
from services.venues.registry.schemas import ContactIn, EndIn, PersonOpened, RepresentativeIn

MOST_CONTACTS = 20


async def kept(db: AsyncSession, caller: Caller, venue_id: UUID, *, lock: bool = False) -> Venue:
    """The venue, for its keepers: staff with VENUE_EDIT and its representatives."""
    row = await queries.venue(db, caller, venue_id, lock=lock)
    if not await represents(db, caller, row.id):
        caller.require(P.VENUE_EDIT, at=row.division_code)
    return row


async def add_contact(
    db: AsyncSession, caller: Caller, vault: Vault, venue_id: UUID, given: ContactIn
) -> VenueContact:
    """Write down whom to ask at a venue."""
    venue = await kept(db, caller, venue_id, lock=True)
    if venue.state is VenueState.CLOSED:
        raise VenueIsClosed()
    async with as_service(db):
        # A representative stands before the wall: the relation is the venue's, not the row's.
        if await queries.count_contacts(db, venue_id) >= MOST_CONTACTS:
            raise broken("/name", "too-many-contacts", most=MOST_CONTACTS)
        row = VenueContact(
            venue_id=venue.id,
            division_code=venue.division_code,
            recorded_code=venue.division_code,
            **sealed(given, vault),
        )
        db.add(row)
    return row


def sealed(given: ContactIn, vault: Vault) -> dict[str, Any]:
    """The columns of whom to ask."""
    phone = given.phone
    return {
        "duty": given.duty,
        "name_sealed": vault.seal(given.name, "venue_contacts.name"),
        "name_masked": mask_name(given.name),
        "phone_sealed": phone and vault.seal(phone, "venue_contacts.phone"),
        "phone_masked": phone and mask_phone(phone),
        "phone_index": phone and vault.index(phone, "venue_contacts.phone"),
        "written_at": datetime.now(UTC),
    }


async def forget_contact(
    db: AsyncSession, caller: Caller, venue_id: UUID, contact_id: UUID
) -> None:
    """They are not to be asked any more."""
    await kept(db, caller, venue_id)
    async with as_service(db):
        await db.delete(await queries.contact(db, venue_id, contact_id))


async def open_contact(
    db: AsyncSession, caller: Caller, vault: Vault, venue_id: UUID, contact_id: UUID, purpose: str
) -> PersonOpened:
    """Whom to ask, unmasked, for a holder of PERSONAL_OPEN; written down."""
    venue = await queries.venue(db, caller, venue_id)
    caller.require(P.PERSONAL_OPEN, at=venue.division_code)
    contact = await queries.contact(db, venue_id, contact_id)
    opening_id = uuid7()
    row = {
        "actor": caller.known(),
        "subject": f"venues/{venue_id}/contacts/{contact_id}",
        "fields": "venue_contacts.name venue_contacts.phone",
        "purpose": purpose,
    }
    await run(db, openings.insert().values(id=opening_id, **row))
    phone = contact.phone_sealed
    return PersonOpened(
        opening_id=opening_id,
        name=vault.open(contact.name_sealed, "venue_contacts.name"),
        phone=phone and vault.open(phone, "venue_contacts.phone"),
    )


async def appoint(
    db: AsyncSession, caller: Caller, venue_id: UUID, given: RepresentativeIn, day: date
) -> Representative:
    """Let an account act for a venue; RepresentsAlready by the database when it does."""
    venue = await queries.venue(db, caller, venue_id, lock=True)
    caller.require(P.VENUE_EDIT, at=venue.division_code)
    if venue.state is VenueState.CLOSED:
        raise VenueIsClosed()
    from_on = given.from_on or day
    errors = []
    if from_on < day:
        # What they did before they were appointed was not done for the venue.
        errors.append(FieldError("/from_on", "not-before", (("day", day.isoformat()),)))
    if given.until_on is not None and given.until_on < from_on:
        errors.append(FieldError("/until_on", "ends-before-it-begins"))
    if errors:
        raise BrokenRule(errors=tuple(errors))
    row = Representative(
        venue_id=venue.id,
        division_code=venue.division_code,
        recorded_code=venue.division_code,
        account_id=given.account_id,
        from_on=from_on,
        until_on=given.until_on,
        appointed_by=caller.known(),
        appointed_at=datetime.now(UTC),
    )
    db.add(row)
    await db.flush()
    return row


async def end(
    db: AsyncSession,
    caller: Caller,
    venue_id: UUID,
    appointment_id: UUID,
    given: EndIn,
    day: date,
) -> Representative:
    """End an appointment at once, or on a day from today on."""
    venue = await queries.venue(db, caller, venue_id)
    caller.require(P.VENUE_EDIT, at=venue.division_code)
    row = await db.get(Representative, appointment_id, with_for_update=True)
    if row is None or row.venue_id != venue_id:
        raise Missing()
    if not holds_or_will(row, day):
        raise AppointmentEnded()
    if given.until_on is None:
        row.ended_at = datetime.now(UTC)
    else:
        row.until_on = _last_day(row, given.until_on, day)
    row.end_reason, row.version = given.reason, row.version + 1
    await db.flush()
    return row


def _last_day(row: Representative, wanted: date, day: date) -> date:
    earliest = max(day, row.from_on)
    if wanted < earliest:
        raise broken("/until_on", "not-before", day=earliest.isoformat())
    if row.until_on is not None and wanted > row.until_on:
        raise broken("/until_on", "ends-later", day=row.until_on.isoformat())
    return wanted
