"""Stations as a spreadsheet: what its columns are, how rows come in, go out and are taken back."""

from typing import Any

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.facts import StationClosed, StationOpened
from services.events.imports.shared import (
    DIVISION,
    LANGUAGES,
    blame_fields,
    check_places,
    choices,
    refuse_if_used,
)
from services.events.stations.actions import sealed
from services.events.stations.models import Contact, Station
from services.events.stations.rules import (
    SECTOR_NAMES,
    StationKind,
    kind_errors,
    point_errors,
)
from services.events.stations.schemas import ContactIn
from services.kit.access import Caller, P, at_or_below, within
from services.kit.db import run
from services.kit.facts import record_all
from services.kit.ids import uuid7
from services.kit.imports.bulk import copy_in, ids_in_order
from services.kit.imports.exports import PAGE, Exporter, Rows
from services.kit.imports.rules import Desk, Importer, Written
from services.kit.sheets.declare import Choice, Column, Kind, Sheet, said
from services.kit.sheets.reading import Record

KINDS = {
    StationKind.PRACTICE_CENTRE: said("新时代文明实践中心", "practice centre (county)"),
    StationKind.PRACTICE_INSTITUTE: said("新时代文明实践所", "practice institute (township)"),
    StationKind.PRACTICE_STATION: said("新时代文明实践站", "practice station (village)"),
    StationKind.SCIENCE_STATION: said("科普站", "science station"),
    StationKind.ACTIVITY_VENUE: said("科普活动场所", "activity venue"),
    StationKind.OFFICE: said("科普工作机构", "office"),
}
SECTORS = tuple(Choice(sector.value, {"zh-CN": name}) for sector, name in SECTOR_NAMES.items())

SHEET = Sheet(
    "stations",
    said("科普阵地", "Stations", "ཚན་རིག་ཁྱབ་སྤེལ་ས་ཚིགས", "Шинжлэх ухааны цэгүүд"),
    columns=(
        DIVISION,
        Column(
            "kind",
            said("阵地类型", "Kind", "རིགས", "Төрөл"),
            Kind.CHOICE,
            required=True,
            choices=choices(KINDS),
            example="科普站",
        ),
        Column(
            "name",
            said("阵地名称", "Name", "མིང", "Нэр"),
            required=True,
            least=2,
            most=100,
            example="申中乡科普站",
        ),
        Column("sector", said("所属部门", "Sector"), Kind.CHOICE, choices=SECTORS),
        Column("lead_department", said("牵头部门", "Lead department"), least=2),
        Column("responsible_unit", said("责任单位", "Responsible unit"), least=2),
        Column("place", said("地址", "Place", "ས་གནས", "Газар")),
        Column(
            "longitude",
            said("经度", "Longitude", "གཞུང་ཐིག", "Уртраг"),
            Kind.NUMBER,
            low=73,
            high=136,
            note=said("WGS-84，度", "WGS-84 degrees"),
        ),
        Column(
            "latitude",
            said("纬度", "Latitude", "འཕྲེད་ཐིག", "Өргөрөг"),
            Kind.NUMBER,
            low=3,
            high=54,
            note=said("WGS-84，度", "WGS-84 degrees"),
        ),
        Column(
            "languages",
            said("服务语言", "Languages", "སྐད་རིགས", "Хэл"),
            Kind.CHOICES,
            choices=LANGUAGES,
            example="汉语、藏语",
        ),
        Column("opened_on", said("启用日期", "Open since"), Kind.DAY, example="2024-05-01"),
        Column("contact_name", said("联系人", "Contact"), most=80, personal=True),
        Column("contact_phone", said("联系电话", "Contact phone"), Kind.PHONE, personal=True),
    ),
    unique=("division_code", "kind", "name"),
)

_THERE = text(
    """SELECT s.recorded_code, s.kind, s.name FROM stations s
    JOIN unnest(CAST(:codes AS text[]), CAST(:kinds AS text[]), CAST(:names AS text[]))
        AS given(code, kind, name)
        ON s.recorded_code = given.code AND s.kind = given.kind AND s.name = given.name
    WHERE s.state = 'open'"""
)


async def check(desk: Desk, records: list[Record]) -> None:
    """Within reach, at a standing division of the right tier, and not there already."""
    await check_places(desk, records, P.STATION_EDIT, "division_code")
    keys = {}
    for record in records:
        values = record.values
        code, kind, name = values["division_code"], values["kind"], values["name"]
        if code and kind:
            blame_fields(desk, record, kind_errors(StationKind(kind), code))
        blame_fields(desk, record, point_errors(values.get("longitude"), values.get("latitude")))
        if values.get("contact_phone") and not values.get("contact_name"):
            desk.blame(record, "contact_name", "missing-field")
        if code and kind and name:
            keys[record.row] = (code, kind, name)
    codes, kinds, names = zip(*keys.values(), strict=True) if keys else ((), (), ())
    given = {"codes": list(codes), "kinds": list(kinds), "names": list(names)}
    there = {tuple(row) for row in (await run(desk.db, _THERE, given)).all()}
    for record in records:
        if keys.get(record.row) in there:
            desk.blame(record, "name", "row-exists")


