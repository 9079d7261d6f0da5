"""Which device speaks: its signature in the header `Kepu-Device`, over the whole request.

`Kepu-Device: <device id> <its clock, ms since 1970> <signature>`. A replayed request does nothing
new: scans are kept once, and lists are read. The clock is not held against ours, for it may lie;
it is how we learn by how much.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from sqlmodel import select

from services.events.door import proofs
from services.events.door.models import Device
from services.events.door.rules import DeviceRevoked, UnknownDevice
from services.kit.access import Caller, Grant, Kind, Role
from services.kit.db import Db


@dataclass(frozen=True, slots=True)
class Speaking:
    """A device that signed this request, and how far its clock is behind ours."""

    device: Device
    clock_offset: timedelta
    now: datetime

    @property
    def caller(self) -> Caller:
        """What it may do: what a checker may at its division, in the name of who enrolled it."""
        grant = Grant(Role.CHECKER, self.device.division_code)
        return Caller(Kind.STAFF, self.device.enrolled_by, (grant,))

    def require_live(self) -> None:
        """Raise DeviceRevoked for a device that has been revoked."""
        if self.device.revoked_at is not None:
            raise DeviceRevoked()


async def speaking(
    db: Db,
    request: Request,
    kepu_device: Annotated[
        str | None,
        Header(description="Device id, its clock in ms since 1970, signature of the request"),
    ] = None,
) -> Speaking:
    """The device that signed the request; UnknownDevice otherwise."""
    found = await speaking_or_none(db, request, kepu_device)
    if found is None:
        raise UnknownDevice()
    return found


async def speaking_or_none(
    db: Db,
    request: Request,
    kepu_device: Annotated[str | None, Header(description="See POST /check-ins/sync")] = None,
) -> Speaking | None:
    """The same where staff may ask too: None without the header."""
    if kepu_device is None:
        return None
    now = datetime.now(UTC)
    try:
        name, clock, signature = kepu_device.split(" ")
        device_id, milliseconds = UUID(name), int(clock)
    except ValueError as error:
        raise UnknownDevice() from error
    device = (await db.exec(select(Device).where(Device.id == device_id))).first()
    query = request.url.query
    target = request.url.path + (f"?{query}" if query else "")
    text = proofs.request_text(request.method, target, milliseconds, await request.body())
    if device is None or not proofs.is_signed(
        device.public_key, text, proofs.signature_of(signature)
    ):
        raise UnknownDevice()
    return Speaking(device, now - proofs.moment(milliseconds), now)


SpeakingDep = Annotated[Speaking, Depends(speaking, scope="function")]
MaybeSpeakingDep = Annotated[Speaking | None, Depends(speaking_or_none, scope="function")]
