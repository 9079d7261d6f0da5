"""Who may act for a venue: asked of one venue, and as a condition of a query."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.venues.registry.models import Representative

CHINA = timezone(timedelta(hours=8))
"""One zone, and no summer time."""


def today() -> date:
    """The present day in Asia/Shanghai."""
    return datetime.now(UTC).astimezone(CHINA).date()


def in_office(day: date) -> ColumnElement[bool]:
    """Appointments that hold on a day; both ends are included."""
    until = or_(col(Representative.until_on).is_(None), col(Representative.until_on) >= day)
    return and_(col(Representative.ended_at).is_(None), col(Representative.from_on) <= day, until)


def holds_or_will(row: Representative, day: date) -> bool:
    """Is the appointment not over yet?"""
    return row.ended_at is None and (row.until_on is None or row.until_on >= day)


def represented(column: Any, caller: Caller) -> ColumnElement[bool]:
    """Rows whose venue (`column`) the caller represents today: the relation's query face."""
    if caller.subject is None:
        return false()
    theirs = select(Representative.venue_id).where(
        Representative.account_id == caller.subject, in_office(today())
    )
    found: ColumnElement[bool] = column.in_(theirs)
    return found


async def represents(db: AsyncSession, caller: Caller, venue_id: UUID) -> bool:
    """Does the caller represent the venue today? The relation's face of one row."""
    if caller.subject is None:
        return False
    statement = select(Representative.id).where(
        Representative.venue_id == venue_id,
        Representative.account_id == caller.subject,
        in_office(today()),
    )
    return (await db.exec(statement.limit(1))).first() is not None
