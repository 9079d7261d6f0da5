"""Activities that another service tells of, kept for the figures of the venues they are held at."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Reads

# A fact that comes late changes nothing: the version of the activity only grows.
_HEARD = text(
    """INSERT INTO held_activities AS a (activity_id, version, day, occurrences, held, venues)
    VALUES (:activity_id, :version, :day, :occurrences, :held, CAST(:venues AS uuid[]))
    ON CONFLICT (activity_id) DO UPDATE SET version = excluded.version, day = excluded.day,
        occurrences = excluded.occurrences, held = excluded.held, venues = excluded.venues
    WHERE a.version < excluded.version"""
)
_ANSWERED = text(
    """INSERT INTO held_activities AS a (activity_id, answers_version, answers, satisfied)
    VALUES (:activity_id, :version, :answers, :satisfied)
    ON CONFLICT (activity_id) DO UPDATE SET answers_version = excluded.answers_version,
        answers = excluded.answers, satisfied = excluded.satisfied
    WHERE a.answers_version < excluded.answers_version"""
)


class _Place(BaseModel):
    venue_id: UUID


class _Activity(BaseModel):
    day: date
    occurrences: int
    places: list[_Place] = []
    """Of occurrences that are held in a venue of the register; others name none."""


class _Feedback(BaseModel):
    answers: int
    satisfied: int


async def _held(db: AsyncSession, envelope: Envelope, body: _Activity) -> None:
    await _hear(db, envelope, body, held=True)


async def _not_held(db: AsyncSession, envelope: Envelope, body: _Activity) -> None:
    await _hear(db, envelope, body, held=False)


async def _hear(db: AsyncSession, envelope: Envelope, body: _Activity, *, held: bool) -> None:
    values = {
        "activity_id": UUID(envelope.subject),
        "version": envelope.aggregateversion,
        "day": body.day,
        "occurrences": body.occurrences,
        "held": held,
        "venues": sorted({place.venue_id for place in body.places}),
    }
    await run(db, _HEARD, values)


async def _answered(db: AsyncSession, envelope: Envelope, body: _Feedback) -> None:
    values = {
        "activity_id": UUID(envelope.subject),
        "version": envelope.aggregateversion,
        **body.model_dump(),
    }
    await run(db, _ANSWERED, values)


async def _forget(db: AsyncSession) -> None:
    await run(db, text("DELETE FROM held_activities"))


CONSUMER = Consumer(
    "held_activities",
    {
        "events.activity_completed.v1": Reads(_Activity, _held),
        "events.activity_cancelled.v1": Reads(_Activity, _not_held),
        "events.feedback_released.v1": Reads(_Feedback, _answered),
    },
    reset=_forget,
)
