"""Reads of rosters within the caller's reach, each page in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.registrations import queries as registrations
from services.events.registrations.models import CheckIn, Member, Registration
from services.events.registrations.queries import Entry
from services.events.rosters.models import Roster
from services.events.rosters.rules import NoRoster
from services.kit.access import Caller
from services.kit.pages import Paging, keyset


@dataclass(frozen=True)
class Listed:
    """A roster, its registration, and how many of it came."""

    roster: Roster
    registration: Registration
    came: int


async def rosters(
    db: AsyncSession, caller: Caller, paging: Paging, occurrence_id: UUID
) -> Sequence[Listed]:
    """The rosters of an occurrence that the caller sees, newest first."""
    came = (
        select(func.count())
        .select_from(CheckIn)
        .join(Member, col(Member.id) == CheckIn.member_id)
        .where(Member.registration_id == Registration.id)
        .correlate(Registration)
        .scalar_subquery()
    )
    statement: Any = (
        select(Roster, Registration, came)
        .join(Registration, col(Registration.id) == Roster.registration_id)
        .where(Registration.occurrence_id == occurrence_id, registrations.visible(caller))
    )
    statement = keyset(statement, paging, col(Registration.id), descending=True)
    return [Listed(*row) for row in (await db.exec(statement)).all()]


async def roster(
    db: AsyncSession, caller: Caller, registration_id: UUID, *, lock: bool = False
) -> tuple[Roster, Entry]:
    """A roster and its registration; Missing for those who cannot see it, NoRoster for a party."""
    entry = await registrations.entry(db, caller, registration_id, lock=lock)
    statement = select(Roster).where(Roster.registration_id == registration_id)
    found = (await db.exec(statement.execution_options(populate_existing=True))).first()
    if found is None:
        raise NoRoster()
    return found, entry
