"""Who came: parties that were checked in, and the count of a day, which stands in their place."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import record
from services.kit.problems import broken
from services.kit.versions import require_version
from services.venues.facts import VisitRecorded
from services.venues.opening.rules import require_range, today
from services.venues.reservations.actions import acting
from services.venues.reservations.models import Visit, VisitCorrection
from services.venues.reservations.rules import NotCountedYet, VisitSource
from services.venues.reservations.visit_schemas import HeadCountIn

# For one day the head-count holds; the parties that were checked in are among those counted.
FIGURES = text(
    """SELECT day, max(people) FILTER (WHERE source = 'head_count') AS counted,
        max(children) FILTER (WHERE source = 'head_count') AS counted_children,
        max(version) FILTER (WHERE source = 'head_count') AS version,
        COALESCE(sum(people) FILTER (WHERE source = 'check_in'), 0)::int AS checked_in,
        COALESCE(sum(children) FILTER (WHERE source = 'check_in'), 0)::int
            AS checked_in_children,
        COALESCE(bool_or(free) FILTER (WHERE source = 'head_count'), bool_or(free)) AS free
    FROM visits WHERE venue_id = :venue_id AND day BETWEEN :first AND :last
    GROUP BY day ORDER BY day"""
)


@dataclass(frozen=True, slots=True)
class DayVisits:
    """The people of one day, by how they are known."""

    day: date
    counted: int | None
    counted_children: int | None
    checked_in: int
    checked_in_children: int
    free: bool
    version: int

    @property
    def people(self) -> int:
        return self.checked_in if self.counted is None else self.counted

    @property
    def children(self) -> int:
        counted = self.counted_children
        return self.checked_in_children if counted is None else counted


async def by_day(db: AsyncSession, venue_id: UUID, first: date, last: date) -> list[DayVisits]:
    """Each day of a range on which somebody came, or was counted. Both ends are held."""
    values = {"venue_id": venue_id, "first": first, "last": last}
    return [
        DayVisits(
            day=row.day,
            counted=row.counted,
            counted_children=row.counted_children,
            checked_in=row.checked_in,
            checked_in_children=row.checked_in_children,
            free=row.free,
            version=row.version or 0,
        )
        for row in (await run(db, FIGURES, values)).all()
    ]


async def read_days(
    db: AsyncSession, caller: Caller, venue_id: UUID, first: date, last: date
) -> list[DayVisits]:
    """The figures of a venue, for those who act for it and for staff who read reports there."""
    require_range(first, last)
    await acting(db, caller, venue_id, P.REPORT_READ, P.RESERVATION_READ)
    return await by_day(db, venue_id, first, last)


async def record_visit(db: AsyncSession, row: Visit, division: str) -> None:
    """Tell what was counted; the numbers are whole."""
    fact = VisitRecorded(
        venue_id=row.venue_id,
        day=row.day,
        people=row.people,
        children=row.children,
        free=row.free,
        source=row.source.value,
    )
    await record(db, fact, subject=row.id, division=division, version=row.version)


async def head_count(
    db: AsyncSession,
    caller: Caller,
    venue_id: UUID,
    day: date,
    given: HeadCountIn,
    version: int,
    now: datetime,
) -> Visit:
    """Set the count of a day. Version 0 is the first; what was known changes with a reason."""
    venue, _ = await acting(db, caller, venue_id, P.ATTENDANCE_RECORD, P.RESERVATION_MANAGE)
    if day > today(now):
        raise NotCountedYet()
    # Two first counts at once: the second waits here, and finds the first.
    key = f"head count {venue_id} {day}"
    await run(db, text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    statement = select(Visit).where(
        Visit.venue_id == venue_id, Visit.day == day, Visit.source == VisitSource.HEAD_COUNT
    )
    row = (await db.exec(statement.with_for_update())).first()
    require_version(row.version if row else 0, version)
    values: dict[str, Any] = given.model_dump(exclude={"reason"})
    if row is None:
        row = Visit(
            venue_id=venue_id,
            day=day,
            source=VisitSource.HEAD_COUNT,
            recorded_by=caller.known(),
            recorded_at=now,
            **values,
        )
        db.add(row)
    else:
        if given.reason is None:
            raise broken("/reason", "correction-reason-needed")
        db.add(
            VisitCorrection(
                visit_id=row.id,
                before=row.people,
                after=given.people,
                reason=given.reason,
                by=caller.known(),
                at=now,
            )
        )
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        row.recorded_by, row.recorded_at = caller.known(), now
    await db.flush()
    await record_visit(db, row, venue.division_code)
    return row
