"""Reads of ties, and of the people behind an application."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.db import as_service
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.experts.models import ApplicationPerson, Tie
from services.venues.experts.pool import queries as pool


async def ties(db: AsyncSession, caller: Caller, paging: Paging, expert_id: UUID) -> Sequence[Tie]:
    """An expert's ties, also lifted ones, the newest first."""
    await pool.expert(db, caller, expert_id)
    statement = select(Tie).where(Tie.expert_id == expert_id)
    return (await db.exec(keyset(statement, paging, col(Tie.id), descending=True))).all()


async def tie(db: AsyncSession, expert_id: UUID, tie_id: UUID) -> Tie:
    """One tie of an expert, held until the transaction ends."""
    statement = select(Tie).where(Tie.id == tie_id, Tie.expert_id == expert_id).with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def people(db: AsyncSession, application_id: UUID) -> Sequence[ApplicationPerson]:
    """Who stands behind an application that the caller may read."""
    statement = select(ApplicationPerson).where(ApplicationPerson.application_id == application_id)
    async with as_service(db):  # also for another representative of the same venue
        return (await db.exec(statement.order_by(col(ApplicationPerson.id)))).all()
