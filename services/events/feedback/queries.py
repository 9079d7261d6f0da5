"""Reads of feedback: what is published, what is still awaited of me, and comments within reach."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Host, Occurrence
from services.events.activities.queries import visible
from services.events.feedback.models import FeedbackComment, FeedbackResult, FeedbackRight
from services.events.feedback.rules import OPEN_DAYS
from services.events.registrations.models import CheckIn, Member, Registration
from services.kit.access import Caller, at_or_below, mine
from services.kit.db import as_service, run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

_PARTY = text(
    """SELECT r.id, r.account_id, o.activity_id, o.ends_at, EXISTS (
        SELECT FROM members m JOIN check_ins c ON c.member_id = m.id
        WHERE m.registration_id = r.id) AS came
    FROM registrations r JOIN occurrences o ON o.id = r.occurrence_id WHERE r.id = :id"""
)


async def party(db: AsyncSession, registration_id: UUID) -> Any:
    """Whose registration, of which activity, until when it ran, and whether anybody came."""
    async with as_service(db):
        found = (await run(db, _PARTY, {"id": registration_id})).one_or_none()
    if found is None:
        raise Missing()
    return found


async def result(db: AsyncSession, activity_id: UUID) -> FeedbackResult | None:
    """What is released about an activity."""
    return await db.get(FeedbackResult, activity_id)


async def results(
    db: AsyncSession, caller: Caller, paging: Paging, division: str | None
) -> Sequence[tuple[Activity, FeedbackResult]]:
    """Activities about which something is released, the newest activity first."""
    statement: Any = (
        select(Activity, FeedbackResult)
        .join(FeedbackResult, col(FeedbackResult.activity_id) == Activity.id)
        .where(visible(caller))
    )
    if division is not None:
        hosted = select(Host.activity_id).where(
            at_or_below(col(Host.division_code), division), col(Host.accepted_at).is_not(None)
        )
        statement = statement.where(col(Activity.id).in_(hosted))
    statement = keyset(statement, paging, col(Activity.id), descending=True)
    found: Sequence[tuple[Activity, FeedbackResult]] = (await db.exec(statement)).all()
    return found


async def awaited(
    db: AsyncSession, caller: Caller, paging: Paging, now: datetime
) -> Sequence[tuple[UUID, Activity, Occurrence]]:
    """My registrations of which somebody came, and whose feedback may still be given."""
    came = exists().where(
        col(Member.registration_id) == Registration.id, col(CheckIn.member_id) == Member.id
    )
    given = exists().where(
        col(FeedbackRight.activity_id) == Activity.id,
        col(FeedbackRight.account_id) == Registration.account_id,
    )
    statement: Any = (
        select(Registration.id, Activity, Occurrence)
        .join(Occurrence, col(Occurrence.id) == Registration.occurrence_id)
        .join(Activity, col(Activity.id) == Occurrence.activity_id)
        .where(
            mine(col(Registration.account_id), caller),
            col(Occurrence.ends_at) > now - timedelta(days=OPEN_DAYS),
            came,
            ~given,
        )
    )
    statement = keyset(statement, paging, col(Registration.id), descending=True)
    found: Sequence[tuple[UUID, Activity, Occurrence]] = (await db.exec(statement)).all()
    return found


async def comments(
    db: AsyncSession, activity_id: UUID, paging: Paging
) -> Sequence[FeedbackComment]:
    """The comments of released groups. Their ids are random, and so is their order."""
    statement = select(FeedbackComment).where(FeedbackComment.activity_id == activity_id)
    return (await db.exec(keyset(statement, paging, col(FeedbackComment.id)))).all()
