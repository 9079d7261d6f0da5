"""Photos of inspectors, and evidence of the inspected; checked by content as every file is."""

from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.files.declaring import declare
from services.kit.files.parts import Files, Purpose, Sight
from services.kit.files.rows import drop
from services.kit.files.rules import DOCUMENT_KINDS, PICTURE_KINDS, File
from services.kit.files.schemas import FileIn
from services.kit.problems import Missing, broken
from services.venues.inspections import queries
from services.venues.inspections.models import InspectionFile
from services.venues.inspections.queries import Found
from services.venues.inspections.rules import (
    EvidenceStands,
    FilePart,
    InspectionState,
    TooManyInspectionFiles,
)
from services.venues.inspections.schemas import InspectionFileIn

MOST = 60
"""Files of each part of an inspection."""


def is_staff(caller: Caller, found: Found) -> bool:
    """Does the caller read inspections there, or conduct them?"""
    code = found.row.division_code
    return caller.may(P.APPLICATION_READ, at=code) or caller.may(P.INSPECTION_CONDUCT, at=code)


async def _sight(db: AsyncSession, caller: Caller, file: File) -> Sight:
    """Staff within reach see all of it; whoever is inspected once it is released."""
    row = await db.get(InspectionFile, file.id)
    if row is None:
        raise Missing()
    found = await queries.inspection(db, caller, row.inspection_id)
    if not is_staff(caller, found) and found.row.state is not InspectionState.RELEASED:
        raise Missing()
    return Sight.PRIVATE


async def _arrived(db: AsyncSession, file: File) -> None:
    """It is whole and found good."""
    row = await db.get_one(InspectionFile, file.id)
    row.ready = True


async def _gone(db: AsyncSession, file: File) -> None:
    """It will not come."""
    row = await db.get(InspectionFile, file.id)
    if row is not None:
        await db.delete(row)
        await db.flush()


INSPECTION_FILES = Purpose(
    "inspection_file",
    PICTURE_KINDS | DOCUMENT_KINDS,
    sight=_sight,
    on_ready=_arrived,
    on_gone=_gone,
)


def _require(caller: Caller, found: Found, part: FilePart) -> None:
    """Inspectors add photos until they release; the inspected answer from then on."""
    row = found.row
    if part is FilePart.PHOTO:
        caller.require(P.INSPECTION_CONDUCT, at=found.office)
        if row.state not in (InspectionState.PLANNED, InspectionState.RECORDED):
            raise EvidenceStands()
        return
    if not found.own:
        caller.require(P.INSPECTION_CONDUCT, at=found.office)
        raise broken("/part", "answers-of-the-inspected")
    if row.state is not InspectionState.RELEASED:
        raise EvidenceStands()


async def add(
    db: AsyncSession,
    parts: Files,
    caller: Caller,
    inspection_id: UUID,
    given: InspectionFileIn,
    now: datetime,
) -> tuple[File, bool]:
    """Announce one; the one there is (and False) when it was announced before.

    Raises EvidenceStands, TooManyInspectionFiles.
    """
    found = await queries.inspection(db, caller, inspection_id, lock=True)
    _require(caller, found, given.part)
    counted = select(func.count()).where(
        InspectionFile.inspection_id == inspection_id, InspectionFile.part == given.part
    )
    number = (await db.exec(counted)).one()
    name = f"{given.part}-{number + 1}{PurePath(given.name).suffix[:10].lower()}"
    announced = FileIn(**{**given.model_dump(exclude={"part", "finding", "caption"}), "name": name})
    file, new = await declare(
        db, parts, caller, INSPECTION_FILES, announced, subject=str(inspection_id)
    )
    if not new:
        return file, False
    if number >= MOST:
        raise TooManyInspectionFiles(most=MOST)
    db.add(
        InspectionFile(
            file_id=file.id,
            inspection_id=inspection_id,
            part=given.part,
            finding=given.finding,
            caption=given.caption,
            added_by=caller.known(),
            added_at=now,
        )
    )
    await db.flush()
    return file, True


async def remove(db: AsyncSession, caller: Caller, inspection_id: UUID, file_id: UUID) -> None:
    """Take a photo back before it is released; what the inspected sent stays.

    Raises EvidenceStands.
    """
    found = await queries.inspection(db, caller, inspection_id, lock=True)
    statement = select(InspectionFile).where(
        InspectionFile.file_id == file_id, InspectionFile.inspection_id == inspection_id
    )
    row = (await db.exec(statement.order_by(col(InspectionFile.file_id)))).first()
    if row is None:
        raise Missing()
    if row.part is FilePart.ANSWER and row.ready:
        raise EvidenceStands()
    _require(caller, found, row.part)
    await db.delete(row)
    await db.flush()
    await drop(db, [file_id])
