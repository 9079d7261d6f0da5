"""A conflict that comes to light late: seats are given up, and what was done is looked at anew."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import UUID as UUID_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.db import as_service, run
from services.venues.applications.models import Application
from services.venues.experts.conflicts.finding import institutions_of
from services.venues.experts.conflicts.rules import said
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.draws.rules import is_over
from services.venues.experts.invitations.actions import causes_of, hold
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import GIVEN_BACK, TAKEN
from services.venues.experts.invitations.seating import LEFT_THE_POOL, give_up
from services.venues.experts.models import Institution
from services.venues.experts.scores.consequences import found_afterwards
from services.venues.experts.scores.settling import settle, work_of


async def recheck_all(db: AsyncSession, caller: Caller, experts: list[UUID], now: datetime) -> None:
    """Look at every seat that these experts hold, or held to the end, in the light of today.

    In the order of applications, so that nobody waits in a ring.
    """
    statement = (
        select(Seat)
        .where(col(Seat.expert_id).in_(experts), col(Seat.state).in_(TAKEN))
        .order_by(col(Seat.application_id), col(Seat.id))
    )
    async with as_service(db):
        for seat in (await db.exec(statement)).all():
            application, row, held = await hold(db, seat)
            if held.state in TAKEN:
                await recheck_seat(db, caller, application, row, held, now)


async def leave_panels(
    db: AsyncSession, caller: Caller, expert_id: UUID, now: datetime, *, judged_stays: bool = False
) -> None:
    """Whoever is suspended, or leaves, judges no more: the seats of panels at work go on.

    `judged_stays`: not those whose sheet is in.
    """
    statement = (
        select(Seat)
        .where(Seat.expert_id == expert_id, col(Seat.state).in_(TAKEN))
        .order_by(col(Seat.application_id), col(Seat.id))
    )
    async with as_service(db):
        for seat in (await db.exec(statement)).all():
            application, row, held = await hold(db, seat)
            if held.state not in TAKEN:
                continue
            if is_over(application.state, application.stage_key, row.stage_key):
                continue
            work = await work_of(db, application.id, row.stage_key)
            judged = {sheet.seat_id for sheet in work.final} if work else set()
            if judged_stays and held.id in judged:
                continue
            action, why = GIVEN_BACK[held.state], LEFT_THE_POOL
            await give_up(db, application, row, held, action, why, now, why=why, caller=caller)
            await settle(db, application, row.stage_key, now)


async def recheck_panel(db: AsyncSession, caller: Caller, row: Application, now: datetime) -> None:
    """The same for everybody who sits on the panel of an application."""
    seated = select(Seat.expert_id).where(Seat.application_id == row.id, col(Seat.state).in_(TAKEN))
    async with as_service(db):
        experts = (await db.exec(seated)).all()
    await recheck_all(db, caller, list(experts), now)


_SEATED_AT = text(
    """SELECT DISTINCT e.id FROM panel_seats s JOIN experts e ON e.id = s.expert_id
    WHERE s.state = ANY (:taken) AND (e.employer_id = ANY (:line) OR EXISTS (
        SELECT FROM expert_ties t WHERE t.expert_id = e.id AND t.institution_id = ANY (:line)))"""
).bindparams(bindparam("line", type_=ARRAY(UUID_)), bindparam("taken", type_=ARRAY(TEXT)))


async def recheck_institution(
    db: AsyncSession, caller: Caller, row: Institution, now: datetime
) -> None:
    """The same for everybody who is tied to an institution, or to what belongs to it."""
    async with as_service(db):
        line = await institutions_of(db, row.uscc, row.name)
        given = {"line": line, "taken": [state.value for state in TAKEN]}
        experts = (await run(db, _SEATED_AT, given)).scalars().all()
    await recheck_all(db, caller, list(experts), now)


async def recheck_seat(
    db: AsyncSession,
    caller: Caller,
    application: Application,
    row: PanelDraw,
    seat: Seat,
    now: datetime,
) -> bool:
    """Is the seat still without a conflict? Otherwise it is given up while the panel works; once
    its work is done, the trail says so and staff see what it changes. As the service, all held.
    """
    causes = await causes_of(db, application, seat.expert_id, now)
    if not causes:
        return True
    if is_over(application.state, application.stage_key, row.stage_key):
        await found_afterwards(db, caller, application, row, seat, causes, now)
        return False
    why = said(causes)
    await give_up(db, application, row, seat, "conflict", why, now, why=why, caller=caller)
    await settle(db, application, row.stage_key, now)
    return False
