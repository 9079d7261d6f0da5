"""Wire shapes of imports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import RowMapping

from services.kit.access import Caller
from services.kit.imports.rules import LIFECYCLE, Importer, ImportMode, ImportState
from services.kit.sheets.faults import Fault, reason, told


class FaultOut(BaseModel):
    """A bad cell: where, what stood there, why it cannot be taken."""

    row: int
    """As Excel counts."""
    column: str
    cell: str
    key: str
    title: str
    value: str
    """Personal values are masked."""
    rule: str
    reason: str


class SampleOut(BaseModel):
    """A row as it was read, by column key."""

    row: int
    cells: dict[str, str]


class ProblemOut(BaseModel):
    """Why the file as a whole was refused."""

    rule: str
    reason: str


class ImportLine(BaseModel):
    """An import in the log."""

    id: UUID
    sheet: str
    job: str | None
    """Its progress: `/jobs/{job}`."""
    about: UUID | None
    name: str
    size: int
    mode: ImportMode
    state: ImportState
    division_code: str
    owner: UUID
    rows: int
    good: int
    """Rows without a bad cell."""
    written: int
    faults: int
    """Bad cells."""
    problem: ProblemOut | None
    version: int
    created_at: datetime
    checked_at: datetime | None
    done_at: datetime | None
    undone_at: datetime | None
    allowed_actions: list[str]


class ImportOut(ImportLine):
    """An import, with what a person looks at before deciding."""

    first_faults: list[FaultOut]
    sample: list[SampleOut]
    ignored: list[str]
    """Headings that the sheet does not know."""
    left_out: list[str]
    """Worksheets that were not read: hidden ones, and those that fit less well."""
    marked_workbook: bool
    """Can the annotated workbook be downloaded?"""


class CommitIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    valid_only: bool = False


def fault_out(importer: Importer, one: Fault, language: str) -> FaultOut:
    """A bad cell in `language`."""
    return FaultOut(**told(importer.sheet, one, language))


def _actions(importer: Importer, caller: Caller, row: RowMapping) -> list[str]:
    if not (caller.is_(row["owner"]) or caller.may(importer.permission, at=row["division_code"])):
        return []
    return [
        step.action
        for step in LIFECYCLE
        if step.needs
        and row["state"] in step.sources
        and not (step.action == "commit" and (row["good"] == 0 or row["object"] is None))
    ]


def _line(
    importer: Importer, caller: Caller, service: str, row: RowMapping, language: str
) -> dict[str, Any]:
    problem = row["problem"]
    return {
        **{name: row[name] for name in ImportLine.model_fields if name in row},
        "job": row["job_id"] and f"{service}-{row['job_id']}",
        "problem": problem
        and {
            "rule": problem["rule"],
            "reason": reason(problem["rule"], problem["values"], language),
        },
        "allowed_actions": _actions(importer, caller, row),
    }


def import_line(
    importer: Importer, caller: Caller, service: str, row: RowMapping, language: str
) -> ImportLine:
    """An import in a list."""
    return ImportLine(**_line(importer, caller, service, row, language))


def import_out(
    importer: Importer,
    caller: Caller,
    service: str,
    row: RowMapping,
    faults: list[Fault],
    language: str,
) -> ImportOut:
    """An import on its own."""
    return ImportOut(
        **_line(importer, caller, service, row, language),
        first_faults=[fault_out(importer, one, language) for one in faults],
        sample=[SampleOut(**one) for one in row["sample"]],
        ignored=row["ignored"],
        left_out=row["left_out"],
        marked_workbook=row["object"] is not None and row["faults"] > 0,
    )
