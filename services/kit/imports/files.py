"""The uploaded file: received with a limit, kept sealed in the object store, opened again."""

import io
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.kit.imports.rules import MOST_BYTES, FileForgotten, FileTooLarge, NoFile
from services.kit.objects import ObjectGone, whole

if TYPE_CHECKING:
    from services.kit.app import Kit

_FIELD = "imports.file"
"""Bound into the sealed file, as into every sealed field."""


@dataclass(frozen=True)
class Given:
    """A file as it came."""

    data: bytes
    name: str

    @property
    def digest(self) -> bytes:
        """What makes the same file the same, whatever it is called."""
        return sha256(self.data).digest()


async def received(request: Request, name: str) -> Given:
    """The file of a request: the body itself, or the first file of a form.

    Raises FileTooLarge before more than MOST_BYTES are held, and NoFile.
    """
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise FileTooLarge(most=MOST_BYTES // 2**20)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise FileTooLarge(most=MOST_BYTES // 2**20)
    given = Given(bytes(body), name)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        given = await _of_form(request, given)
    if not given.data:
        raise NoFile()
    # A name, not a path: some browsers of old send the whole of it.
    return Given(given.data, PurePath(given.name.replace("\\", "/")).name[:200])


async def _of_form(request: Request, given: Given) -> Given:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield given.data

    parser = MultiPartParser(request.headers, pieces(), max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError):
        raise NoFile() from None
    try:
        for part in form.values():
            if isinstance(part, UploadFile):
                return Given(await part.read(), part.filename or given.name)
    finally:
        await form.close()
    raise NoFile()


def key_of(kit: "Kit", import_id: UUID) -> str:
    """Where the file of an import lies."""
    return f"{kit.service.name}/imports/{import_id}/given"


async def keep(kit: "Kit", import_id: UUID, given: Given) -> str:
    """Seal the file and store it; answers its key. Before its row is written, never after."""
    key = key_of(kit, import_id)
    await kit.objects.put(key, kit.vault.seal_bytes(given.data, f"{_FIELD}.{import_id}"))
    return key


async def opened(kit: "Kit", import_id: UUID, key: str | None) -> io.BytesIO:
    """The file again; FileForgotten when it is not kept any more."""
    if key is None:
        raise FileForgotten()
    try:
        sealed = await whole(kit.objects, key)
    except ObjectGone:
        raise FileForgotten() from None
    return io.BytesIO(kit.vault.open_bytes(sealed, f"{_FIELD}.{import_id}"))
