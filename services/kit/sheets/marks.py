"""Where marks go in a worksheet's XML: byte-exact edits, so that all else stays as it was."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from services.kit.sheets.package import Package, Unreadable, column_number, letters

_STYLE = re.compile(rb'\ss="(\d+)"')
_AFTER_LEGACY = b"legacyDrawingHF|picture|oleObjects|controls|webPublishItems|tableParts|extLst"
"""What may follow <legacyDrawing> in a worksheet: it stands before the first of these."""


@dataclass(frozen=True, slots=True)
class Edit:
    """At byte `at`, `length` bytes give way to `new`."""

    at: int
    length: int
    new: bytes


class Marks:
    """Finds the cells to mark in one pass; then copies the part with its edits in another."""

    def __init__(self, package: Package, part: str, wanted: dict[int, set[int]]) -> None:
        self._package, self._part, self._wanted = package, part, wanted
        self._cells: list[tuple[int, int]] = []
        """Byte offset and style of each cell that is there."""
        self._missing: list[tuple[int, str]] = []
        """Byte offset and reference of each cell that is not."""
        self._prefix = ""
        self._legacy: int | None = None
        self._end = 0
        self._find()

    def styles(self) -> set[int]:
        """The formats of the cells to mark."""
        return {style for _, style in self._cells} | ({0} if self._missing else set())

    def _find(self) -> None:
        parser = expat.ParserCreate()
        row, column, left = 0, -1, set[int]()
        depth = 0
        after = _AFTER_LEGACY.decode().split("|")

        def missing(up_to: int | None) -> None:
            for at in sorted(one for one in left if up_to is None or one < up_to):
                self._missing.append((parser.CurrentByteIndex, f"{letters(at)}{row}"))
                left.discard(at)

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, left, depth
            depth += 1
            head, colon, name = tag.rpartition(":")
            if depth == 1:
                self._prefix = head + colon
            elif depth == 2 and name in after and self._legacy is None:
                self._legacy = parser.CurrentByteIndex
            elif name == "row":
                row = int(attributes.get("r", row + 1))
                column = -1
                left = set(self._wanted.get(row, ()))
            elif name == "c":
                place = attributes.get("r")
                at = column + 1 if place is None else column_number(place.rstrip("0123456789"))
                column = at
                if left:
                    missing(at)
                    if at in left:
                        left.discard(at)
                        self._cells.append((parser.CurrentByteIndex, int(attributes.get("s", 0))))

        def end(tag: str) -> None:
            nonlocal depth
            depth -= 1
            if left and tag.rpartition(":")[2] == "row":
                missing(None)
            if depth == 0:
                self._end = parser.CurrentByteIndex

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        try:
            with self._package.chunks(self._part) as chunks:
                for chunk in chunks:
                    parser.Parse(chunk, False)
                parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as error:
            raise Unreadable("sheet-damaged") from error

    def edits(
        self, style_of: Callable[[int], int], tag_at: Callable[[int], bytes], legacy: bytes | None
    ) -> list[Edit]:
        """The edits in order; `tag_at` answers the start tag at an offset of the part."""
        prefix = self._prefix.encode()
        found = []
        for at, style in self._cells:
            tag = tag_at(at)
            new = b' s="%d"' % style_of(style)
            if _STYLE.search(tag):
                marked = _STYLE.sub(new, tag, count=1)
            else:
                name = re.match(rb"<[\w:.-]+", tag)
                assert name is not None
                marked = name[0] + new + tag[name.end() :]
            found.append(Edit(at, len(tag), marked))
        for at, place in self._missing:
            cell = b'<%sc r="%s" s="%d"/>' % (prefix, place.encode(), style_of(0))
            found.append(Edit(at, 0, cell))
        if legacy is not None:
            where = self._legacy if self._legacy is not None else self._end
            found.append(Edit(where, 0, legacy.replace(b"<", b"<" + prefix, 1)))
        return sorted(found, key=lambda edit: edit.at)

    def tags(self) -> Callable[[int], bytes]:
        """Start tags by offset, read in one pass: offsets are asked for in any order."""
        wanted = sorted(at for at, _ in self._cells)
        found: dict[int, bytes] = {}
        base, buffer, position = 0, b"", 0
        with self._package.chunks(self._part) as chunks:
            for chunk in chunks:
                buffer += chunk
                while position < len(wanted):
                    at = wanted[position] - base
                    close = buffer.find(b">", at) if at < len(buffer) else -1
                    if close < 0:
                        break
                    found[wanted[position]] = buffer[at : close + 1]
                    position += 1
                keep = wanted[position] - base if position < len(wanted) else len(buffer)
                cut = min(max(keep, 0), len(buffer))
                buffer, base = buffer[cut:], base + cut
        return found.__getitem__

    def copy(self, edits: list[Edit], target: IO[bytes]) -> None:
        """The part with its edits, to `target`."""
        for piece in _patched(self._package, self._part, edits):
            target.write(piece)


def _patched(package: Package, part: str, edits: list[Edit]) -> Iterator[bytes]:
    base, buffer, position = 0, b"", 0
    with package.chunks(part) as chunks:
        for chunk in chunks:
            buffer += chunk
            while position < len(edits):
                edit = edits[position]
                at = edit.at - base
                if at + edit.length > len(buffer):
                    break
                yield buffer[:at] + edit.new
                buffer, base = buffer[at + edit.length :], edit.at + edit.length
                position += 1
            keep = edits[position].at - base if position < len(edits) else len(buffer)
            cut = min(max(keep, 0), len(buffer))
            yield buffer[:cut]
            buffer, base = buffer[cut:], base + cut
    yield buffer
