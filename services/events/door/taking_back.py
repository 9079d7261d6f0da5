"""Taking a mistaken check-in back, with a reason that is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.door.models import TakenBack
from services.events.door.settling import settle_occurrence
from services.events.registrations.attendance import attendance, attendance_changed, door
from services.events.registrations.attendance_schemas import AttendanceOut
from services.events.registrations.models import CheckIn, Member, Registration
from services.events.registrations.rules import NotCheckedIn
from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.problems import Missing


async def take_back(
    db: AsyncSession, caller: Caller, member_id: UUID, reason: str, now: datetime
) -> AttendanceOut:
    """The person has not come after all. What was scanned of them before now counts no more."""
    async with as_service(db):
        statement = select(Registration.occurrence_id, Member.division_code).join(
            Member, col(Member.registration_id) == Registration.id
        )
        found = (await db.exec(statement.where(Member.id == member_id))).first()
    if found is None:
        raise Missing()
    occurrence_id, division = found
    at = await door(db, occurrence_id, lock=True)
    at.require(caller, P.REGISTRATION_CHECK_IN)
    async with as_service(db):
        gone = delete(CheckIn).where(col(CheckIn.member_id) == member_id)
        came = (await run(db, gone.returning(col(CheckIn.at)))).scalar_one_or_none()
        if came is None:
            raise NotCheckedIn()
        db.add(
            TakenBack(
                member_id=member_id,
                occurrence_id=occurrence_id,
                division_code=division,
                checked_in_at=came,
                at=now,
                by=caller.known(),
                reason=reason,
            )
        )
    at.occurrence.verified -= 1
    await attendance_changed(db, at)
    # The scans say now that they were taken back.
    return await attendance(db, (await settle_occurrence(db, occurrence_id)).at)
