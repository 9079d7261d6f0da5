"""Attendance as a spreadsheet: the list of what was held goes out, the numbers come back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import OccurrenceState
from services.events.imports.shared import refuse_if_used
from services.events.registrations.attendance import record_attendance
from services.events.registrations.attendance_schemas import AttendanceIn
from services.events.registrations.models import Attendance
from services.events.registrations.rules import NotHeldYet, require_held
from services.events.registrations.rules import require_reason as needs_reason
from services.kit.access import Caller, P, at_or_below, within
from services.kit.db import run
from services.kit.imports.exports import PAGE, Exporter, Rows
from services.kit.imports.rules import Desk, Importer, Written
from services.kit.problems import BrokenRule
from services.kit.sheets.declare import Column, Kind, Sheet, said
from services.kit.sheets.reading import Record

SHEET = Sheet(
    "attendance",
    said("到场人次", "Attendance", "ཞུགས་མིའི་གྲངས", "Ирц"),
    columns=(
        Column(
            "occurrence_id",
            said("场次编号", "Occurrence"),
            Kind.CODE,
            required=True,
            most=36,
            note=said("从导出的表中带出，请勿修改", "as it stands in the export"),
        ),
        Column("title", said("活动名称", "Activity", "བྱེད་སྒོའི་མིང", "Арга хэмжээ"), most=500),
        Column("starts_at", said("开始时间", "Starts", "འགོ་འཛུགས", "Эхлэх"), Kind.TIME),
        Column("verified", said("签到人次", "Checked in"), Kind.WHOLE, low=0),
        Column("counted", said("清点人次", "Counted"), Kind.WHOLE, low=0, high=10_000_000),
        Column("estimated", said("估计人次", "Estimated"), Kind.WHOLE, low=0, high=10_000_000),
        Column("online", said("线上人次", "Online"), Kind.WHOLE, low=0, high=1_000_000_000),
        Column("note", said("备注", "Note", "མཆན", "Тэмдэглэл"), most=500),
        Column(
            "reason",
            said("更正原因", "Reason of a correction"),
            least=2,
            most=200,
            note=said("活动办结后更改已填数字时必填", "needed once the activity is completed"),
        ),
    ),
    unique=("occurrence_id",),
    note=said(
        "先导出本表，在其中填写后再导入。空白表示未知，不是 0；四类人次不相加。",
        "Export this sheet, fill it in, send it back. Blank is unknown and not 0.",
    ),
)
_NUMBERS = ("counted", "estimated", "online")

_OF = text(
    """SELECT o.id, o.state, o.starts_at, o.version, o.division_code AS place,
        a.division_code AS lead, a.state AS activity_state,
        (SELECT jsonb_object_agg(t.grade, t.number) FROM attendance t WHERE t.occurrence_id = o.id)
            AS known,
        (SELECT max(t.note) FROM attendance t WHERE t.occurrence_id = o.id) AS note
    FROM occurrences o JOIN activities a ON a.id = o.activity_id
    WHERE o.id = ANY(CAST(:ids AS uuid[]))"""
)
_UUID = TypeAdapter(UUID)


def _id(given: str | None) -> UUID | None:
    try:
        return _UUID.validate_python(given)
    except ValidationError:
        return None


async def check(desk: Desk, records: list[Record]) -> None:
    """Of an occurrence within reach that has begun; at least one number, a reason where needed."""
    ids = {record.row: _id(record.values.get("occurrence_id")) for record in records}
    wanted = [one for one in ids.values() if one is not None]
    found = {row.id: row for row in (await run(desk.db, _OF, {"ids": wanted})).all()}
    for record in records:
        values = record.values
        if values.get("occurrence_id") is None:
            continue
        row = found.get(ids[record.row])
        may = row and desk.caller.may_any(P.ATTENDANCE_RECORD, (row.lead, row.place))
        if row is None or not may:
            # Also for those out of reach: that there is one is not theirs to know.
            desk.blame(record, "occurrence_id", "unknown-occurrence")
            continue
        values["there"] = row
        try:
            require_held(desk.now, OccurrenceState(row.state), row.starts_at)
        except NotHeldYet:
            desk.blame(record, "occurrence_id", "not-held-yet")
        given = {name: values.get(name) for name in _NUMBERS}
        if not record.faults and all(number is None for number in given.values()):
            desk.blame(record, "counted", "number-needed")
        known = row.known or {}
        if any(given[name] != number for name, number in known.items()):
            try:
                needs_reason(row.activity_state, values.get("reason"))
            except BrokenRule:
                desk.blame(record, "reason", "missing-field")


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Record the numbers as one would by hand: with their corrections and facts."""
    made = []
    for record in records:
        values = record.values
        there = values["there"]
        given = AttendanceIn(**{name: values.get(name) for name in (*_NUMBERS, "note", "reason")})
        out = await record_attendance(
            desk.db, desk.caller, there.id, given, there.version, desk.now
        )
        before = {"known": there.known or {}, "note": there.note, "version": out.version}
        made.append(Written(record.row, there.id, before))
    return made


