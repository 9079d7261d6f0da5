"""Halls and what holds them: the database keeps two holds of one hall apart, whoever asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import record, record_all
from services.kit.ids import uuid7
from services.kit.pages import Paging, keyset
from services.kit.problems import Conflict, FieldError, Missing
from services.kit.versions import require_version
from services.venues.facts import HallChanged, HoldReleased
from services.venues.registry.models import Venue
from services.venues.registry.queries import venue as find_venue
from services.venues.registry.rules import VenueState
from services.venues.reservations.actions import acting
from services.venues.reservations.hall_schemas import HallIn, HallPatch, HoldIn
from services.venues.reservations.models import Hall, HallHold
from services.venues.reservations.rules import HallHeld, HallShut, VenueHasClosed, local

MOST_SAID = 10


class HallNameTaken(Conflict):
    """The venue has a hall of this name."""


HOLD = text(
    """INSERT INTO hall_holds (id, hall_id, during, purpose, activity_id, occurrence_id, made_by)
    VALUES (:id, :hall_id, tstzrange(:starts_at, :ends_at), :purpose, :activity_id,
        :occurrence_id, :made_by)"""
)
OVERLAPPING = text(
    """SELECT lower(during) AS starts_at, upper(during) AS ends_at FROM hall_holds
    WHERE hall_id = :hall_id AND active AND during && tstzrange(:starts_at, :ends_at)
    ORDER BY lower(during) LIMIT :most"""
)
# Neither hall nor venue is shut between the look at them and the hold.
OPEN = text(
    """SELECT h.open, v.state = 'closed' AS has_closed
    FROM halls h JOIN venues v ON v.id = h.venue_id WHERE h.id = :id FOR SHARE"""
)
# Of a venue, as far as a hold still lies ahead; with a range of days, those that lie within it.
CALL_OFF = """WITH gone AS (
        SELECT o.id, h.venue_id, v.division_code FROM hall_holds o
        JOIN halls h ON h.id = o.hall_id JOIN venues v ON v.id = h.venue_id
        WHERE h.venue_id = :venue_id AND o.active AND upper(o.during) > :now
            AND o.during <@ tstzrange(:first, :last)
        ORDER BY o.id LIMIT CAST(:most AS int) FOR UPDATE OF o {waiting})
    UPDATE hall_holds o SET active = false, released_at = :now, version = o.version + 1
    FROM gone WHERE o.id = gone.id
    RETURNING o.id, o.activity_id, o.occurrence_id, gone.venue_id, o.hall_id,
        lower(o.during) AS starts_at, upper(o.during) AS ends_at, gone.division_code, o.version"""
CALL_OFF_ALL = text(CALL_OFF.format(waiting=""))
# In batches, which come again: one that somebody else decides on is left for the next.
CALL_OFF_SOME = text(CALL_OFF.format(waiting="SKIP LOCKED"))


async def halls(db: AsyncSession, caller: Caller, venue_id: UUID, paging: Paging) -> list[Hall]:
    """The halls of a venue, by name."""
    await find_venue(db, caller, venue_id)
    statement = select(Hall).where(Hall.venue_id == venue_id)
    return list((await db.exec(keyset(statement, paging, col(Hall.name), col(Hall.id)))).all())


async def hall(
    db: AsyncSession, caller: Caller, venue_id: UUID, hall_id: UUID, *, lock: bool = False
) -> Hall:
    """A hall of a venue; Missing for those who cannot see the venue."""
    await find_venue(db, caller, venue_id)
    statement = select(Hall).where(Hall.id == hall_id, Hall.venue_id == venue_id)
    if lock:
        statement = statement.with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def enter_hall(db: AsyncSession, caller: Caller, venue_id: UUID, given: HallIn) -> Hall:
    """One more hall."""
    venue, _ = await acting(db, caller, venue_id, P.VENUE_EDIT)
    if venue.state is VenueState.CLOSED:
        raise VenueHasClosed()
    row = Hall(venue_id=venue_id, **given.model_dump())
    db.add(row)
    await _tell_hall(db, row, venue)
    return row


async def _tell_hall(db: AsyncSession, row: Hall, venue: Venue) -> None:
    await db.flush()
    fact = HallChanged(venue_id=row.venue_id, name=row.name, open=row.open)
    await record(db, fact, subject=row.id, division=venue.division_code, version=row.version)


async def edit_hall(
    db: AsyncSession,
    caller: Caller,
    venue_id: UUID,
    hall_id: UUID,
    given: HallPatch,
    version: int,
) -> Hall:
    """Change what is given. A hall that is shut keeps the holds that it has."""
    venue, _ = await acting(db, caller, venue_id, P.VENUE_EDIT)
    row = await hall(db, caller, venue_id, hall_id, lock=True)
    require_version(row.version, version)
    for name, value in given.model_dump(exclude_unset=True).items():
        # A hall has a name and is open or not; only its capacity may be unknown.
        if value is not None or name == "capacity":
            setattr(row, name, value)
    row.version += 1
    await _tell_hall(db, row, venue)
    return row


async def holds_of(
    db: AsyncSession, caller: Caller, venue_id: UUID, hall_id: UUID, paging: Paging
) -> Sequence[Any]:
    """What holds a hall, newest first; for those who act for the venue and staff there."""
    await acting(db, caller, venue_id, P.VENUE_EDIT, P.RESERVATION_READ)
    await hall(db, caller, venue_id, hall_id)
    statement = select(HallHold).where(HallHold.hall_id == hall_id)
    return (await db.exec(keyset(statement, paging, col(HallHold.id), descending=True))).all()


async def take(
    db: AsyncSession,
    hall_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    purpose: str,
    *,
    made_by: UUID | None,
    activity_id: UUID | None = None,
    occurrence_id: UUID | None = None,
) -> UUID:
    """Hold a hall. Raises HallHeld, naming the other times, HallShut and VenueHasClosed."""
    found = (await run(db, OPEN, {"id": hall_id})).first()
    if found is None or not found.open:
        raise HallShut()
    if found.has_closed:
        raise VenueHasClosed()
    when = {"hall_id": hall_id, "starts_at": starts_at, "ends_at": ends_at}
    values = {
        "id": uuid7(),
        "purpose": purpose,
        "made_by": made_by,
        "activity_id": activity_id,
        "occurrence_id": occurrence_id,
    }
    try:
        async with db.begin_nested():
            await run(db, HOLD, {**when, **values})
    except IntegrityError as error:
        cause = getattr(error.orig, "__cause__", None)
        if not isinstance(cause, asyncpg.ExclusionViolationError):
            raise
        others = (await run(db, OVERLAPPING, {**when, "most": MOST_SAID})).all()
        raise HallHeld(
            errors=tuple(
                FieldError(
                    "/starts_at",
                    "hall-held-then",
                    (("starts_at", local(row.starts_at)), ("ends_at", local(row.ends_at))),
                )
                for row in others
            )
        ) from error
    return values["id"]  # type: ignore[return-value]


async def hold_hall(
    db: AsyncSession, caller: Caller, venue_id: UUID, hall_id: UUID, given: HoldIn
) -> HallHold:
    """The desk holds a hall."""
    await acting(db, caller, venue_id, P.VENUE_EDIT, P.RESERVATION_MANAGE)
    await hall(db, caller, venue_id, hall_id)
    hold_id = await take(
        db, hall_id, given.starts_at, given.ends_at, given.purpose, made_by=caller.known()
    )
    return (await db.exec(select(HallHold).where(HallHold.id == hold_id))).one()


async def release_hold(
    db: AsyncSession,
    caller: Caller,
    venue_id: UUID,
    hall_id: UUID,
    hold_id: UUID,
    now: datetime,
) -> HallHold:
    """Give the hall back; a second time changes nothing. An activity's host is told."""
    venue, _ = await acting(db, caller, venue_id, P.VENUE_EDIT, P.RESERVATION_MANAGE)
    await hall(db, caller, venue_id, hall_id)
    statement = select(HallHold).where(HallHold.id == hold_id, HallHold.hall_id == hall_id)
    row = (await db.exec(statement.with_for_update())).first()
    if row is None:
        raise Missing()
    if row.active:
        row.active, row.released_by, row.released_at = False, caller.known(), now
        row.version += 1
        await db.flush()
        if row.occurrence_id is not None and row.activity_id is not None:
            fact = HoldReleased(
                activity_id=row.activity_id,
                occurrence_id=row.occurrence_id,
                venue_id=venue_id,
                hall_id=hall_id,
                starts_at=row.during.lower,
                ends_at=row.during.upper,
                cause="given_back",
            )
            await record(
                db,
                fact,
                subject=row.occurrence_id,
                division=venue.division_code,
                version=row.version,
            )
    return row


async def call_off_holds(
    db: AsyncSession,
    venue_id: UUID,
    now: datetime,
    *,
    cause: str,
    within: tuple[datetime, datetime] | None = None,
    most: int | None = None,
) -> int:
    """Give back what holds the halls of a venue from now on; answers how many holds that were.

    `within`: those that lie whole between two moments. The host of an activity learns of it.
    """
    first, last = within or (None, None)
    values = {"venue_id": venue_id, "now": now, "first": first, "last": last, "most": most}
    gone = (await run(db, CALL_OFF_ALL if most is None else CALL_OFF_SOME, values)).all()
    await record_all(
        db,
        [
            (
                HoldReleased(
                    activity_id=row.activity_id,
                    occurrence_id=row.occurrence_id,
                    venue_id=row.venue_id,
                    hall_id=row.hall_id,
                    starts_at=row.starts_at,
                    ends_at=row.ends_at,
                    cause=cause,
                ),
                row.occurrence_id,
                row.division_code,
                row.version,
            )
            for row in gone
            if row.occurrence_id is not None
        ],
    )
    return len(gone)
