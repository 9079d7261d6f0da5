"""Reads of assessments: behind the same door as the application that they belong to."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.files.tables import files
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.applications.queries import Case, held, owns
from services.venues.applications.rules import NotTheApplicant
from services.venues.assessment.models import ApplicationFile, Assessment, Correction, Snapshot
from services.venues.assessment.rules import AssessmentClosed, is_open

_OF: Any = files.c


async def is_applicant(db: AsyncSession, caller: Caller, found: Case) -> bool:
    """Does the caller act as the applicant, or is it the account that applies?"""
    return caller.is_(found.application.applicant) or await owns(db, caller, found)


async def held_by_applicant(db: AsyncSession, caller: Caller, application_id: UUID) -> Case:
    """The application, held, for whoever may write its assessment now.

    Raises Missing, Forbidden, AssessmentClosed.
    """
    found = await held(db, caller, application_id)
    if not await owns(db, caller, found):
        raise NotTheApplicant()
    if not writable(found):
        raise AssessmentClosed()
    return found


def writable(found: Case) -> bool:
    """May the assessment and its files change now?"""
    row = found.application
    return is_open(row.state, row.stage_key, found.definition)


async def written(db: AsyncSession, found: Case) -> Assessment:
    """What the applicant wrote; version 0 when nothing is."""
    row = await db.get(Assessment, found.application.id)
    return row or Assessment(application_id=found.application.id, answers={}, version=0)


async def snapshots(db: AsyncSession, found: Case, paging: Paging) -> Sequence[Snapshot]:
    """Every snapshot of an application, in order."""
    statement = select(Snapshot).where(Snapshot.application_id == found.application.id)
    return (await db.exec(keyset(statement, paging, col(Snapshot.number)))).all()


async def corrections(db: AsyncSession, found: Case, paging: Paging) -> Sequence[Correction]:
    """Every correction that was asked for, in order."""
    statement = select(Correction).where(Correction.application_id == found.application.id)
    return (await db.exec(keyset(statement, paging, col(Correction.id)))).all()


async def correction(db: AsyncSession, found: Case, correction_id: UUID) -> Correction:
    """One, held; Missing when it is another application's."""
    statement = select(Correction).where(
        Correction.id == correction_id, Correction.application_id == found.application.id
    )
    row = (await db.exec(statement.with_for_update())).first()
    if row is None:
        raise Missing()
    return row


async def files_of(
    db: AsyncSession, found: Case, paging: Paging, *, submitted_only: bool
) -> Sequence[tuple[ApplicationFile, Any, Any, Any]]:
    """Its files with their size, media type and preview, those that were superseded too."""
    statement: Any = (
        select(ApplicationFile, _OF.media_type, _OF.size, _OF.preview)
        .join(files, _OF.id == col(ApplicationFile.file_id))
        .where(ApplicationFile.application_id == found.application.id)
    )
    if submitted_only:
        statement = statement.where(col(ApplicationFile.submitted_at).is_not(None))
    page = keyset(statement, paging, col(ApplicationFile.file_id))
    rows: Sequence[tuple[ApplicationFile, Any, Any, Any]] = (await db.exec(page)).all()
    return rows


async def file_of(db: AsyncSession, found: Case, file_id: UUID) -> ApplicationFile:
    """One of its files, held; Missing when it is another application's."""
    statement = select(ApplicationFile).where(
        ApplicationFile.file_id == file_id,
        ApplicationFile.application_id == found.application.id,
    )
    row = (await db.exec(statement.with_for_update())).first()
    if row is None:
        raise Missing()
    return row
