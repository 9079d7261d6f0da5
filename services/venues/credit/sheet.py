"""The red-line list as a spreadsheet: brought in again and again, each time confirmed as a whole.

A line that is there already is confirmed, and its last day taken over; the list is as recent as
its last import.
"""

from typing import Any

import orjson
from sqlalchemy import text

from services.kit.access import P
from services.kit.db import run
from services.kit.divisions import Tier, tier_of
from services.kit.imports.bulk import copy_in, ids_in_order
from services.kit.imports.rules import Desk, Importer, ImportInUse, Written, home_of
from services.kit.problems import FieldError
from services.kit.sheets.declare import Choice, Column, Kind, Sheet, said
from services.kit.sheets.reading import Record
from services.venues.credit.rules import Standing, plain_name
from services.venues.registry.hosts import uscc_fault

SHEET = Sheet(
    "red_lines",
    said("失信红线名单", "Red-line list"),
    columns=(
        Column(
            "name",
            said("单位名称", "Institution", "ལས་ཁུངས་མིང", "Байгууллага"),
            required=True,
            least=2,
            example="青海某某科技有限公司",
        ),
        Column(
            "uscc",
            said("统一社会信用代码", "Credit code (USCC)"),
            Kind.CODE,
            least=18,
            most=18,
            example="91350100M000100Y43",
        ),
        Column(
            "standing",
            said("核查结论", "Standing"),
            Kind.CHOICE,
            required=True,
            choices=(
                Choice(Standing.RED_LINE.value, said("失信红线", "red line")),
                Choice(Standing.CLEAR.value, said("核查无失信", "looked into, clear")),
            ),
            example="失信红线",
        ),
        Column(
            "grounds",
            said("失信事由", "Grounds"),
            least=2,
            most=500,
            note=said("结论为失信红线时必填", "needed for a red line"),
        ),
        Column("imposed_by", said("认定部门", "Imposed by"), least=2),
        Column(
            "listed_on",
            said("列入日期", "Listed on"),
            Kind.DAY,
            required=True,
            example="2026-01-31",
        ),
        Column("until_on", said("截止日期", "Until"), Kind.DAY),
    ),
    unique=("name", "uscc", "standing", "grounds", "listed_on"),
)


async def check(desk: Desk, records: list[Record]) -> None:
    """For who decides at the province; a red line says what for, and its code can be one."""
    home = home_of(desk.caller, P.APPLICATION_DECIDE)
    for record in records:
        values = record.values
        if tier_of(home) is not Tier.PROVINCE:
            desk.blame(record, "name", "row-out-of-reach", code=home)
        if values.get("standing") == Standing.RED_LINE and not values.get("grounds"):
            desk.blame(record, "grounds", "missing-field")
        if (code := values.get("uscc")) and (fault := uscc_fault(code)):
            desk.blame(record, "uscc", fault)
        first, last = values.get("listed_on"), values.get("until_on")
        if first and last and last < first:
            desk.blame(record, "until_on", "until-before-listed", day=f"{first}")


_CONFIRM = text(
    """UPDATE red_lines r SET confirmed_at = :now, until_on = g.until_on
    FROM json_to_recordset(CAST(:rows AS json)) AS g ("row" int, name text, uscc text,
        standing text, grounds text, listed_on date, until_on date),
        red_lines before
    WHERE before.id = r.id AND r.name = g.name AND COALESCE(r.uscc, '') = COALESCE(g.uscc, '')
        AND r.standing = g.standing AND COALESCE(r.grounds, '') = COALESCE(g.grounds, '')
        AND r.listed_on = g.listed_on
    RETURNING g."row", r.id, before.confirmed_at AS confirmed_at, before.until_on AS until_on"""
)


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Confirm the lines that are there, and add the others."""
    home = home_of(desk.caller, P.APPLICATION_DECIDE)
    given = [_given(record) for record in records]
    values = {"now": desk.now, "rows": orjson.dumps(given).decode()}
    there = {row.row: row for row in (await run(desk.db, _CONFIRM, values)).all()}
    new = [record for record in records if record.row not in there]
    rows: list[dict[str, Any]] = []
    for record, id_ in zip(new, ids_in_order(len(new)), strict=True):
        line = {name: value for name, value in _given(record).items() if name != "row"}
        rows.append(
            {
                **line,
                "listed_on": record.values["listed_on"],
                "until_on": record.values.get("until_on"),
                "imposed_by": record.values.get("imposed_by"),
                "id": id_,
                "confirmed_at": desk.now,
                "division_code": home,
                "recorded_code": home,
                "version": 1,
                "created_by": desk.caller.known(),
            }
        )
    await copy_in(desk.db, "red_lines", rows)
    return [
        *(
            Written(
                number,
                row.id,
                {
                    "confirmed_at": row.confirmed_at.isoformat(),
                    "until_on": row.until_on and row.until_on.isoformat(),
                },
            )
            for number, row in there.items()
        ),
        *(Written(record.row, row["id"]) for record, row in zip(new, rows, strict=True)),
    ]


def _given(record: Record) -> dict[str, Any]:
    values = record.values
    return {
        "row": record.row,
        "name": plain_name(values["name"]),
        "uscc": values.get("uscc"),
        "standing": values["standing"],
        "grounds": values.get("grounds"),
        "listed_on": values["listed_on"],
        "until_on": values.get("until_on"),
    }


_OURS = text(
    """SELECT i."row", r.id, r.version FROM import_rows i LEFT JOIN red_lines r ON r.id = i.id
    WHERE i.import_id = :id AND i.before IS NULL ORDER BY r.id"""
)
_FORGET = (
    text(
        "DELETE FROM red_lines WHERE id IN"
        " (SELECT id FROM import_rows WHERE import_id = :id AND before IS NULL)"
    ),
    text(
        """UPDATE red_lines r SET confirmed_at = (i.before ->> 'confirmed_at')::timestamptz,
            until_on = (i.before ->> 'until_on')::date
        FROM import_rows i WHERE i.import_id = :id AND i.before IS NOT NULL AND r.id = i.id"""
    ),
)


async def take_back(desk: Desk) -> None:
    """The lines that it added go, unless one was lifted since; the others are as they were."""
    values = {"id": desk.import_id}
    changed = [row for row in (await run(desk.db, _OURS, values)).all() if row.version != 1]
    if changed:
        raise ImportInUse(
            count=len(changed),
            errors=tuple(
                FieldError(f"/rows/{row.row}", "row-changed", (("row", row.row),))
                for row in changed[:20]
            ),
        )
    for statement in _FORGET:
        await run(desk.db, statement, values)


IMPORTER = Importer(SHEET, "/applications/red-lines", P.APPLICATION_DECIDE, check, write, take_back)
