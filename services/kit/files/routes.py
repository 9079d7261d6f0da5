"""HTTP for files: /files/{id} to see one, /files/{id}/upload to send one (tus 1.0, core)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Request, Response

from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.files import uploading
from services.kit.files.parts import FilesDep
from services.kit.files.rows import owned
from services.kit.files.rules import File
from services.kit.files.schemas import FileOut, file_out
from services.kit.files.serving import content, seen
from services.kit.identity import CallerDep
from services.kit.problems import BrokenRule, Missing
from services.kit.routing import Router

TUS = "1.0.0"
_BYTES = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
_SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole", **_BYTES},
    206: {"description": "The Range asked for", **_BYTES},
    304: {"description": "The one that you have (If-None-Match)"},
    416: {"description": "The Range begins behind the end"},
}
PART_TYPE = "application/offset+octet-stream"


class NotAPart(BrokenRule):
    """A PATCH of an upload that is not as tus 1.0 wants it."""


router = Router(prefix="/files", tags=["files"])


async def _id(
    kit: KitDep, file_id: Annotated[str, Path(description="`events-0191…`", max_length=80)]
) -> UUID:
    prefix, _, rest = file_id.partition("-")
    try:
        found = UUID(rest)
    except ValueError:
        raise Missing() from None
    # One spelling, so that one address is one file to a cache.
    if prefix != kit.service.name or str(found) != rest:
        raise Missing()
    return found


FileId = Annotated[UUID, Depends(_id)]


def _standing(file: File) -> dict[str, str]:
    return {
        "Tus-Resumable": TUS,
        "Upload-Offset": str(file.received),
        "Upload-Length": str(file.size),
        "Cache-Control": "no-store",
    }


@router.get("/{file_id}", response_class=Response, responses=_SHOWN)
@router.head("/{file_id}", include_in_schema=False)
async def read_file(
    caller: CallerDep, parts: FilesDep, file_id: FileId, request: Request
) -> Response:
    """The content of a file, whole or a Range of it; for whoever may see what it belongs to."""
    found = await seen(parts, caller, file_id)
    return await content(parts, request, *found, preview=False)


@router.get("/{file_id}/preview", response_class=Response, responses=_SHOWN)
@router.head("/{file_id}/preview", include_in_schema=False)
async def read_preview(
    caller: CallerDep, parts: FilesDep, file_id: FileId, request: Request
) -> Response:
    """A picture, small: 480 pixels at its longer side."""
    found = await seen(parts, caller, file_id)
    return await content(parts, request, *found, preview=True)


@router.get("/{file_id}/upload")
async def read_upload(
    db: Db, caller: CallerDep, parts: FilesDep, file_id: FileId, response: Response
) -> FileOut:
    """How an upload of one's own stands."""
    file = await owned(db, caller, file_id)
    response.headers.update(_standing(file))
    return file_out(parts.service, file)


@router.head("/{file_id}/upload", status_code=200)
async def ask_offset(db: Db, caller: CallerDep, file_id: FileId) -> Response:
    """Where to go on: the Upload-Offset of an upload of one's own."""
    file = await owned(db, caller, file_id)
    return Response(headers=_standing(file))


@router.patch(
    "/{file_id}/upload",
    status_code=204,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {PART_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send_part(
    request: Request,
    caller: CallerDep,
    parts: FilesDep,
    file_id: FileId,
    upload_offset: Annotated[int, Header(ge=0)],
) -> Response:
    """The bytes from Upload-Offset on. When the line breaks, what came is kept: ask, and go on."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != PART_TYPE:
        raise NotAPart(expected=PART_TYPE)
    file = await uploading.receive(parts, caller, file_id, upload_offset, request.stream())
    return Response(status_code=204, headers=_standing(file))


async def finish_upload(caller: CallerDep, parts: FilesDep, file_id: FileId) -> FileOut:
    """All of it is there: size, hash and content are checked. Sent again, it answers the same."""
    return file_out(parts.service, await uploading.finish(parts, caller, file_id))


# Not `router.post`: that holds a transaction for the Idempotency-Key, and this needs neither.
router.add_api_route("/{file_id}/finish", finish_upload, methods=["POST"])


@router.delete("/{file_id}/upload", status_code=204)
async def give_up(db: Db, caller: CallerDep, parts: FilesDep, file_id: FileId) -> None:
    """Give an unfinished upload up."""
    await uploading.give_up(db, parts, caller, file_id)
