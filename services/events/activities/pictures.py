"""Pictures of an activity: announced, arrived, arranged, removed; seen by who sees the activity.

They stand in the activity's row, in order. They are not part of its version: somebody who edits
the texts without a network is not in conflict with the arrival of the own pictures.
"""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import queries
from services.events.activities.models import Activity
from services.events.activities.occurrence_actions import may_change
from services.events.activities.pictures_rules import (
    arranged,
    arrived,
    with_one_more,
    without,
)
from services.events.activities.pictures_schemas import ArrangeIn, PictureIn, texts
from services.events.activities.rules import PUBLIC_STATES
from services.kit.access import Caller
from services.kit.files.declaring import declare
from services.kit.files.parts import Files, Purpose, Sight
from services.kit.files.rows import drop
from services.kit.files.rules import PICTURE_KINDS, File
from services.kit.files.schemas import FileIn
from services.kit.problems import Missing


async def _sight(db: AsyncSession, caller: Caller, file: File) -> Sight:
    row = await queries.activity(db, caller, UUID(file.subject))
    public = row.published_at is not None and row.state in PUBLIC_STATES
    return Sight.PUBLIC if public else Sight.PRIVATE


async def _of(db: AsyncSession, file: File) -> Activity:
    statement = select(Activity).where(Activity.id == UUID(file.subject))
    return (await db.exec(statement.with_for_update(key_share=True))).one()


async def _arrived(db: AsyncSession, file: File) -> None:
    """It is whole and clean: from now on the activity shows it."""
    row = await _of(db, file)
    assert file.width is not None
    assert file.height is not None
    row.pictures = arrived(row.pictures, file.id, file.width, file.height)


async def _gone(db: AsyncSession, file: File) -> None:
    """It will not come: its place is free again."""
    row = await _of(db, file)
    row.pictures = without(row.pictures, file.id)


PICTURES = Purpose(
    "activity_picture", PICTURE_KINDS, sight=_sight, on_ready=_arrived, on_gone=_gone
)


async def add(
    db: AsyncSession, parts: Files, caller: Caller, activity_id: UUID, given: PictureIn
) -> tuple[File, bool]:
    """Announce one more, at the end; the one there is (and False) when it was announced before."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    may_change(caller, row, "add_picture")
    announced = FileIn(**given.model_dump(exclude={"alt"}))
    file, new = await declare(db, parts, caller, PICTURES, announced, subject=str(row.id))
    if new:
        row.pictures = with_one_more(row.pictures, file.id, texts(given.alt))
    return file, new


async def arrange(
    db: AsyncSession, caller: Caller, activity_id: UUID, given: ArrangeIn
) -> Activity:
    """Put them in order, with their texts; every one that is there is named."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    may_change(caller, row, "arrange_pictures")
    row.pictures = arranged(
        row.pictures, [(_file(each.id), texts(each.alt)) for each in given.items]
    )
    await db.flush()
    return row


def _file(picture_id: str) -> UUID:
    try:
        return UUID(picture_id.partition("-")[2])
    except ValueError:
        raise Missing() from None


async def remove(db: AsyncSession, caller: Caller, activity_id: UUID, picture_id: str) -> None:
    """Take one off, arrived or not."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    may_change(caller, row, "remove_picture")
    file = _file(picture_id)
    left = without(row.pictures, file)
    if len(left) == len(row.pictures):
        raise Missing()
    row.pictures = left
    await drop(db, [file])


async def discarded(db: AsyncSession, row: Activity) -> None:
    """The draft goes, and its pictures with it."""
    await drop(db, [UUID(str(each["file"])) for each in row.pictures])
