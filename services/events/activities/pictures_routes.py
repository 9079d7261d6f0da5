"""HTTP for the pictures of activities; their bytes go to /files/{id}/upload."""

from uuid import UUID

from fastapi import Response

from services.events.activities import pictures, queries
from services.events.activities.pictures_schemas import (
    ArrangeIn,
    PictureIn,
    PicturesOut,
    pictures_out,
)
from services.events.activities.shapes import is_insider
from services.kit.db import Db
from services.kit.files.parts import FilesDep
from services.kit.files.schemas import FileOut, file_out, url_of
from services.kit.identity import CallerDep
from services.kit.routing import Router

router = Router(prefix="/activities", tags=["activities"])


@router.get("/{activity_id}/pictures")
async def list_pictures(db: Db, caller: CallerDep, activity_id: UUID) -> PicturesOut:
    """Its pictures, in order; those still on their way are shown to who may read drafts."""
    row = await queries.activity(db, caller, activity_id)
    around = await queries.one_around(db, row)
    shown = pictures_out(row.pictures, insider=is_insider(caller, row, around))
    return PicturesOut(items=shown)


@router.post("/{activity_id}/pictures", status_code=201, repeats=True)
async def add_picture(
    db: Db,
    caller: CallerDep,
    parts: FilesDep,
    activity_id: UUID,
    given: PictureIn,
    response: Response,
) -> FileOut:
    """Announce a picture: Location is where its bytes go; 200 when its client_id came before."""
    file, new = await pictures.add(db, parts, caller, activity_id, given)
    response.status_code = 201 if new else 200
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = url_of(parts.service, file.id, "/upload").removeprefix("/api/v1")
    return file_out(parts.service, file)


@router.put("/{activity_id}/pictures")
async def arrange_pictures(
    db: Db, caller: CallerDep, activity_id: UUID, given: ArrangeIn
) -> PicturesOut:
    """Their order, and the text of each; 409 unless exactly those that are there are named."""
    row = await pictures.arrange(db, caller, activity_id, given)
    return PicturesOut(items=pictures_out(row.pictures, insider=True))


@router.delete("/{activity_id}/pictures/{picture_id}", status_code=204)
async def remove_picture(db: Db, caller: CallerDep, activity_id: UUID, picture_id: str) -> None:
    """Take a picture off: nobody sees it from now on."""
    await pictures.remove(db, caller, activity_id, picture_id)
