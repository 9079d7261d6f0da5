"""Rows of files: read as what they are, found by their owner, let go of."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, mine
from services.kit.db import run
from services.kit.files.rules import File, FileState
from services.kit.files.tables import files
from services.kit.problems import Missing

COLUMNS = [files.c[name] for name in File.__slots__]


def file_of(row: Any) -> File:
    """A row as a File."""
    found = dict(row._mapping)
    return File(**{**found, "state": FileState(found["state"])})


async def owned(db: AsyncSession, caller: Caller, file_id: UUID) -> File:
    """The caller's own file; Missing for others, and once it is dropped."""
    found = await run(
        db,
        select(*COLUMNS).where(
            files.c.id == file_id,
            mine(files.c.owner, caller),
            files.c.state != FileState.DROPPED,
        ),
    )
    row = found.one_or_none()
    if row is None:
        raise Missing()
    return file_of(row)


async def drop(db: AsyncSession, ids: list[UUID]) -> None:
    """Let go of files, whoever they belong to: from the end of the transaction nobody sees them,
    and their objects go soon after (tidying.py)."""
    await run(
        db,
        update(files)
        .where(files.c.id.in_(ids), files.c.state != FileState.DROPPED)
        # The device may send the same picture again, as a new file.
        .values(state=FileState.DROPPED, client_id=None, tidied_at=None, touched_at=func.now()),
    )


def expired(days: int) -> Any:
    """The condition of uploads that nobody goes on with."""
    return files.c.state.in_([FileState.OPEN, FileState.REFUSED]) & (
        files.c.touched_at < func.now() - timedelta(days=days)
    )
