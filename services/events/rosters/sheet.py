"""Class rosters as a spreadsheet: a row a child, the rows of a class together one party."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import queries as activities
from services.events.imports.shared import refuse_if_used
from services.events.registrations import actions as registrations
from services.events.registrations.models import Member, Registration
from services.events.registrations.queries import visible
from services.events.registrations.rules import LIVE
from services.events.rosters.actions import register_roster
from services.events.rosters.models import Roster
from services.events.rosters.schemas import ChildIn, ConsentIn, ContactIn, RosterIn
from services.kit.access import Caller, P, at_or_below, within
from services.kit.db import run
from services.kit.imports.exports import PAGE, Exporter, Rows
from services.kit.imports.rules import Desk, Importer, Written
from services.kit.problems import BrokenRule, Problem, slug_of
from services.kit.sheets.declare import Column, Kind, Sheet, said
from services.kit.sheets.reading import Record

SHEET = Sheet(
    "rosters",
    said("班级名单", "Class roster", "འཛིན་གྲྭའི་མིང་ཐོ", "Ангийн нэрс"),
    columns=(
        Column("school", said("学校", "School", "སློབ་གྲྭ", "Сургууль"), most=80),
        Column(
            "class_name",
            said("班级", "Class", "འཛིན་གྲྭ", "Анги"),
            required=True,
            most=80,
            example="三年级一班",
        ),
        Column(
            "contact_name",
            said("带队老师", "Teacher who comes along"),
            required=True,
            most=80,
            personal=True,
        ),
        Column(
            "contact_phone",
            said("带队老师电话", "Teacher's phone"),
            Kind.PHONE,
            required=True,
            personal=True,
        ),
        Column(
            "name",
            said("学生姓名", "Name", "སློབ་མའི་མིང", "Нэр"),
            required=True,
            most=80,
            personal=True,
        ),
        Column("age", said("年龄", "Age", "ལོ", "Нас"), Kind.WHOLE, required=True, low=0, high=130),
        Column(
            "guardian_name",
            said("监护人", "Guardian"),
            most=80,
            personal=True,
            note=said("未满 14 周岁必填", "needed below 14 years"),
        ),
        Column("guardian_phone", said("监护人电话", "Guardian's phone"), Kind.PHONE, personal=True),
        Column("consented_on", said("监护人同意日期", "Guardian consented on"), Kind.DAY),
        Column("ticket", said("票种", "Ticket kind"), most=60),
    ),
)
_GUARDIAN = ("guardian_name", "guardian_phone", "consented_on")
_AT = {"age": "age", "guardian": "guardian_name", "consented_on": "consented_on"}
"""Where what a rule names within a child stands in the sheet."""


def _classes(records: Iterable[Record]) -> list[list[Record]]:
    found: dict[tuple[Any, Any], list[Record]] = {}
    for record in records:
        key = (record.values.get("school"), record.values.get("class_name"))
        found.setdefault(key, []).append(record)
    return list(found.values())


async def check(desk: Desk, records: list[Record]) -> None:
    """Each class is registered for once to see what stands against it, and undone again."""
    for group in _classes(records):
        for record in group:
            given = [record.values.get(name) is not None for name in _GUARDIAN]
            if any(given) and not all(given):
                for name, there in zip(_GUARDIAN, given, strict=True):
                    if not there and not any(one.key == name for one in record.faults):
                        desk.blame(record, name, "missing-field")
        if not any(record.faults for record in group):
            await _rehearse(desk, group)
        whole = not any(record.faults for record in group)
        for record in group:
            record.values["whole"] = whole


class _Rehearsed(Exception):
    """It went well: what was written for it is undone."""


async def _rehearse(desk: Desk, group: list[Record]) -> None:
    given = _roster(desk, group)
    try:
        async with desk.db.begin_nested():
            await register_roster(desk.db, desk.caller, desk.vault, given, desk.now)
            raise _Rehearsed()
    except _Rehearsed:
        # What the session learned of the rows that are gone goes with them.
        desk.db.expunge_all()
    except BrokenRule as problem:
        for error in problem.errors:
            record, key = _cell(group, error.pointer)
            desk.blame(record, key, error.rule, **dict(error.values))
        if not problem.errors:
            desk.blame(group[0], "class_name", slug_of(type(problem)), **problem.values)
    except Problem as problem:
        desk.blame(group[0], "class_name", slug_of(type(problem)), **problem.values)


def _cell(group: list[Record], pointer: str) -> tuple[Record, str]:
    """`/party/3/guardian/consented_on` → the fourth row's day of consent."""
    parts = pointer.split("/")
    if len(parts) < 4 or parts[1] != "party":
        return group[0], "class_name"
    return group[int(parts[2])], _AT.get(parts[-1], "class_name")


