"""At the door: people are checked in once, and what is known of attendance is kept by grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Host, Occurrence
from services.events.activities.rules import HostRole
from services.events.facts import AttendanceChanged
from services.events.registrations import queries, tickets
from services.events.registrations.attendance_schemas import (
    AttendanceIn,
    AttendanceOut,
    CheckInIn,
    CheckInOut,
    MemberCheckedIn,
)
from services.events.registrations.models import Attendance, CheckIn, Member, Registration
from services.events.registrations.rules import (
    LOCAL,
    Grade,
    NotCheckedIn,
    NotConfirmed,
    RegistrationState,
    WrongOccurrence,
    require_door_open,
    require_held,
)
from services.kit.access import SERVICE, Caller, P
from services.kit.db import as_service, run
from services.kit.facts import record
from services.kit.problems import Forbidden, Missing, broken
from services.kit.versions import require_version

ENTER = text(
    """INSERT INTO check_ins (member_id, occurrence_id, division_code, account_id, at, by, method)
    SELECT id, :occurrence_id, division_code, account_id, :at, :by, :method
    FROM members WHERE id = ANY(CAST(:ids AS uuid[]))"""
)


@dataclass(slots=True)
class Door:
    """An occurrence, and the activity whose people come to it."""

    occurrence: Occurrence
    activity: Activity

    def require(self, caller: Caller, *permissions: P) -> None:
        """Held by the lead host, or where it takes place: those are the people at the door."""
        caller.known()
        at = (self.activity.division_code, self.occurrence.division_code)
        if not any(caller.may_any(permission, at) for permission in permissions):
            raise Forbidden(permission=permissions[0].value, division=at[0])


async def door(db: AsyncSession, occurrence_id: UUID, *, lock: bool = False) -> Door:
    """The occurrence; with `lock`, nobody else changes its attendance until we are done."""
    statement = (
        select(Occurrence, Activity)
        .join(Activity, col(Activity.id) == Occurrence.activity_id)
        .where(Occurrence.id == occurrence_id)
        .execution_options(populate_existing=True)
    )
    if lock:
        statement = statement.with_for_update(of=Occurrence, key_share=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return Door(*found)


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
    # A checker of the place may not have the lead host's people within reach, and lets them in.
    async with as_service(db):
        entry = await queries.entry(db, SERVICE, registration_id, lock=True)
        if entry.registration.state is not RegistrationState.CONFIRMED:
            raise NotConfirmed(state=entry.registration.state.value)
        chosen = _chosen(entry, numbers, named=given.members is not None)
        fresh = [member.id for member, came in chosen if came is None]
        if fresh:
            values = {
                "occurrence_id": occurrence_id,
                "at": now,
                "by": caller.known(),
                "method": "ticket" if given.token is not None else "by_hand",
                "ids": fresh,
            }
            await run(db, ENTER, values)
    if fresh:
        at.occurrence.verified += len(fresh)
        await _changed(db, at)
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


async def undo(db: AsyncSession, caller: Caller, member_id: UUID) -> AttendanceOut:
    """Take a mistaken check-in back."""
    async with as_service(db):
        statement = select(Registration.occurrence_id).join(
            Member, col(Member.registration_id) == Registration.id
        )
        occurrence_id = (await db.exec(statement.where(Member.id == member_id))).first()
    if occurrence_id is None:
        raise Missing()
    at = await door(db, occurrence_id, lock=True)
    at.require(caller, P.REGISTRATION_CHECK_IN)
    async with as_service(db):
        gone = await run(db, delete(CheckIn).where(col(CheckIn.member_id) == member_id))
    if gone.rowcount == 0:
        raise NotCheckedIn()
    at.occurrence.verified -= 1
    await _changed(db, at)
    return await attendance(db, at)


async def record_attendance(
    db: AsyncSession,
    caller: Caller,
    occurrence_id: UUID,
    given: AttendanceIn,
    version: int,
    now: datetime,
) -> AttendanceOut:
    """Set the numbers that were counted, estimated, online; a grade left out is not known."""
    at = await door(db, occurrence_id, lock=True)
    at.require(caller, P.ATTENDANCE_RECORD)
    require_version(at.occurrence.version, version)
    require_held(now, at.occurrence.state, at.occurrence.starts_at)
    await run(db, delete(Attendance).where(col(Attendance.occurrence_id) == occurrence_id))
    for grade in (Grade.COUNTED, Grade.ESTIMATED, Grade.ONLINE):
        number = getattr(given, grade.value)
        if number is not None:
            db.add(
                Attendance(
                    occurrence_id=occurrence_id,
                    grade=grade,
                    number=number,
                    note=given.note,
                    recorded_by=caller.known(),
                    recorded_at=now,
                )
            )
    await _changed(db, at)
    return await attendance(db, at)


async def _changed(db: AsyncSession, at: Door) -> None:
    """Every change of attendance is a version of the occurrence, and a fact with the whole."""
    at.occurrence.version += 1
    await db.flush()
    grades = {row.grade: row.number for row in await _grades(db, at.occurrence.id)}
    await record(
        db,
        AttendanceChanged(
            activity_id=at.activity.id,
            hosts=await _hosts(db, at.activity.id),
            day=at.occurrence.starts_at.astimezone(LOCAL).date(),
            verified=at.occurrence.verified,
            counted=grades.get(Grade.COUNTED, 0),
            estimated=grades.get(Grade.ESTIMATED, 0),
            online=grades.get(Grade.ONLINE, 0),
        ),
        subject=at.occurrence.id,
        division=at.activity.division_code,
        version=at.occurrence.version,
    )


async def hosts_changed(db: AsyncSession, activity: Activity) -> None:
    """Tell the attendance of an activity again, for the hosts that hold it now."""
    known = select(Occurrence.id).where(
        Occurrence.activity_id == activity.id,
        or_(
            col(Occurrence.verified) > 0,
            col(Occurrence.id).in_(select(Attendance.occurrence_id)),
        ),
    )
    for occurrence_id in (await db.exec(known.order_by(col(Occurrence.id)))).all():
        await _changed(db, await door(db, occurrence_id, lock=True))


async def _hosts(db: AsyncSession, activity_id: UUID) -> list[str]:
    """The lead division first, then the co-hosts that have accepted."""
    statement = (
        select(Host.division_code)
        .where(Host.activity_id == activity_id, col(Host.accepted_at).is_not(None))
        .order_by(col(Host.role) != HostRole.LEAD, col(Host.division_code))
    )
    return list((await db.exec(statement)).all())


async def _grades(db: AsyncSession, occurrence_id: UUID) -> Sequence[Any]:
    statement = select(Attendance).where(Attendance.occurrence_id == occurrence_id)
    return (await db.exec(statement.order_by(col(Attendance.recorded_at)))).all()


async def attendance(db: AsyncSession, at: Door) -> AttendanceOut:
    """What is known, each grade by itself."""
    rows = await _grades(db, at.occurrence.id)
    numbers = {row.grade: row.number for row in rows}
    last = rows[-1] if rows else None
    return AttendanceOut(
        occurrence_id=at.occurrence.id,
        verified=at.occurrence.verified,
        counted=numbers.get(Grade.COUNTED),
        estimated=numbers.get(Grade.ESTIMATED),
        online=numbers.get(Grade.ONLINE),
        note=last and last.note,
        recorded_by=last and last.recorded_by,
        recorded_at=last and last.recorded_at,
        version=at.occurrence.version,
    )
