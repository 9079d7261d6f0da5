"""CSV as county offices write it: UTF-8 or GB18030, with or without a mark, any usual delimiter."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from services.kit.sheets.cells import Cell
from services.kit.sheets.formulas import unshield
from services.kit.sheets.package import Unreadable
from services.kit.sheets.scan import MOST_COLUMNS, Line

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),  # Excel's "Unicode text"
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",\t;"
_CHUNK = 256 * 1024


def encoding_of(file: IO[bytes]) -> str:
    """The encoding: by its mark; else UTF-8 when all of it is; else GB18030, as WPS saves it."""
    file.seek(0)
    head = file.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        raise Unreadable("sheet-not-a-workbook")
    for name in ("utf-8", "gb18030"):
        if _decodes(file, name):
            return name
    raise Unreadable("sheet-encoding")


def _decodes(file: IO[bytes], encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def as_text(file: IO[bytes]) -> Iterator[io.TextIOWrapper]:
    """The file's text from its start; the file itself stays open."""
    encoding = encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield text
    finally:
        text.detach()


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def count_lines(file: IO[bytes]) -> int:
    """About how many rows there are, for progress."""
    file.seek(0)
    lines = 0
    while chunk := file.read(_CHUNK):
        lines += chunk.count(b"\n")
    return lines + 1


def rows(file: IO[bytes]) -> Iterator[Line]:
    """Rows with at least one cell that is not empty; every cell is text."""
    with as_text(file) as text:
        first = text.readline(100_000)
        number = 0
        if first.lower().startswith("sep=") and len(first.strip()) == 5:
            delimiter, number = first.strip()[4], 1
        else:
            delimiter = _delimiter(first)
            text.seek(0)
        try:
            for number, cells in enumerate(csv.reader(text, delimiter=delimiter), number + 1):  # noqa: B020
                line: dict[int, Cell] = {
                    at: unshield(cell) for at, cell in enumerate(cells[:MOST_COLUMNS]) if cell
                }
                if line:
                    yield number, line
        except (csv.Error, UnicodeDecodeError) as error:
            raise Unreadable("sheet-damaged") from error
