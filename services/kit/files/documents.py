"""Documents checked for traps: bombs, things hidden in them, macros, locks. They are kept as given.

Every check reads with a limit, so that a trap does not spring while it is looked for.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

import pikepdf

from services.kit.files.rules import (
    ContentNotAccepted,
    DocumentUnreadable,
    ExpandsTooMuch,
    FileActive,
    FileInFile,
    FileLocked,
    Kind,
)

MOST_EXPANDED = 500 * 2**20
"""Bytes that a document may come to when it is unpacked."""
MOST_RATIO = 200
"""Times its size that it may come to, beyond the first SMALL bytes (tables repeat themselves)."""
SMALL = 20 * 2**20
MOST_ENTRIES = 5_000
_STEP = 2**20
_LAST = 1024
"""Bytes from the end within which a PDF ends."""


def check(path: Path, kind: Kind) -> None:
    """Raise the FileRefused that says what is wrong with a document; return when nothing is."""
    match kind:
        case Kind.PDF:
            check_pdf(path)
        case Kind.XLSX:
            check_xlsx(path)
        case _:
            check_text(path)


def _limit(size: int) -> int:
    return min(MOST_EXPANDED, max(SMALL, size * MOST_RATIO))


def check_xlsx(path: Path) -> None:
    """A workbook: one zip from the first byte to the last, of bounded size, without macros."""
    limit = _limit(path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise ExpandsTooMuch()
            if any(entry.flag_bits & 1 for entry in entries):
                raise FileLocked()
            _nothing_around(path, archive)
            _nothing_within(entries)
            for entry in entries:
                limit = _expand(archive, entry, limit)
            if "xl/workbook.xml" not in archive.namelist():
                raise ContentNotAccepted()
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError) as error:
        raise DocumentUnreadable() from error
    except ValueError as error:  # a name or number that no writer makes
        raise DocumentUnreadable() from error


def _nothing_around(path: Path, archive: zipfile.ZipFile) -> None:
    with path.open("rb") as file:
        file.seek(-22, 2)
        # The record that ends a zip is the last thing in the file, and without a comment.
        ends = file.read(4) == b"PK\x05\x06"
    starts = min((entry.header_offset for entry in archive.infolist()), default=0)
    if not ends or archive.comment or starts:
        raise FileInFile()
    # Entries that share their bytes are how a few kilobytes become petabytes.
    spans = sorted((entry.header_offset, entry.compress_size) for entry in archive.infolist())
    following = [*(start for start, _ in spans[1:]), archive.start_dir]
    if any(start + size > after for (start, size), after in zip(spans, following, strict=True)):
        raise ExpandsTooMuch()


def _nothing_within(entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        name = entry.filename.lower()
        if name.endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs", ".bat")):
            raise FileActive()
        if "/embeddings/" in name or name.endswith((".zip", ".xlsx", ".docx", ".7z", ".rar")):
            raise FileInFile()


def _expand(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> int:
    """What is left of the limit when the entry was read; its header may lie about its size."""
    first = True
    with archive.open(entry) as content:
        while piece := content.read(_STEP):
            limit -= len(piece)
            if limit < 0:
                raise ExpandsTooMuch()
            if first and piece.startswith((b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
                raise FileInFile()
            first = False
    return limit


_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)\b")


def check_pdf(path: Path) -> None:
    """A PDF: from the first byte to the last, of bounded size, readable, and quiet."""
    size = path.stat().st_size
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        end = content.rfind(b"%%EOF")
        if end < 0:
            raise DocumentUnreadable()
        if end < size - _LAST:
            raise FileInFile()
        if content.find(b"PK\x05\x06", max(0, end - 66_000)) >= 0:
            raise FileInFile()
        if content.rfind(b"/Encrypt") >= 0:
            raise FileLocked()
        # Before any reader opens it: a reader unpacks its tables without a limit.
        _unpack(content, _limit(size))
    try:
        with pikepdf.open(path) as document:
            if document.is_encrypted:
                raise FileLocked()
            if not len(document.pages):
                raise DocumentUnreadable()
            for thing in document.objects:
                if _acts(thing):
                    raise FileActive()
                if _stacked(thing):
                    raise ExpandsTooMuch()
    except pikepdf.PasswordError as error:
        raise FileLocked() from error
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise DocumentUnreadable() from error


def _acts(thing: object) -> bool:
    """Does an object of a PDF run something, or carry another file?"""
    if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return False
    return (
        "/JS" in thing
        or thing.get("/S") in ("/JavaScript", "/Launch")
        or thing.get("/Type") == "/EmbeddedFile"
        or thing.get("/Subtype") == "/RichMedia"
        # Directly in another object, an action is not one of the document's objects.
        or any(_acts(thing.get(name)) for name in ("/OpenAction", "/A"))
    )


_PACKED = {"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"}


def _stacked(thing: object) -> bool:
    """Is a stream packed more than once, as its reader will see it? Spelled otherwise
    (`/#46lateDecode`), `_unpack` may have found one packing of two; no writer packs twice."""
    if not isinstance(thing, pikepdf.Stream):
        return False
    filters = thing.get("/Filter")
    if not isinstance(filters, pikepdf.Array):
        return False
    return sum(str(each) in _PACKED for each in filters) > 1


def _unpack(content: mmap, limit: int) -> None:
    position = 0
    for found in _STREAM.finditer(content):
        between = content[position : found.start()]
        position = found.end()
        # Whatever it says of itself, it is tried once.
        times = max(1, len(_FLATE.findall(between[between.rfind(b"obj") :])))
        for piece in _inflated(content, position, times):
            limit -= len(piece)
            if limit < 0:
                raise ExpandsTooMuch()


def _inflated(content: mmap, start: int, times: int) -> Iterator[bytes]:
    """The unpacked bytes of the stream at `start`, deflated `times` times over, as they come."""
    pieces = _slices(content, start)
    for _ in range(min(times, 5)):
        pieces = _inflate(pieces)
    return pieces


def _slices(content: mmap, start: int) -> Iterator[bytes]:
    for position in range(start, len(content), _STEP):
        yield content[position : position + _STEP]


def _inflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    engine = zlib.decompressobj()
    for piece in pieces:
        left = piece
        while left and not engine.eof:
            try:
                out = engine.decompress(left, _STEP)
            except zlib.error:
                return
            left = engine.unconsumed_tail
            yield out
        if engine.eof:
            return


def check_text(path: Path) -> None:
    """A table in text: UTF-8 or GB 18030 throughout, without control characters."""
    content = path.read_bytes()
    if any(control in content for control in (b"\0", b"\x1b")):
        raise ContentNotAccepted()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return
    raise DocumentUnreadable()
