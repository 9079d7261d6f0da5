"""Reads of scores: one's own sheet, the panel for whoever keeps it, the band for everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, P
from services.kit.db import as_service
from services.kit.problems import Missing
from services.venues.applications.models import Application, ApplicationState, StageRun
from services.venues.applications.queries import Case, visible
from services.venues.applications.queries import case as read_case
from services.venues.applications.rules import office_of
from services.venues.experts.draws.rules import NoPanelNow, is_over
from services.venues.experts.invitations import queries as invitations
from services.venues.experts.invitations.models import Seat
from services.venues.experts.models import Expert
from services.venues.experts.scores.models import Finding, Result, Sheet
from services.venues.experts.scores.rules import PanelResult, stored
from services.venues.experts.scores.settling import Work, last_run, work_of
from services.venues.programmes.definition import Band, Stage, StageKind


@dataclass(frozen=True)
class OwnSheet:
    """A seat with its sheet of this run, or where an earlier run's leaves off."""

    seat: Seat
    sheet: Sheet | None
    before: Sheet | None


@dataclass(frozen=True)
class Panel:
    """A panel with its work."""

    case: Case
    stage: Stage
    work: Work | None
    names: dict[UUID, str]
    result: PanelResult | None
    findings: Sequence[Finding]


async def own_sheet(db: AsyncSession, caller: Caller, seat_id: UUID) -> OwnSheet:
    """The caller's own sheet; Missing for everybody else's."""
    seat = await invitations.own(db, caller, seat_id)
    run = await last_run(db, seat.application_id, seat.stage_key)
    statement = (
        select(Sheet)
        .join(StageRun, col(StageRun.id) == Sheet.run_id)
        .where(Sheet.seat_id == seat.id)
        .order_by(col(StageRun.attempt).desc())
        .limit(1)
    )
    last = (await db.exec(statement)).first()
    here = last if last and run and last.run_id == run.id else None
    return OwnSheet(seat, here, last if here is None else None)


def review_stage(case: Case) -> Stage:
    """The stage that experts review: where the application stands, else the last that it passed."""
    stages = [each for each in case.definition.stages if each.kind is StageKind.EXPERT_REVIEW]
    if not stages:
        raise NoPanelNow()
    here = [each for each in stages if each.key == case.application.stage_key]
    return (here or stages)[-1]


async def panel(db: AsyncSession, caller: Caller, application_id: UUID) -> Panel:
    """The panel of an application; Missing for those who do not keep it."""
    case = await read_case(db, caller, application_id)
    stage = review_stage(case)
    office = office_of(case.application.division_code, stage.tier)
    if not caller.may(P.EXPERT_MANAGE, at=office):
        raise Missing()
    async with as_service(db):
        work = await work_of(db, application_id, stage.key)
        seats = work.seats if work else []
        named = select(Expert.id, Expert.name_masked).where(
            col(Expert.id).in_([seat.expert_id for seat in seats])
        )
        names = dict((await db.exec(named)).all())
    found = await db.get(Result, work.run.id) if work else None
    findings = select(Finding).where(Finding.application_id == application_id)
    return Panel(
        case,
        stage,
        work,
        names,
        stored(found.result) if found else None,
        (await db.exec(findings.order_by(col(Finding.id)))).all(),
    )


async def band(
    db: AsyncSession, caller: Caller, application_id: UUID
) -> tuple[PanelResult, Band | None]:
    """The band, once the application has left the stage: for whoever may read the application, and
    for everybody once it is named. Missing otherwise, and before."""
    allowed = select(Application.id).where(
        Application.id == application_id,
        visible(caller) | (col(Application.state) == ApplicationState.NAMED),
    )
    if (await db.exec(allowed)).first() is None:
        raise Missing()
    case = await read_case(db, SERVICE, application_id)
    row, stage = case.application, review_stage(case)
    run = await last_run(db, application_id, stage.key)
    found = await db.get(Result, run.id) if run else None
    if found is None or not is_over(row.state, row.stage_key, stage.key):
        raise Missing()
    result = stored(found.result)
    bands = {each.key: each for each in case.definition.bands}
    return result, bands.get(result.band or "")
