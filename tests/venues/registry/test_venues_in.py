"""The real list of venues by spreadsheet, odd workbooks, and the open data that goes out again."""

import csv
import io
from importlib.resources import files
from typing import Any

import openpyxl
import pytest

from services.kit.access import Role
from tests.support.apps import Running, staff
from tests.support.workbooks import imported, workbook

APPROVER = staff(Role.APPROVER, "63")
OFFICER = staff(Role.OFFICER, "63")
HEADINGS = ("场馆名称", "场馆类型", "行政区划代码", "荣誉名称", "命名单位", "信息来源")
SOURCE = "https://example.cn/notice"


def real_list() -> bytes:
    """The shipped list, as it stands: 64 rows, a row an honour."""
    return (files("services.venues.registry") / "data/venues.csv").read_bytes()


async def test_the_real_list_comes_in_with_several_honours_a_venue_and_goes_again(
    venues: Running,
) -> None:
    async with venues.as_(APPROVER) as approver:
        done = await imported(approver, "/venues", real_list(), name="venues.csv")
        assert (done["state"], done["rows"], done["written"], done["faults"]) == ("done", 64, 64, 0)
        (museum,) = (await approver.get("/venues?q=青海省科学技术馆")).json()["items"]
        again = await approver.post("/venues/imports", content=real_list())
        twice = await imported(approver, "/venues", real_list(), again=True)
        counted = await venues.rows(
            "SELECT (SELECT count(*) FROM venues), (SELECT count(*) FROM honours)"
        )
        undone = await approver.post(f"/venues/imports/{done['id']}/undo")
    assert [one["title"] for one in museum["honours"]] == ["全国科普教育基地", "青海省科普教育基地"]
    assert museum["state"] == "draft"
    assert (again.status_code, twice["good"], counted) == (409, 0, [(60, 54)])
    assert (undone.json()["state"], await venues.scalar("SELECT count(*) FROM venues")) == (
        "undone",
        0,
    )
    assert await venues.scalar("SELECT count(*) FROM honours") == 0


async def test_who_brought_drafts_in_takes_them_back_also_when_one_went_before(
    venues: Running,
) -> None:
    rows = [(f"湟源县科普馆{number}", "科普馆", "630123", "", "", "") for number in range(3)]
    async with venues.as_(OFFICER) as officer:
        done = await imported(officer, "/venues", workbook(HEADINGS, rows))
        (mistaken, *_) = (await officer.get("/venues?q=湟源县科普馆")).json()["items"]
        why = {"reason": "与县科技馆重复"}
        version = {"If-Match": '"v1"'}
        await officer.post(f"/venues/{mistaken['id']}/delete", json=why, headers=version)
        undone = await officer.post(f"/venues/imports/{done['id']}/undo")
    assert (undone.status_code, await venues.scalar("SELECT count(*) FROM venues")) == (200, 0)


async def test_an_honour_is_added_to_a_venue_that_is_there(venues: Running) -> None:
    rows = [
        ("湟源县科技馆", "科技馆", "630123", "青海省科普教育基地", "青海省科协·省科技厅", SOURCE)
    ]
    async with venues.as_(APPROVER) as approver:
        made = (
            await approver.post(
                "/venues",
                json={"name": "湟源县科技馆", "kind": "science_museum", "division_code": "630123"},
            )
        ).json()
        done = await imported(approver, "/venues", workbook(HEADINGS, rows))
        venue = (await approver.get(f"/venues/{made['id']}")).json()
        undone = await approver.post(f"/venues/imports/{done['id']}/undo")
        left = (await approver.get(f"/venues/{made['id']}")).json()
    assert (done["written"], venue["version"]) == (1, 1)
    assert [(one["title"], one["issuer"]) for one in venue["honours"]] == [
        ("青海省科普教育基地", "青海省科协")
    ]
    assert (undone.status_code, left["honours"]) == (200, [])


BAD = [
    # cell, rule, the row
    ("C2", "division-not-standing", ("甲馆", "科技馆", "639901", None, None, None)),
    ("C3", "division-code", ("乙馆", "科技馆", "6301230", None, None, None)),
    ("B4", "enum", ("丙馆", "城堡", "630123", None, None, None)),
    ("F5", "missing-field", ("丁馆", "科技馆", "630123", "某荣誉", "某单位", None)),
    ("D6", "missing-field", ("戊馆", "科技馆", "630123", None, "某单位", None)),
    ("A8", "row-exists", ("己馆", "科技馆", "630123", None, None, None)),
]


async def test_each_bad_cell_is_reported_with_row_column_value_and_reason(
    venues: Running,
) -> None:
    rows = [row for *_, row in BAD]
    rows.insert(5, rows[5])
    async with venues.as_(OFFICER) as officer:
        done = await imported(officer, "/venues", workbook(HEADINGS, rows))
        faults = (await officer.get(f"/venues/imports/{done['id']}/faults")).json()["items"]
    found = {(one["cell"], one["rule"]) for one in faults}
    # What an officer may not approve is said too; a venue with a bad row stays out whole.
    assert found == {
        *((cell, rule) for cell, rule, _ in BAD),
        ("D5", "needs-approval"),
        ("A7", "row-of-a-bad-venue"),
    }
    assert {one["cell"]: one["value"] for one in faults}["C2"] == "639901"
    assert (done["state"], await venues.scalar("SELECT count(*) FROM venues")) == ("checked", 0)


