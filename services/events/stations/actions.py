"""What people do with stations: open, edit, close, reopen, see whom to ask."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.queries import unknown_divisions
from services.events.facts import StationChanged, StationClosed, StationOpened
from services.events.stations import queries
from services.events.stations.models import Contact, Station
from services.events.stations.rules import (
    STATION_LIFECYCLE,
    StationHasPosts,
    StationIsClosed,
    StationState,
    kind_errors,
    point_errors,
)
from services.events.stations.schemas import (
    CloseIn,
    ContactIn,
    PersonOpened,
    StationIn,
    StationPatch,
)
from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.facts import Fact, record
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, Missing, broken
from services.kit.tables import openings
from services.kit.vault import Vault, mask_name, mask_phone
from services.kit.versions import require_version


async def open_station(db: AsyncSession, caller: Caller, vault: Vault, given: StationIn) -> Station:
    """Open a station at a division that stands today."""
    caller.require(P.STATION_EDIT, at=given.division_code)
    row = Station(
        **given.model_dump(exclude={"contact"}),
        recorded_code=given.division_code,
        created_by=caller.known(),
    )
    errors = [
        *kind_errors(row.kind, row.division_code),
        *point_errors(row.longitude, row.latitude),
        *await unknown_divisions(db, {"/division_code": row.division_code}),
    ]
    if errors:
        raise BrokenRule(errors=tuple(errors))
    db.add(row)
    await db.flush()
    if given.contact is not None:
        db.add(_contact(row, given.contact, vault))
        await db.flush()
    await _tell(db, row, StationOpened(kind=row.kind, sector=row.sector))
    return row


def _contact(row: Station, given: ContactIn, vault: Vault) -> Contact:
    return Contact(station_id=row.id, division_code=row.division_code, **sealed(given, vault))


def sealed(given: ContactIn, vault: Vault) -> dict[str, Any]:
    """The columns of whom to ask."""
    phone = given.phone
    return {
        "name_sealed": vault.seal(given.name, "station_contacts.name"),
        "name_masked": mask_name(given.name),
        "phone_sealed": phone and vault.seal(phone, "station_contacts.phone"),
        "phone_masked": phone and mask_phone(phone),
        "phone_index": phone and vault.index(phone, "station_contacts.phone"),
        "written_at": datetime.now(UTC),
    }


async def _changing(db: AsyncSession, caller: Caller, station_id: UUID) -> Station:
    row = await queries.locked_station(db, station_id)
    caller.require(P.STATION_EDIT, at=row.division_code)
    return row


async def _tell(db: AsyncSession, row: Station, fact: Fact) -> None:
    await db.flush()
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def edit(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    station_id: UUID,
    given: StationPatch,
    version: int,
) -> Station:
    """Change what is given of an open station."""
    row = await _changing(db, caller, station_id)
    require_version(row.version, version)
    if row.state is StationState.CLOSED:
        raise StationIsClosed()
    for name, value in given.model_dump(exclude_unset=True, exclude={"contact"}).items():
        setattr(row, name, value)
    if errors := [
        *kind_errors(row.kind, row.division_code),
        *point_errors(row.longitude, row.latitude),
    ]:
        raise BrokenRule(errors=tuple(errors))
    if "contact" in given.model_fields_set:
        await _replace_contact(db, row, given.contact, vault)
    row.version += 1
    await _tell(db, row, StationChanged(kind=row.kind, sector=row.sector))
    return row


async def _replace_contact(
    db: AsyncSession, row: Station, given: ContactIn | None, vault: Vault
) -> None:
    there = await db.get(Contact, row.id)
    if given is None:
        if there is not None:
            await db.delete(there)
    elif there is None:
        db.add(_contact(row, given, vault))
    else:
        for name, value in sealed(given, vault).items():
            setattr(there, name, value)


async def close(
    db: AsyncSession, caller: Caller, station_id: UUID, given: CloseIn, day: date
) -> Station:
    """Close it, from a day up to today on; StationHasPosts while somebody holds a post there."""
    row = await _changing(db, caller, station_id)
    state = STATION_LIFECYCLE.next("close", row.state)
    closed_on = given.closed_on or day
    if closed_on > day:
        raise broken("/closed_on", "not-in-the-future", day=day.isoformat())
    if row.opened_on is not None and closed_on < row.opened_on:
        raise broken("/closed_on", "not-before-opening", day=row.opened_on.isoformat())
    async with as_service(db):
        # Whoever closes may be asked to end posts that they cannot read.
        staffed = await queries.someone_at(db, row.id, closed_on)
    if staffed:
        raise StationHasPosts()
    row.state, row.closed_on, row.close_reason = state, closed_on, given.reason
    row.version += 1
    await _tell(db, row, StationClosed(kind=row.kind, sector=row.sector))
    return row


async def reopen(db: AsyncSession, caller: Caller, station_id: UUID) -> Station:
    """It is there again: a mistaken closing is undone the same way."""
    row = await _changing(db, caller, station_id)
    state = STATION_LIFECYCLE.next("reopen", row.state)
    if unknown := await unknown_divisions(db, {"/division_code": row.division_code}):
        raise BrokenRule(errors=tuple(unknown))
    row.state, row.closed_on, row.close_reason = state, None, None
    row.version += 1
    await _tell(db, row, StationOpened(kind=row.kind, sector=row.sector))
    return row


async def open_contact(
    db: AsyncSession, caller: Caller, vault: Vault, station_id: UUID, purpose: str
) -> PersonOpened:
    """Whom to ask, unmasked, for a holder of PERSONAL_OPEN; written down."""
    found = await queries.station(db, caller, station_id)
    caller.require(P.PERSONAL_OPEN, at=found.row.division_code)
    contact = found.contact
    if contact is None:
        raise Missing()
    opening_id = await opened(
        db,
        caller,
        f"stations/{found.row.id}",
        "station_contacts.name station_contacts.phone",
        purpose,
    )
    phone = contact.phone_sealed
    return PersonOpened(
        opening_id=opening_id,
        name=vault.open(contact.name_sealed, "station_contacts.name"),
        phone=phone and vault.open(phone, "station_contacts.phone"),
    )


async def opened(db: AsyncSession, caller: Caller, subject: str, fields: str, purpose: str) -> UUID:
    """Write down who opened whose personal fields, and why."""
    opening_id = uuid7()
    row = {"actor": caller.known(), "subject": subject, "fields": fields, "purpose": purpose}
    await run(db, openings.insert().values(id=opening_id, **row))
    return opening_id
