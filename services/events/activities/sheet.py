"""Activities as a spreadsheet: each row a draft with one occurrence, or none yet."""

from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.queries import around, visible
from services.events.activities.rules import Audience, Form, live
from services.events.activities.sheet_rows import take_back, write
from services.events.activities.times_and_places import (
    Window,
    place_errors,
    time_errors,
)
from services.events.imports.shared import (
    DIVISION,
    LANGUAGES,
    blame_fields,
    check_places,
    choices,
)
from services.kit.access import Caller, P, at_or_below, within
from services.kit.imports.exports import PAGE, Exporter, Rows
from services.kit.imports.rules import Desk, Importer
from services.kit.sheets.declare import Column, Kind, Sheet, said
from services.kit.sheets.reading import Record

FORMS = {
    Form.LECTURE: said("科普讲座", "lecture", "གཏམ་བཤད", "лекц"),
    Form.EXHIBITION: said("科普展览", "exhibition", "འགྲེམས་སྟོན", "үзэсгэлэн"),
    Form.CONTEST: said("科普竞赛", "contest", "འགྲན་བསྡུར", "уралдаан"),
    Form.OPEN_DAY: said("开放日", "open day"),
    Form.CARAVAN_VISIT: said("科普大篷车进乡村", "caravan visit"),
    Form.MOBILE_MUSEUM: said("流动科技馆巡展", "mobile museum"),
    Form.TRAINING: said("实用技术培训", "training", "སྦྱོང་བརྡར", "сургалт"),
    Form.LIVE_STREAM: said("直播", "live stream"),
    Form.EXPERIMENT_SHOW: said("科学实验展演", "experiment show"),
    Form.STUDY_TOUR: said("研学", "study tour"),
    Form.OTHER: said("其他", "other", "གཞན", "бусад"),
}
AUDIENCES = {
    Audience.MINORS: said("青少年", "minors", "གཞོན་ནུ", "хүүхэд залуус"),
    Audience.FARMERS_AND_HERDERS: said("农牧民", "farmers and herders", "ཞིང་འབྲོག་པ", "малчид"),
    Audience.WORKERS: said("产业工人", "workers", "བཟོ་པ", "ажилчид"),
    Audience.ELDERLY: said("老年人", "elderly", "རྒན་པ", "ахмад настан"),
    Audience.OFFICIALS: said("领导干部和公务员", "officials"),
    Audience.WOMEN: said("妇女", "women", "བུད་མེད", "эмэгтэйчүүд"),
    Audience.PUBLIC: said("社会公众", "public", "མི་དམངས", "олон нийт"),
}

SHEET = Sheet(
    "activities",
    said("科普活动", "Activities", "ཚན་རིག་ཁྱབ་སྤེལ་བྱེད་སྒོ", "Арга хэмжээ"),
    columns=(
        DIVISION,
        Column(
            "title",
            said("活动名称", "Title", "བྱེད་སྒོའི་མིང", "Нэр"),
            required=True,
            example="青海湖的鸟",
        ),
        Column("summary", said("活动简介", "Summary", "གནད་བསྡུས", "Товч"), most=5000),
        Column(
            "form",
            said("活动形式", "Form", "རྣམ་པ", "Хэлбэр"),
            Kind.CHOICE,
            required=True,
            choices=choices(FORMS),
            example="科普讲座",
        ),
        Column(
            "audiences",
            said("受众", "Audiences"),
            Kind.CHOICES,
            choices=choices(AUDIENCES),
            example="青少年、农牧民",
        ),
        Column("languages", said("使用语言", "Languages"), Kind.CHOICES, choices=LANGUAGES),
        Column(
            "expected_headcount",
            said("预计人数", "People expected"),
            Kind.WHOLE,
            low=0,
            high=10_000_000,
        ),
        Column("starts_at", said("开始时间", "Starts", "འགོ་འཛུགས", "Эхлэх"), Kind.TIME),
        Column("ends_at", said("结束时间", "Ends", "མཇུག་སྒྲིལ", "Дуусах"), Kind.TIME),
        Column("place", said("地点", "Place", "ས་གནས", "Газар")),
        Column(
            "held_at",
            said("举办地区划代码", "Division where it is held"),
            Kind.DIVISION,
            note=said("与主办单位不同时填写", "where it is not the host's own"),
        ),
        Column("online_url", said("线上地址", "Address online"), most=500),
        Column("capacity", said("名额", "Places"), Kind.WHOLE, low=0, high=1_000_000),
    ),
    unique=("division_code", "starts_at", "title"),
    note=said(
        "每行一项活动草稿、一个场次；导入后逐项或批量提交审核。",
        "Each row is the draft of an activity with one occurrence; submit them after the import.",
    ),
)
_HELD = ("starts_at", "ends_at", "place", "held_at", "online_url", "capacity")


async def check(desk: Desk, records: list[Record]) -> None:
    """Within reach, at standing divisions; an occurrence has its times and a place."""
    await check_places(desk, records, P.ACTIVITY_EDIT, "division_code", elsewhere="held_at")
    for record in records:
        values = record.values
        url = values.get("online_url")
        if url and not (url.startswith(("http://", "https://")) and " " not in url):
            desk.blame(record, "online_url", "not-an-address")
        if record.faults or not any(values.get(key) is not None for key in _HELD):
            continue
        starts, ends = values.get("starts_at"), values.get("ends_at")
        if starts is None or ends is None:
            desk.blame(record, "starts_at" if starts is None else "ends_at", "missing-field")
            continue
        somewhere = bool(values.get("place") or url)
        blame_fields(desk, record, time_errors(starts, ends, Window(None, None)))
        blame_fields(desk, record, place_errors(somewhere=somewhere, longitude=None, latitude=None))


IMPORTER = Importer(SHEET, "/activities", P.ACTIVITY_EDIT, check, write, take_back)


async def page(
    db: AsyncSession, caller: Caller, division: str | None, after: Any
) -> tuple[Rows, Any]:
    """Activities led within reach, newest first; a row for each, with its first occurrence."""
    statement = select(Activity).where(
        visible(caller), within(col(Activity.division_code), caller, P.ACTIVITY_READ)
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Activity.division_code), division))
    if after is not None:
        statement = statement.where(col(Activity.id) < after)
    found = (await db.exec(statement.order_by(col(Activity.id).desc()).limit(PAGE))).all()
    about = await around(db, [row.id for row in found])
    rows = [{**_columns(row), **_first(row, about[row.id])} for row in found]
    return rows, found[-1].id if found else after


def _columns(row: Activity) -> dict[str, Any]:
    return row.model_dump(include={column.key for column in SHEET.columns})


def _first(row: Activity, about: Any) -> dict[str, Any]:
    times = live(about.times)
    if not times:
        return {}
    first = min(times, key=_start)
    placed = next(one for one in about.occurrences if one.row is first)
    return {
        "starts_at": first.starts_at,
        "ends_at": first.ends_at,
        "place": first.place,
        "online_url": first.online_url,
        "held_at": first.division_code if first.division_code != row.division_code else None,
        "capacity": placed.capacity,
    }


def _start(one: Occurrence) -> datetime:
    return one.starts_at


EXPORTER = Exporter(SHEET, "/activities", P.ACTIVITY_READ, page)
