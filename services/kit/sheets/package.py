"""An XLSX file as a package: its parts, opened with the distrust that an upload deserves."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from xml.parsers import expat

MOST_INFLATED = 256 * 1024 * 1024
"""All parts together, as the archive declares them; zipfile reads no byte more than declared."""
MOST_PARTS = 5000
_OLE = b"\xd0\xcf\x11\xe0"
_CHUNK = 64 * 1024


class Unreadable(Exception):
    """The file as a whole cannot be read: the slug of the reason, and what its text names."""

    def __init__(self, rule: str, **values: Any) -> None:
        super().__init__(rule, values)
        self.rule = rule
        self.values_ = values


@dataclass(frozen=True, slots=True)
class Tab:
    """A worksheet of a workbook: its name, its part, whether people see it."""

    name: str
    part: str
    visible: bool


class Package:
    """The parts of a workbook. Raises Unreadable for what is no workbook, or too big a one."""

    def __init__(self, file: IO[bytes]) -> None:
        head = file.read(4)
        file.seek(0)
        if head == _OLE:
            # An old .xls, or an .xlsx with a password: both are OLE files.
            raise Unreadable("sheet-old-or-locked")
        try:
            self.zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError):
            raise Unreadable("sheet-not-a-workbook") from None
        entries = self.zip.infolist()
        if len(entries) > MOST_PARTS or sum(one.file_size for one in entries) > MOST_INFLATED:
            raise Unreadable("sheet-inflates")
        self.names = {one.filename for one in entries}
        self.workbook = self._workbook()
        self.rels = self.relations(self.workbook)
        self.tabs, self.epoch_1904 = self._tabs()

    def _workbook(self) -> str:
        for kind, target in self.relations("").values():
            if kind.endswith("/officeDocument") and target in self.names:
                return target
        raise Unreadable("sheet-not-a-workbook")

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: id → (type, part)."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}
        if path not in self.names:
            return found

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag.rpartition(":")[2] == "Relationship":
                target = attributes.get("Target", "")
                at = posixpath.normpath(posixpath.join(folder, target))
                if target.startswith("/"):
                    at = target[1:]
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), at)

        self.parse(path, start)
        return found

    def _tabs(self) -> tuple[list[Tab], bool]:
        tabs: list[Tab] = []
        epoch: list[bool] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            name = tag.rpartition(":")[2]
            if name == "workbookPr":
                epoch.append(attributes.get("date1904", "0") in ("1", "true"))
            elif name == "sheet":
                key = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
                kind, part = self.rels.get(key, ("", ""))
                if kind.endswith("/worksheet") and part in self.names:
                    visible = attributes.get("state", "visible") == "visible"
                    tabs.append(Tab(attributes.get("name", ""), part, visible))

        self.parse(self.workbook, start)
        return tabs, any(epoch)

    def related(self, kind: str) -> str | None:
        """The part that the workbook relates to as `kind` (sharedStrings, styles)."""
        for type_, part in self.rels.values():
            if type_.endswith(f"/{kind}") and part in self.names:
                return part
        return None

    def text(self, part: str) -> str:
        """A small part, whole."""
        with self.chunks(part) as chunks:
            return b"".join(chunks).decode("utf-8-sig")

    @contextmanager
    def chunks(self, part: str) -> Iterator[Iterator[bytes]]:
        """A part, piece by piece. Raises Unreadable for a damaged one."""
        try:
            with self.zip.open(part) as stream:
                yield iter(lambda: stream.read(_CHUNK), b"")
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise Unreadable("sheet-damaged") from error
        except zlib.error as error:
            raise Unreadable("sheet-damaged") from error

    def parse(self, part: str, start: Any, end: Any = None, text: Any = None) -> None:
        """Read a part to its end with these handlers."""
        for _ in self.steps(part, start, end, text):
            pass

    def steps(self, part: str, start: Any, end: Any = None, text: Any = None) -> Iterator[None]:
        """As `parse`, stopping after each piece so that what was found can be taken."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        # No part of a workbook has a DTD; an attack with entities needs one.
        parser.StartDoctypeDeclHandler = _refuse
        try:
            with self.chunks(part) as chunks:
                for chunk in chunks:
                    parser.Parse(chunk, False)
                    yield
                parser.Parse(b"", True)
                yield
        except (expat.ExpatError, ValueError) as error:
            # ValueError: an attribute that ought to be a number and is none.
            raise Unreadable("sheet-damaged") from error


def _refuse(*_: object) -> None:
    raise Unreadable("sheet-damaged")


_LETTERS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def column_number(letters: str) -> int:
    """A → 0, Z → 25, AA → 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def letters(column: int) -> str:
    """0 → A, 26 → AA."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def corners(area: str) -> tuple[int, int, int, int] | None:
    """B2:C5 → (2, 1, 5, 2), first row and column, then the last; None for what is no area."""
    first, _, last = area.partition(":")
    low, high = _LETTERS.fullmatch(first), _LETTERS.fullmatch(last or first)
    if low is None or high is None:
        return None
    return int(low[2]), column_number(low[1]), int(high[2]), column_number(high[1])
