"""Devices come and go: enrolled with a code that staff show once, renamed, revoked."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.door import proofs, queries
from services.events.door.models import Contact, Device, EnrolmentCode
from services.events.door.rules import (
    CODE_LIFE,
    AlreadyRevoked,
    DeviceKeyTaken,
    EnrolmentCodeUnusable,
    UnknownDevice,
)
from services.events.door.schemas import EnrolIn
from services.events.facts import DeviceEnrolled, DeviceRevoked
from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import record
from services.kit.keys import unbase64
from services.kit.vault import Vault
from services.kit.versions import require_version

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which look alike."""
_LENGTH = 10
_FIELD = "enrolment_codes.code"


async def make_code(
    db: AsyncSession, caller: Caller, vault: Vault, division: str, now: datetime
) -> tuple[str, datetime]:
    """A code that enrols one device at `division`, and until when. Only its digest is kept."""
    subject = caller.known()
    caller.require(P.REGISTRATION_CHECK_IN, at=division)
    await run(db, delete(EnrolmentCode).where(col(EnrolmentCode.expires_at) < now - CODE_LIFE))
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    row = EnrolmentCode(
        digest=vault.index(code, _FIELD),
        division_code=division,
        created_by=subject,
        expires_at=now + CODE_LIFE,
    )
    db.add(row)
    return code, row.expires_at


async def enrol(
    db: AsyncSession, vault: Vault, given: EnrolIn, clock_offset: timedelta, now: datetime
) -> tuple[Device, Contact, bool]:
    """The device, its first contact, and is it new? The same device may ask again.

    Raises EnrolmentCodeUnusable, UnknownDevice for a key that it cannot sign with, DeviceKeyTaken.
    """
    key = unbase64(given.public_key)
    text = proofs.enrolment_text(given.code, given.name, given.public_key)
    if not proofs.is_signed(key, text, proofs.signature_of(given.signature)):
        raise UnknownDevice()
    digest = vault.index(given.code.strip().upper().replace("-", ""), _FIELD)
    statement = select(EnrolmentCode).where(EnrolmentCode.digest == digest).with_for_update()
    code = (await db.exec(statement)).first()
    if code is None or now >= code.expires_at:
        raise EnrolmentCodeUnusable()
    known = (await db.exec(select(Device).where(Device.public_key == key))).first()
    if code.device_id is not None or known is not None:
        # The answer was lost on the way, and the device asks again with the same code.
        if known is None or code.device_id != known.id:
            raise EnrolmentCodeUnusable() if known is None else DeviceKeyTaken()
        return known, await last_contact(db, known.id), False
    device = Device(
        division_code=code.division_code,
        name=given.name,
        public_key=key,
        enrolled_by=code.created_by,
        enrolled_at=now,
        last_seen_at=now,
        clock_offset=clock_offset,
    )
    db.add(device)
    await db.flush()
    contact = Contact(device_id=device.id, at=now, clock_offset=clock_offset)
    db.add(contact)
    code.device_id = device.id
    await db.flush()
    await record(
        db,
        DeviceEnrolled(),
        subject=device.id,
        division=device.division_code,
        version=device.version,
    )
    return device, contact, True


async def last_contact(db: AsyncSession, device_id: UUID) -> Contact:
    """The device's latest contact: there is always its enrolment."""
    statement = select(Contact).where(Contact.device_id == device_id)
    return (await db.exec(statement.order_by(col(Contact.id).desc()).limit(1))).one()


async def rename(
    db: AsyncSession, caller: Caller, device_id: UUID, name: str, version: int
) -> Device:
    """Give a device another name."""
    device = await queries.device(db, caller, device_id, lock=True)
    require_version(device.version, version)
    device.name = name
    device.version += 1
    return device


async def revoke(
    db: AsyncSession, caller: Caller, device_id: UUID, reason: str, now: datetime
) -> Device:
    """From now on its scans are refused; those made before are kept, and marked."""
    device = await queries.device(db, caller, device_id, lock=True)
    if device.revoked_at is not None:
        raise AlreadyRevoked()
    device.revoked_at = now
    device.revoked_by = caller.known()
    device.revoke_reason = reason
    device.version += 1
    await db.flush()
    await record(
        db,
        DeviceRevoked(),
        subject=device.id,
        division=device.division_code,
        version=device.version,
    )
    return device
