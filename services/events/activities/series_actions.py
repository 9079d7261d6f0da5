"""The same again: an occurrence repeated within its activity, an activity drafted anew from one."""

from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import places, queries
from services.events.activities.actions import lead_of
from services.events.activities.crowds import plan_still_enough
from services.events.activities.models import Activity, Occurrence
from services.events.activities.occurrence_actions import may_change, room_for, store
from services.events.activities.rules import day_of, live
from services.events.activities.schemas import CloneIn, RepeatIn
from services.events.activities.telling import changed
from services.events.activities.times_and_places import MOST_REPEATS, repeats
from services.kit.access import Caller, P
from services.kit.ids import uuid7
from services.kit.problems import Missing, broken

_COPIED = {"division_code", "recorded_code", "place", "venue_id", "longitude", "latitude"} | {
    "hall_id",
    "online_url",
    "list_rule",
    "offer_minutes",
}
_CLONED = {
    "division_code",
    "campaign_id",
    "is_umbrella",
    "title",
    "summary",
    "translations",
    "form",
} | {
    "audiences",
    "languages",
    "expected_headcount",
    "safety_plan",
}


def _copy(one: Occurrence, activity_id: UUID, shift: timedelta) -> Occurrence:
    opens_at, closes_at = one.registration_opens_at, one.registration_closes_at
    return Occurrence(
        **one.model_dump(include=_COPIED),
        activity_id=activity_id,
        starts_at=one.starts_at + shift,
        ends_at=one.ends_at + shift,
        registration_opens_at=opens_at and opens_at + shift,
        registration_closes_at=closes_at and closes_at + shift,
    )


async def repeat(db: AsyncSession, caller: Caller, activity_id: UUID, given: RepeatIn) -> Activity:
    """Add occurrences like one that is there, at the same hour of later days, with its places."""
    if (given.count is None) == (given.until is None):
        raise broken("/count", "count-or-until")
    row = await queries.activity(db, caller, activity_id, lock=True)
    may_change(caller, row, "repeat")
    around = await queries.one_around(db, row)
    pattern = _pattern(around.times, given.occurrence_id)
    shifts = list(repeats(pattern.starts_at, given.every, count=given.count, until=given.until))
    if not shifts:
        raise broken("/until", "until-after-start")
    if len(shifts) > MOST_REPEATS:
        raise broken("/until", "too-many-repeats", most=MOST_REPEATS)
    room_for(len(shifts), len(around.occurrences))
    wanted = (await places.places_of(db, [pattern.id]))[pattern.id]
    for shift in shifts:
        await store(db, _copy(pattern, row.id, shift), wanted)
    await plan_still_enough(db, row)
    await changed(db, row)
    return row


def _pattern(times: list[Occurrence], wanted: UUID | None) -> Occurrence:
    if wanted is not None:
        found = next((one for one in times if one.id == wanted), None)
        if found is None:
            raise Missing()
        return found
    there = [one for one in times if one in live(times)]
    if not there:
        raise broken("/occurrence_id", "occurrence-needed")
    return there[-1]


async def clone(db: AsyncSession, caller: Caller, activity_id: UUID, given: CloneIn) -> Activity:
    """A draft like this one, later: its texts, occurrences and places.

    What happened to the source stays with it: approval, who came, why it was sent back or called
    off; its co-hosts are invited anew, and the umbrella above it was last year's.
    """
    if given.shift_days is not None and given.starts_on is not None:
        raise broken("/starts_on", "shift-or-day")
    source = await queries.activity(db, caller, activity_id, lock=given.as_series)
    caller.require(P.ACTIVITY_EDIT, at=source.division_code)
    if given.as_series and source.series_id is None:
        source.series_id = uuid7()
        source.version += 1
    times = live((await queries.one_around(db, source)).times)
    shift = _shift(times, given)
    row = Activity(
        **source.model_dump(include=_CLONED),
        recorded_code=source.division_code,
        series_id=source.series_id if given.as_series else None,
        created_by=caller.known(),
    )
    db.add(row)
    await db.flush()
    db.add(lead_of(row))
    if shift is not None:
        wanted = await places.places_of(db, [one.id for one in times])
        for one in times:
            await store(db, _copy(one, row.id, shift), wanted[one.id])
    await db.flush()
    return row


def _shift(times: list[Occurrence], given: CloneIn) -> timedelta | None:
    """How much later the copies are; None: there are no copies."""
    if given.shift_days is not None:
        return timedelta(days=given.shift_days)
    if given.starts_on is None or not times:
        return None
    return given.starts_on - day_of(times)
