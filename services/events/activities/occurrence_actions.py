"""What people do with occurrences: enter, edit, postpone, reschedule, cancel, take away."""

from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import places, queries
from services.events.activities.crowds import plan_still_enough
from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import (
    EDITABLE,
    OCCURRENCE_LIFECYCLE,
    RUNNING,
    OccurrenceState,
    change_needs,
)
from services.events.activities.schemas import OccurrenceIn, OccurrencePatch, RescheduleIn
from services.events.activities.telling import changed
from services.events.activities.times_and_places import (
    MOST_OCCURRENCES,
    Window,
    moved_window,
    place_errors,
    time_errors,
)
from services.events.registrations.schemas import PlacesIn
from services.kit.access import Caller, P
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.versions import require_version
from services.kit.workflow import WrongState

_AFTER_PUBLICATION = frozenset({"registration_opens_at", "registration_closes_at", "offer_minutes"})
_MOVED_BY = frozenset(
    {"division_code", "place", "venue_id", "longitude", "latitude", "online_url"}
    | {"hall_id", "starts_at", "ends_at"}
)


class TooManyOccurrences(Conflict):
    """An activity shows all its occurrences at once, so they have a limit."""


def may_change(caller: Caller, row: Activity, action: str) -> None:
    """Raise Forbidden or WrongState unless `caller` may change the activity as it stands now."""
    # Whoever runs an activity may also edit one: strangers hear that first, not its state.
    caller.require(P.ACTIVITY_EDIT, at=row.division_code)
    caller.require(change_needs(action, row.state), at=row.division_code)


def end(one: Occurrence, state: OccurrenceState, reason: str | None = None) -> None:
    """It is over: held, or called off."""
    one.state, one.cancel_reason = state, reason
    one.version += 1
    one.sequence += 1


async def _check(db: AsyncSession, one: Occurrence) -> None:
    errors = [
        *time_errors(
            one.starts_at,
            one.ends_at,
            Window(one.registration_opens_at, one.registration_closes_at),
        ),
        *place_errors(
            somewhere=bool(one.place or one.venue_id or one.online_url),
            longitude=one.longitude,
            latitude=one.latitude,
        ),
        *await queries.unknown_divisions(db, {"/division_code": one.division_code}),
    ]
    if one.hall_id is not None and one.venue_id is None:
        errors.append(FieldError("/hall_id", "hall-needs-venue"))
    if errors:
        raise BrokenRule(errors=tuple(errors))


async def enter(db: AsyncSession, row: Activity, given: OccurrenceIn) -> Occurrence:
    """Write an occurrence with its places; the caller has been asked who may."""
    values = given.model_dump(exclude=set(PlacesIn.model_fields))
    values["division_code"] = given.division_code or row.division_code
    one = Occurrence(activity_id=row.id, recorded_code=values["division_code"], **values)
    await _check(db, one)
    return await store(db, one, given)


async def store(db: AsyncSession, one: Occurrence, given: PlacesIn) -> Occurrence:
    """Write a new occurrence, and open its places."""
    db.add(one)
    await db.flush()
    await places.open_places(db, one, given)
    return one


def room_for(more: int, present: int) -> None:
    """Raise TooManyOccurrences when an activity cannot take so many more."""
    if present + more > MOST_OCCURRENCES:
        raise TooManyOccurrences(most=MOST_OCCURRENCES)


