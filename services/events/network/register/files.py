"""Reads a register's files, the package's own or another province's, and names every bad row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from services.events.network.register.lines import BadRegister, Fault, Line
from services.events.network.register.rules import (
    CHANGE_KINDS,
    PRECISIONS,
    Abolished,
    Change,
    Division,
    FormerName,
    Point,
    ancestors,
)

T = TypeVar("T")


def read_divisions(folder: Path | None = None) -> tuple[Division, ...]:
    """The register in force: the newest `divisions-YYYY.csv`. Raises BadRegister."""
    name = _newest_divisions(folder).name
    faults: list[Fault] = []
    lines = list(_lines(folder, name, Division._fields, faults))
    codes = {line.values["code"] for line in lines}
    rows = [_division(line, codes) for line in lines]
    _unique(lines, ("code",))
    return _all_good(rows, faults)


def edition_in_force(folder: Path | None = None) -> int:
    """The year of the register in force, as its file's name says."""
    return int(_newest_divisions(folder).name[10:14])


def read_succession(folder: Path | None = None) -> tuple[Change, ...]:
    """What became of former codes: `succession.csv`. Raises BadRegister."""
    return _read(
        folder,
        "succession.csv",
        Change._fields,
        _change,
        unique=("old_code", "edition", "successor_code"),
    )


def read_abolished(folder: Path | None = None) -> tuple[Abolished, ...]:
    """Former divisions as they last stood: `abolished.csv`. Raises BadRegister."""
    return _read(
        folder, "abolished.csv", Abolished._fields, _abolished, unique=("code", "last_edition")
    )


def read_former_names(folder: Path | None = None) -> tuple[FormerName, ...]:
    """Names borne earlier under a code that was kept: `former-names.csv`. Raises BadRegister."""
    return _read(
        folder, "former-names.csv", FormerName._fields, _former_name, unique=("code", "edition")
    )


def read_county_points(folder: Path | None = None) -> tuple[Point, ...]:
    """A point inside every county: `county-points.csv`; absent means none. Raises BadRegister."""
    return _read(
        folder, "county-points.csv", Point._fields, _point, unique=("code",), optional=True
    )


def read_county_seats(folder: Path | None = None) -> tuple[Point, ...]:
    """The seat of every county, from the same file; absent means none. Raises BadRegister."""
    return _read(
        folder,
        "county-points.csv",
        ("code", "name", *_SEAT_COLUMNS),
        _seat,
        unique=("code",),
        optional=True,
    )


def read_township_points(folder: Path | None = None) -> tuple[Point, ...]:
    """Points of the townships that have one: `township-points.csv`; absent means none."""
    return _read(
        folder, "township-points.csv", Point._fields, _point, unique=("code",), optional=True
    )


# -- Rows -------------------------------------------------------------------------------


def _division(line: Line, codes: set[str]) -> Division:
    code = line.code()
    parent = line.code("parent", empty=len(code) == 2)
    # 4419-style cities have no counties: a township there stands under its city.
    nearest = next((ancestor for ancestor in ancestors(code) if ancestor in codes), "")
    if len(code) != 2 and parent and parent not in codes:
        line.fault("parent", "there is no such division in the file")
    elif parent != nearest:
        line.fault("parent", f"the nearest division above in the file is {nearest or 'none'}")
    mca_code = line.code("mca_code", empty=True)
    return Division(
        code,
        line.text("name"),
        line.text("short_name"),
        line.tier(code),
        line.text("kind"),
        parent,
        line.flag("official"),
        mca_code,
        line.text("mca_code_system", empty=not mca_code),
    )


