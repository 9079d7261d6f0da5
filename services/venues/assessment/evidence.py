"""Evidence of an application: announced, arrived, replaced, removed; seen by those it concerns.

What was submitted stays: a newer file takes its place and both are kept. A file of a draft can go.
"""

from datetime import UTC, datetime
from pathlib import PurePath
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, mine
from services.kit.files.declaring import declare
from services.kit.files.parts import Files, Purpose, Sight
from services.kit.files.rows import drop
from services.kit.files.rules import DOCUMENT_KINDS, PICTURE_KINDS, File
from services.kit.files.schemas import FileIn
from services.kit.problems import Missing, broken
from services.venues.applications.queries import Case, case
from services.venues.assessment import queries
from services.venues.assessment.models import ApplicationFile
from services.venues.assessment.rules import (
    MOST_FILES_OF_A_CRITERION,
    FilePart,
    FileReplaced,
    FileSubmitted,
    TooManyFiles,
    criteria,
)
from services.venues.assessment.schemas import EvidenceIn
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import SeatState
from services.venues.programmes.definition import Definition


async def _sight(db: AsyncSession, caller: Caller, file: File) -> Sight:
    """The applicant sees all of it, staff within reach what was submitted, and who sits on the
    panel what stands; Missing for everybody else."""
    row = await db.get(ApplicationFile, file.id)
    if row is None:
        raise Missing()
    stands = row.submitted_at is not None and row.superseded_at is None
    if stands and await _on_the_panel(db, caller, row.application_id):
        return Sight.PRIVATE
    found = await case(db, caller, row.application_id)
    if row.submitted_at is None and not await queries.is_applicant(db, caller, found):
        raise Missing()
    return Sight.PRIVATE


async def _on_the_panel(db: AsyncSession, caller: Caller, application_id: UUID) -> bool:
    statement = select(Seat.id).where(
        Seat.application_id == application_id,
        Seat.state == SeatState.ACCEPTED,
        mine(col(Seat.account_id), caller),
    )
    return (await db.exec(statement.limit(1))).first() is not None


async def _arrived(db: AsyncSession, file: File) -> None:
    """It is whole and found good: from now on it stands, and what it replaces does not."""
    row = await db.get_one(ApplicationFile, file.id, with_for_update=True)
    row.ready = True
    if row.replaces is None:
        return
    before = await db.get_one(ApplicationFile, row.replaces, with_for_update=True)
    if before.submitted_at is not None:
        before.superseded_at = datetime.now(UTC)
        return
    row.replaces = None
    await db.flush()
    await _let_go(db, before)


async def _gone(db: AsyncSession, file: File) -> None:
    """It will not come: its place is free again."""
    row = await db.get(ApplicationFile, file.id)
    if row is not None:
        await db.delete(row)
        await db.flush()


async def _let_go(db: AsyncSession, row: ApplicationFile) -> None:
    await db.delete(row)
    await db.flush()
    await drop(db, [row.file_id])


EVIDENCE = Purpose(
    "application_evidence",
    PICTURE_KINDS | DOCUMENT_KINDS,
    sight=_sight,
    on_ready=_arrived,
    on_gone=_gone,
)


async def add(
    db: AsyncSession,
    parts: Files,
    caller: Caller,
    application_id: UUID,
    given: EvidenceIn,
    now: datetime,
) -> tuple[File, bool]:
    """Announce one; the one there is (and False) when it was announced before.

    Raises AssessmentClosed, TooManyFiles, FileReplaced.
    """
    found = await queries.held_by_applicant(db, caller, application_id)
    most = _most(found.definition, given.part, given.key)
    number = await _count(db, application_id, given.part, given.key)
    announced = FileIn(
        **{
            **given.model_dump(exclude={"part", "key", "caption", "replaces"}),
            # What an expert saves says nothing of who sent it.
            "name": f"{given.key}-{number + 1}{PurePath(given.name).suffix[:10].lower()}",
        }
    )
    file, new = await declare(db, parts, caller, EVIDENCE, announced, subject=str(application_id))
    if not new:
        return file, False
    replaces = await _replaced(db, found, given)
    if replaces is None and number >= most:
        raise TooManyFiles(most=most)
    db.add(
        ApplicationFile(
            file_id=file.id,
            application_id=application_id,
            part=given.part,
            key=given.key,
            name=given.name,
            caption=given.caption,
            replaces=replaces,
            added_by=caller.known(),
            added_at=now,
        )
    )
    await db.flush()
    return file, True


def _most(definition: Definition, part: FilePart, key: str) -> int:
    if part is FilePart.MATERIAL:
        for material in definition.materials:
            if material.key == key:
                return material.most
        raise broken("/key", "no-such-material")
    if key not in {criterion.key for _, criterion in criteria(definition)}:
        raise broken("/key", "no-such-criterion")
    return MOST_FILES_OF_A_CRITERION


async def _count(db: AsyncSession, application_id: UUID, part: FilePart, key: str) -> int:
    statement = select(func.count()).where(
        ApplicationFile.application_id == application_id,
        ApplicationFile.part == part,
        ApplicationFile.key == key,
        col(ApplicationFile.superseded_at).is_(None),
    )
    return (await db.exec(statement)).one()


async def _replaced(db: AsyncSession, found: Case, given: EvidenceIn) -> UUID | None:
    """The file that this one takes the place of, whose row is held."""
    if given.replaces is None:
        return None
    row = await queries.file_of(db, found, file_id(given.replaces))
    following = select(ApplicationFile.file_id).where(ApplicationFile.replaces == row.file_id)
    same_place = (row.part, row.key) == (given.part, given.key)
    if (
        not (row.ready and same_place)
        or row.superseded_at is not None
        or (await db.exec(following.limit(1))).first() is not None
    ):
        raise FileReplaced()
    return row.file_id


async def remove(db: AsyncSession, caller: Caller, application_id: UUID, public: str) -> None:
    """Take one back that was never submitted, arrived or not. Raises FileSubmitted."""
    found = await queries.held_by_applicant(db, caller, application_id)
    row = await queries.file_of(db, found, file_id(public))
    if row.submitted_at is not None:
        raise FileSubmitted()
    await _unfollowed(db, row)
    await _let_go(db, row)


async def _unfollowed(db: AsyncSession, row: ApplicationFile) -> None:
    """One that is on its way in its place comes by itself instead."""
    statement = select(ApplicationFile).where(ApplicationFile.replaces == row.file_id)
    for following in (await db.exec(statement)).all():
        following.replaces = None
    await db.flush()


def file_id(public: str) -> UUID:
    """The id within `venues-…`; Missing for what is none."""
    try:
        return UUID(public.partition("-")[2])
    except ValueError:
        raise Missing() from None
