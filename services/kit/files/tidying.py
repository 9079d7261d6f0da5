"""What nobody needs any more goes: forgotten uploads, parts of what is whole, dropped files.

Every object of a file lies beneath one prefix, and its row outlives them: so nothing is left
behind, whenever a process is killed. Two at once do the same twice, which changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import delete, func, or_, select, update

from services.kit.access import SERVICE
from services.kit.app import Kit
from services.kit.db import run
from services.kit.files.checking import let_go
from services.kit.files.parts import Files, Purpose
from services.kit.files.rows import COLUMNS, expired, file_of
from services.kit.files.rules import File, FileState
from services.kit.files.tables import file_parts, files
from services.kit.files.uploading import gone
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS
from services.kit.problems import Unavailable

EVERY_S = 60
_BATCH = 50


def files_for(*purposes: Purpose) -> Callable[[Kit], Awaitable[None]]:
    """For `Service(on_start=…)`: the files of a service, tidied while it runs."""

    async def start(kit: Kit) -> None:
        parts = Files(kit, {purpose.name: purpose for purpose in purposes})
        kit.parts[Files] = parts
        kit.spawn(_keep_tidy(parts), "tidy_files")

    return start


async def _keep_tidy(parts: Files) -> None:
    done = 0
    while True:
        if not done:
            await asyncio.sleep(EVERY_S)
        done = 0
        try:
            done = await tidy(parts)
        except (*INTERRUPTIONS, Unavailable) as error:
            log.warning("files_untidy", error=repr(error)[:500])


async def tidy(parts: Files) -> int:
    """One batch; answers how many files it dealt with."""
    async with parts.kit.database.transaction(SERVICE) as db:
        forgotten = await run(
            db,
            update(files)
            .where(expired(parts.settings.unfinished_days))
            .values(state=FileState.DROPPED, client_id=None, touched_at=func.now())
            .returning(*COLUMNS),
        )
        for row in forgotten:
            await gone(db, parts, file_of(row))
        rows = await run(
            db,
            select(*COLUMNS)
            .where(
                files.c.tidied_at.is_(None),
                or_(files.c.state == FileState.READY, files.c.state == FileState.DROPPED),
            )
            .order_by(files.c.touched_at)
            .limit(_BATCH),
        )
        found = [file_of(row) for row in rows]
    for file in found:
        await _tidy(parts, file)
    return len(found)


async def _tidy(parts: Files, file: File) -> None:
    kept = {file.object, file.preview} if file.state is FileState.READY else set()
    there = await parts.kit.objects.keys(parts.folder(file))
    await let_go(parts, [key for key in there if key not in kept])
    async with parts.kit.database.transaction(SERVICE) as db:
        same = (files.c.id == file.id) & (files.c.state == file.state)
        if file.state is FileState.DROPPED:
            await run(db, delete(files).where(same))
        else:
            await run(db, delete(file_parts).where(file_parts.c.file_id == file.id))
            await run(db, update(files).where(same).values(tidied_at=func.now()))
