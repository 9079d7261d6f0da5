"""Files of an objection: announced, arrived, seen by the offices and by who objected."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.files.declaring import declare
from services.kit.files.parts import Files, Purpose, Sight
from services.kit.files.rules import PICTURE_KINDS, File, Kind
from services.kit.files.schemas import FileIn
from services.kit.problems import Missing
from services.venues.notices import objection_queries
from services.venues.notices.models import Objection
from services.venues.notices.objection_actions import require_open
from services.venues.notices.objection_rules import MOST_ATTACHMENTS, TooManyAttachments


async def _sight(db: AsyncSession, caller: Caller, file: File) -> Sight:
    await objection_queries.objection(db, caller, UUID(file.subject))
    return Sight.PRIVATE


async def _of(db: AsyncSession, file: File) -> Objection:
    statement = select(Objection).where(Objection.id == UUID(file.subject))
    return (await db.exec(statement.with_for_update(key_share=True))).one()


async def _arrived(db: AsyncSession, file: File) -> None:
    row = await _of(db, file)
    row.attachments = [
        {**each, "ready": True} if each["file"] == str(file.id) else each
        for each in row.attachments
    ]


async def _gone(db: AsyncSession, file: File) -> None:
    row = await _of(db, file)
    row.attachments = [each for each in row.attachments if each["file"] != str(file.id)]


ATTACHMENTS = Purpose(
    "objection_attachment",
    PICTURE_KINDS | {Kind.PDF},
    sight=_sight,
    on_ready=_arrived,
    on_gone=_gone,
)


async def add(
    db: AsyncSession, parts: Files, caller: Caller, objection_id: UUID, given: FileIn
) -> tuple[File, bool]:
    """Announce one more file: by who objected, or by the office for a letter.

    The one there is (and False) when it was announced before. Raises TooManyAttachments, Missing.
    """
    row, _ = await objection_queries.objection(db, caller, objection_id, lock=True)
    if row.account_id is None:
        caller.require(P.APPLICATION_REVIEW, at=row.division_code)
    elif not caller.is_(row.account_id):
        raise Missing()
    require_open(row)
    file, new = await declare(db, parts, caller, ATTACHMENTS, given, subject=str(row.id))
    if new:
        if len(row.attachments) >= MOST_ATTACHMENTS:
            raise TooManyAttachments(most=MOST_ATTACHMENTS)
        entry = {"file": str(file.id), "name": file.name, "ready": False}
        row.attachments = [*row.attachments, entry]
    return file, new
