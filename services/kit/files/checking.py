"""A whole upload looked at: put together, held against its hash, checked by content, stored."""

import asyncio
import hashlib
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from services.kit.files import documents, pictures
from services.kit.files.declaring import kind_of
from services.kit.files.parts import Files
from services.kit.files.rules import (
    PICTURE_KINDS,
    ContentNotAccepted,
    File,
    HashDiffers,
    Kind,
    UploadTooLarge,
)
from services.kit.files.sniffing import HEAD, sniffed
from services.kit.ids import uuid7

_ENDINGS = {
    Kind.JPEG: "jpg",
    Kind.PNG: "png",
    Kind.WEBP: "webp",
    Kind.HEIC: "heic",
    Kind.PDF: "pdf",
    Kind.XLSX: "xlsx",
    Kind.CSV: "csv",
}


@dataclass(frozen=True)
class Checked:
    """What is kept of a file, already in the store."""

    kind: Kind
    key: str
    preview: str | None
    size: int
    sha256: bytes
    preview_size: int | None = None
    width: int | None = None
    height: int | None = None

    @property
    def keys(self) -> list[str]:
        """Its objects."""
        return [key for key in (self.key, self.preview) if key]

    def columns(self) -> dict[str, Any]:
        """As the row says it."""
        return {
            "media_type": self.kind.value,
            "object": self.key,
            "preview": self.preview,
            "stored_size": self.size,
            "stored_sha256": self.sha256,
            "preview_size": self.preview_size,
            "width": self.width,
            "height": self.height,
        }


async def checked(parts: Files, file: File, keys: Sequence[str]) -> Checked:
    """Raises HashDiffers, or the FileRefused that says what is wrong with the content."""
    with tempfile.TemporaryDirectory(prefix="kepu-file-") as folder:
        path = Path(folder) / "given"
        with path.open("wb") as out:
            digest = await _put_together(parts, keys, out)
        if digest != file.sha256:
            raise HashDiffers()
        with path.open("rb") as given:
            kind = sniffed(given.read(HEAD))
        accepted = parts.purposes[file.purpose].kinds
        if kind is None or kind not in accepted:
            raise _not_accepted(accepted)
        most = parts.settings.most_bytes(kind)
        if file.size > most:
            raise UploadTooLarge(most=most // 2**20)
        key = f"{parts.folder(file)}/{uuid7()}"
        if kind in PICTURE_KINDS:
            return await _picture(parts, path, key)
        await asyncio.to_thread(documents.check, path, kind)
        # Any text passes for a table: a document is what it was said to be, or is not taken.
        if kind is not kind_of(file.media_type):
            raise _not_accepted(accepted)
        key = f"{key}.{_ENDINGS[kind]}"
        await parts.kit.objects.put(key, path)
        return Checked(kind, key, None, file.size, file.sha256)


def _not_accepted(accepted: Collection[Kind]) -> ContentNotAccepted:
    return ContentNotAccepted(kinds=", ".join(sorted(each.name for each in accepted)))


async def _put_together(parts: Files, keys: Sequence[str], out: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    for key in keys:
        async for piece in await parts.kit.objects.read(key):
            digest.update(piece)
            await asyncio.to_thread(out.write, piece)
    return digest.digest()


async def _picture(parts: Files, path: Path, key: str) -> Checked:
    async with parts.decoding:
        found = await asyncio.to_thread(pictures.clean, path, parts.settings.most_pixels)
    ending = _ENDINGS[found.kind]
    large, small = f"{key}.{ending}", f"{key}-preview.{ending}"
    await parts.kit.objects.put(large, found.content)
    await parts.kit.objects.put(small, found.preview)
    return Checked(
        kind=found.kind,
        key=large,
        preview=small,
        size=len(found.content),
        sha256=hashlib.sha256(found.content).digest(),
        preview_size=len(found.preview),
        width=found.width,
        height=found.height,
    )


async def let_go(parts: Files, keys: Sequence[str]) -> None:
    """Delete objects that no row names any more."""
    for key in keys:
        await parts.kit.objects.delete(key)
