"""Taking what a device recorded without a line: every scan is answered, none is lost or doubled."""

import asyncio
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.door import proofs
from services.events.door.enrolment import last_contact
from services.events.door.identity import Speaking
from services.events.door.models import Contact, Device, ScanRow
from services.events.door.rules import Outcome, needs_new_contact
from services.events.door.schemas import (
    ContactOut,
    FirstOut,
    OwnDeviceOut,
    ScanIn,
    ScanOut,
    SyncIn,
    SyncOut,
)
from services.events.door.settling import Weighed, settle_occurrence
from services.events.registrations import tickets
from services.events.registrations.rules import BadTicket
from services.kit.access import P
from services.kit.db import as_service, run


async def sync(db: AsyncSession, speaking: Speaking, keys: Path, given: SyncIn) -> SyncOut:
    """Keep the scans, settle the occurrences they are of, and answer what each came to."""
    device = await _hold(db, speaking)
    # Off the loop: five hundred signatures take a tenth of a second.
    rows = await asyncio.to_thread(_read, speaking, keys, given.scans)
    contact = await _touch(db, speaking, device, given.last_seq)
    kept = [row for row in rows if row is not None]
    doors = await _doors(db, {row.occurrence_id for row in kept})
    await _keep(db, speaking, kept, doors)
    touched = {row.occurrence_id for row in kept if row.refusal is not Outcome.OUT_OF_REACH}
    if device.revoked_at is not None and kept:
        # A scan from after the revocation may bar others of this device, at other doors.
        touched |= await _occurrences_of(db, device.id)
    weighed = {one: await settle_occurrence(db, one) for one in sorted(touched & doors.keys())}
    return SyncOut(
        device=own(device, contact),
        server_time=speaking.now,
        scans=[
            _answer(scan, row, weighed.get(scan.occurrence_id))
            for scan, row in zip(given.scans, rows, strict=True)
        ],
        verified={one: each.at.occurrence.verified for one, each in weighed.items()},
    )


async def _hold(db: AsyncSession, speaking: Speaking) -> Device:
    """The device, held: its syncs come one after the other, and no revocation in between."""
    statement = select(Device).where(Device.id == speaking.device.id)
    statement = statement.with_for_update(key_share=True)
    return (await db.exec(statement.execution_options(populate_existing=True))).one()


def _read(speaking: Speaking, keys: Path, scans: Iterable[ScanIn]) -> list[ScanRow | None]:
    """Each as a row; None where the device did not sign it."""
    return [_row(speaking, keys, scan) for scan in scans]


def _row(speaking: Speaking, keys: Path, scan: ScanIn) -> ScanRow | None:
    device = speaking.device
    signed = proofs.scan_text(
        device=device.id,
        contact=scan.contact_id,
        client_id=scan.client_id,
        seq=scan.seq,
        device_at=scan.device_at,
        occurrence=scan.occurrence_id,
        ticket=scan.ticket,
        registration=scan.registration_id,
        members=scan.members,
    )
    signature = proofs.signature_of(scan.signature)
    if not proofs.is_signed(device.public_key, signed, signature):
        return None
    registration, numbers, refusal = scan.registration_id, scan.members, None
    if scan.ticket is not None:
        try:
            claims = tickets.verify(keys, scan.ticket)
        except BadTicket:
            registration, refusal = None, Outcome.BAD_TICKET
        else:
            registration, numbers = claims.registration, numbers or list(claims.members)
            if claims.occurrence != scan.occurrence_id:
                refusal = Outcome.WRONG_OCCURRENCE
    return ScanRow(
        key=sha256(signed.encode()).digest(),
        device_id=device.id,
        contact_id=scan.contact_id,
        client_id=scan.client_id,
        seq=scan.seq,
        # No finer than what is signed: the same scan is the same row.
        device_at=proofs.moment(proofs.milliseconds(scan.device_at)),
        received_at=speaking.now,
        occurrence_id=scan.occurrence_id,
        division_code=device.division_code,
        registration_id=registration,
        numbers=sorted(set(numbers)),
        by_hand=scan.ticket is None,
        signature=signature,
        signed=signed,
        refusal=refusal,
        outcome=refusal or Outcome.UNKNOWN,
    )


