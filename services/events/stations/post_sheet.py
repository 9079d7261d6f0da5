"""Posts as a spreadsheet: what its columns are, how rows come in, go out and are taken back."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.facts import PostEnded, PostTaken
from services.events.imports.shared import DIVISION, check_places, choices, refuse_if_used
from services.events.stations.models import Post, Station
from services.events.stations.post_actions import sealed
from services.events.stations.queries import readable
from services.events.stations.rules import PostRole
from services.events.stations.sheet import SECTORS
from services.kit.access import Caller, P, at_or_below
from services.kit.db import run
from services.kit.facts import record_all
from services.kit.imports.bulk import ids_in_order
from services.kit.imports.exports import PAGE, Exporter, Rows
from services.kit.imports.rules import Desk, Importer, Written
from services.kit.sheets.declare import Column, Kind, Sheet, said
from services.kit.sheets.reading import Record

ROLES = {
    PostRole.INFORMANT: said("科普信息员", "informant"),
    PostRole.STATION_HEAD: said("站长", "head of a station"),
    PostRole.INSTRUCTOR: said("科技辅导员", "instructor"),
    PostRole.COMMISSIONER: said("科技特派员", "commissioner"),
    PostRole.LOCAL_EXPERT: said("乡土专家", "local expert"),
    PostRole.DOCENT: said("科普讲解员", "docent"),
    PostRole.COORDINATOR: said("科普工作联络员", "coordinator"),
}

SHEET = Sheet(
    "posts",
    said("科普人员任职", "Posts", "ལས་གནས", "Албан тушаал"),
    columns=(
        DIVISION,
        Column(
            "station",
            said("阵地名称", "Station", "ས་ཚིགས", "Цэг"),
            most=100,
            note=said("本区划已有的阵地；站长必填", "a station of this division; a head needs one"),
        ),
        Column(
            "role",
            said("岗位", "Role", "ལས་འགན", "Үүрэг"),
            Kind.CHOICE,
            required=True,
            choices=choices(ROLES),
            example="科普信息员",
        ),
        Column("sector", said("所属部门", "Sector"), Kind.CHOICE, choices=SECTORS),
        Column(
            "name",
            said("姓名", "Name", "མིང", "Нэр"),
            required=True,
            most=80,
            personal=True,
            example="才让卓玛",
        ),
        Column("phone", said("手机号", "Phone", "ཁ་པར", "Утас"), Kind.PHONE, personal=True),
        Column(
            "begins_on",
            said("到任日期", "From", "འགོ་འཛུགས་ཉིན", "Эхлэх өдөр"),
            Kind.DAY,
            required=True,
            example="2026-01-01",
        ),
        Column("ends_on", said("离任日期", "Until", "མཇུག་སྒྲིལ་ཉིན", "Дуусах өдөр"), Kind.DAY),
    ),
    unique=("division_code", "station", "role", "phone"),
)

_STATIONS = text(
    """SELECT s.id, s.division_code, s.name, s.sector FROM stations s
    JOIN unnest(CAST(:codes AS text[]), CAST(:names AS text[])) AS given(code, name)
        ON s.division_code = given.code AND s.name = given.name
    WHERE s.state = 'open' FOR NO KEY UPDATE OF s"""
)
_HEADS = text(
    """SELECT station_id, begins_on, ends_on FROM posts
    WHERE role = 'station_head' AND station_id = ANY(CAST(:ids AS uuid[]))"""
)
_HELD = text(
    """SELECT recorded_code, station_id, role, phone_index, begins_on, ends_on FROM posts
    WHERE phone_index = ANY(CAST(:phones AS bytea[]))"""
)


async def check(desk: Desk, records: list[Record]) -> None:
    """Within reach, at a station that is there, in order of days, and not held already."""
    await check_places(desk, records, P.POST_MANAGE, "division_code")
    await _find_stations(desk, records)
    heads, held = await _taken(desk, records)
    for record in records:
        values = record.values
        begins, ends = values["begins_on"], values.get("ends_on")
        if begins and ends and ends < begins:
            desk.blame(record, "ends_on", "post-ends-before-it-begins")
            continue
        station = values.get("station_id")
        if values["role"] == PostRole.STATION_HEAD:
            if station is None:
                if not values.get("station"):
                    desk.blame(record, "station", "head-needs-a-station")
            elif begins and any(_meet(begins, ends, *days) for days in heads.get(station, ())):
                desk.blame(record, "station", "head-taken")
            elif begins:
                heads.setdefault(station, []).append((begins, ends))
        key = (values["division_code"], station, values["role"], values.get("phone_index"))
        if begins and any(_meet(begins, ends, *days) for days in held.get(key, ())):
            desk.blame(record, "phone", "post-held-already")


def _meet(begins: date, ends: date | None, other_begins: date, other_ends: date | None) -> bool:
    """Do two times of office share a day? Their last days are days of office."""
    return (ends is None or other_begins <= ends) and (other_ends is None or begins <= other_ends)


async def _find_stations(desk: Desk, records: list[Record]) -> None:
    wanted = {
        (values["division_code"], values["station"])
        for record in records
        if (values := record.values).get("station") and values["division_code"]
    }
    codes, names = zip(*wanted, strict=True) if wanted else ((), ())
    found: dict[tuple[str, str], list[Any]] = {}
    given = {"codes": list(codes), "names": list(names)}
    for row in (await run(desk.db, _STATIONS, given)).all():
        found.setdefault((row.division_code, row.name), []).append(row)
    for record in records:
        values = record.values
        phone = values.get("phone")
        values["phone_index"] = phone and desk.vault.index(phone, "posts.phone")
        if not values.get("station") or not values["division_code"]:
            continue
        there = found.get((values["division_code"], values["station"]), [])
        if len(there) == 1:
            values["station_id"] = there[0].id
            values["sector"] = values.get("sector") or there[0].sector
        else:
            desk.blame(record, "station", "several-stations" if there else "unknown-station")


async def _taken(desk: Desk, records: list[Record]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Times of office: of heads by station, in the file so far too; of others by who and where."""
    heads: dict[UUID, list[tuple[date, date | None]]] = desk.memory.setdefault("heads", {})
    fresh = {record.values.get("station_id") for record in records} - heads.keys() - {None}
    for row in (await run(desk.db, _HEADS, {"ids": list(fresh)})).all():
        heads.setdefault(row.station_id, []).append((row.begins_on, row.ends_on))
    phones = [index for record in records if (index := record.values.get("phone_index"))]
    held: dict[Any, list[tuple[date, date | None]]] = {}
    for row in (await run(desk.db, _HELD, {"phones": phones})).all():
        key = (row.recorded_code, row.station_id, row.role, row.phone_index)
        held.setdefault(key, []).append((row.begins_on, row.ends_on))
    return heads, held


