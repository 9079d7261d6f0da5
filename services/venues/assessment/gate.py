"""What a self-assessment still lacks, asked before an application is submitted or goes on."""

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.applications.gates import StageWork, Standing, Unmet
from services.venues.applications.models import Application
from services.venues.assessment.lines import lines
from services.venues.assessment.models import ApplicationFile, Assessment, Correction
from services.venues.assessment.rules import (
    CorrectionState,
    FilePart,
    assessed_in_a_stage,
    criteria,
)
from services.venues.programmes.definition import Criterion, Definition, Material


async def missing_for_submission(
    db: AsyncSession, application: Application, definition: Definition
) -> list[Unmet]:
    """Required materials, files still on their way, and criteria that nobody gave points for.

    Where the self-assessment is a stage of its own, its criteria are asked for there.
    """
    missing = await _missing_files(db, application, definition)
    if not assessed_in_a_stage(definition):
        missing += await missing_answers(db, application, definition)
    return missing


async def _missing_files(
    db: AsyncSession, application: Application, definition: Definition
) -> list[Unmet]:
    place = (col(ApplicationFile.part), col(ApplicationFile.key), col(ApplicationFile.ready))
    found = await db.exec(
        select(ApplicationFile.part, ApplicationFile.key, ApplicationFile.ready, func.count())
        .where(
            ApplicationFile.application_id == application.id,
            col(ApplicationFile.superseded_at).is_(None),
        )
        .group_by(*place)
    )
    counts = {(part, key, ready): count for part, key, ready, count in found.all()}
    missing = [
        Unmet("material-missing", {"pointer": f"/files/{material.key}", **_said(material)})
        for material in definition.materials
        if material.required and (FilePart.MATERIAL, material.key, True) not in counts
    ]
    waiting = sum(count for (_, _, ready), count in counts.items() if not ready)
    return missing + ([_waiting(waiting)] if waiting else [])


async def missing_answers(
    db: AsyncSession, application: Application, definition: Definition
) -> list[Unmet]:
    """Criteria without points: neither the platform knows, nor did the applicant say."""
    known = {criterion.key: criterion for _, criterion in criteria(definition)}
    return [
        Unmet(
            "criterion-not-assessed",
            {"pointer": f"/assessment/{one.criterion}", **_said(known[one.criterion])},
        )
        for one in await lines(db, application, definition)
        if one.points is None
    ]


def _said(what: Material | Criterion) -> dict[str, str]:
    return {"key": what.key, "title": what.title["zh-CN"]}


def _waiting(count: int) -> Unmet:
    return Unmet("files-on-their-way", {"pointer": "/files", "count": count})


async def _handed_in(db: AsyncSession, standing: Standing) -> list[Unmet]:
    row = await db.get(Assessment, standing.application.id)
    if row is None or row.handed_in_at is None or row.handed_in_at < standing.run.opened_at:
        return [Unmet("assessment-not-handed-in", {"pointer": "/assessment"})]
    return []


async def _corrections_settled(db: AsyncSession, standing: Standing) -> list[Unmet]:
    statement = select(func.count()).where(
        Correction.application_id == standing.application.id,
        Correction.state == CorrectionState.ASKED,
    )
    count = (await db.exec(statement)).one()
    return [Unmet("corrections-open", {"pointer": "/assessment", "count": count})] if count else []


async def _assessed(db: AsyncSession, standing: Standing) -> list[Unmet]:
    return [*await _handed_in(db, standing), *await _corrections_settled(db, standing)]


WORK = StageWork(gate=_assessed)
"""Of the stage `self_assessment`."""
ELIGIBILITY = StageWork(gate=_corrections_settled)
"""Of the stage `eligibility`: who reviews settles what the applicant holds for wrong."""
