"""What people do about credit: ask again, record a repair, appeal, decide it, lift a line."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.problems import broken
from services.kit.versions import require_version
from services.kit.workdays import day_of
from services.venues.applications.models import ApplicationState
from services.venues.applications.queries import Case, held, owns
from services.venues.applications.trail import decide
from services.venues.credit import queries
from services.venues.credit.models import Answer, RedLine, Remedy
from services.venues.credit.requesting import request
from services.venues.credit.rules import (
    APPEAL,
    AlreadyLifted,
    NoRedLine,
    NothingToAsk,
    RemedyKind,
    RemedyState,
    Standing,
    asks_at_all,
)

_ON_ITS_WAY = frozenset({ApplicationState.UNDER_WAY, ApplicationState.RETURNED})


async def ask_again(db: AsyncSession, caller: Caller, application_id: UUID, now: datetime) -> Case:
    """Ask the provider, now. Raises NothingToAsk, Forbidden."""
    case = await held(db, caller, application_id)
    caller.require(P.APPLICATION_REVIEW, at=case.definition.division)
    await _ask(db, caller, case, now)
    await _decided(db, caller, case, "credit_ask", None, now)
    return case


async def _ask(db: AsyncSession, caller: Caller, case: Case, now: datetime) -> None:
    row = case.application
    if row.state not in _ON_ITS_WAY or not asks_at_all(case.definition):
        raise NothingToAsk()
    await request(db, row, case.definition, row.stage_key or "", now, caller.known())


async def record_repair(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    grounds: str,
    document: str,
    now: datetime,
) -> Case:
    """A repair after a red line; the provider is asked again, and only its answer lets pass.

    Raises NoRedLine, NothingToAsk, Forbidden.
    """
    case = await held(db, caller, application_id)
    caller.require(P.APPLICATION_DECIDE, at=case.definition.division)
    red = await _red(db, case)
    db.add(
        Remedy(
            application_id=application_id,
            answer_id=red.id,
            kind=RemedyKind.REPAIR,
            state=RemedyState.RECORDED,
            grounds=grounds,
            document=document,
            recorded_by=caller.known(),
            recorded_at=now,
            decided_by=caller.known(),
            decided_at=now,
        )
    )
    await _ask(db, caller, case, now)
    await _decided(db, caller, case, "credit_repair", f"{grounds}（{document}）", now)
    return case


async def lodge_appeal(
    db: AsyncSession, caller: Caller, application_id: UUID, grounds: str, now: datetime
) -> Case:
    """The applicant says that the red line is wrong; or the office enters it for them.

    Raises NoRedLine, AppealLodged (a constraint), Forbidden.
    """
    case = await held(db, caller, application_id)
    if not await owns(db, caller, case):
        caller.require(P.APPLICATION_REVIEW, at=case.definition.division)
    red = await _red(db, case)
    db.add(
        Remedy(
            application_id=application_id,
            answer_id=red.id,
            kind=RemedyKind.APPEAL,
            state=RemedyState.LODGED,
            grounds=grounds,
            recorded_by=caller.known(),
            recorded_at=now,
        )
    )
    await db.flush()
    await _decided(db, caller, case, "credit_appeal", grounds, now)
    return case


async def decide_appeal(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    remedy_id: UUID,
    action: str,
    reason: str,
    now: datetime,
) -> Case:
    """Uphold or reject it. After an upheld one the provider is asked again.

    Raises WrongState, Missing, Forbidden.
    """
    case = await held(db, caller, application_id)
    caller.require(P.APPLICATION_DECIDE, at=case.definition.division)
    remedy = await queries.appeal(db, application_id, remedy_id)
    remedy.state = APPEAL.next(action, remedy.state)
    remedy.outcome, remedy.decided_by, remedy.decided_at = reason, caller.known(), now
    remedy.version += 1
    if remedy.state is RemedyState.UPHELD:
        await _ask(db, caller, case, now)
    await _decided(db, caller, case, f"credit_appeal_{action}", reason, now)
    return case


async def _red(db: AsyncSession, case: Case) -> Answer:
    found = await queries.red_line_to_remedy(db, case.application.id)
    if found is None:
        raise NoRedLine()
    return found


async def _decided(
    db: AsyncSession, caller: Caller, case: Case, action: str, reason: str | None, now: datetime
) -> None:
    row = case.application
    await decide(
        db,
        application=row,
        action=action,
        caller=caller,
        stage_key=row.stage_key,
        reason=reason,
        now=now,
    )


async def lift(
    db: AsyncSession,
    caller: Caller,
    line_id: UUID,
    lifted_on: date,
    document: str,
    version: int,
    now: datetime,
) -> RedLine:
    """A line of the list no longer holds, from a day on. Raises AlreadyLifted, Stale, Forbidden."""
    row = await queries.red_line(db, caller, line_id)
    caller.require(P.APPLICATION_DECIDE, at=row.division_code)
    require_version(row.version, version)
    if row.lifted_on is not None or row.standing is not Standing.RED_LINE:
        raise AlreadyLifted()
    today = day_of(now)
    if not row.listed_on <= lifted_on <= today:
        raise broken("/lifted_on", "lifted-between", first=f"{row.listed_on}", last=f"{today}")
    row.lifted_on, row.lift_document = lifted_on, document
    row.version += 1
    await db.flush()
    return row
