"""A register as rows of the tables: divisions that stand, former ones, the steps between."""

from collections.abc import Iterable
from typing import Any

from services.events.network.register.checks import Register
from services.events.network.register.lines import Fault
from services.events.network.register.rules import Change, Point, place_today, resolve

Row = tuple[Any, ...]

DIVISION_COLUMNS = (
    "code",
    "edition",
    "name",
    "short_name",
    "tier",
    "kind",
    "parent_code",
    "official",
    "civil_affairs_code",
    "civil_affairs_system",
    "longitude",
    "latitude",
    "point_source",
    "abolished_after",
    "abolished_on",
    "precision",
    "successors",
    "today",
)
SUCCESSION_COLUMNS = (
    "code",
    "edition",
    "successor_code",
    "name",
    "successor_name",
    "kind",
    "effective_after",
    "effective_on",
    "precision",
    "reused",
    "basis",
    "note",
)
FORMER_NAME_COLUMNS = ("code", "edition", "old_name", "new_name", "only_spelling", "doubtful")


def division_rows(register: Register, points: Iterable[Point]) -> list[Row]:
    """DIVISION_COLUMNS of every code that has or had a meaning; a reused code has today's."""
    places = {point.code: point for point in points}
    edition = str(register.edition)
    rows: dict[str, Row] = {}
    for one in register.divisions:
        point = places.get(one.code)
        rows[one.code] = (
            one.code,
            edition,
            one.name,
            one.short_name,
            one.tier,
            one.kind,
            one.parent or None,
            one.official,
            one.mca_code or None,
            one.mca_code_system or None,
            point.longitude if point else None,
            point.latitude if point else None,
            point.source if point else None,
            None,
            None,
            None,
            [],
            [],
        )
    succession = register.succession()
    # A code that ended twice is shown as it last stood.
    for gone in sorted(register.abolished, key=lambda gone: gone.last_edition):
        if gone.reused:
            continue
        rows[gone.code] = (
            gone.code,
            str(gone.last_edition),
            gone.name,
            gone.name,
            gone.tier,
            gone.kind,
            gone.parent or None,
            gone.official,
            *[None] * 5,
            gone.abolished_after,
            gone.abolished_on,
            gone.precision,
            list(resolve(gone.code, succession)),
            list(place_today(gone.code, succession).codes),
        )
    return list(rows.values())


def succession_rows(changes: Iterable[Change]) -> list[Row]:
    """SUCCESSION_COLUMNS of every step."""
    return [
        (
            change.old_code,
            str(change.edition),
            change.successor_code,
            change.old_name,
            change.successor_name,
            change.kind,
            change.effective_after,
            change.effective_on,
            change.precision,
            change.reused,
            change.basis,
            change.note,
        )
        for change in changes
    ]


def former_name_rows(register: Register) -> list[Row]:
    """FORMER_NAME_COLUMNS of every name that was given up."""
    return [
        (row.code, str(row.edition), row.old_name, row.new_name, row.only_spelling, row.doubtful)
        for row in register.former_names
    ]


def misplaced(register: Register, file: str, points: Iterable[Point]) -> list[Fault]:
    """Points of divisions that the register does not have."""
    codes = {division.code for division in register.divisions}
    # Files hold one row a line, and the header is line 1.
    return [
        Fault(file, row, "code", point.code, "there is no such division in the register")
        for row, point in enumerate(points, start=2)
        if point.code not in codes
    ]


def lost(register: Register, known: Iterable[str]) -> list[Fault]:
    """Codes that the database knows and this register forgets: a code answers for ever."""
    codes = {one.code for one in register.divisions} | {one.code for one in register.abolished}
    return [
        Fault(
            f"divisions-{register.edition}.csv",
            1,
            "code",
            code,
            "stands in the database, and neither here nor in abolished.csv",
        )
        for code in sorted(known)
        if code not in codes
    ]
