"""Activities that name a hall hold it: as they are published, moved, and called off."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.facts import Envelope, Fact, record_all
from services.kit.inbox import Consumer, Reads
from services.venues.facts import HoldConfirmed, HoldRefused, HoldReleased
from services.venues.reservations.halls import take
from services.venues.reservations.rules import HallHeld, HallShut, VenueHasClosed

PURPOSE = "活动"
"""What the hall is held for, where an activity holds it; which one, its id says."""

NEWER = text(
    """INSERT INTO hall_activities AS a (activity_id, version) VALUES (:id, :version)
    ON CONFLICT (activity_id) DO UPDATE SET version = excluded.version
        WHERE a.version < excluded.version
    RETURNING activity_id"""
)
HELD = text(
    """SELECT h.id, h.occurrence_id, h.hall_id, v.venue_id, lower(h.during) AS starts_at,
        upper(h.during) AS ends_at
    FROM hall_holds h JOIN halls v ON v.id = h.hall_id
    WHERE h.activity_id = :id AND h.active ORDER BY h.id FOR UPDATE OF h"""
)
RELEASE = text(
    """UPDATE hall_holds SET active = false, released_at = now(), version = version + 1
    WHERE id = ANY(CAST(:ids AS uuid[]))"""
)
OF_VENUE = text(
    """SELECT h.id FROM halls h JOIN venues v ON v.id = h.venue_id
    WHERE h.id = :hall_id AND h.venue_id = :venue_id AND v.state <> 'draft'"""
)


class _Place(BaseModel):
    """An occurrence that is to be held in a venue, and perhaps in a hall of it."""

    occurrence_id: UUID
    venue_id: UUID
    hall_id: UUID | None = None
    starts_at: datetime
    ends_at: datetime


class _Activity(BaseModel):
    """The subject is the activity; its places are whole."""

    places: list[_Place] = []


Told = list[tuple[Fact, UUID | str, str, int]]


async def follow(db: AsyncSession, envelope: Envelope, body: _Activity) -> None:
    """Hold what the activity asks for, and give back what it does not."""
    await _follow(db, envelope, [place for place in body.places if place.hall_id])


async def called_off(db: AsyncSession, envelope: Envelope, _: _Activity) -> None:
    """Every hall of the activity is free again."""
    await _follow(db, envelope, [])


async def _follow(db: AsyncSession, envelope: Envelope, wanted: list[_Place]) -> None:
    activity_id, version = UUID(envelope.subject), envelope.aggregateversion
    newer = await run(db, NEWER, {"id": activity_id, "version": version})
    if newer.first() is None:
        return
    held = {row.occurrence_id: row for row in (await run(db, HELD, {"id": activity_id})).all()}
    same = {place.occurrence_id for place in wanted if _is_same(held, place)}
    gone = [row for occurrence_id, row in held.items() if occurrence_id not in same]
    told: Told = []
    if gone:
        # First of all: an activity may take over a time that it leaves.
        await run(db, RELEASE, {"ids": [row.id for row in gone]})
        told += [(_said(HoldReleased, envelope, row), *_of(row, envelope)) for row in gone]
    for place in sorted(wanted, key=lambda each: (str(each.hall_id), each.starts_at)):
        if place.occurrence_id not in same:
            cause = await _take(db, activity_id, place)
            fact = (
                _said(HoldConfirmed, envelope, place)
                if cause is None
                else _said(HoldRefused, envelope, place, cause=cause)
            )
            told.append((fact, *_of(place, envelope)))
    await record_all(db, told)


def _is_same(held: dict[UUID, Any], place: _Place) -> bool:
    row = held.get(place.occurrence_id)
    return row is not None and (row.hall_id, row.starts_at, row.ends_at) == (
        place.hall_id,
        place.starts_at,
        place.ends_at,
    )


def _said(kind: Any, envelope: Envelope, place: Any, **more: Any) -> Fact:
    fact: Fact = kind(
        activity_id=UUID(envelope.subject),
        occurrence_id=place.occurrence_id,
        venue_id=place.venue_id,
        hall_id=place.hall_id,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        **more,
    )
    return fact


def _of(place: Any, envelope: Envelope) -> tuple[UUID, str, int]:
    """The subject, the division of the activity (who asked learns of it), and its version."""
    return place.occurrence_id, envelope.division, envelope.aggregateversion


async def _take(db: AsyncSession, activity_id: UUID, place: _Place) -> str | None:
    """None when the hall is held now; else why not."""
    asked = {"hall_id": place.hall_id, "venue_id": place.venue_id}
    if (await run(db, OF_VENUE, asked)).first() is None or place.hall_id is None:
        return "unknown"
    try:
        await take(
            db,
            place.hall_id,
            place.starts_at,
            place.ends_at,
            PURPOSE,
            made_by=None,
            activity_id=activity_id,
            occurrence_id=place.occurrence_id,
        )
    except HallHeld:
        return "taken"
    except HallShut:
        return "shut"
    except VenueHasClosed:
        return "closed"
    return None


CONSUMER = Consumer(
    "halls",
    {
        "events.activity_published.v1": Reads(_Activity, follow),
        "events.activity_rescheduled.v1": Reads(_Activity, follow),
        "events.activity_cancelled.v1": Reads(_Activity, called_off),
    },
)
