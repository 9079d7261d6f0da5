"""Vocabulary of files, their lifecycle, and what can be wrong with one: pure, no I/O."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from services.kit.problems import BrokenRule, Conflict, TooLarge, TooMany
from services.kit.workflow import Relation, Workflow


class Kind(StrEnum):
    """What a file is, as its content tells; the value is its media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    PDF = "application/pdf"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    CSV = "text/csv"


PICTURE_KINDS = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.HEIC})
DOCUMENT_KINDS = frozenset({Kind.PDF, Kind.XLSX, Kind.CSV})


class FileState(StrEnum):
    OPEN = "open"
    """Declared; its bytes are arriving."""
    READY = "ready"
    REFUSED = "refused"
    """Whole, but its content is not what may be kept; `refusal` says why."""
    DROPPED = "dropped"
    """Nobody sees it any more; its objects are being deleted."""


LIFECYCLE: Workflow[FileState] = Workflow(
    "file",
    # action   from                                 to                 needs
    ("finish", FileState.OPEN, FileState.READY, Relation.OWN),
    ("refuse", FileState.OPEN, FileState.REFUSED, Relation.OWN),
    (
        "drop",
        {FileState.OPEN, FileState.READY, FileState.REFUSED},
        FileState.DROPPED,
        Relation.OWN,
    ),
)


class FileRefused(BrokenRule):
    """The content may not be kept. Its kinds below say why."""


class ContentNotAccepted(FileRefused):
    """The content is of a kind that is not taken here."""


class PictureUnreadable(FileRefused):
    """The picture is damaged."""


class TooManyPixels(FileRefused):
    """The picture is larger than any camera's: it would fill the memory."""


class DocumentUnreadable(FileRefused):
    """The document is damaged."""


class ExpandsTooMuch(FileRefused):
    """The document is small only on the disk (a bomb)."""


class FileInFile(FileRefused):
    """Something else is hidden before, behind or within the document."""


class FileLocked(FileRefused):
    """The document is encrypted: nobody can check it."""


class FileActive(FileRefused):
    """The document brings macros or scripts."""


class UploadTooLarge(TooLarge):
    """More bytes than such a file may have."""


class MoreThanDeclared(BrokenRule):
    """More bytes arrive than were declared."""


class TooManyUploads(TooMany):
    """Too many uploads of one person are unfinished."""


class UploadDiffers(Conflict):
    """The same client_id was declared for another file."""


class OffsetDiffers(Conflict):
    """The bytes sent do not follow those that are there."""


class UploadIncomplete(Conflict):
    """Finished before all of it arrived."""


class HashDiffers(BrokenRule):
    """What arrived is not what was declared: it was changed on its way. It has to be sent again."""


class RangeNotThere(BrokenRule):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class File:
    """A row of the table."""

    id: UUID
    owner: UUID
    purpose: str
    subject: str | None
    name: str
    media_type: str
    """As declared; once it is ready, as its content tells."""
    size: int
    sha256: bytes
    received: int
    state: FileState
    refusal: dict[str, Any] | None
    object: str | None
    preview: str | None
    stored_size: int | None
    stored_sha256: bytes | None
    preview_size: int | None
    width: int | None
    height: int | None
    created_at: datetime


def disposition(name: str, media_type: str) -> str:
    """Content-Disposition: pictures are shown, anything else is saved under its name (RFC 6266)."""
    shown = "inline" if media_type.startswith("image/") else "attachment"
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def asked_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, length) of a Range header; None for the whole file, also when several are asked.

    >>> asked_range("bytes=0-99", 1000), asked_range("bytes=-10", 1000), asked_range("x", 9)
    ((0, 100), (990, 10), None)
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return None  # not a range at all (RFC 9110, 14.1.1): ignored
        length = min(int(last) + 1 if last else size, size) - start
    if length <= 0:
        raise RangeNotThere(size=size)
    return start, length
