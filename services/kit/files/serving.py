"""A file's content as an answer: cached by everybody or by nobody, in ranges, and never run."""

from uuid import UUID

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select

from services.kit.access import Caller
from services.kit.answers import answer
from services.kit.context import current
from services.kit.db import run
from services.kit.files.parts import Files, Sight
from services.kit.files.rows import COLUMNS, file_of
from services.kit.files.rules import File, FileState, RangeNotThere, asked_range, disposition
from services.kit.files.tables import files
from services.kit.languages import DEFAULT
from services.kit.problems import Missing

MAX_AGE_S = 600
"""How long others may keep a public file: so long it may be seen after it is taken back."""

_NEVER_RUN = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}


async def seen(parts: Files, caller: Caller, file_id: UUID) -> tuple[File, Sight]:
    """A file that is ready, for whoever may see what it belongs to; Missing for others."""
    async with parts.kit.database.transaction(caller) as db:
        found = await run(
            db, select(*COLUMNS).where(files.c.id == file_id, files.c.state == FileState.READY)
        )
        row = found.one_or_none()
        if row is None:
            raise Missing()
        file = file_of(row)
        if file.subject is not None:
            return file, await parts.purposes[file.purpose].sight(db, caller, file)
    if not caller.is_(file.owner):
        raise Missing()
    return file, Sight.PRIVATE


async def content(
    parts: Files, request: Request, file: File, sight: Sight, *, preview: bool
) -> Response:
    """The answer to GET and HEAD: 200, 206, 304 or 416."""
    key, size = (file.preview, file.preview_size) if preview else (file.object, file.stored_size)
    if key is None or size is None:
        raise Missing()
    assert file.stored_sha256 is not None
    tag = f'"{file.stored_sha256.hex()[:32]}{"-preview" if preview else ""}"'
    headers = {
        **_NEVER_RUN,
        "ETag": tag,
        "Content-Disposition": disposition(file.name, file.media_type),
        # What is public today may be taken back; what is private stays with who asked.
        "Cache-Control": f"public, max-age={MAX_AGE_S}"
        if sight is Sight.PUBLIC
        else "private, no-store",
    }
    if _matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    whole_asked = request.headers.get("if-range", tag) != tag
    try:
        part = None if whole_asked else asked_range(request.headers.get("range"), size)
    except RangeNotThere as problem:
        work = current()
        refused = answer(problem, work.language if work else DEFAULT, status=416)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    start, length = part or (0, size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    headers["Content-Length"] = str(length)
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    asked = (start, length) if part is not None else (0, None)
    pieces = await parts.kit.objects.read(key, *asked)
    return StreamingResponse(pieces, status, headers, media_type=file.media_type)


def _matches(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    given = [each.strip().removeprefix("W/") for each in header.split(",")]
    return tag in given or given == ["*"]
