"""What people do with score sheets: save, submit, open again."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, P
from services.kit.db import as_service
from services.kit.problems import BrokenRule
from services.kit.versions import require_version
from services.kit.workflow import WrongState
from services.venues.applications.models import Application, StageRun
from services.venues.applications.queries import case as read_case
from services.venues.experts.draws.actions import stage_of
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.draws.rules import NoPanelNow
from services.venues.experts.invitations import queries
from services.venues.experts.invitations.actions import hold
from services.venues.experts.invitations.afterwards import recheck_seat
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import NotSeated, SeatState
from services.venues.experts.invitations.telling import tell
from services.venues.experts.scores.models import Sheet
from services.venues.experts.scores.rules import (
    LIFECYCLE,
    point_errors,
    require_whole,
)
from services.venues.experts.scores.schemas import SheetIn
from services.venues.experts.scores.settling import last_run, settle
from services.venues.programmes.definition import Definition


async def _at_work(
    db: AsyncSession, seat: Seat
) -> tuple[Application, PanelDraw, Seat, Definition, StageRun]:
    """Everything that a score needs, held: an accepted seat in a stage that is still open."""
    application, row, seat = await hold(db, seat)
    if seat.state is not SeatState.ACCEPTED:
        raise NotSeated()
    case = await read_case(db, SERVICE, application.id)
    stage, _ = stage_of(case)
    run = await last_run(db, application.id, row.stage_key)
    if stage.key != row.stage_key or run is None:
        raise NoPanelNow()
    return application, row, seat, case.definition, run


async def save(
    db: AsyncSession, caller: Caller, seat_id: UUID, given: SheetIn, version: int, now: datetime
) -> None:
    """Save a draft. Whoever turns out to have a conflict loses the seat instead."""
    own = await queries.own(db, caller, seat_id)
    application, row, seat, definition, run = await _at_work(db, own)
    if errors := point_errors(definition, given.points):
        raise BrokenRule(errors=tuple(errors))
    sheet = await db.get(Sheet, (seat.id, run.id))
    require_version(sheet.version if sheet else 0, version)
    async with as_service(db):
        if not await recheck_seat(db, SERVICE, application, row, seat, now):
            return
    if sheet is None:
        sheet = Sheet(
            seat_id=seat.id,
            run_id=run.id,
            account_id=caller.known(),
            division_code=seat.division_code,
            recorded_code=seat.division_code,
            points={},
            comments={},
            saved_at=now,
            version=0,
        )
        db.add(sheet)
    sheet.state = LIFECYCLE.next("save", sheet.state)
    sheet.points, sheet.comments = dict(given.points), dict(given.comments)
    sheet.opinion, sheet.saved_at = given.opinion, now
    sheet.version += 1
    await db.flush()


async def submit(
    db: AsyncSession, caller: Caller, seat_id: UUID, version: int, now: datetime
) -> None:
    """Hand the saved sheet in, for good. A conflict is looked for once more before it counts.

    Raises BrokenRule with every field that is missing.
    """
    own = await queries.own(db, caller, seat_id)
    application, row, seat, definition, run = await _at_work(db, own)
    sheet = await db.get(Sheet, (seat.id, run.id))
    if sheet is None:
        raise WrongState(action="submit", state="—")
    require_version(sheet.version, version)
    sheet.state = LIFECYCLE.next("submit", sheet.state)
    require_whole(definition, sheet.points, sheet.comments)
    sheet.submitted_at = now
    sheet.version += 1
    async with as_service(db):
        if await recheck_seat(db, SERVICE, application, row, seat, now):
            await settle(db, application, row.stage_key, now)


async def reopen(
    db: AsyncSession, caller: Caller, seat_id: UUID, reason: str, now: datetime
) -> None:
    """Give a submitted sheet back to its expert, with why; the result is gone until it is in."""
    kept = await queries.kept(db, caller, seat_id)
    caller.require(P.EXPERT_MANAGE, at=kept.division_code)
    application, row, seat, _, run = await _at_work(db, kept)
    sheet = await db.get(Sheet, (seat.id, run.id))
    if sheet is None:
        raise WrongState(action="reopen", state="—")
    sheet.state = LIFECYCLE.next("reopen", sheet.state)
    sheet.submitted_at, sheet.reopen_reason = None, reason
    sheet.version += 1
    async with as_service(db):
        await settle(db, application, row.stage_key, now)
    await tell(db, application, seat, "sheet_reopened", reason, caller)
