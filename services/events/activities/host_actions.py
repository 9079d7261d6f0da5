"""Who holds an activity together with its lead: invited, accepted, withdrawn."""

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import queries
from services.events.activities.models import Activity, Host
from services.events.activities.places import hosts_changed
from services.events.activities.rules import HostRole, needs_until_over
from services.events.activities.telling import changed
from services.kit.access import Caller, P
from services.kit.problems import BrokenRule, Conflict, Missing


class AlreadyHost(Conflict):
    """The division leads it, co-hosts it or is invited to."""


async def invite(
    db: AsyncSession, caller: Caller, activity_id: UUID, division_code: str
) -> Activity:
    """Ask a division to co-host. It counts once it has accepted; it sees the draft at once."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    caller.require(P.ACTIVITY_EDIT, at=row.division_code)
    caller.require(needs_until_over("invite_host", row.state), at=row.division_code)
    if unknown := await queries.unknown_divisions(db, {"/division_code": division_code}):
        raise BrokenRule(errors=tuple(unknown))
    if await db.get(Host, (row.id, division_code)) is not None:
        raise AlreadyHost(division=division_code)
    db.add(
        Host(
            activity_id=row.id,
            division_code=division_code,
            recorded_code=division_code,
            role=HostRole.CO,
        )
    )
    row.version += 1
    await db.flush()
    return row


async def _host(db: AsyncSession, row: Activity, division_code: str) -> Host:
    host = await db.get(Host, (row.id, division_code))
    if host is None or host.role is HostRole.LEAD:
        raise Missing()
    return host


async def accept(
    db: AsyncSession, caller: Caller, activity_id: UUID, division_code: str
) -> Activity:
    """Co-host it: said by whoever drafts activities at the invited division."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    host = await _host(db, row, division_code)
    caller.require(P.ACTIVITY_EDIT, at=host.division_code)
    needs_until_over("accept_host", row.state)
    if host.accepted_at is None:
        host.accepted_at = datetime.now(UTC)
        await changed(db, row)
        await hosts_changed(db, row)
    return row


async def withdraw(
    db: AsyncSession, caller: Caller, activity_id: UUID, division_code: str
) -> Activity:
    """Take a co-host off: the lead withdraws the invitation, or the division leaves."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    host = await _host(db, row, division_code)
    if not caller.may(P.ACTIVITY_EDIT, at=host.division_code):
        caller.require(P.ACTIVITY_EDIT, at=row.division_code)
        caller.require(needs_until_over("withdraw_host", row.state), at=row.division_code)
    needs_until_over("withdraw_host", row.state)
    counted = host.accepted_at is not None
    await db.delete(host)
    if counted:
        await changed(db, row)
        await hosts_changed(db, row)
    else:
        row.version += 1
        await db.flush()
    return row
