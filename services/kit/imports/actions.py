"""What people do with imports: send a file in, commit or discard what was checked, undo."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import RowMapping, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.db import as_service, run
from services.kit.ids import uuid7
from services.kit.imports import files, log
from services.kit.imports.rules import (
    BadRowsLeft,
    Desk,
    FileForgotten,
    FileSeenBefore,
    Importer,
    ImportMode,
    NothingValid,
    home_of,
)
from services.kit.imports.tables import imports
from services.kit.imports.work import ImportGiven
from services.kit.jobs.rules import Job
from services.kit.jobs.start import start_job
from services.kit.problems import Missing
from services.kit.sheets.cells import ZONE

if TYPE_CHECKING:
    from services.kit.app import Kit


async def send_in(
    kit: "Kit",
    importer: Importer,
    job: Job,
    caller: Caller,
    given: files.Given,
    *,
    mode: ImportMode,
    again: bool,
    about: UUID | None,
) -> UUID:
    """Keep the file and start its job; answers the import's id.

    Raises Forbidden, and FileSeenBefore for a file that came before, unless `again` is said.
    """
    caller.known()
    async with kit.database.transaction(caller) as db:
        home = await _home(db, importer, caller, about)
        if not again:
            await _refuse_twice(db, importer, caller, given, about)
    import_id = uuid7()
    key = await files.keep(kit, import_id, given)
    async with kit.database.transaction(caller) as db:
        values: dict[str, Any] = {
            "id": import_id,
            "sheet": importer.sheet.name,
            "about": about,
            "name": given.name,
            "digest": given.digest,
            "size": len(given.data),
            "object": key,
            "mode": mode.value,
            "again": again,
            "owner": caller.known(),
            "division_code": home,
            "recorded_code": home,
            "state": "checking",
        }
        await run(db, imports.insert().values(**values))
        await _start(db, job, caller, import_id, home)
    return import_id


async def _home(db: AsyncSession, importer: Importer, caller: Caller, about: UUID | None) -> str:
    if importer.about is None:
        return home_of(caller, importer.permission)
    assert about is not None
    return await importer.about(db, caller, about)


async def _refuse_twice(
    db: AsyncSession, importer: Importer, caller: Caller, given: files.Given, about: UUID | None
) -> None:
    there = await log.seen_before(db, importer, given.digest, about)
    if there is None:
        return
    try:
        await log.one(db, importer, caller, there["id"])
    except Missing:
        # Somebody else's, out of sight: only that the file came before is said.
        raise FileSeenBefore(id="", at="") from None
    local = there["created_at"].astimezone(ZONE)
    raise FileSeenBefore(id=str(there["id"]), at=f"{local:%Y-%m-%d %H:%M}")


async def _start(
    db: AsyncSession, job: Job, caller: Caller, import_id: UUID, division: str
) -> None:
    given = ImportGiven(import_id=import_id)
    job_id = await start_job(db, job, caller, given, division=division, key=str(import_id))
    await run(db, update(imports).where(imports.c.id == import_id).values(job_id=job_id))


async def commit(
    db: AsyncSession,
    importer: Importer,
    job: Job,
    caller: Caller,
    import_id: UUID,
    *,
    valid_only: bool,
) -> RowMapping:
    """Write what was checked: everything, or with `valid_only` the rows without a bad cell."""
    row = await log.one(db, importer, caller, import_id, lock=True)
    mode = ImportMode.VALID if valid_only else ImportMode.ALL
    # The state is asked first: who comes late hears that, not what the file had.
    await log.move(db, row, "commit", mode=mode.value)
    if row["object"] is None:
        raise FileForgotten()
    if row["good"] == 0:
        raise NothingValid()
    if row["faults"] and not valid_only:
        raise BadRowsLeft(faults=row["faults"])
    await _start(db, job, caller, import_id, row["division_code"])
    return await log.one(db, importer, caller, import_id)


async def discard(
    db: AsyncSession, importer: Importer, caller: Caller, import_id: UUID
) -> RowMapping:
    """Nothing of it is wanted; the file is let go of."""
    row = await log.one(db, importer, caller, import_id, lock=True)
    await log.move(db, row, "discard")
    return await log.one(db, importer, caller, import_id)


async def undo(
    db: AsyncSession, kit: "Kit", importer: Importer, caller: Caller, import_id: UUID
) -> RowMapping:
    """Take back every row that it wrote; ImportInUse while something depends on one of them."""
    row = await log.one(db, importer, caller, import_id, lock=True)
    now = datetime.now(UTC)
    await log.move(db, row, "undo", undone_at=now, undone_by=caller.known())
    desk = Desk(db, caller, kit.vault, now, import_id, row["about"])
    async with as_service(db):
        await importer.take_back(desk)
    return await log.one(db, importer, caller, import_id)
