"""A file announced before it is sent: what it is for, how large, and its hash."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, mine
from services.kit.db import run
from services.kit.files.parts import Files, Purpose
from services.kit.files.rows import COLUMNS, file_of
from services.kit.files.rules import (
    ContentNotAccepted,
    File,
    FileState,
    Kind,
    TooManyUploads,
    UploadDiffers,
    UploadTooLarge,
)
from services.kit.files.schemas import FileIn
from services.kit.files.tables import files
from services.kit.ids import uuid7


async def declare(
    db: AsyncSession,
    parts: Files,
    caller: Caller,
    purpose: Purpose,
    given: FileIn,
    subject: str | None = None,
) -> tuple[File, bool]:
    """A new upload; the one there is (and False) when this client already declared it."""
    owner = caller.known()
    kind = kind_of(given.media_type)
    if kind not in purpose.kinds:
        raise ContentNotAccepted(kinds=_names(purpose))
    _bounded(parts, kind, given.size)
    values = {
        "id": uuid7(),
        "owner": owner,
        "purpose": purpose.name,
        "subject": subject,
        **given.model_dump(exclude={"sha256"}),
        "sha256": bytes.fromhex(given.sha256),
    }
    # The same declaration at once waits here for the first one's commit.
    new = await run(
        db,
        insert(files)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["owner", "client_id"], index_where=files.c.client_id.is_not(None)
        )
        .returning(*COLUMNS),
    )
    if (row := new.one_or_none()) is not None:
        await _not_too_many(db, parts, caller)
        return file_of(row), True
    found = await run(
        db,
        select(*COLUMNS).where(mine(files.c.owner, caller), files.c.client_id == given.client_id),
    )
    file = file_of(found.one())
    same = (file.purpose, file.subject, file.size, file.sha256)
    if same != (purpose.name, subject, given.size, values["sha256"]):
        raise UploadDiffers()
    return file, False


async def _not_too_many(db: AsyncSession, parts: Files, caller: Caller) -> None:
    unfinished = select(func.count()).where(
        mine(files.c.owner, caller), files.c.state == FileState.OPEN
    )
    if (await run(db, unfinished)).scalar_one() > parts.settings.most_unfinished:
        raise TooManyUploads(most=parts.settings.most_unfinished)


def kind_of(media_type: str) -> Kind | None:
    """The kind that a client says; None for what is never taken."""
    wanted = media_type.partition(";")[0].strip().lower()
    wanted = {"image/heif": Kind.HEIC, "image/jpg": Kind.JPEG}.get(wanted, wanted)
    return next((kind for kind in Kind if kind == wanted), None)


def _names(purpose: Purpose) -> str:
    return ", ".join(sorted(kind.name for kind in purpose.kinds))


def _bounded(parts: Files, kind: Kind, size: int) -> None:
    most = parts.settings.most_bytes(kind)
    if size > most:
        raise UploadTooLarge(most=most // 2**20)
