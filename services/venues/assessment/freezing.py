"""What was decided on is kept: a snapshot at each submission, the evidence marked as submitted."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.venues.applications.models import Application
from services.venues.applications.trail import PLATFORM
from services.venues.assessment.lines import lines
from services.venues.assessment.models import ApplicationFile, Snapshot
from services.venues.assessment.rules import Cause, assessed_in_a_stage, period_of
from services.venues.programmes.definition import Definition


async def submitted(
    db: AsyncSession,
    application: Application,
    definition: Definition,
    caller: Caller,
    now: datetime,
) -> None:
    """The application was submitted: its figures are taken once more, and stand from now on.

    Where the self-assessment is a stage of its own, it is taken when it is handed in there.
    """
    await _mark_files(db, application, now)
    if definition.sections and not assessed_in_a_stage(definition):
        await take(db, application, definition, Cause.SUBMITTED, caller, now)


async def _mark_files(db: AsyncSession, application: Application, now: datetime) -> None:
    """From now on they are replaced, not removed."""
    await db.exec(
        update(ApplicationFile)
        .where(
            col(ApplicationFile.application_id) == application.id,
            col(ApplicationFile.ready),
            col(ApplicationFile.submitted_at).is_(None),
        )
        .values(submitted_at=now)
    )


async def take(
    db: AsyncSession,
    application: Application,
    definition: Definition,
    cause: Cause,
    caller: Caller,
    now: datetime,
) -> Snapshot:
    """The lines as they stand now, for good. The application's row is held."""
    await _mark_files(db, application, now)
    stored = [line.stored() for line in await lines(db, application, definition)]
    return await _keep(db, application, definition, cause, caller, now, stored)


async def take_corrected(
    db: AsyncSession,
    application: Application,
    definition: Definition,
    criterion: str,
    caller: Caller,
    now: datetime,
) -> Snapshot | None:
    """The last snapshot with one line corrected: the other figures stay as they were submitted.

    None while nothing was submitted: the correction then counts when it is.
    """
    before = await newest(db, application)
    if before is None:
        return None
    (corrected,) = (
        line for line in await lines(db, application, definition) if line.criterion == criterion
    )
    stored = [
        corrected.stored() if line["criterion"] == criterion else line for line in before.lines
    ]
    return await _keep(db, application, definition, Cause.CORRECTED, caller, now, stored)


async def _keep(
    db: AsyncSession,
    application: Application,
    definition: Definition,
    cause: Cause,
    caller: Caller,
    now: datetime,
    stored: list[dict[str, Any]],
) -> Snapshot:
    numbers = select(func.count()).where(Snapshot.application_id == application.id)
    first, last = period_of(definition, application.year)
    row = Snapshot(
        application_id=application.id,
        number=(await db.exec(numbers)).one() + 1,
        cause=cause,
        version_id=application.version_id,
        first_day=first,
        last_day=last,
        total=sum(line["points"] or 0 for line in stored),
        lines=stored,
        taken_by=caller.subject or PLATFORM,
        taken_at=now,
    )
    db.add(row)
    await db.flush()
    return row


async def newest(db: AsyncSession, application: Application) -> Snapshot | None:
    """The snapshot that is decided on; None before the first submission."""
    statement = select(Snapshot).where(Snapshot.application_id == application.id)
    return (await db.exec(statement.order_by(col(Snapshot.number).desc()).limit(1))).first()