_OURS = text(
    """SELECT i."row", i.before, i.id AS written, o.id, o.version FROM import_rows i
    LEFT JOIN occurrences o ON o.id = i.id WHERE i.import_id = :id ORDER BY i.id"""
)


async def take_back(desk: Desk) -> None:
    """Put the numbers from before in their place, unless somebody wrote others since."""
    rows = (await run(desk.db, _OURS, {"id": desk.import_id})).all()
    refuse_if_used(
        [
            *((row.row, "row-gone", {}) for row in rows if row.id is None),
            *(
                (row.row, "row-changed", {})
                for row in rows
                if row.id and row.version != row.before["version"]
            ),
        ]
    )
    for row in rows:
        given = AttendanceIn(**row.before["known"], note=row.before["note"], reason="撤销导入")
        # By the version that the import made: whoever changes it meanwhile wins, and we stop.
        await record_attendance(desk.db, desk.caller, row.id, given, row.version, desk.now)


IMPORTER = Importer(
    SHEET,
    "/occurrences/attendance",
    P.ATTENDANCE_RECORD,
    check,
    write,
    take_back,
    most_rows=5000,
    batch=200,
)


async def page(
    db: AsyncSession, caller: Caller, division: str | None, after: Any
) -> tuple[Rows, Any]:
    """Occurrences that have begun and are within reach, the latest first, with what is known."""
    statement = (
        select(Occurrence, Activity.title)
        .join(Activity, col(Activity.id) == Occurrence.activity_id)
        .where(
            or_(
                within(col(Activity.division_code), caller, P.ATTENDANCE_RECORD),
                within(col(Occurrence.division_code), caller, P.ATTENDANCE_RECORD),
            ),
            col(Activity.published_at).is_not(None),
            col(Occurrence.state).in_(("scheduled", "completed")),
            col(Occurrence.starts_at) <= datetime.now(UTC),
        )
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Occurrence.division_code), division))
    if after is not None:
        statement = statement.where(col(Occurrence.id) < after)
    found = (await db.exec(statement.order_by(col(Occurrence.id).desc()).limit(PAGE))).all()
    numbers: dict[UUID, dict[str, Any]] = {one.id: {} for one, _ in found}
    known = select(Attendance).where(col(Attendance.occurrence_id).in_(numbers))
    for row in (await db.exec(known)).all():
        numbers[row.occurrence_id] |= {row.grade.value: row.number, "note": row.note}
    rows = [
        {
            "occurrence_id": one.id,
            "title": title,
            "starts_at": one.starts_at,
            "verified": one.verified,
            **numbers[one.id],
        }
        for one, title in found
    ]
    return rows, found[-1][0].id if found else after


EXPORTER = Exporter(SHEET, "/occurrences/attendance", P.ATTENDANCE_RECORD, page)
