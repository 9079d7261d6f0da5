"""What people do with opening hours: say them, and say the days that differ."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.problems import BrokenRule, Missing, broken
from services.kit.versions import require_version
from services.venues.opening import queries
from services.venues.opening.models import OpeningException, OpeningRule
from services.venues.opening.rules import (
    DAY_MINUTES,
    days,
    moment,
    require_range,
    season_errors,
    span_errors,
    today,
)
from services.venues.opening.schemas import (
    ExceptionIn,
    OpeningIn,
    hours_errors,
    seasons_of,
    spans_of,
)
from services.venues.registry.models import Venue
from services.venues.registry.queries import venue as find_venue
from services.venues.registry.representatives import represents
from services.venues.reservations.changing import LAST_DAY, excuse_no_shows, hours_changed
from services.venues.reservations.halls import call_off_holds


@dataclass(frozen=True, slots=True)
class CalledOff:
    """What an exception ended."""

    parties: int
    holds: int


async def _keeper(db: AsyncSession, caller: Caller, venue_id: UUID) -> tuple[Venue, bool]:
    """The venue, for who keeps its hours; and whether that is staff. Its hours are held."""
    caller.known()
    row = await find_venue(db, caller, venue_id)
    is_staff = caller.may(P.VENUE_EDIT, at=row.division_code)
    if not is_staff and not await represents(db, caller, venue_id):
        caller.require(P.VENUE_EDIT, at=row.division_code)
    # Two changes of the hours of one venue, one after the other.
    key = {"key": f"opening {venue_id}"}
    await run(db, text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    return row, is_staff


async def _version(db: AsyncSession, venue_id: UUID) -> int:
    statement = select(func.max(OpeningRule.version)).where(OpeningRule.venue_id == venue_id)
    return (await db.exec(statement)).one() or 0


async def set_opening(
    db: AsyncSession,
    caller: Caller,
    venue_id: UUID,
    given: OpeningIn,
    version: int,
    now: datetime,
) -> None:
    """Say the weekly hours from a day on. Version 0 is the first, and may begin in the past.

    Raises OpeningCutsReservations where people have reserved for what would be closed.
    """
    venue, _ = await _keeper(db, caller, venue_id)
    before = await _version(db, venue_id)
    require_version(before, version)
    errors = hours_errors(given) or season_errors(seasons_of(given.seasons))
    if errors:
        raise BrokenRule(errors=tuple(errors))
    from_on = given.from_on or today(now)
    if before and from_on < today(now):
        # What was open stays what it was: it is what a base is measured by.
        raise broken("/from_on", "past-stays")
    db.add(
        OpeningRule(
            venue_id=venue_id,
            version=before + 1,
            from_on=from_on,
            seasons=[season.model_dump(mode="json") for season in given.seasons],
            set_by=caller.known(),
            set_at=now,
        )
    )
    await db.flush()
    await hours_changed(db, venue_id, venue.name, (from_on, LAST_DAY), now, reason=None)


async def except_days(
    db: AsyncSession, caller: Caller, venue_id: UUID, given: ExceptionIn, now: datetime
) -> CalledOff:
    """Other hours, or none, on some days; what stood there before is replaced.

    Answers how many reservations were called off, and holds of halls: their people are told why.
    """
    venue, is_staff = await _keeper(db, caller, venue_id)
    first, last = given.first, given.last or given.first
    require_range(first, last)
    _require_present(first, now, is_staff=is_staff)
    spans = sorted(spans_of(given.hours))
    if errors := span_errors(spans, "/hours"):
        raise BrokenRule(errors=tuple(errors))
    hours = [each.model_dump() for each in sorted(given.hours, key=lambda each: each.opens)]
    same: dict[str, Any] = {
        "hours": hours,
        "free": given.free,
        "reason": given.reason,
        "set_by": caller.known(),
        "set_at": now,
    }
    statement = insert(OpeningException).values(
        [{"venue_id": venue_id, "day": day, **same} for day in days(first, last)]
    )
    await run(db, statement.on_conflict_do_update(index_elements=["venue_id", "day"], set_=same))
    if not given.hours:
        await excuse_no_shows(db, venue_id, (first, last))
    parties = await hours_changed(db, venue_id, venue.name, (first, last), now, reason=given.reason)
    holds = 0
    if not given.hours and not given.keep_halls:
        whole = (moment(first, 0), moment(last, DAY_MINUTES))
        holds = await call_off_holds(db, venue_id, now, cause="day_closed", within=whole)
    return CalledOff(parties, holds)


def _require_present(day: date, now: datetime, *, is_staff: bool) -> None:
    """A venue does not rewrite on which days it was open; staff may put the record right."""
    if day < today(now) and not is_staff:
        raise broken("/first", "past-stays")


async def drop_exception(
    db: AsyncSession, caller: Caller, venue_id: UUID, day: date, now: datetime
) -> None:
    """The weekly hours hold on that day again. Raises OpeningCutsReservations where they cut."""
    venue, is_staff = await _keeper(db, caller, venue_id)
    found = await queries.exceptions(db, venue_id, day, day)
    if not found:
        raise Missing()
    _require_present(day, now, is_staff=is_staff)
    await run(
        db,
        delete(OpeningException).where(
            col(OpeningException.venue_id) == venue_id, col(OpeningException.day) == day
        ),
    )
    await hours_changed(db, venue_id, venue.name, (day, day), now, reason=None)
