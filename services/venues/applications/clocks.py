"""Clocks of stages and of supplements, in working days; open while a year's calendar is unknown."""

from datetime import date, datetime

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.logs import log
from services.kit.schedules import Schedule
from services.kit.workdays import DUE_OPEN, day_of, working_days
from services.venues.applications.models import Application, ApplicationState, RunState, StageRun
from services.venues.programmes.definition import Definition, Stage, read
from services.venues.programmes.models import ProgrammeVersion

BATCH = 200


def start(run: StageRun, stage: Stage) -> None:
    """Set the clock of a stage that is entered. The first day counts, as in a notice."""
    if stage.working_days is not None:
        run.due_on = working_days().due(day_of(run.opened_at), stage.working_days, True)
        run.due_open = run.due_on is None
        _warn(run, run.due_open)


def give_days(run: StageRun, from_: datetime, days: int) -> None:
    """The term to supplement. The day of the return is not the applicant's, so it does not count
    (民法典 201)."""
    run.supplement_days, run.supplement_from = days, from_
    run.supplement_due_on = working_days().due(day_of(from_), days, False)
    _warn(run, run.supplement_due_on is None)


def _warn(run: StageRun, without_a_day: bool) -> None:
    if without_a_day:
        log.warning(
            "application_clock_open",
            application=str(run.application_id),
            stage=run.stage_key,
            calendar_known_until=working_days().known_until,
        )


_OPEN_CLOCK = and_(col(StageRun.due_open), col(StageRun.state) == RunState.OPEN)
_OPEN_TERM = and_(
    col(StageRun.supplement_days).is_not(None),
    col(StageRun.supplement_due_on).is_(None),
    col(Application.state) == ApplicationState.RETURNED,
)


async def settle(db: AsyncSession) -> int:
    """A turn of the schedule: give their last day to clocks whose year has become known."""
    statement = (
        select(StageRun, ProgrammeVersion.definition)
        .join(Application, col(Application.id) == col(StageRun.application_id))
        .join(ProgrammeVersion, col(ProgrammeVersion.id) == col(Application.version_id))
        .where(or_(_OPEN_CLOCK, _OPEN_TERM))
        .order_by(col(StageRun.id))
    )
    settled = waiting = 0
    for run, definition in (await db.exec(statement)).all():
        if _settled(run, read(dict(definition))):
            settled += 1
        else:
            waiting += 1
        if settled == BATCH:
            return settled
    DUE_OPEN.labels("applications").set(waiting)
    if waiting:
        log.warning(
            "application_clocks_open",
            clocks=waiting,
            calendar_known_until=working_days().known_until,
        )
    return settled


def _settled(run: StageRun, definition: Definition) -> bool:
    days: date | None
    if run.supplement_days is not None and run.supplement_from is not None:
        days = working_days().due(day_of(run.supplement_from), run.supplement_days, False)
        run.supplement_due_on = days
    else:
        stage = definition.stage(run.stage_key)
        days = working_days().due(day_of(run.opened_at), stage.working_days or 1, True)
        run.due_on, run.due_open = days, days is None
    return days is not None


SETTLE_CLOCKS = Schedule("settle_application_clocks", 3600, settle)
