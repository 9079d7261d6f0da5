"""HTTP for devices: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.events.door import enrolment, queries
from services.events.door.models import Device
from services.events.door.rules import DeviceKeyTaken
from services.events.door.schemas import (
    DeviceOut,
    DevicePatch,
    EnrolIn,
    EnrolmentCodeIn,
    EnrolmentCodeOut,
    OwnDeviceOut,
    RevokeIn,
)
from services.events.door.syncing import own
from services.events.registrations import tickets
from services.events.registrations.routes import personal
from services.events.settings import DoorSettings
from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

CONSTRAINTS = {"devices_public_key": DeviceKeyTaken}
PAGE = "/api/v1/check-ins/scanner"

router = Router(prefix="/check-ins/devices", tags=["devices"], dependencies=[Depends(personal)])


def _now() -> datetime:
    return datetime.now(UTC)


def _out(row: Device, caller: Caller) -> DeviceOut:
    answers_for = caller.may(P.REGISTRATION_CHECK_IN, at=row.division_code)
    return DeviceOut(
        **row.model_dump(exclude={"public_key", "last_seq", "clock_offset", "revoked_by"}),
        clock_offset_ms=int(row.clock_offset.total_seconds() * 1000),
        allowed_actions=["revoke"] if answers_for and row.revoked_at is None else [],
    )


# Not keyed, these two: an answer with a code in it is not to be kept.
@router.post("/codes", status_code=201, keyed=False)
async def make_code(
    db: Db, caller: CallerDep, kit: KitDep, given: EnrolmentCodeIn
) -> EnrolmentCodeOut:
    """A code that enrols one device within ten minutes; it is shown only here."""
    code, expires_at = await enrolment.make_code(db, caller, kit.vault, given.division_code, _now())
    # In the fragment: it reaches no server and no log.
    link = f"{DoorSettings().kepu_public_url.rstrip('/')}{PAGE}#enrol={code}"
    return EnrolmentCodeOut(
        code=code,
        division_code=given.division_code,
        expires_at=expires_at,
        link=link,
        qr=tickets.picture(link, "svg").decode(),
    )


@router.post("", status_code=201, keyed=False, repeats=True)
async def enrol(
    db: Db,
    kit: KitDep,
    given: EnrolIn,
    response: Response,
) -> OwnDeviceOut:
    """Enrol this device with the code that staff showed, and a key pair of its own."""
    now = _now()
    offset = now - given.device_at
    device, contact, fresh = await enrolment.enrol(db, kit.vault, given, offset, now)
    if not fresh:
        response.status_code = 200
    response.headers["Location"] = f"/check-ins/devices/{device.id}"
    return own(device, contact)


@router.get("")
async def list_devices(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    revoked: bool | None = None,
) -> Page[DeviceOut]:
    """Devices that the caller answers for, newest first."""
    caller.known()
    rows = await queries.devices(db, caller, paging, division=division, revoked=revoked)
    return page_of(rows, paging, lambda row: (row.id,), lambda row: _out(row, caller), response)


@router.get("/{device_id}")
async def read_device(db: Db, caller: CallerDep, device_id: UUID, response: Response) -> DeviceOut:
    """One device: when it was seen last, and how far its clock is off."""
    caller.known()
    row = await queries.device(db, caller, device_id)
    tag(response, row.version)
    return _out(row, caller)


@router.patch("/{device_id}")
async def rename_device(
    db: Db,
    caller: CallerDep,
    device_id: UUID,
    given: DevicePatch,
    version: IfMatch,
    response: Response,
) -> DeviceOut:
    """Give a device another name."""
    caller.known()
    row = await enrolment.rename(db, caller, device_id, given.name, version)
    tag(response, row.version)
    return _out(row, caller)


@router.post("/{device_id}/revoke")
async def revoke_device(
    db: Db, caller: CallerDep, device_id: UUID, given: RevokeIn, response: Response
) -> DeviceOut:
    """Revoke a device: what it scanned before is kept and marked, what comes after is refused."""
    caller.known()
    row = await enrolment.revoke(db, caller, device_id, given.reason, _now())
    tag(response, row.version)
    return _out(row, caller)
