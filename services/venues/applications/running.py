"""What happens around a stage: its gates, its run, its clock, and the work that begins and ends."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.db import as_service
from services.kit.workdays import day_of
from services.venues.applications import clocks
from services.venues.applications.gates import Finding, Standing, Unmet
from services.venues.applications.models import StageRun
from services.venues.applications.queries import Case, last_run, runs_of
from services.venues.applications.rules import FINAL, ApplicationState, At, RunState, asked
from services.venues.honours.rules import free_again
from services.venues.stages import WORK


async def unmet_of(db: AsyncSession, standing: Standing) -> list[Unmet]:
    """Everything that the gates miss for `standing.stage` to be left. As the service principal:
    an objection that the caller may not see counts too."""
    unmet = _too_early(await runs_of(db, standing.application), standing)
    async with as_service(db):
        for stage in asked(standing.definition, standing.stage):
            run = standing.run
            if stage is not standing.stage:
                run = await last_run(db, standing.application, stage.key)
            about = Standing(standing.application, standing.definition, stage, run, standing.now)
            for each in await WORK[stage.kind].gate(db, about):
                if each not in unmet:  # the notice may be asked of the naming, too
                    unmet.append(each)
    return unmet


async def findings_of(db: AsyncSession, standing: Standing) -> list[Finding]:
    """Why `standing.stage` may be left: what its work came to. Asked when nothing is missing."""
    async with as_service(db):
        return await WORK[standing.stage.kind].found(db, standing)


def _too_early(runs: list[StageRun], standing: Standing) -> list[Unmet]:
    months = standing.stage.at_least_months
    if months is None:
        return []
    first = min(run.opened_at for run in runs if run.stage_key == standing.stage.key)
    until = free_again(day_of(first), months)
    if day_of(standing.now) >= until:
        return []
    return [Unmet("stage-lasts-until", {"day": until.isoformat(), "months": months})]


async def settle(db: AsyncSession, case: Case, target: At, now: datetime) -> None:
    """Stand where the table says; a stage that is entered gets its run, its clock and its work."""
    row = case.application
    row.state, row.version = target.state, row.version + 1
    if target.state in FINAL:
        await db.flush()
        return
    row.stage_key = target.stage
    if target.state is not ApplicationState.UNDER_WAY or target.stage is None:
        await db.flush()
        return
    stage = case.definition.stage(target.stage)
    before = [run for run in await runs_of(db, row) if run.stage_key == stage.key]
    run = StageRun(
        application_id=row.id, stage_key=stage.key, attempt=len(before) + 1, opened_at=now
    )
    clocks.start(run, stage)
    db.add(run)
    await db.flush()
    async with as_service(db):
        await WORK[stage.kind].entered(db, Standing(row, case.definition, stage, run, now))


def close(run: StageRun, state: RunState, caller: Caller, now: datetime) -> None:
    run.state, run.closed_at, run.closed_by = state, now, caller.subject


async def leave(db: AsyncSession, case: Case, run: StageRun, now: datetime) -> None:
    stage = case.definition.stage(run.stage_key)
    await db.flush()
    async with as_service(db):
        standing = Standing(case.application, case.definition, stage, run, now)
        await WORK[stage.kind].left(db, standing)
