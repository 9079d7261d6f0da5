"""Reads of activities, always within the caller's reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import (
    Activity,
    Host,
    KnownHall,
    KnownVenue,
    Occurrence,
)
from services.events.activities.rules import (
    PUBLIC_STATES,
    SHANGHAI,
    ActivityState,
    Audience,
    Form,
    HostRole,
    OccurrenceState,
    SpokenLanguage,
)
from services.events.activities.times_and_places import Crowd, most_at_once
from services.events.network.models import Division
from services.events.registrations.models import Pool
from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.pages import Paging, keyset
from services.kit.problems import FieldError, Missing

# As the index activities_by_title is written: the title, and its translations.
_TITLES: ColumnElement[str] = literal_column(
    "(activities.title || jsonb_path_query_array(activities.translations, '$.*.title')::text)"
)


def visible(caller: Caller) -> ColumnElement[bool]:
    """What every read of activities and occurrences stands behind.

    Everybody sees what was published; staff see what is not, where they may read drafts: at the
    lead, or (a relation) at a division that co-hosts or is invited to. Those who drafted it are
    covered by their role.
    """
    public = and_(
        col(Activity.published_at).is_not(None), col(Activity.state).in_(sorted(PUBLIC_STATES))
    )
    if not caller.reach(P.ACTIVITY_READ):
        return public
    co_hosted = select(Host.activity_id).where(
        within(col(Host.division_code), caller, P.ACTIVITY_READ)
    )
    return or_(
        public,
        within(col(Activity.division_code), caller, P.ACTIVITY_READ),
        col(Activity.id).in_(co_hosted),
    )


async def activity(
    db: AsyncSession, caller: Caller, activity_id: UUID, *, lock: bool = False
) -> Activity:
    """One activity; Missing for those who cannot see it."""
    statement = select(Activity).where(Activity.id == activity_id, visible(caller))
    if lock:
        # Not its key: rows that refer to it may be written meanwhile.
        statement = statement.with_for_update(key_share=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def occurrence(
    db: AsyncSession, caller: Caller, occurrence_id: UUID, *, lock: bool = False
) -> tuple[Activity, Occurrence]:
    """One occurrence and its activity; both locked, the activity first, with `lock`."""
    whose = select(Occurrence.activity_id).where(Occurrence.id == occurrence_id)
    found = (await db.exec(whose)).first()
    if found is None:
        raise Missing()
    row = await activity(db, caller, found, lock=lock)
    one = select(Occurrence).where(Occurrence.id == occurrence_id)
    if lock:
        one = one.with_for_update(key_share=True)
    return row, (await db.exec(one)).one()


@dataclass(frozen=True)
class Placed:
    """An occurrence with the name of its division and its places (None: nobody registers)."""

    row: Occurrence
    division_name: str | None
    capacity: int | None
    places_left: int | None
    venue_name: str | None = None
    hall_name: str | None = None


@dataclass(frozen=True)
class Hosting:
    """A host with the name of its division."""

    row: Host
    division_name: str | None


@dataclass(frozen=True)
class Around:
    """What belongs to an activity: its occurrences by time, its hosts with the lead first."""

    occurrences: list[Placed]
    hosts: list[Hosting]

    @property
    def times(self) -> list[Occurrence]:
        return [placed.row for placed in self.occurrences]

    @property
    def counted_hosts(self) -> list[str]:
        """The lead, then the co-hosts that have accepted, by the codes at which they were recorded:
        figures on the map of then are counted by them, and those of today by what became of them.
        """
        accepted = [one.row for one in self.hosts if one.row.accepted_at is not None]
        return [code for row in accepted for code in (row.recorded_code, *row.absorbed)]

    @property
    def most_places(self) -> int:
        """The most places at one time and place, of occurrences that are not cancelled."""
        return most_at_once(
            Crowd(row.starts_at, row.ends_at, _where(row), placed.capacity or 0)
            for placed in self.occurrences
            if (row := placed.row).state is not OccurrenceState.CANCELLED
        )


def _where(row: Occurrence) -> tuple[str, UUID | str] | None:
    # A venue is one place however its hall is written; online only is no place.
    name = row.venue_id or row.place
    return (row.division_code, name) if name else None


async def around(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Around]:
    """What belongs to each of these activities, in two queries."""
    found = {activity_id: Around([], []) for activity_id in ids}
    sums = (
        select(
            Pool.occurrence_id,
            func.sum(Pool.capacity).label("capacity"),
            func.sum(Pool.capacity - Pool.confirmed - Pool.offered).label("places_left"),
        )
        .join(Occurrence, col(Occurrence.id) == Pool.occurrence_id)
        .where(col(Occurrence.activity_id).in_(found))
        .group_by(col(Pool.occurrence_id))
        .subquery()
    )
    beside: tuple[Any, ...] = (
        *(Division.name, sums.c.capacity, sums.c.places_left),
        *(KnownVenue.name, KnownHall.name),
    )
    placed: Any = (
        select(Occurrence, *beside)
        .outerjoin(Division, col(Division.code) == Occurrence.division_code)
        .outerjoin(sums, sums.c.occurrence_id == Occurrence.id)
        .outerjoin(KnownVenue, col(KnownVenue.id) == Occurrence.venue_id)
        .outerjoin(KnownHall, col(KnownHall.id) == Occurrence.hall_id)
        .where(col(Occurrence.activity_id).in_(found))
        .order_by(col(Occurrence.starts_at), col(Occurrence.id))
    )
    for row, *rest in (await db.exec(placed)).all():
        found[row.activity_id].occurrences.append(Placed(row, *rest))
    hosting = (
        select(Host, Division.name)
        .outerjoin(Division, col(Division.code) == Host.division_code)
        .where(col(Host.activity_id).in_(found))
        .order_by(
            (col(Host.role) == HostRole.LEAD).desc(),
            col(Host.accepted_at),
            col(Host.division_code),
        )
    )
    for host, name in (await db.exec(hosting)).all():
        found[host.activity_id].hosts.append(Hosting(host, name))
    return found


async def one_around(db: AsyncSession, row: Activity) -> Around:
    """What belongs to one activity."""
    return (await around(db, [row.id]))[row.id]


async def unknown_divisions(db: AsyncSession, wanted: dict[str, str]) -> list[FieldError]:
    """Which of these (pointer → code) are no division that stands today."""
    known = set(
        (
            await db.exec(
                select(Division.code).where(
                    col(Division.code).in_(set(wanted.values())),
                    col(Division.abolished_on).is_(None),
                )
            )
        ).all()
    )
    return [
        FieldError(pointer, "division-not-standing", (("code", code),))
        for pointer, code in wanted.items()
        if code not in known
    ]


@dataclass(frozen=True)
class Wanted:
    """The filters of the list of activities."""

    division: str | None = None
    state: ActivityState | None = None
    form: Form | None = None
    audience: Audience | None = None
    language: SpokenLanguage | None = None
    campaign: UUID | None = None
    mine: bool = False
    q: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    ids: list[UUID] | None = None
    umbrella: UUID | None = None


def begin_of(day: date) -> datetime:
    """The first moment of a day in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def _filters(caller: Caller, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [visible(caller)]
    if wanted.ids is not None:
        found.append(col(Activity.id).in_(wanted.ids))
    if wanted.division is not None:
        hosted = select(Host.activity_id).where(
            at_or_below(col(Host.division_code), wanted.division),
            col(Host.accepted_at).is_not(None),
        )
        found.append(col(Activity.id).in_(hosted))
    if wanted.state is not None:
        found.append(col(Activity.state) == wanted.state)
    if wanted.form is not None:
        found.append(col(Activity.form) == wanted.form)
    if wanted.audience is not None:
        found.append(col(Activity.audiences).contains([wanted.audience.value]))
    if wanted.language is not None:
        found.append(col(Activity.languages).contains([wanted.language.value]))
    if wanted.campaign is not None:
        found.append(col(Activity.campaign_id) == wanted.campaign)
    if wanted.umbrella is not None:
        found.append(col(Activity.umbrella_id) == wanted.umbrella)
    if wanted.mine:
        found.append(mine(col(Activity.created_by), caller))
    if wanted.q:
        found.append(_TITLES.icontains(wanted.q, autoescape=True))
    if wanted.first_day or wanted.last_day:
        times = select(Occurrence.activity_id).where(
            col(Occurrence.state) != OccurrenceState.CANCELLED
        )
        if wanted.first_day:
            times = times.where(col(Occurrence.ends_at) > begin_of(wanted.first_day))
        if wanted.last_day:
            after = begin_of(wanted.last_day + timedelta(days=1))
            times = times.where(col(Occurrence.starts_at) < after)
        found.append(col(Activity.id).in_(times))
    return found


async def activities(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: Wanted
) -> Sequence[Activity]:
    """The activities that are wanted and visible, newest first."""
    statement = select(Activity).where(*_filters(caller, wanted))
    return (await db.exec(keyset(statement, paging, col(Activity.id), descending=True))).all()