async def _touch(db: AsyncSession, speaking: Speaking, device: Device, last_seq: int) -> Contact:
    """Note when the device was seen and how its clock stands; answers the contact to name next."""
    device.last_seen_at = speaking.now
    device.last_seq = max(device.last_seq, last_seq)
    device.clock_offset = speaking.clock_offset
    contact = await last_contact(db, device.id)
    # A revoked device gets no new one: whatever it scans now names a contact from before.
    if device.revoked_at is None and needs_new_contact(
        speaking.now, speaking.clock_offset, contact.at, contact.clock_offset
    ):
        contact = Contact(device_id=device.id, at=speaking.now, clock_offset=speaking.clock_offset)
        db.add(contact)
        await db.flush()
    return contact


async def _doors(db: AsyncSession, occurrences: set[UUID]) -> dict[UUID, tuple[str, str]]:
    """Host and place of each occurrence that is there."""
    if not occurrences:
        return {}
    statement = select(Occurrence.id, Activity.division_code, Occurrence.division_code)
    statement = statement.join(Activity, col(Activity.id) == Occurrence.activity_id)
    found = await db.exec(statement.where(col(Occurrence.id).in_(occurrences)))
    return {id_: (host, place) for id_, host, place in found.all()}


async def _keep(
    db: AsyncSession, speaking: Speaking, rows: Sequence[ScanRow], doors: dict[UUID, Any]
) -> None:
    """Write down what is new; what was there stays as it was received first."""
    if not rows:
        return
    device, caller = speaking.device, speaking.caller
    contacts = select(Contact.id).where(Contact.device_id == device.id)
    known = (await db.exec(contacts.order_by(col(Contact.id)))).all()
    mine = set(known)
    for row in rows:
        if row.contact_id not in mine:
            row.contact_id = known[0]
        at = doors.get(row.occurrence_id)
        if at is None:
            row.refusal = row.refusal or Outcome.UNKNOWN
        elif not caller.may_any(P.REGISTRATION_CHECK_IN, at):
            row.refusal = Outcome.OUT_OF_REACH
        else:
            row.division_code = at[0]
        row.outcome = row.refusal or Outcome.UNKNOWN
    values = [row.model_dump() for row in rows]
    async with as_service(db):
        statement = insert(ScanRow).values(values).on_conflict_do_nothing()
        await run(db, statement)


async def _occurrences_of(db: AsyncSession, device_id: UUID) -> set[UUID]:
    async with as_service(db):
        statement = select(ScanRow.occurrence_id).where(ScanRow.device_id == device_id).distinct()
        return set((await db.exec(statement)).all())


def own(device: Device, contact: Contact) -> OwnDeviceOut:
    """What a device hears of itself."""
    return OwnDeviceOut(
        id=device.id,
        name=device.name,
        division_code=device.division_code,
        clock_offset_ms=int(device.clock_offset.total_seconds() * 1000),
        revoked_at=device.revoked_at,
        contact=ContactOut(id=contact.id, at=contact.at),
    )


def _answer(scan: ScanIn, row: ScanRow | None, weighed: Weighed | None) -> ScanOut:
    if row is None or weighed is None:
        outcome = Outcome.BAD_SIGNATURE if row is None else row.outcome
        return ScanOut(
            client_id=scan.client_id,
            outcome=outcome,
            counted=[],
            firsts=[],
            at=None,
            doubtful=False,
            device_revoked=False,
        )
    settled = weighed.settled
    outcome = settled.outcomes[row.key]
    counted, firsts = [], []
    for number, person in sorted(weighed.people[row.key].items()):
        claim = settled.firsts.get(person)
        if claim is None:
            continue
        if claim.key == row.key:
            counted.append(number)
            continue
        other = weighed.devices.get(claim.device)
        firsts.append(
            FirstOut(
                number=number,
                at=claim.at,
                device_id=other and other.id,
                device_name=other and other.name,
            )
        )
    at, doubtful = settled.moments[row.key]
    return ScanOut(
        client_id=scan.client_id,
        outcome=outcome,
        counted=counted,
        firsts=firsts,
        at=at,
        doubtful=doubtful,
        device_revoked=weighed.devices[row.device_id].revoked_at is not None,
    )
