"""What others are told of an activity: the bodies of its facts, and when they are recorded."""

from datetime import date
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity
from services.events.activities.queries import Around, one_around
from services.events.activities.rules import (
    RUNNING,
    SHANGHAI,
    OccurrenceState,
    day_of,
    live,
)
from services.events.facts import ActivityFact, ActivityRescheduled, VenueAsked
from services.kit.facts import Fact, record

F = TypeVar("F", bound=ActivityFact)


def told(kind: type[F], row: Activity, around: Around) -> F:
    """The fact of `kind` about an activity as it stands, with those who hold it."""
    return kind(
        hosts=around.counted_hosts,
        day=_day(row, around),
        occurrences=len(live(around.times)),
        form=row.form,
        campaign_id=row.campaign_id,
        places=[
            VenueAsked(
                occurrence_id=one.id,
                venue_id=one.venue_id,
                hall_id=one.hall_id,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in live(around.times)
            # A time that is not known yet takes no hall.
            if one.venue_id is not None and one.state is not OccurrenceState.POSTPONED
        ],
    )


def _day(row: Activity, around: Around) -> date:
    if around.times:
        return day_of(around.times)
    # An umbrella without occurrences of its own. It counts nowhere, but its facts have a day.
    return (row.published_at or row.created_at).astimezone(SHANGHAI).date()


async def tell(db: AsyncSession, fact: Fact, row: Activity) -> None:
    """Record a fact about an activity at its lead's division."""
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def changed(db: AsyncSession, row: Activity) -> None:
    """An activity's times, places or hosts changed: a new version, and a fact once it is public."""
    row.version += 1
    await db.flush()
    if row.state in RUNNING:
        await tell(db, told(ActivityRescheduled, row, await one_around(db, row)), row)
