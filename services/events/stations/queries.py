"""Reads of stations (public) and posts (within reach), each page in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.rules import SHANGHAI
from services.events.network.models import Division
from services.events.stations.models import Contact, Post, Station
from services.events.stations.rules import PostRole, Sector, StationKind, StationState
from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

_Successor = aliased(Post)


def today() -> date:
    """The present day in Asia/Shanghai."""
    return datetime.now(UTC).astimezone(SHANGHAI).date()


@dataclass(frozen=True)
class Standing:
    """A station with the name of its division, and whom to ask for those who may read it."""

    row: Station
    division_name: str | None
    contact: Contact | None


@dataclass(frozen=True)
class Held:
    """A post with the names around it."""

    row: Post
    division_name: str | None
    station_name: str | None
    successor_id: UUID | None


@dataclass(frozen=True)
class WantedStations:
    """The filters of the list of stations."""

    division: str | None = None
    kind: StationKind | None = None
    sector: Sector | None = None
    state: StationState | None = None
    held_on: date | None = None


@dataclass(frozen=True)
class WantedPosts:
    """The filters of the list of posts."""

    division: str | None = None
    station: UUID | None = None
    role: PostRole | None = None
    sector: Sector | None = None
    held_on: date | None = None


def there_on(day: date) -> ColumnElement[bool]:
    """Stations that were there on a day, whatever became of them since."""
    opened = or_(col(Station.opened_on).is_(None), col(Station.opened_on) <= day)
    return and_(opened, or_(col(Station.closed_on).is_(None), col(Station.closed_on) > day))


def held_on(day: date) -> ColumnElement[bool]:
    """Posts that somebody held on a day: both ends included."""
    ends = or_(col(Post.ends_on).is_(None), col(Post.ends_on) >= day)
    return and_(col(Post.begins_on) <= day, ends)


def readable(caller: Caller) -> ColumnElement[bool]:
    """My own posts, and those that my reach lets me read."""
    return or_(
        mine(col(Post.account_id), caller),
        within(col(Post.division_code), caller, P.POST_READ),
    )


def _stations(caller: Caller) -> Any:
    return (
        select(Station, Division.name, Contact)
        .outerjoin(Division, col(Division.code) == Station.division_code)
        .outerjoin(
            Contact,
            and_(
                col(Contact.station_id) == Station.id,
                within(col(Contact.division_code), caller, P.POST_READ),
            ),
        )
    )


async def stations(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: WantedStations
) -> Sequence[Standing]:
    """The stations that are wanted, by division."""
    statement = _stations(caller)
    if wanted.division is not None:
        statement = statement.where(at_or_below(col(Station.division_code), wanted.division))
    if wanted.kind is not None:
        statement = statement.where(col(Station.kind) == wanted.kind)
    if wanted.sector is not None:
        statement = statement.where(col(Station.sector) == wanted.sector)
    if wanted.state is not None:
        statement = statement.where(col(Station.state) == wanted.state)
    if wanted.held_on is not None:
        statement = statement.where(there_on(wanted.held_on))
    page = keyset(statement, paging, col(Station.division_code), col(Station.id))
    return [Standing(*row) for row in (await db.exec(page)).all()]


async def station(db: AsyncSession, caller: Caller, station_id: UUID) -> Standing:
    """One station; Missing when there is none."""
    found = (await db.exec(_stations(caller).where(Station.id == station_id))).first()
    if found is None:
        raise Missing()
    return Standing(*found)


async def locked_station(db: AsyncSession, station_id: UUID) -> Station:
    """The row of a station, held until the transaction ends; Missing when there is none."""
    # Not its key: rows that refer to it may be written meanwhile.
    statement = select(Station).where(Station.id == station_id).with_for_update(key_share=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


def _posts(caller: Caller) -> Any:
    return (
        select(Post, Division.name, Station.name, _Successor.id)
        .outerjoin(Division, col(Division.code) == Post.division_code)
        .outerjoin(Station, col(Station.id) == Post.station_id)
        .outerjoin(_Successor, col(_Successor.predecessor_id) == Post.id)
        .where(readable(caller))
    )


async def posts(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: WantedPosts
) -> Sequence[Held]:
    """The posts that are wanted and readable, by division."""
    statement = _posts(caller)
    if wanted.division is not None:
        statement = statement.where(at_or_below(col(Post.division_code), wanted.division))
    if wanted.station is not None:
        statement = statement.where(col(Post.station_id) == wanted.station)
    if wanted.role is not None:
        statement = statement.where(col(Post.role) == wanted.role)
    if wanted.sector is not None:
        statement = statement.where(col(Post.sector) == wanted.sector)
    if wanted.held_on is not None:
        statement = statement.where(held_on(wanted.held_on))
    page = keyset(statement, paging, col(Post.division_code), col(Post.id))
    return [Held(*row) for row in (await db.exec(page)).all()]


async def post(db: AsyncSession, caller: Caller, post_id: UUID, *, lock: bool = False) -> Held:
    """One post; Missing for those who cannot read it."""
    statement = _posts(caller).where(Post.id == post_id)
    if lock:
        statement = statement.with_for_update(of=Post, key_share=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return Held(*found)


async def someone_at(db: AsyncSession, station_id: UUID, day: date) -> bool:
    """Does anybody hold a post at the station on that day, or later?"""
    statement = select(Post.id).where(
        Post.station_id == station_id,
        or_(col(Post.ends_on).is_(None), col(Post.ends_on) >= day),
    )
    return (await db.exec(statement.limit(1))).first() is not None
