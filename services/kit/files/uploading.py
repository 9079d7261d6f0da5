"""Received in pieces, then finished: each step may come twice, and nothing is lost for it.

No transaction is open while bytes come in or the object store works: each step reads, works, and
then writes what it found only if the row still stands as it was read.
"""

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import ClientDisconnect

from services.kit.access import Caller
from services.kit.context import current
from services.kit.db import run
from services.kit.files.checking import Checked, checked, let_go
from services.kit.files.parts import Files
from services.kit.files.rows import COLUMNS, drop, file_of, owned
from services.kit.files.rules import (
    LIFECYCLE,
    File,
    FileRefused,
    FileState,
    HashDiffers,
    MoreThanDeclared,
    OffsetDiffers,
    UploadIncomplete,
)
from services.kit.files.tables import file_parts, files
from services.kit.ids import uuid7
from services.kit.problems import Missing, all_problems, slug_of

PART = 4 * 2**20
"""Bytes of one request are kept in parts of at most this size."""
_GRACE_S = 10


async def receive(
    parts: Files, caller: Caller, file_id: UUID, offset: int, body: AsyncIterator[bytes]
) -> File:
    """Take the bytes from `offset` on. When the line breaks, what came before is kept."""
    async with parts.kit.database.transaction(caller) as db:
        file = await owned(db, caller, file_id)
    LIFECYCLE.next("finish", file.state)
    if offset != file.received:
        raise OffsetDiffers(offset=file.received)
    held = bytearray()
    try:
        async for piece in body:
            held += piece
            if offset + len(held) > file.size:
                raise MoreThanDeclared(size=file.size)
            if len(held) >= PART:
                file = await _keep(parts, caller, file, offset, held)
                offset = file.received
                held = bytearray()
    except ClientDisconnect:
        # Nobody hears the answer any more, and its time may be over: the bytes still count.
        if (work := current()) is not None:
            work.deadline = time.monotonic() + _GRACE_S
    return await _keep(parts, caller, file, offset, held)


async def _keep(parts: Files, caller: Caller, file: File, offset: int, held: bytearray) -> File:
    """One part: its bytes first, then the row that says so, if they still follow what is there."""
    if offset != file.received:
        raise OffsetDiffers(offset=file.received)
    if not held:
        return file
    key = f"{parts.folder(file)}/part-{uuid7()}"
    await parts.kit.objects.put(key, bytes(held))
    async with parts.kit.database.transaction(caller) as db:
        moved = await run(
            db,
            update(files)
            .where(
                files.c.id == file.id,
                files.c.state == FileState.OPEN,
                files.c.received == offset,
            )
            .values(received=offset + len(held), touched_at=func.now())
            .returning(*COLUMNS),
        )
        row = moved.one_or_none()
        if row is not None:
            values = {"file_id": file.id, "starts_at": offset, "size": len(held), "object": key}
            await run(db, insert(file_parts).values(values))
    if row is not None:
        return file_of(row)
    # Another request of the same upload was quicker.
    await let_go(parts, [key])
    async with parts.kit.database.transaction(caller) as db:
        now = await owned(db, caller, file.id)
    LIFECYCLE.next("finish", now.state)
    raise OffsetDiffers(offset=now.received)


async def finish(parts: Files, caller: Caller, file_id: UUID) -> File:
    """Hold what arrived against what was declared, look at it, keep it. A second time: the same."""
    async with parts.kit.database.transaction(caller) as db:
        file = await owned(db, caller, file_id)
        if file.state is FileState.READY:
            return file
        if file.refusal is not None:
            raise _again(file.refusal)
        LIFECYCLE.next("finish", file.state)
        if file.received < file.size:
            raise UploadIncomplete(received=file.received, size=file.size)
        keys = await _keys(db, file)
    try:
        found = await checked(parts, file, keys)
    except HashDiffers:
        await _begin_anew(parts, caller, file, keys)
        raise
    except FileRefused as refused:
        refusal = {"rule": slug_of(type(refused)), "values": refused.values}
        await _settle(parts, caller, file, "refuse", refusal=refusal)
        raise
    settled = await _settle(parts, caller, file, "finish", found)
    if settled.object != found.key:
        await let_go(parts, found.keys)  # finished twice at once: the other one's are kept
    return settled


def _again(refusal: dict[str, Any]) -> FileRefused:
    kind = next(kind for kind in all_problems(FileRefused) if slug_of(kind) == refusal["rule"])
    again = kind(**refusal["values"])
    assert isinstance(again, FileRefused)
    return again


async def _keys(db: AsyncSession, file: File) -> list[str]:
    rows = await run(
        db,
        select(file_parts.c.object)
        .where(file_parts.c.file_id == file.id)
        .order_by(file_parts.c.starts_at),
    )
    return list(rows.scalars())


async def _settle(
    parts: Files, caller: Caller, file: File, action: str, found: Checked | None = None, **more: Any
) -> File:
    step = LIFECYCLE.steps[action]
    async with parts.kit.database.transaction(caller) as db:
        moved = await run(
            db,
            update(files)
            .where(files.c.id == file.id, files.c.state.in_(sorted(step.sources)))
            .values(
                state=step.target,
                touched_at=func.now(),
                **(found.columns() if found else {}),
                **more,
            )
            .returning(*COLUMNS),
        )
        row = moved.one_or_none()
        if row is None:
            return await owned(db, caller, file.id)
        settled = file_of(row)
        purpose = parts.purposes[file.purpose]
        then = purpose.on_ready if settled.state is FileState.READY else purpose.on_gone
        if then is not None:
            await then(db, settled)
    return settled


async def give_up(db: AsyncSession, parts: Files, caller: Caller, file_id: UUID) -> None:
    """Let go of an upload before it is finished; Missing for one that is."""
    file = await owned(db, caller, file_id)
    if file.state is FileState.READY:
        raise Missing()
    await drop(db, [file.id])
    await gone(db, parts, file)


async def gone(db: AsyncSession, parts: Files, file: File) -> None:
    """Tell what it was for that it will not come."""
    on_gone = parts.purposes[file.purpose].on_gone
    if on_gone is not None:
        await on_gone(db, file)


async def _begin_anew(parts: Files, caller: Caller, file: File, keys: list[str]) -> None:
    async with parts.kit.database.transaction(caller) as db:
        await run(db, delete(file_parts).where(file_parts.c.file_id == file.id))
        await run(
            db,
            update(files)
            .where(files.c.id == file.id, files.c.state == FileState.OPEN)
            .values(received=0, touched_at=func.now()),
        )
    await let_go(parts, keys)
