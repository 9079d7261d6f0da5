"""Who came, by how it is known: each grade by itself, every change a fact with the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Host, Occurrence
from services.events.activities.rules import HostRole
from services.events.facts import AttendanceChanged
from services.events.registrations.attendance_schemas import AttendanceIn, AttendanceOut
from services.events.registrations.models import Attendance, Correction
from services.events.registrations.rules import LOCAL, Grade, require_held, require_reason
from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import record
from services.kit.pages import Paging, keyset
from services.kit.problems import Forbidden, Missing
from services.kit.versions import require_version


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


async def record_attendance(
    db: AsyncSession,
    caller: Caller,
    occurrence_id: UUID,
    given: AttendanceIn,
    version: int,
    now: datetime,
) -> AttendanceOut:
    """Set the numbers that were counted, estimated, online; a grade left out is not known.

    Numbers that were known and change are kept as corrections; raises ReasonNeeded for those of a
    completed activity without a reason.
    """
    at = await door(db, occurrence_id, lock=True)
    at.require(caller, P.ATTENDANCE_RECORD)
    require_version(at.occurrence.version, version)
    require_held(now, at.occurrence.state, at.occurrence.starts_at)
    known = {row.grade: row.number for row in await _grades(db, occurrence_id)}
    changed = [grade for grade, number in known.items() if getattr(given, grade.value) != number]
    if changed:
        require_reason(at.activity.state, given.reason)
    for grade in changed:
        db.add(
            Correction(
                occurrence_id=occurrence_id,
                grade=grade.value,
                before=known[grade],
                after=getattr(given, grade.value),
                reason=given.reason,
                by=caller.known(),
                at=now,
            )
        )
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
    await attendance_changed(db, at)
    return await attendance(db, at)


async def attendance_changed(db: AsyncSession, at: Door) -> None:
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
        await attendance_changed(db, await door(db, occurrence_id, lock=True))


async def _hosts(db: AsyncSession, activity_id: UUID) -> list[str]:
    """The lead first, then the accepted co-hosts, by the codes at which they were made."""
    statement = (
        select(Host.recorded_code, Host.absorbed)
        .where(Host.activity_id == activity_id, col(Host.accepted_at).is_not(None))
        .order_by(col(Host.role) != HostRole.LEAD, col(Host.division_code))
    )
    return [code for own, others in (await db.exec(statement)).all() for code in (own, *others)]


async def _grades(db: AsyncSession, occurrence_id: UUID) -> Sequence[Any]:
    statement = select(Attendance).where(Attendance.occurrence_id == occurrence_id)
    return (await db.exec(statement.order_by(col(Attendance.recorded_at)))).all()


async def corrections(
    db: AsyncSession, occurrence_id: UUID, paging: Paging
) -> Sequence[Correction]:
    """What was changed in the recorded attendance of an occurrence, the latest first."""
    statement = select(Correction).where(Correction.occurrence_id == occurrence_id)
    return (await db.exec(keyset(statement, paging, col(Correction.id), descending=True))).all()


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
