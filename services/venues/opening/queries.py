"""Reads of opening hours: the rules of a venue, and what they say of days."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.venues.opening.models import OpeningException, OpeningRule
from services.venues.opening.rules import Hours, Opening, Rule, count_open
from services.venues.opening.schemas import SeasonIn, SpanIn, seasons_of, spans_of


async def rules(db: AsyncSession, venue_id: UUID) -> list[OpeningRule]:
    """Every rule of a venue, by version."""
    statement = select(OpeningRule).where(OpeningRule.venue_id == venue_id)
    return list((await db.exec(statement.order_by(col(OpeningRule.version)))).all())


async def exceptions(
    db: AsyncSession, venue_id: UUID, first: date, last: date
) -> list[OpeningException]:
    """The days of a range that differ, in order."""
    statement = select(OpeningException).where(
        OpeningException.venue_id == venue_id,
        col(OpeningException.day).between(first, last),
    )
    return list((await db.exec(statement.order_by(col(OpeningException.day)))).all())


CLOSINGS = text(
    """SELECT (closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_on,
        (reopened_at AT TIME ZONE 'Asia/Shanghai')::date AS reopened_on
    FROM venue_closings WHERE venue_id = :venue_id ORDER BY id"""
)


async def shut(db: AsyncSession, venue_id: UUID) -> tuple[tuple[date, date | None], ...]:
    """The whole days on which a venue was closed: not that of closing, nor that of reopening."""
    rows = (await run(db, CLOSINGS, {"venue_id": venue_id})).all()
    day = timedelta(days=1)
    return tuple(
        (row.closed_on + day, row.reopened_on - day if row.reopened_on else None) for row in rows
    )


def opening_of(
    rows: list[OpeningRule],
    excepted: list[OpeningException],
    closed: tuple[tuple[date, date | None], ...] = (),
) -> Opening:
    """The rows as rules read them."""
    return Opening(
        tuple(
            Rule(
                row.from_on,
                row.version,
                seasons_of([SeasonIn.model_validate(each) for each in row.seasons]),
            )
            for row in rows
        ),
        {row.day: hours_of(row) for row in excepted},
        closed,
    )


def hours_of(row: OpeningException) -> Hours:
    """The hours of an exception."""
    return Hours(spans_of([SpanIn.model_validate(each) for each in row.hours]), row.free)


async def opening(db: AsyncSession, venue_id: UUID, first: date, last: date) -> Opening:
    """What is known of a venue's hours, with the exceptions of a range of days."""
    return opening_of(
        await rules(db, venue_id),
        await exceptions(db, venue_id, first, last),
        await shut(db, venue_id),
    )


async def days_open(db: AsyncSession, venue_id: UUID, first: date, last: date) -> int:
    """How many days of a range the venue opened, by the rules that held on each day."""
    return count_open(await opening(db, venue_id, first, last), first, last)