def _change(line: Line) -> Change:
    old_code = line.code("old_code")
    kind = line.closed("kind", CHANGE_KINDS)
    ends = kind in ("abolish", "unknown")
    successor = line.code("successor_code", empty=ends)
    if successor and ends:
        line.fault("successor_code", f"kind {kind} has no successor")
    if successor and len(successor) != len(old_code):
        line.fault("successor_code", "a successor stands at the tier of its predecessor")
    if successor and successor == old_code:
        line.fault("successor_code", "a code that was kept is no change: see former-names.csv")
    after, on = line.day_or_none("effective_after"), line.day("effective_on")
    if after is not None and after >= on:
        line.fault("effective_after", "must be before effective_on")
    return Change(
        old_code,
        line.text("old_name"),
        line.tier(old_code),
        successor,
        line.text("successor_name", empty=not successor),
        kind,
        line.year("edition"),
        after,
        on,
        line.closed("precision", PRECISIONS),
        line.flag("reused"),
        line.text("basis"),
        line.text("note", empty=True),
    )


def _abolished(line: Line) -> Abolished:
    code = line.code()
    parent = line.code("parent", empty=len(code) == 2)
    if parent and not (code.startswith(parent) and len(parent) < len(code)):
        line.fault("parent", f"is not above {code}")
    return Abolished(
        code,
        line.text("name"),
        line.tier(code),
        line.text("kind"),
        parent,
        line.flag("official"),
        line.year("last_edition"),
        line.day_or_none("abolished_after"),
        line.day("abolished_on"),
        line.closed("precision", PRECISIONS),
        line.flag("reused"),
    )


def _former_name(line: Line) -> FormerName:
    code = line.code()
    return FormerName(
        code,
        line.tier(code),
        line.text("old_name"),
        line.text("new_name"),
        line.year("edition"),
        line.flag("only_spelling"),
        line.flag("doubtful"),
    )


def _point(line: Line) -> Point:
    return Point(
        line.code(),
        line.text("name"),
        line.degrees("longitude", 180),
        line.degrees("latitude", 90),
        line.text("source"),
    )


_SEAT_COLUMNS = ("seat_longitude", "seat_latitude", "seat_source")


def _seat(line: Line) -> Point:
    longitude, latitude, source = _SEAT_COLUMNS
    return Point(
        line.code(),
        line.text("name"),
        line.degrees(longitude, 180),
        line.degrees(latitude, 90),
        line.text(source),
    )


# -- Files ------------------------------------------------------------------------------


def _root(folder: Path | None) -> Traversable:
    return folder if folder is not None else files(__package__).joinpath("data")


def _newest_divisions(folder: Path | None) -> Traversable:
    found = [
        file for file in _root(folder).iterdir() if re.fullmatch(r"divisions-\d{4}\.csv", file.name)
    ]
    if not found:
        raise FileNotFoundError(f"no divisions-YYYY.csv in {_root(folder)}")
    return max(found, key=lambda file: file.name)


def _read(
    folder: Path | None,
    name: str,
    columns: tuple[str, ...],
    build: Callable[[Line], T],
    *,
    unique: tuple[str, ...],
    optional: bool = False,
) -> tuple[T, ...]:
    if optional and not _root(folder).joinpath(name).is_file():
        return ()
    faults: list[Fault] = []
    lines = list(_lines(folder, name, columns, faults))
    rows = [build(line) for line in lines]
    _unique(lines, unique)
    return _all_good(rows, faults)


def _lines(
    folder: Path | None, name: str, columns: tuple[str, ...], faults: list[Fault]
) -> Iterator[Line]:
    text = _root(folder).joinpath(name).read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text), restval="")
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise BadRegister(
            [Fault(name, 1, column, "", "the column is missing") for column in missing]
        )
    for values in reader:
        yield Line(name, reader.line_num, values, faults)


def _unique(lines: Iterable[Line], columns: tuple[str, ...]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for line in lines:
        key = tuple(line.values[column] for column in columns)
        if key in seen:
            line.fault(columns[0], f"stands already in row {seen[key]}")
        seen.setdefault(key, line.number)


def _all_good(rows: list[T], faults: list[Fault]) -> tuple[T, ...]:
    if faults:
        raise BadRegister(sorted(faults, key=lambda fault: fault.row))
    return tuple(rows)
