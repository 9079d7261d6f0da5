"""Entering an order, withdrawing it, and starting its jobs."""

from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.rules import SHANGHAI
from services.events.recoding import register
from services.events.recoding.models import Change
from services.events.recoding.queries import visible
from services.events.recoding.rules import (
    LIFECYCLE,
    UnknownChange,
    in_force,
    planned,
    scope_of,
    wanted_codes,
)
from services.events.recoding.schemas import ChangeIn
from services.events.recoding.work import APPLY, REHEARSE, Given, plan_of
from services.kit.access import Caller, P
from services.kit.jobs.start import start_again, start_job


async def enter(db: AsyncSession, caller: Caller, given: ChangeIn) -> Change:
    """Put an order down, once it fits the register. Raises ChangeContradicts, Forbidden."""
    lines = [each.line() for each in given.lines]
    for code in sorted(wanted_codes(lines)):
        caller.require(P.DIVISION_MANAGE, at=code)
    scope = scope_of(lines)
    caller.require(P.DIVISION_MANAGE, at=scope)
    planned(given.kind, lines, await register.read(db, wanted_codes(lines)))
    row = Change(
        **given.model_dump(exclude={"lines"}),
        lines=[each.model_dump() for each in given.lines],
        scope_code=scope,
        created_by=caller.known(),
    )
    db.add(row)
    await db.flush()
    return row


async def _step(db: AsyncSession, caller: Caller, change_id: UUID, action: str) -> Change:
    statement = select(Change).where(Change.id == change_id, visible(caller)).with_for_update()
    row = (await db.exec(statement)).first()
    if row is None:
        raise UnknownChange()
    row.state = LIFECYCLE.next(action, row.state)
    row.version += 1
    return row


async def withdraw(db: AsyncSession, caller: Caller, change_id: UUID) -> Change:
    """Take an order back that has not begun."""
    return await _step(db, caller, change_id, "withdraw")


async def rehearse(db: AsyncSession, caller: Caller, change_id: UUID) -> UUID:
    """Start the count of what it would do; answers the job."""
    row = await _step(db, caller, change_id, "rehearse")
    given, key = Given(change=row.id), f"rehearse {row.id}"
    return await start_job(db, REHEARSE, caller, given, division=row.scope_code, key=key)


async def apply(db: AsyncSession, caller: Caller, change_id: UUID, now: datetime) -> UUID:
    """Start the change itself; answers the job. One change at a time: OtherChangeRunning."""
    row = await _step(db, caller, change_id, "apply")
    in_force(row.effective_on, now.astimezone(SHANGHAI).date())
    await plan_of(db, row)
    row.job_id = await start_job(db, APPLY, caller, Given(change=row.id), division=row.scope_code)
    return row.job_id


async def resume(db: AsyncSession, caller: Caller, change_id: UUID) -> UUID:
    """Let the job of a change that failed under way go on where it was."""
    row = await _step(db, caller, change_id, "resume")
    if row.job_id is None:
        raise UnknownChange()
    await start_again(db, row.job_id)
    return row.job_id