async def add(
    db: AsyncSession, caller: Caller, activity_id: UUID, given: OccurrenceIn
) -> tuple[Activity, Occurrence]:
    """One more time and place."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    may_change(caller, row, "add_occurrence")
    room_for(1, len((await queries.one_around(db, row)).occurrences))
    one = await enter(db, row, given)
    await plan_still_enough(db, row)
    await changed(db, row)
    return row, one


async def _changing(
    db: AsyncSession, caller: Caller, occurrence_id: UUID, action: str
) -> tuple[Activity, Occurrence]:
    row, one = await queries.occurrence(db, caller, occurrence_id, lock=True)
    may_change(caller, row, action)
    return row, one


async def _apply(db: AsyncSession, row: Activity, one: Occurrence, changes: dict[str, Any]) -> None:
    if "division_code" in changes:
        changes["division_code"] = changes["division_code"] or row.division_code
        one.recorded_code = changes["division_code"]
    asked = (one.hall_id, one.starts_at, one.ends_at)
    for name, value in changes.items():
        setattr(one, name, value)
    if (one.hall_id, one.starts_at, one.ends_at) != asked:
        one.hall_hold = None
    with db.no_autoflush:
        await _check(db, one)
    one.version += 1


async def edit(
    db: AsyncSession, caller: Caller, occurrence_id: UUID, given: OccurrencePatch, version: int
) -> tuple[Activity, Occurrence]:
    """Change what is given: anything before publication, then only how one registers."""
    row, one = await _changing(db, caller, occurrence_id, "edit")
    require_version(one.version, version)
    if one.state not in {OccurrenceState.SCHEDULED, OccurrenceState.POSTPONED}:
        raise WrongState(action="edit", state=one.state.value)
    changes = given.model_dump(exclude_unset=True)
    if row.state in RUNNING and (fixed := changes.keys() - _AFTER_PUBLICATION):
        raise BrokenRule(
            errors=tuple(
                FieldError(f"/{name}", "fixed-after-publication") for name in sorted(fixed)
            )
        )
    one.sequence += not _MOVED_BY.isdisjoint(changes)
    await _apply(db, row, one, changes)
    row.version += 1
    await db.flush()
    return row, one


async def postpone(
    db: AsyncSession, caller: Caller, occurrence_id: UUID
) -> tuple[Activity, Occurrence]:
    """It will not be held when it was to be; the new time is not known yet."""
    row, one = await _changing(db, caller, occurrence_id, "postpone")
    one.state = OCCURRENCE_LIFECYCLE.next("postpone", one.state)
    one.version += 1
    return await _moved(db, row, one)


async def reschedule(
    db: AsyncSession, caller: Caller, occurrence_id: UUID, given: RescheduleIn
) -> tuple[Activity, Occurrence]:
    """Another time, and perhaps another place. The end of registration moves with it."""
    row, one = await _changing(db, caller, occurrence_id, "reschedule")
    one.state = OCCURRENCE_LIFECYCLE.next("reschedule", one.state)
    window = moved_window(
        Window(one.registration_opens_at, one.registration_closes_at),
        given.starts_at - one.starts_at,
    )
    moved = {
        "registration_opens_at": window.opens_at,
        "registration_closes_at": window.closes_at,
    }
    await _apply(db, row, one, moved | given.model_dump(exclude_unset=True))
    await plan_still_enough(db, row)
    return await _moved(db, row, one)


async def _moved(db: AsyncSession, row: Activity, one: Occurrence) -> tuple[Activity, Occurrence]:
    one.sequence += 1
    await changed(db, row)
    await places.occurrence_moved(db, row, one)
    return row, one


async def cancel(
    db: AsyncSession, caller: Caller, occurrence_id: UUID, reason: str
) -> tuple[Activity, Occurrence]:
    """Call this one off, and reach everybody registered for it."""
    row, one = await _changing(db, caller, occurrence_id, "cancel")
    end(one, OCCURRENCE_LIFECYCLE.next("cancel", one.state), reason)
    await changed(db, row)
    await places.occurrence_cancelled(db, row, one, "occurrence_cancelled")
    return row, one


async def remove(db: AsyncSession, caller: Caller, occurrence_id: UUID) -> None:
    """Take an occurrence off a draft; what was public is cancelled instead."""
    row, one = await _changing(db, caller, occurrence_id, "delete")
    if row.state not in EDITABLE:
        raise WrongState(action="delete", state=row.state.value)
    await places.close_places(db, [one.id])
    await db.delete(one)
    await changed(db, row)
