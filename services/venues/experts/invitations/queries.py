"""Reads of invitations: one's own, and those that a token opens."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, mine
from services.kit.db import as_service
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.applications.models import Application
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import InvitationGone, SeatState
from services.venues.programmes.models import ProgrammeVersion

Invitation = tuple[Seat, Application, ProgrammeVersion]
_SHOWN = (SeatState.STANDING_BY, SeatState.CLOSED)
"""An alternate whom nobody has asked does not know that they were drawn."""


def hash_of(token: str) -> bytes:
    """What is kept of a token: it is random, so it needs no salt."""
    return sha256(token.encode()).digest()


async def invitations(db: AsyncSession, caller: Caller, paging: Paging) -> Sequence[Invitation]:
    """The caller's own, the newest first."""
    statement: Any = (
        select(Seat, Application, ProgrammeVersion)
        .join(Application, col(Application.id) == Seat.application_id)
        .join(ProgrammeVersion, col(ProgrammeVersion.id) == col(Application.version_id))
        .where(mine(col(Seat.account_id), caller), col(Seat.state).not_in(_SHOWN))
    )
    page = keyset(statement, paging, col(Seat.id), descending=True)
    found: Sequence[Invitation] = (await db.exec(page)).all()
    return found


async def around(db: AsyncSession, seat_id: UUID) -> Invitation:
    """A seat with what it is for. As the service, for whoever was let in before."""
    statement = (
        select(Seat, Application, ProgrammeVersion)
        .join(Application, col(Application.id) == Seat.application_id)
        .join(ProgrammeVersion, col(ProgrammeVersion.id) == col(Application.version_id))
        .where(Seat.id == seat_id)
    )
    async with as_service(db):
        return (await db.exec(statement)).one()


async def by_token(db: AsyncSession, token: str) -> Seat:
    """The seat of this token, whatever became of it; InvitationGone when there is none."""
    statement = select(Seat).where(Seat.token_hash == hash_of(token))
    async with as_service(db):
        found = (await db.exec(statement)).first()
    if found is None:
        raise InvitationGone()
    return found


async def own(db: AsyncSession, caller: Caller, seat_id: UUID) -> Seat:
    """The caller's own seat, once they were asked; Missing otherwise."""
    statement = select(Seat).where(
        Seat.id == seat_id, mine(col(Seat.account_id), caller), col(Seat.state).not_in(_SHOWN)
    )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def kept(db: AsyncSession, caller: Caller, seat_id: UUID) -> Seat:
    """A seat of a panel that the caller keeps; Missing otherwise."""
    found = (await db.exec(select(Seat).where(Seat.id == seat_id))).first()
    if found is None or not caller.may(P.EXPERT_MANAGE, at=found.division_code):
        raise Missing()
    return found
