"""From an uploaded file to typed rows: which table it is, where its columns stand, row by row."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from services.kit.sheets import delimited
from services.kit.sheets.cells import Cell, Wrong, blank, shown
from services.kit.sheets.declare import Column, Sheet
from services.kit.sheets.faults import Fault, fault
from services.kit.sheets.merged import Area, Merged
from services.kit.sheets.package import Package, Tab, Unreadable
from services.kit.sheets.readers import Reader, reader
from services.kit.sheets.scan import MOST_ROWS, Line, Scanner

HEADER_WITHIN = 20
"""Rows from the top in which the headings stand: above them go a title and remarks."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of data: what could be read of it, and what could not."""

    row: int
    values: dict[str, Any]
    faults: list[Fault]
    line: dict[int, Cell]
    """The cells as they stand in the file, by column."""


@dataclass(frozen=True, slots=True)
class Place:
    """A declared column where it stands in this file."""

    at: int
    column: Column
    read: Reader


@dataclass
class Table:
    """A file whose headings were recognised."""

    sheet: Sheet
    file: IO[bytes]
    tab: Tab | None
    """The worksheet; None for a CSV."""
    header: int
    places: list[Place]
    ignored: list[str]
    """Headings that the sheet does not know."""
    left_out: list[str]
    """Worksheets that were not read: hidden ones, and those that fit less well."""
    size: int
    """About how many rows there are, for progress."""
    merges: list[Area] = field(default_factory=list)
    _scanner: Scanner | None = None

    def place(self, key: str) -> int:
        """The column of the file that `key` stands in; the first one when it is not there."""
        return next((one.at for one in self.places if one.column.key == key), self.places[0].at)

    def lines(self) -> Iterator[Line]:
        """Every row that is not empty, headings included."""
        if self.tab is None or self._scanner is None:
            return delimited.rows(self.file)
        return self._scanner.rows(self.tab)

    def records(self) -> Iterator[Record]:
        """The rows below the headings that say anything. Raises Unreadable for too many."""
        merged = Merged(self.merges, self.header, [place.at for place in self.places])
        seen: dict[int, int] = {}
        count = 0
        for row, line in self.lines():
            if row <= self.header:
                continue
            record = self._record(row, line, merged)
            if record is None:
                continue
            count += 1
            if count > MOST_ROWS:
                raise Unreadable("sheet-too-many-rows", most=MOST_ROWS)
            self._repeated(record, line, seen)
            yield record

    def _record(self, row: int, line: dict[int, Cell], merged: Merged) -> Record | None:
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        said = False
        covered = merged.covered(row)
        for place in self.places:
            at, column = place.at, place.column
            cell = line.get(at)
            if cell is None or blank(cell):
                values[column.key] = None
                if at in covered:
                    faults.append(fault(row, at, column, None, "cell-merged", {}))
                elif column.required:
                    faults.append(fault(row, at, column, None, "missing-field", {}))
                continue
            said = True
            try:
                values[column.key] = place.read(cell)
            except Wrong as wrong:
                values[column.key] = None
                faults.append(fault(row, at, column, cell, wrong.rule, wrong.values_))
        return Record(row, values, faults, line) if said else None

    def _repeated(self, record: Record, line: dict[int, Cell], seen: dict[int, int]) -> None:
        keys = self.sheet.unique
        key = tuple(record.values.get(name) for name in keys)
        if not keys or key[-1] is None:
            return
        first = seen.setdefault(hash(key), record.row)
        if first != record.row:
            at = self.place(keys[-1])
            column = self.sheet.column(keys[-1])
            record.faults.append(
                fault(record.row, at, column, line.get(at), "row-repeated", {"row": first})
            )

    def batches(self, size: int) -> Iterator[list[Record]]:
        """The records, `size` at a time."""
        records = self.records()
        while batch := list(islice(records, size)):
            yield batch


def _key(heading: str) -> str:
    """A heading without what people add to it: case, width, blanks, a star for "required"."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(text.replace("(必填)", "").split()).strip("*:")


def open_table(file: IO[bytes], sheet: Sheet) -> Table:
    """Recognise the file. Raises Unreadable with what is the matter with it as a whole."""
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    if not head:
        raise Unreadable("sheet-empty")
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return _open_text(file, sheet)
    package = Package(file)
    scanner = Scanner(package)
    hidden = [tab.name for tab in package.tabs if not tab.visible]
    found = []
    best = _Headings()
    for tab in package.tabs:
        if not tab.visible:
            continue
        headings = _headings(scanner.rows(tab), sheet)
        if headings.complete:
            found.append((tab, headings))
        best = max(best, headings, key=lambda one: (len(one.places), one.anything))
    if not found:
        raise _no_headings(best, sheet)
    # The list of an earlier check, or an explanation, may name a required column as well.
    found.sort(key=lambda one: len(one[1].places), reverse=True)
    tab, headings = found[0]
    rivals = [one.name for one, its in found if len(its.places) == len(headings.places)]
    if len(rivals) > 1:
        raise Unreadable("sheet-several", names="、".join(rivals))
    size, merges = scanner.survey(tab)
    table = _table(file, sheet, tab, headings, size)
    table.merges, table._scanner = merges, scanner
    table.left_out = [*hidden, *(one.name for one, _ in found[1:])]
    return table


def _open_text(file: IO[bytes], sheet: Sheet) -> Table:
    headings = _headings(delimited.rows(file), sheet)
    if not headings.complete:
        raise _no_headings(headings, sheet)
    return _table(file, sheet, None, headings, delimited.count_lines(file))


@dataclass
class _Headings:
    """The row that looks most like the headings."""

    row: int = 0
    places: list[Place] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    complete: bool = False
    anything: bool = False
    """Was there any row at all?"""


def _headings(lines: Iterator[Line], sheet: Sheet) -> _Headings:
    names = {
        _key(name): column
        for column in sheet.columns
        for name in (column.key, *column.titles.values())
    }
    required = {column.key for column in sheet.columns if column.required}
    best = _Headings()
    for row, line in islice(lines, HEADER_WITHIN):
        found = _Headings(row, anything=True)
        known: set[str] = set()
        for at, cell in sorted(line.items()):
            text = shown(cell)
            column = names.get(_key(text))
            if column is None:
                if text.strip():
                    found.ignored.append(text.strip()[:100])
            elif column.key in known:
                found.twice.append(text.strip())
            else:
                known.add(column.key)
                found.places.append(Place(at, column, reader(column)))
        found.complete = bool(known) and required <= known
        best = max(best, found, key=lambda one: (len(one.places), one.anything))
        if found.complete:
            if found.twice:
                raise Unreadable("sheet-column-twice", names="、".join(found.twice))
            return found
    return best


def _no_headings(best: _Headings, sheet: Sheet) -> Unreadable:
    if not best.anything:
        return Unreadable("sheet-empty")
    there = {place.column.key for place in best.places}
    missing = [one.title("zh-CN") for one in sheet.columns if one.required and one.key not in there]
    return Unreadable("sheet-columns-missing", names="、".join(missing))


def _table(file: IO[bytes], sheet: Sheet, tab: Tab | None, headings: _Headings, size: int) -> Table:
    return Table(
        sheet,
        file,
        tab,
        headings.row,
        headings.places,
        headings.ignored,
        [],
        max(0, size - headings.row),
    )
