"""At the door: people are checked in once, by ticket or by hand."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.registrations import queries, tickets
from services.events.registrations.attendance import Door, attendance_changed, door
from services.events.registrations.attendance_schemas import (
    CheckInIn,
    CheckInOut,
    MemberCheckedIn,
)
from services.events.registrations.models import Member, Registration
from services.events.registrations.rules import (
    NotConfirmed,
    RegistrationState,
    WrongOccurrence,
    require_door_open,
)
from services.kit.access import SERVICE, Caller, P
from services.kit.db import as_service, run
from services.kit.problems import Missing, broken

ENTER = text(
    """INSERT INTO check_ins (member_id, occurrence_id, division_code, account_id, at, by, method)
    SELECT id, :occurrence_id, division_code, account_id, :at, :by, :method
    FROM members WHERE id = ANY(CAST(:ids AS uuid[]))"""
)


async def check_in(
    db: AsyncSession, caller: Caller, keys: Path, given: CheckInIn, now: datetime
) -> CheckInOut:
    """Let the members in; those who came before are answered with when. Two scans are one.

    Raises BadTicket, WrongOccurrence, CheckInClosed, NotConfirmed, BrokenRule.
    """
    numbers: Sequence[int] | None = given.members
    if given.token is not None:
        claims = tickets.verify(keys, given.token)
        registration_id, occurrence_id = claims.registration, claims.occurrence
        numbers = numbers or claims.members
    else:
        assert given.registration_id is not None
        registration_id = given.registration_id
        occurrence_id = await _occurrence_of(db, registration_id)
    at = await door(db, occurrence_id, lock=True)
    at.require(caller, P.REGISTRATION_CHECK_IN)
    if given.occurrence_id not in (None, occurrence_id):
        raise WrongOccurrence()
    require_door_open(now, at.occurrence.starts_at, at.occurrence.ends_at)
    return await let_in(
        db,
        at,
        registration_id,
        numbers,
        named=given.members is not None,
        by=caller.known(),
        method="ticket" if given.token is not None else "by_hand",
        now=now,
    )


async def let_in(
    db: AsyncSession,
    at: Door,
    registration_id: UUID,
    numbers: Sequence[int] | None,
    *,
    named: bool,
    by: UUID,
    method: str,
    now: datetime,
) -> CheckInOut:
    """Those of the party who are here have come, unless they had; `at` is locked.

    Raises NotConfirmed, and BrokenRule for a number that is nobody's (if they were `named`).
    """
    occurrence_id = at.occurrence.id
    # A checker of the place may not have the lead host's people within reach, and lets them in.
    async with as_service(db):
        entry = await queries.entry(db, SERVICE, registration_id, lock=True)
        if entry.registration.state is not RegistrationState.CONFIRMED:
            raise NotConfirmed(state=entry.registration.state.value)
        chosen = _chosen(entry, numbers, named=named)
        fresh = [member.id for member, came in chosen if came is None]
        if fresh:
            values = {
                "occurrence_id": occurrence_id,
                "at": now,
                "by": by,
                "method": method,
                "ids": fresh,
            }
            await run(db, ENTER, values)
    if fresh:
        at.occurrence.verified += len(fresh)
        await attendance_changed(db, at)
    return CheckInOut(
        registration_id=registration_id,
        occurrence_id=occurrence_id,
        already=not fresh,
        members=[
            MemberCheckedIn(
                id=member.id,
                number=member.position,
                name=member.name_masked,
                at=came or now,
                already=came is not None,
            )
            for member, came in chosen
        ],
        verified=at.occurrence.verified,
    )


async def _occurrence_of(db: AsyncSession, registration_id: UUID) -> UUID:
    async with as_service(db):
        statement = select(Registration.occurrence_id).where(Registration.id == registration_id)
        found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


def _chosen(
    entry: queries.Entry, numbers: Sequence[int] | None, *, named: bool
) -> list[tuple[Member, datetime | None]]:
    """Those of the party who are here. Members taken off since the ticket was made do not count."""
    there = [(member, came) for member, came in entry.members if member.dropped_at is None]
    if numbers is None:
        return there
    found = [(member, came) for member, came in there if member.position in numbers]
    if not found or (named and len(found) != len(set(numbers))):
        raise broken("/members", "unknown-member")
    return found