def odd(kind: str) -> bytes:
    """Workbooks as they come from a county."""
    book = openpyxl.Workbook()
    page: Any = book.active
    if kind == "empty sheet first":
        page = book.create_sheet("场馆")
    if kind != "empty":
        page.append(["青海省科普场馆一览表"])
        page.append(HEADINGS)
        page.append(["湟源县科技馆", "科技馆", "630123", "荣誉甲", "省科协", SOURCE])
        page.append([None, None, None, "荣誉乙", "省科协", SOURCE])
    if kind == "merged":
        page.merge_cells("A1:F1")
        for column in "ABC":
            page.merge_cells(f"{column}3:{column}4")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("empty", "refused", "sheet-empty"),
        ("merged", "checked", {"A4": "cell-merged", "B4": "cell-merged", "C4": "cell-merged"}),
        ("empty sheet first", "checked", dict.fromkeys(("A4", "B4", "C4"), "missing-field")),
    ],
)
async def test_merged_cells_and_an_empty_sheet_are_answered_well(
    venues: Running, kind: str, state: str, said: Any
) -> None:
    async with venues.as_(APPROVER) as approver:
        done = await imported(approver, "/venues", odd(kind))
        faults = (await approver.get(f"/venues/imports/{done['id']}/faults")).json()["items"]
    assert done["state"] == state
    if state == "refused":
        assert (done["problem"]["rule"], faults) == (said, [])
    else:
        assert {one["cell"]: one["rule"] for one in faults} == said


async def test_points_names_codes_and_contacts_come_in_as_the_api_takes_them(
    venues: Running,
) -> None:
    headings = (*HEADINGS[:3], "经度", "纬度", "坐标系", "别名", "曾用名")
    headings += ("依托单位统一社会信用代码", "讲解语言", "直接发布", "联系人", "联系电话")
    good = ("甲馆", "科技馆", "630123", 101.2659, 36.6823, "GCJ-02", "甲馆、甲科馆", "老甲馆")
    rows = [
        (*good, "91350211m0000xuf46", "汉语、藏语", "是", "才让卓玛", "13812345678"),
        ("乙馆", "科技馆", "630123", 36.6823, 101.2659, None, "乙", None, "9135", *[None] * 4),
    ]
    async with venues.as_(APPROVER) as approver:
        done = await imported(approver, "/venues", workbook(headings, rows), mode="valid")
        faults = (await approver.get(f"/venues/imports/{done['id']}/faults")).json()["items"]
        (line,) = (await approver.get("/venues?q=老甲馆")).json()["items"]
        venue = (await approver.get(f"/venues/{line['id']}")).json()
        contacts = (await approver.get(f"/venues/{line['id']}/contacts")).json()["items"]
    assert {one["cell"]: one["rule"] for one in faults} == {
        "D3": "point-swapped",
        "G3": "name-length",
        "I3": "uscc-length",
    }
    assert (venue["state"], round(venue["longitude"], 3)) == ("published", 101.264)
    assert [one["rule"] for one in venue["warnings"]] == ["uscc-check-digit"]
    assert [(one["kind"], one["name"]) for one in venue["names"]] == [
        ("alias", "甲科馆"),
        ("former", "老甲馆"),
    ]
    assert [(one["name"], one["phone"]) for one in contacts] == [("才***", "138****5678")]


async def test_the_open_data_is_whole_public_and_no_formula(venues: Running) -> None:
    async with venues.as_(APPROVER) as approver, venues.as_() as public:
        for name in ("=cmd()馆", "湟源县科技馆", "草稿馆"):
            body = {"name": name, "kind": "science_museum", "division_code": "630123"}
            point = {"longitude": 101.264, "latitude": 36.682, "altitude_m": 2666}
            made = (await approver.post("/venues", json={**body, **point})).json()
            contact = {"name": "才让卓玛", "phone": "13812345678"}
            await approver.post(f"/venues/{made['id']}/contacts", json=contact)
            if name != "草稿馆":
                await approver.post(f"/venues/{made['id']}/publish")
        await venues.rows(  # more than a page
            """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
                created_by) SELECT gen_random_uuid(), 'ཁང་ ' || n, 'museum', '630102', '630102',
                'published', 1, gen_random_uuid() FROM generate_series(1, 700) n RETURNING 1"""
        )
        sheet = await public.get("/venues/export?division=630123")
        json = await public.get("/venues/export?format=geojson")
        excel = await public.get("/venues/export?format=xlsx")
        none = (await public.get("/venues/export?format=geojson&division=6328")).json()
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert sorted(row["场馆名称"] for row in rows) == sorted(["'=cmd()馆", "湟源县科技馆"])
    found = json.json()
    assert (found["type"], len(found["features"]), none["features"]) == (
        "FeatureCollection",
        702,
        [],
    )
    (ours,) = [one for one in found["features"] if one["properties"]["name"] == "湟源县科技馆"]
    assert ours["geometry"] == {"type": "Point", "coordinates": [101.264, 36.682, 2666]}
    assert json.headers["content-type"] == "application/geo+json"
    assert len(list(openpyxl.load_workbook(io.BytesIO(excel.content)).worksheets[0].values)) == 703
    assert "才让卓玛" not in sheet.text + json.text
