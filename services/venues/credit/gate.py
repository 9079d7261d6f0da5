"""What is asked before experts see an application, in a credit check, and again before naming."""

from dataclasses import replace

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.settings import suite
from services.kit.workdays import day_of
from services.venues.applications.gates import Finding, StageWork, Standing, Unmet
from services.venues.applications.models import Application
from services.venues.credit.models import Answer, Check, Remedy
from services.venues.credit.requesting import request
from services.venues.credit.rules import (
    CheckState,
    RemedyState,
    Result,
    Waiting,
    too_old,
    valid_days,
    wanted,
)
from services.venues.credit.snapshots import is_sound

_LIFTS = (RemedyState.RECORDED, RemedyState.UPHELD)


async def gate(db: AsyncSession, standing: Standing) -> list[Unmet]:
    """A clear answer that is signed, about this host and recent; after a red line, newer than its
    remedy; and no question without an answer."""
    if not wanted(standing.definition, standing.stage):
        return []
    row = standing.application
    check = await _unanswered(db, row)
    if check is not None:
        return [Unmet(f"credit-{(check.reason or Waiting.QUEUED).replace('_', '-')}")]
    answers = await _answers(db, row)
    if not answers:
        return [Unmet("credit-not-asked")]
    newest = answers[0]
    if newest.result is Result.RED_LINE:
        return [Unmet("credit-red-line")]
    if not is_sound(suite().keys, newest, row.id, row.host_uscc, row.host_name):
        return [Unmet("credit-other-host")]
    if too_old(newest.answered_at, valid_days(standing.definition), standing.now):
        return [Unmet("credit-too-old", {"days": valid_days(standing.definition)})]
    red = next((answer for answer in answers if answer.result is Result.RED_LINE), None)
    if red is not None and not await _remedied(db, red, newest):
        return [Unmet("credit-unrepaired")]
    return []


async def _unanswered(db: AsyncSession, row: Application) -> Check | None:
    statement = select(Check).where(
        Check.application_id == row.id, Check.state == CheckState.WAITING
    )
    return (await db.exec(statement)).first()


async def _answers(db: AsyncSession, row: Application) -> list[Answer]:
    """What was answered about the application, the newest first; without what was unknown."""
    statement = (
        select(Answer)
        .where(Answer.application_id == row.id, Answer.result != Result.UNKNOWN)
        .order_by(col(Answer.answered_at).desc(), col(Answer.id).desc())
    )
    return list((await db.exec(statement)).all())


async def _remedied(db: AsyncSession, red: Answer, clear: Answer) -> bool:
    """Was the red line repaired, or appealed against with success, before the clear answer?"""
    statement = (
        select(Remedy.id)
        .where(
            Remedy.application_id == red.application_id,
            col(Remedy.state).in_(_LIFTS),
            col(Remedy.decided_at) >= red.answered_at,
            col(Remedy.decided_at) <= clear.answered_at,
        )
        .limit(1)
    )
    return (await db.exec(statement)).first() is not None


async def entered(db: AsyncSession, standing: Standing) -> None:
    """Ask on entering a stage that cannot be left without an answer."""
    if wanted(standing.definition, standing.stage):
        row, stage = standing.application, standing.stage
        await request(db, row, standing.definition, stage.key, standing.now)


async def found(db: AsyncSession, standing: Standing) -> list[Finding]:
    """The day of the clear answer that lets the application go on."""
    if not wanted(standing.definition, standing.stage):
        return []
    answers = await _answers(db, standing.application)
    return [Finding("found-credit", {"day": f"{day_of(answers[0].answered_at)}"})]


WORK = StageWork(gate=gate, entered=entered, found=found)


def with_credit(work: StageWork) -> StageWork:
    """The work of a stage, and besides it what its place in the programme asks of the credit."""
    if work.gate is gate:
        return work

    async def both(db: AsyncSession, standing: Standing) -> list[Unmet]:
        return [*await work.gate(db, standing), *await gate(db, standing)]

    async def enter(db: AsyncSession, standing: Standing) -> None:
        await work.entered(db, standing)
        await entered(db, standing)

    async def say(db: AsyncSession, standing: Standing) -> list[Finding]:
        return [*await found(db, standing), *await work.found(db, standing)]

    return replace(work, gate=both, entered=enter, found=say)