_GIVEN: dict[str, Any] = dict.fromkeys(("division_code", "recorded_code", "name"), "")
_PLAIN = Station(kind=StationKind.OFFICE, created_by=uuid7(), **_GIVEN).model_dump(
    exclude={"id", "created_at"}
)
"""A station of which nothing is given, column by column."""


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Open the stations, with whom to ask, and tell it."""
    rows: list[dict[str, Any]] = []
    contacts: list[dict[str, Any]] = []
    for record, id_ in zip(records, ids_in_order(len(records)), strict=True):
        values = record.values
        given = {name: values[name] for name in _PLAIN.keys() & values.keys()}
        row = {**_PLAIN, **given, "id": id_, "created_by": desk.caller.known()}
        row["recorded_code"] = row["division_code"]
        row["languages"] = row["languages"] or []
        rows.append(row)
        if values.get("contact_name"):
            person = ContactIn(name=values["contact_name"], phone=values.get("contact_phone"))
            at = {"station_id": row["id"], "division_code": row["division_code"]}
            contacts.append({**at, **sealed(person, desk.vault)})
    await copy_in(desk.db, "stations", rows)
    if contacts:
        await run(desk.db, Contact.__table__.insert(), contacts)  # type: ignore[attr-defined]
    await record_all(
        desk.db,
        [
            (
                StationOpened(kind=row["kind"], sector=row["sector"]),
                row["id"],
                row["division_code"],
                row["version"],
            )
            for row in rows
        ],
    )
    return [Written(record.row, row["id"]) for record, row in zip(records, rows, strict=True)]


_OURS = text(
    """SELECT i."row", s.id, s.version, s.division_code, s.kind, s.sector,
        EXISTS (SELECT FROM posts p WHERE p.station_id = s.id) AS staffed
    FROM import_rows i LEFT JOIN stations s ON s.id = i.id
    WHERE i.import_id = :id ORDER BY s.id FOR UPDATE OF i"""
)
_LOCK = text(
    "SELECT id FROM stations WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)"
    " ORDER BY id FOR UPDATE"
)
_FORGET = (
    text(
        "DELETE FROM station_contacts WHERE station_id IN"
        " (SELECT id FROM import_rows WHERE import_id = :id)"
    ),
    text("DELETE FROM stations WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)"),
)


async def take_back(desk: Desk) -> None:
    """Delete the stations, unless one was changed or somebody was given a post there."""
    values = {"id": desk.import_id}
    await run(desk.db, _LOCK, values)
    rows = (await run(desk.db, _OURS, values)).all()
    for code in {row.division_code for row in rows if row.id}:
        desk.caller.require(P.STATION_EDIT, at=code)
    refuse_if_used(
        [
            *((row.row, "row-gone", {}) for row in rows if row.id is None),
            *((row.row, "row-staffed", {}) for row in rows if row.staffed),
            *(
                (row.row, "row-changed", {})
                for row in rows
                if row.id and row.version != 1 and not row.staffed
            ),
        ]
    )
    for statement in _FORGET:
        await run(desk.db, statement, values)
    await record_all(
        desk.db,
        [
            (StationClosed(kind=row.kind, sector=row.sector), row.id, row.division_code, 2)
            for row in rows
        ],
    )


IMPORTER = Importer(SHEET, "/stations", P.STATION_EDIT, check, write, take_back)


async def page(
    db: AsyncSession, caller: Caller, division: str | None, after: Any
) -> tuple[Rows, Any]:
    """Open stations within reach, by division; whom to ask, masked, where one may read it."""
    statement = (
        select(Station, Contact)
        .outerjoin(Contact, col(Contact.station_id) == Station.id)
        .where(
            col(Station.state) == "open", within(col(Station.division_code), caller, P.POST_READ)
        )
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Station.division_code), division))
    if after is not None:
        code, id_ = after
        statement = statement.where(
            (col(Station.division_code) > code)
            | ((col(Station.division_code) == code) & (col(Station.id) > id_))
        )
    statement = statement.order_by(col(Station.division_code), col(Station.id)).limit(PAGE)
    found = (await db.exec(statement)).all()
    rows = [
        {
            **station.model_dump(include={column.key for column in SHEET.columns}),
            "contact_name": contact and contact.name_masked,
            "contact_phone": contact and contact.phone_masked,
        }
        for station, contact in found
    ]
    last = (found[-1][0].division_code, found[-1][0].id) if found else after
    return rows, last


EXPORTER = Exporter(SHEET, "/stations", P.POST_READ, page)
