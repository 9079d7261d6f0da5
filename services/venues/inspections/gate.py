"""The stage of the site visit: it asks for one when it begins, and for its result when it ends."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.applications.gates import StageWork, Unmet
from services.venues.applications.gates import Standing as At
from services.venues.applications.trail import PLATFORM
from services.venues.inspections.making import visit
from services.venues.inspections.models import Inspection
from services.venues.inspections.rules import (
    LIFECYCLE,
    TO_DO,
    InspectionKind,
    InspectionState,
    Result,
)


async def _visited(db: AsyncSession, at: At) -> list[Unmet]:
    statement = (
        select(Inspection)
        .where(
            Inspection.application_id == at.application.id,
            Inspection.stage_run_id == at.run.id,
            Inspection.kind == InspectionKind.SITE_VISIT,
            Inspection.state != InspectionState.CANCELLED,
        )
        .order_by(col(Inspection.id).desc())
        .limit(1)
    )
    visit = (await db.exec(statement)).first()
    if visit is None or visit.result is None:
        return [Unmet("site-visit-missing")]
    return [Unmet("site-visit-failed")] if visit.result is Result.FAILED else []


async def _ask_for_one(db: AsyncSession, at: At) -> None:
    db.add(visit(at.application, at.run, at.run.due_on, PLATFORM, at.now))
    await db.flush()


async def _call_off(db: AsyncSession, at: At) -> None:
    """Sent back, refused or withdrawn: what was to be done is not; another run asks anew."""
    left = select(Inspection).where(
        Inspection.application_id == at.application.id,
        Inspection.kind == InspectionKind.SITE_VISIT,
        col(Inspection.state).in_(TO_DO),
    )
    for row in (await db.exec(left.with_for_update())).all():
        row.state = LIFECYCLE.next("cancel", row.state)
        row.cancel_reason = f"stage {at.run.state}"
        row.version += 1
    await db.flush()


WORK = StageWork(gate=_visited, entered=_ask_for_one, left=_call_off)