def _roster(desk: Desk, group: list[Record]) -> RosterIn:
    first = group[0].values
    assert desk.about is not None
    return RosterIn(
        occurrence_id=desk.about,
        ticket=first.get("ticket"),
        class_name=first["class_name"],
        school=first.get("school"),
        contact=ContactIn(name=first["contact_name"], phone=first["contact_phone"]),
        party=[_child(record.values) for record in group],
        on_behalf=True,
    )


def _child(values: dict[str, Any]) -> ChildIn:
    guardian = None
    if values.get("guardian_name"):
        guardian = ConsentIn(
            name=values["guardian_name"],
            phone=values["guardian_phone"],
            consented_on=values["consented_on"],
        )
    return ChildIn(name=values["name"], age=values["age"], guardian=guardian)


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Register each class whole; one with a bad row is left out whole."""
    made = []
    for group in _classes(records):
        if not group[0].values["whole"]:
            continue
        given = _roster(desk, group)
        entry, _ = await register_roster(desk.db, desk.caller, desk.vault, given, desk.now)
        made.append(Written(group[0].row, entry.registration.id, rows=len(group)))
    return made


_OURS = text(
    """SELECT i."row", r.id, r.state, r.division_code, t.version,
        EXISTS (SELECT FROM check_ins c JOIN members m ON m.id = c.member_id
            WHERE m.registration_id = r.id) AS came
    FROM import_rows i LEFT JOIN registrations r ON r.id = i.id
    LEFT JOIN rosters t ON t.registration_id = i.id WHERE i.import_id = :id ORDER BY i.id"""
)


async def take_back(desk: Desk) -> None:
    """Cancel the registrations that still stand, unless somebody came or a list was edited."""
    rows = (await run(desk.db, _OURS, {"id": desk.import_id})).all()
    for code in {row.division_code for row in rows if row.id}:
        desk.caller.require(P.REGISTRATION_MANAGE, at=code)
    refuse_if_used(
        [
            *((row.row, "row-gone", {}) for row in rows if row.id is None),
            *((row.row, "row-came", {}) for row in rows if row.came),
            *(
                (row.row, "row-changed", {})
                for row in rows
                if row.id and not row.came and row.version != 1
            ),
        ]
    )
    for row in rows:
        if row.state in LIVE:
            await registrations.end(desk.db, desk.caller, row.id, "cancel", desk.now)


async def about(db: AsyncSession, caller: Caller, occurrence_id: UUID) -> str:
    """A roster is for one occurrence; whoever manages its registrations may send one in."""
    activity, _ = await activities.occurrence(db, caller, occurrence_id)
    caller.require(P.REGISTRATION_MANAGE, at=activity.division_code)
    return activity.division_code


IMPORTER = Importer(
    SHEET,
    "/registrations/rosters",
    P.REGISTRATION_MANAGE,
    check,
    write,
    take_back,
    about,
    most_rows=2000,
    batch=2000,
)


async def page(
    db: AsyncSession, caller: Caller, division: str | None, after: Any
) -> tuple[Rows, Any]:
    """The children of the rosters within reach, masked; guardians are left out."""
    statement = (
        select(Member, Roster)
        .join(Registration, col(Registration.id) == Member.registration_id)
        .join(Roster, col(Roster.registration_id) == Registration.id)
        .where(
            visible(caller),
            within(col(Registration.division_code), caller, P.REGISTRATION_READ),
            col(Member.dropped_at).is_(None),
        )
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Registration.division_code), division))
    if after is not None:
        statement = statement.where(col(Member.id) > after)
    found = (await db.exec(statement.order_by(col(Member.id)).limit(PAGE))).all()
    rows = [
        {
            "school": roster.school,
            "class_name": roster.class_name,
            "contact_name": roster.contact_masked,
            "contact_phone": roster.contact_phone_masked,
            "name": member.name_masked,
            "age": member.age,
        }
        for member, roster in found
    ]
    return rows, found[-1][0].id if found else after


EXPORTER = Exporter(SHEET, "/registrations/rosters", P.REGISTRATION_READ, page)
