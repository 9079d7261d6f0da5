"""New inspections to be done: of an application in its stage, or of an honour."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.applications.models import Application, StageRun
from services.venues.honours.models import Honour
from services.venues.inspections.models import Inspection
from services.venues.inspections.rules import InspectionKind
from services.venues.programmes.models import ProgrammeVersion, VersionState


def visit(
    row: Application, run: StageRun, due_on: date | None, by: UUID, now: datetime
) -> Inspection:
    """A site visit to be done in this run of the stage."""
    return Inspection(
        kind=InspectionKind.SITE_VISIT,
        application_id=row.id,
        stage_run_id=run.id,
        programme_id=row.programme_id,
        version_id=row.version_id,
        venue_id=row.venue_id,
        subject_code=row.subject_code,
        applicant=row.applicant,
        division_code=row.division_code,
        recorded_code=row.division_code,
        due_on=due_on,
        created_by=by,
        created_at=now,
    )


def check(
    honour: Honour,
    version_id: UUID | None,
    kind: InspectionKind,
    due_on: date | None,
    by: UUID,
    now: datetime,
    **more: Any,
) -> Inspection:
    """A check of an honour to be done."""
    return Inspection(
        kind=kind,
        honour_id=honour.id,
        programme_id=honour.programme_id,
        version_id=version_id,
        venue_id=honour.venue_id,
        subject_code=honour.subject_code,
        division_code=honour.division_code,
        recorded_code=honour.division_code,
        due_on=due_on,
        created_by=by,
        created_at=now,
        **more,
    )


async def rule_of(db: AsyncSession, honour: Honour) -> UUID | None:
    """The version that an honour is inspected by: the one it was named under, or the newest."""
    if honour.application_id is not None:
        application = await db.get_one(Application, honour.application_id)
        return application.version_id
    statement = (
        select(ProgrammeVersion.id)
        .where(
            ProgrammeVersion.programme_id == honour.programme_id,
            ProgrammeVersion.state == VersionState.PUBLISHED,
        )
        .order_by(col(ProgrammeVersion.number).desc())
        .limit(1)
    )
    return (await db.exec(statement)).first()