_COLUMNS = (
    *("id", "division_code", "recorded_code", "station_id", "role", "sector", "account_id"),
    *("name_sealed", "name_masked", "phone_sealed", "phone_masked", "phone_index"),
    *("begins_on", "ends_on", "version", "created_by"),
)
_PLAIN: dict[str, Any] = dict.fromkeys(_COLUMNS)


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Give the posts, and tell it."""
    rows = []
    for record, id_ in zip(records, ids_in_order(len(records)), strict=True):
        values = record.values
        given = {name: values[name] for name in _PLAIN.keys() & values.keys()}
        rows.append(
            {
                **_PLAIN,
                **given,
                **sealed(desk.vault, name=values["name"], phone=values.get("phone")),
                "id": id_,
                "recorded_code": values["division_code"],
                "version": 1,
                "created_by": desk.caller.known(),
            }
        )
    await run(desk.db, Post.__table__.insert(), rows)  # type: ignore[attr-defined]
    await record_all(
        desk.db,
        [
            (
                PostTaken(role=row["role"], station_id=row["station_id"]),
                row["id"],
                row["division_code"],
                1,
            )
            for row in rows
        ],
    )
    return [Written(record.row, row["id"]) for record, row in zip(records, rows, strict=True)]


_LOCK = text(
    "SELECT id FROM posts WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)"
    " ORDER BY id FOR UPDATE"
)
_OURS = text(
    """SELECT i."row", p.id, p.version, p.division_code, p.role, p.station_id,
        EXISTS (SELECT FROM posts n WHERE n.predecessor_id = p.id) AS followed
    FROM import_rows i LEFT JOIN posts p ON p.id = i.id WHERE i.import_id = :id"""
)
_FORGET = text("DELETE FROM posts WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)")


async def take_back(desk: Desk) -> None:
    """Delete the posts, unless one was changed, ended or handed over."""
    values = {"id": desk.import_id}
    await run(desk.db, _LOCK, values)
    rows = (await run(desk.db, _OURS, values)).all()
    for code in {row.division_code for row in rows if row.id}:
        desk.caller.require(P.POST_MANAGE, at=code)
    refuse_if_used(
        [
            *((row.row, "row-gone", {}) for row in rows if row.id is None),
            *((row.row, "row-handed-over", {}) for row in rows if row.followed),
            *(
                (row.row, "row-changed", {})
                for row in rows
                if row.id and row.version != 1 and not row.followed
            ),
        ]
    )
    await run(desk.db, _FORGET, values)
    await record_all(
        desk.db,
        [
            (PostEnded(role=row.role, station_id=row.station_id), row.id, row.division_code, 2)
            for row in rows
        ],
    )


IMPORTER = Importer(SHEET, "/posts", P.POST_MANAGE, check, write, take_back)


async def page(
    db: AsyncSession, caller: Caller, division: str | None, after: Any
) -> tuple[Rows, Any]:
    """Posts that the caller reads, by division; the people masked."""
    statement = (
        select(Post, Station.name)
        .outerjoin(Station, col(Station.id) == Post.station_id)
        .where(readable(caller))
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Post.division_code), division))
    if after is not None:
        code, id_ = after
        statement = statement.where(
            (col(Post.division_code) > code)
            | ((col(Post.division_code) == code) & (col(Post.id) > id_))
        )
    statement = statement.order_by(col(Post.division_code), col(Post.id)).limit(PAGE)
    found = (await db.exec(statement)).all()
    rows = [
        {
            **post.model_dump(include={column.key for column in SHEET.columns}),
            "station": station,
            "name": post.name_masked,
            "phone": post.phone_masked,
        }
        for post, station in found
    ]
    last = (found[-1][0].division_code, found[-1][0].id) if found else after
    return rows, last


EXPORTER = Exporter(SHEET, "/posts", P.POST_READ, page)
