"""The rows of a worksheet as a stream: what the cells hold, whatever program wrote them."""

import re
from array import array
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from services.kit.sheets.cells import Cell, Unusable, moment
from services.kit.sheets.package import Package, Tab, Unreadable, column_number, corners

MOST_ROWS = 100_000
MOST_CELLS = 4_000_000
MOST_COLUMNS = 200
MOST_STRINGS = 64 * 1024 * 1024
"""Bytes of shared strings, which have to be at hand in any order."""
_MERGES = 20_000

_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_QUOTED = re.compile(r'"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
_TIMES = re.compile(r"[ymdhs]", re.IGNORECASE)
_1904 = timedelta(days=1462)

Line = tuple[int, dict[int, Cell]]
"""A row's number as Excel shows it, and its cells by column (0 is A)."""


_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """A carriage return and its like stand as _x000D_ in a workbook."""
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


class Strings:
    """The shared strings, as one run of bytes: a hundred thousand of them cost little."""

    def __init__(self, package: Package) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        part = package.related("sharedStrings")
        if part is None:
            return
        inside = hidden = False

        def start(tag: str, _: Any) -> None:
            nonlocal inside, hidden
            name = tag.rpartition(":")[2]
            if name == "t":
                inside = not hidden
            elif name == "rPh":  # how a Japanese text is pronounced
                hidden = True

        def end(tag: str) -> None:
            nonlocal inside, hidden
            name = tag.rpartition(":")[2]
            if name == "t":
                inside = False
            elif name == "rPh":
                hidden = False
            elif name == "si":
                self._ends.append(len(self._bytes))

        def text(data: str) -> None:
            if inside:
                self._bytes.extend(data.encode())
                if len(self._bytes) > MOST_STRINGS:
                    raise Unreadable("sheet-inflates")

        package.parse(part, start, end, text)

    def __getitem__(self, number: int) -> str:
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode()

    def __len__(self) -> int:
        return len(self._ends) - 1


def date_styles(package: Package) -> set[int]:
    """Which cell formats show a number as a date."""
    part = package.related("styles")
    formats: dict[int, str] = {}
    used: list[int] = []
    inside = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        name = tag.rpartition(":")[2]
        if name == "numFmt":
            formats[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            used.append(int(attributes.get("numFmtId", 0)))

    def end(tag: str) -> None:
        nonlocal inside
        if tag.rpartition(":")[2] == "cellXfs":
            inside = False

    if part is not None:
        package.parse(part, start, end)
    return {
        style
        for style, number in enumerate(used)
        if (
            _TIMES.search(_QUOTED.sub("", formats[number]))
            if number in formats
            else number in _BUILT_IN_DATES
        )
    }


class Scanner:
    """Reads a worksheet once, from its first row to its last, holding one piece at a time."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._strings = Strings(package)
        self._dates = date_styles(package)

    def rows(self, tab: Tab) -> Iterator[Line]:
        """Rows with at least one cell. Raises Unreadable for a damaged or endless sheet."""
        ready: deque[Line] = deque()
        handlers = _Handlers(self, ready)
        for _ in self.package.steps(tab.part, handlers.start, handlers.end, handlers.text):
            while ready:
                yield ready.popleft()

    def survey(self, tab: Tab) -> tuple[int, list[tuple[int, int, int, int]]]:
        """About how many rows there are (for progress), and the merged areas: a cheap look."""
        rows = 0
        merges: list[tuple[int, int, int, int]] = []
        tail = b""
        with self.package.chunks(tab.part) as chunks:
            for chunk in chunks:
                piece = tail + chunk
                # A row's end, and a merge whole; what may be cut off is looked at again.
                cut = max(piece.rfind(b">") + 1, 0)
                rows += piece.count(b"row>", 0, cut)
                for found in _MERGE.finditer(piece, 0, cut):
                    area = corners(found[1].decode("ascii", "replace"))
                    if area is not None and len(merges) < _MERGES:
                        merges.append(area)
                tail = piece[cut:][-4096:]
        return rows, merges

    def value(self, kind: str, style: int, text: str, formula: bool) -> Cell:
        """What a cell holds, from its type, its format and its text."""
        if kind == "s":
            number = int(text) if text.isdecimal() else -1
            if not 0 <= number < len(self._strings):
                raise Unreadable("sheet-damaged")
            return unescaped(self._strings[number])
        if not text:
            return Unusable("=", "cell-formula") if formula else None
        if kind in ("str", "inlineStr"):
            return unescaped(text)
        if kind == "e":
            return Unusable(text, "cell-error")
        if kind == "b":
            return text in ("1", "true")
        if kind == "d":
            return text
        try:
            number_ = int(text) if text.isdecimal() else float(text)
            if style in self._dates and 0 <= number_ < 2_958_466:
                found = moment(number_)
                return found + _1904 if self.package.epoch_1904 else found
        except (ValueError, OverflowError):
            raise Unreadable("sheet-damaged") from None
        return number_


_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z0-9:]+)"')


class _Handlers:
    """The state between two pieces of XML."""

    def __init__(self, scanner: Scanner, ready: deque[Line]) -> None:
        self._value = scanner.value
        self._ready = ready
        self._prefix: str | None = None
        self._row = self._rows = self._cells = 0
        self._column = -1
        self._columns: dict[str, int] = {}
        self._line: dict[int, Cell] = {}
        self._kind, self._style = "n", 0
        self._formula = self._inside = False
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._prefix is None:
            head, colon, _ = tag.rpartition(":")
            self._prefix = head + colon
        if self._prefix:
            tag = tag.removeprefix(self._prefix)
        if tag == "c":
            place = attributes.get("r")
            if place is None:
                self._column += 1
            else:
                letters = place.rstrip("0123456789")
                known = self._columns.get(letters)
                if known is None:
                    known = self._columns[letters] = column_number(letters)
                self._column = known
            self._kind = attributes.get("t", "n")
            self._style = int(attributes.get("s", 0))
            self._formula = False
            self._text.clear()
            self._cells += 1
            if self._cells > MOST_CELLS:
                raise Unreadable("sheet-too-many-cells", most=MOST_CELLS)
        elif tag in ("v", "t"):
            self._inside = True
        elif tag == "f":
            self._formula = True
        elif tag == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._rows += 1
            if self._rows > 2 * MOST_ROWS:
                raise Unreadable("sheet-too-many-rows", most=MOST_ROWS)
            self._column = -1
            self._line = {}

    def text(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def end(self, tag: str) -> None:
        if self._prefix:
            tag = tag.removeprefix(self._prefix)
        if tag in ("v", "t"):
            self._inside = False
        elif tag == "c":
            if self._column < MOST_COLUMNS:
                found = self._value(self._kind, self._style, "".join(self._text), self._formula)
                if found is not None:
                    self._line[self._column] = found
        elif tag == "row" and self._line:
            self._ready.append((self._row, self._line))
