"""Loads numbers of people with year and source, from a file that the operator gives.

None is shipped: without one nothing is shown per head.
"""

import csv
from collections.abc import Collection
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.carry import Carried, Row, Shape, carry, stored
from services.events.network.register.lines import BadRegister, Fault
from services.kit.divisions import normalise

POPULATIONS = Shape("populations", ("division_code", "year", "people", "source"), key=2)
_COLUMNS = ("code", "year", "people", "source")
_YEARS = range(1949, 2201)


def read_populations(path: Path, divisions: Collection[str]) -> list[Row]:
    """The rows of a CSV file: code, year, people, source. Raises BadRegister with each fault."""
    faults: list[Fault] = []
    rows: dict[Row, Row] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            rule = "the column is missing"
            raise BadRegister(Fault(path.name, 1, name, "", rule) for name in missing)
        for line in reader:
            row, wrong = _row(path.name, reader.line_num, line, divisions)
            faults += wrong
            if row is not None and row[:2] in rows:
                told = f"{row[0]} {row[1]}"
                faults.append(Fault(path.name, reader.line_num, "code", told, "stands twice"))
            elif row is not None:
                rows[row[:2]] = row
    if faults:
        raise BadRegister(faults)
    return list(rows.values())


def _row(
    file: str, number: int, line: dict[str, str | None], divisions: Collection[str]
) -> tuple[Row | None, list[Fault]]:
    given = {name: (line[name] or "").strip() for name in _COLUMNS}
    faults = []

    def fault(column: str, rule: str) -> None:
        faults.append(Fault(file, number, column, given[column], rule))

    try:
        code = normalise(given["code"])
    except ValueError:
        code = ""
    if code not in divisions:
        fault("code", "there is no such division in the register")
    if not given["year"].isdecimal() or int(given["year"]) not in _YEARS:
        fault("year", f"must be a year from {_YEARS[0]} on")
    if not given["people"].isdecimal() or not 0 < int(given["people"]) < 2**40:
        fault("people", "must be a whole number above 0; leave out the line when it is not known")
    if not given["source"]:
        fault("source", "must not be empty: who counted them")
    if faults:
        return None, faults
    return (code, int(given["year"]), int(given["people"]), given["source"]), []


async def load_populations(db: AsyncSession, rows: list[Row]) -> Carried:
    """Bring the table to the file: what the file no longer has goes."""
    return await carry(db, POPULATIONS, rows, await stored(db, POPULATIONS), remove=True)
