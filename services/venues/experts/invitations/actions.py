"""What becomes of invitations: a link is made, answered, lapses; a seat is given back."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, Kind, P
from services.kit.db import as_service, run
from services.kit.ids import uuid7
from services.kit.problems import Forbidden, broken
from services.kit.schedules import Schedule
from services.kit.tables import openings
from services.kit.workflow import WrongState
from services.venues.applications.models import Application
from services.venues.applications.queries import held
from services.venues.experts.conflicts.finding import conflicts_of
from services.venues.experts.conflicts.rules import Cause, said
from services.venues.experts.draws import queries as draws
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.draws.rules import is_over
from services.venues.experts.invitations import queries
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import (
    LIFECYCLE,
    AnotherExpertsAccount,
    Answer,
    InvitationClosed,
    SeatState,
    StaffAccount,
    require_open,
)
from services.venues.experts.invitations.schemas import AnswerIn
from services.venues.experts.invitations.seating import give_up
from services.venues.experts.invitations.telling import TOLD, tell
from services.venues.experts.models import Expert, Tie, TieKind
from services.venues.experts.pool.rules import ExpertState, NotInThePool
from services.venues.experts.scores.settling import settle

LAPSED, DECLINED, ACCEPTED = "逾期未答复", "谢绝邀请", "接受邀请"
ON_ACCEPTANCE = "接受时核查"
_BIND = tuple(
    text(f"UPDATE {table} SET account_id = :account WHERE expert_id = :expert")
    for table in ("panel_seats", "expert_ties")
)


async def make_link(
    db: AsyncSession, caller: Caller, seat_id: UUID, purpose: str, now: datetime
) -> tuple[Seat, str]:
    """A new token for an open invitation; the one before is worth nothing from now on."""
    seat = await queries.kept(db, caller, seat_id)
    _, _, seat = await hold(db, seat)
    if seat.state is not SeatState.INVITED:
        raise WrongState(action="link", state=seat.state.value)
    token = secrets.token_urlsafe(32)
    seat.token_hash = queries.hash_of(token)
    seat.version += 1
    await run(
        db,
        openings.insert().values(
            id=uuid7(),
            actor=caller.known(),
            subject=f"experts/invitations/{seat.id}",
            fields="panel_seats.token",
            purpose=purpose,
        ),
    )
    await db.flush()
    return seat, token


async def hold(db: AsyncSession, seat: Seat) -> tuple[Application, PanelDraw, Seat]:
    """Application, draw, seat: held in the order in which everything here holds them."""
    async with as_service(db):
        case = await held(db, SERVICE, seat.application_id)
        row = await draws.draw(db, seat.draw_id, lock=True)
        fresh = select(Seat).where(Seat.id == seat.id).with_for_update()
        found = (await db.exec(fresh.execution_options(populate_existing=True))).one()
    return case.application, row, found


async def answer(
    db: AsyncSession, caller: Caller, seat: Seat, given: AnswerIn, now: datetime
) -> Seat:
    """Accept, decline or declare a conflict. Whoever cannot judge after all is not let in, and
    whenever a place becomes free the next alternate of its stratum is asked.

    Raises InvitationAnswered, InvitationLapsed, InvitationClosed, AnotherExpertsAccount,
    StaffAccount, Unauthenticated (to accept), BrokenRule.
    """
    if given.answer is not Answer.ACCEPT and given.reason is None:
        raise broken("/reason", "say-why")
    application, row, seat = await hold(db, seat)
    if _is_repeated(caller, seat, given):
        return seat  # what we said to it was lost on the way
    require_open(seat.state, seat.expires_at, now)
    async with as_service(db):
        if is_over(application.state, application.stage_key, row.stage_key):
            raise InvitationClosed()
        if given.answer is Answer.ACCEPT:
            await _accept(db, caller, application, row, seat, now)
        elif given.answer is Answer.DECLINE:
            await give_up(db, application, row, seat, "decline", given.reason, now, why=DECLINED)
        else:
            await _declare(db, caller, seat, now)
            declared = said([Cause.DECLARED])
            await give_up(db, application, row, seat, "conflict", given.reason, now, why=declared)
    return seat


def _is_repeated(caller: Caller, seat: Seat, given: AnswerIn) -> bool:
    if given.answer is Answer.ACCEPT:
        return seat.state is SeatState.ACCEPTED and caller.is_(seat.account_id)
    same = LIFECYCLE.steps[given.answer].target
    return seat.state is same and seat.reason == given.reason


async def _accept(
    db: AsyncSession,
    caller: Caller,
    application: Application,
    row: PanelDraw,
    seat: Seat,
    now: datetime,
) -> None:
    account = caller.known()
    if caller.kind is Kind.STAFF:
        raise StaffAccount()
    await bind(db, account, seat.expert_id)
    await db.refresh(seat)
    causes = await causes_of(db, application, seat.expert_id, now)
    if causes:
        why = said(causes)
        await give_up(
            db, application, row, seat, "conflict", why, now, why=f"{ON_ACCEPTANCE}：{why}"
        )
        return
    seat.state = LIFECYCLE.next("accept", seat.state)
    seat.answered_at = now
    seat.version += 1
    await db.flush()
    await tell(db, application, seat, TOLD["accept"], ACCEPTED, caller)


async def causes_of(
    db: AsyncSession, application: Application, expert_id: UUID, now: datetime
) -> tuple[Cause, ...]:
    """Why an expert may not judge, as of this moment; nothing when they may."""
    found = await conflicts_of(db, application, now.date(), [expert_id])
    return found.get(expert_id, ())


async def bind(db: AsyncSession, account: UUID, expert_id: UUID) -> None:
    """From the first acceptance on, the expert is this account, and nobody else.

    Raises NotInThePool, AnotherExpertsAccount.
    """
    statement = select(Expert).where(Expert.id == expert_id).with_for_update()
    expert = (await db.exec(statement.execution_options(populate_existing=True))).one()
    if expert.state is not ExpertState.STANDING:
        raise NotInThePool()
    if expert.account_id == account:
        return
    taken = select(Expert.id).where(Expert.account_id == account)
    if expert.account_id is not None or (await db.exec(taken)).first() is not None:
        raise AnotherExpertsAccount()
    expert.account_id = account
    await db.flush()
    for statement_ in _BIND:
        await run(db, statement_, {"account": account, "expert": expert_id})


async def _declare(db: AsyncSession, caller: Caller, seat: Seat, now: datetime) -> None:
    expert = await db.get_one(Expert, seat.expert_id)
    db.add(
        Tie(
            expert_id=expert.id,
            account_id=expert.account_id,
            division_code=expert.division_code,
            recorded_code=expert.division_code,
            kind=TieKind.OTHER,
            application_id=seat.application_id,
            # By link nobody is signed in: then it is the expert that speaks.
            set_by=caller.subject or expert.id,
            set_at=now,
        )
    )
    await db.flush()


async def release(
    db: AsyncSession, caller: Caller, seat_id: UUID, reason: str, now: datetime
) -> Seat:
    """Take an accepted seat back, with why (illness, no scores in time); the next is asked."""
    seat = await queries.kept(db, caller, seat_id)
    application, row, seat = await hold(db, seat)
    if not caller.may(P.EXPERT_MANAGE, at=seat.division_code):
        raise Forbidden(permission=P.EXPERT_MANAGE.value, division=seat.division_code)
    if is_over(application.state, application.stage_key, row.stage_key):
        raise WrongState(action="release", state=seat.state.value)
    async with as_service(db):
        await give_up(db, application, row, seat, "release", reason, now, why=reason, caller=caller)
        await settle(db, application, row.stage_key, now)
    return seat


async def lapse_next(db: AsyncSession) -> int:
    """One turn of the schedule: the invitation that waited longest beyond its time."""
    now = datetime.now(UTC)
    statement = select(Seat).where(
        col(Seat.state) == SeatState.INVITED, col(Seat.expires_at) <= now
    )
    seat = (await db.exec(statement.order_by(col(Seat.expires_at)).limit(1))).first()
    if seat is None:
        return 0
    application, row, seat = await hold(db, seat)
    if seat.state is SeatState.INVITED:
        await give_up(db, application, row, seat, "lapse", LAPSED, now, why=LAPSED)
    return 1


LAPSE = Schedule("lapse-invitations", every_s=30, turn=lapse_next)
