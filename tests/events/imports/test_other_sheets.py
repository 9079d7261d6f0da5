"""Posts, drafts, attendance and rosters from spreadsheets: what each checks, writes, takes back."""

import io
from datetime import UTC, datetime, timedelta

import openpyxl

from services.events.activities.rules import ActivityState
from services.events.registrations.schemas import PlacesIn
from services.kit.access import Role
from tests.support.activities import published_activity
from tests.support.apps import Running, staff
from tests.support.workbooks import imported, workbook

HUANGYUAN = "630123"
OFFICER = staff(Role.OFFICER, HUANGYUAN)
TOWNSHIP = "630123101"


def found(done: dict[str, object]) -> list[tuple[str, str]]:
    """Cell and rule of the first faults."""
    return [(one["cell"], one["rule"]) for one in done["first_faults"]]  # type: ignore[attr-defined, index]


async def test_posts_come_in_sealed_find_their_station_and_are_undone(
    events_with_register: Running,
) -> None:
    headings = ("行政区划代码", "阵地名称", "岗位", "姓名", "手机号", "到任日期", "离任日期")
    good = [
        (TOWNSHIP, "申中站", "站长", "多杰", "13800000001", "2026-01-01", "2026-06-30"),
        (TOWNSHIP, "申中站", "站长", "卓玛", "13800000002", "2026-07-01", None),
        (TOWNSHIP, None, "科普信息员", "才让", "13800000003", "2026-01-01", None),
    ]
    bad = [
        (TOWNSHIP, "申中站", "站长", "扎西", "13800000004", "2026-06-30", None),
        (TOWNSHIP, None, "站长", "扎西", "13800000005", "2026-01-01", None),
        (TOWNSHIP, "没有的站", "科普信息员", "扎西", "13800000006", "2026-01-01", None),
        (TOWNSHIP, None, "科普信息员", "扎西", "13800000007", "2026-02-01", "2026-01-01"),
        (TOWNSHIP, None, "科普信息员", "扎**", "13800000008", "2026-01-01", None),
        (TOWNSHIP, None, "科普信息员", "才让", "13800000003", "2026-05-01", None),
    ]
    given = {"division_code": TOWNSHIP, "kind": "science_station", "name": "申中站"}
    async with events_with_register.as_(OFFICER) as client:
        assert (await client.post("/stations", json=given)).status_code == 201
        refused = await imported(client, "/posts", workbook(headings, [*good, *bad]))
        assert found(refused) == [
            ("B5", "head-taken"),
            ("B6", "head-needs-a-station"),
            ("B7", "unknown-station"),
            ("G8", "post-ends-before-it-begins"),
            ("D9", "cell-masked"),
            ("E10", "row-repeated"),
        ]
        assert [one["value"] for one in refused["first_faults"]][4:] == ["扎**", "138****0003"]
        done = await imported(client, "/posts", workbook(headings, good))
        assert (done["state"], done["written"]) == ("done", 3)
        again = await imported(client, "/posts", workbook(headings, good), again=True)
        assert found(again) == [
            ("B2", "head-taken"),
            ("E2", "post-held-already"),
            ("B3", "head-taken"),
            ("E3", "post-held-already"),
            ("E4", "post-held-already"),
        ]
        listed = (await client.get("/posts")).json()["items"]
        assert [(one["name"], one["phone"]) for one in listed] == [
            ("多*", "138****0001"),
            ("卓*", "138****0002"),
            ("才*", "138****0003"),
        ]
        out = await client.get("/posts/export", params={"format": "csv"})
        assert "138****0003" in out.text
        assert "13800000003" not in out.text
        assert (await client.post(f"/posts/imports/{done['id']}/undo")).status_code == 200
        assert (await client.get("/posts")).json()["items"] == []


async def test_activities_come_in_as_drafts_with_places_and_are_undone_while_untouched(
    events_with_register: Running,
) -> None:
    headings = (
        *("行政区划代码", "活动名称", "活动形式", "受众", "使用语言"),
        *("开始时间", "结束时间", "地点", "举办地区划代码", "名额", "线上地址"),
    )
    start, end = "2027-03-01 09:30", "2027-03-01 11:30"
    good = [
        (
            TOWNSHIP,
            "青海湖的鸟",
            "科普讲座",
            "青少年、农牧民",
            "藏语",
            start,
            end,
            "文化室",
            "630123100",
            40,
            None,
        ),
        (
            TOWNSHIP,
            "雪灾防范",
            "直播",
            None,
            None,
            start,
            end,
            None,
            None,
            None,
            "https://kepu.example",
        ),
        (TOWNSHIP, "还没定时间", "其他", None, None, None, None, None, None, None, None),
    ]
    bad = [
        (TOWNSHIP, "倒着", "科普讲座", None, None, end, start, "文化室", None, None, None),
        (TOWNSHIP, "没地方", "科普讲座", None, None, start, end, None, None, None, None),
        (TOWNSHIP, "没结束", "科普讲座", None, None, start, None, "文化室", None, None, None),
        (
            TOWNSHIP,
            "网址",
            "科普讲座",
            None,
            None,
            start,
            end,
            None,
            None,
            None,
            "javascript:alert(1)",
        ),
        ("630123", "外县", "科普讲座", None, None, start, end, "馆", "630199", None, None),
    ]
    async with events_with_register.as_(OFFICER) as client:
        refused = await imported(client, "/activities", workbook(headings, [*good, *bad]))
        assert found(refused) == [
            ("G5", "ends-after-start"),
            ("H6", "place-needed"),
            ("G7", "missing-field"),
            ("K8", "not-an-address"),
            ("I9", "division-not-standing"),
        ]
        done = await imported(client, "/activities", workbook(headings, good))
        assert (done["state"], done["written"]) == ("done", 3)
        drafts = (await client.get("/activities")).json()["items"]
        assert [(one["title"], one["state"], one["occurrence_count"]) for one in drafts] == [
            ("还没定时间", "draft", 0),
            ("雪灾防范", "draft", 1),
            ("青海湖的鸟", "draft", 1),
        ]
        whole = (await client.get(f"/activities/{drafts[2]['id']}")).json()
        (occurrence,) = whole["occurrences"]
        assert (occurrence["capacity"], occurrence["division_code"]) == (40, "630123100")
        assert (whole["audiences"], whole["languages"]) == (
            ["minors", "farmers_and_herders"],
            ["bo"],
        )
        # What went out comes in again as what it was, beside a new title; of another county
        # nothing goes out, though everybody sees it.
        await published_activity(events_with_register, "630225")
        out = await client.get("/activities/export", headers={"Accept-Language": "en"})
        page = openpyxl.load_workbook(io.BytesIO(out.content)).worksheets[0]
        assert [cell.value for cell in page[4]][:8] == [
            *(TOWNSHIP, "青海湖的鸟", None, "lecture", "minors、farmers and herders"),
            *("Tibetan", None, start),
        ]
        back = await imported(client, "/activities", out.content, mode="check")
        assert (back["good"], back["faults"]) == (3, 0)
        # A draft that was handed in holds the undo up.
        assert (await client.post(f"/activities/{drafts[2]['id']}/submit")).status_code == 200
        undo = f"/activities/imports/{done['id']}/undo"
        refused = (await client.post(undo)).json()
        assert [(one["pointer"], one["rule"]) for one in refused["errors"]] == [
            ("/rows/2", "row-changed")
        ]
    above = staff(Role.OFFICER, "63")
    async with events_with_register.as_(above) as client:
        untouched = await imported(client, "/activities", workbook(headings, good[2:]))
        undo = f"/activities/imports/{untouched['id']}/undo"
        assert (await client.post(undo)).status_code == 200
    assert await events_with_register.scalar("SELECT count(*) FROM activities") == 4


async def test_attendance_goes_out_is_filled_in_comes_back_and_is_undone(
    events_with_register: Running,
) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    held = await published_activity(events_with_register, TOWNSHIP, starts_at=past)
    over = await published_activity(
        events_with_register, TOWNSHIP, starts_at=past, activity_state=ActivityState.COMPLETED
    )
    foreign = await published_activity(events_with_register, "630225", starts_at=past)
    async with events_with_register.as_(OFFICER) as client:
        out = await client.get("/occurrences/attendance/export")
        book = openpyxl.load_workbook(io.BytesIO(out.content))
        page = book.worksheets[0]
        listed = {row[0].value: row for row in page.iter_rows(min_row=2)}
        assert set(listed) == {str(held.occurrence), str(over.occurrence)}
        listed[str(held.occurrence)][4].value = 38
        listed[str(over.occurrence)][5].value = 100
        filled = io.BytesIO()
        book.save(filled)
        done = await imported(client, "/occurrences/attendance", filled.getvalue())
        assert (done["state"], done["written"]) == ("done", 2)
        read = f"/occurrences/{held.occurrence}/attendance"
        assert (await client.get(read)).json()["counted"] == 38
        facts = "SELECT count(*) FROM outbox WHERE type = 'events.attendance_changed.v1'"
        assert await events_with_register.scalar(facts) == 2
        # A completed activity asks for a reason; a stranger's occurrence is not there.
        headings = ("场次编号", "清点人次", "估计人次")
        rows = [(str(over.occurrence), 5, 101), (str(foreign.occurrence), 1, None), ("x", 1, None)]
        refused = await imported(client, "/occurrences/attendance", workbook(headings, rows))
        assert [rule for _, rule in found(refused)] == [
            *("missing-field", "unknown-occurrence", "unknown-occurrence"),
        ]
        undo = f"/occurrences/attendance/imports/{done['id']}/undo"
        assert (await client.post(undo)).status_code == 200
        assert (await client.get(read)).json()["counted"] is None


async def test_a_roster_registers_each_class_whole_and_is_undone_until_somebody_came(
    events_with_register: Running,
) -> None:
    places = PlacesIn(
        pools=[{"name": "普通", "capacity": 5}],  # type: ignore[list-item]
        tickets=[{"name": "普通", "pool": "普通", "max_party": 50}],  # type: ignore[list-item]
    )
    ids = await published_activity(events_with_register, TOWNSHIP, places=places)
    headings = (
        "班级",
        "带队老师",
        "带队老师电话",
        "学生姓名",
        "年龄",
        "监护人",
        "监护人电话",
        "监护人同意日期",
    )

    def child(
        name: str, age: int = 9, of: str = "三年级一班", guardian: str | None = "多杰"
    ) -> tuple[object, ...]:
        consent = (guardian, "13800000009", "2026-01-01") if guardian else (None, None, None)
        return (of, "李老师", "13800000001", name, age, *consent)

    good = [child("甲"), child("乙"), child("丙", 15, guardian=None), child("丁", of="三年级二班")]
    asked = {"about": str(ids.occurrence)}
    async with events_with_register.as_(OFFICER) as client:
        bad = [child("戊", guardian=None), (*child("己")[:6], None, "2026-01-01")]
        path = "/registrations/rosters"
        refused = await imported(client, path, workbook(headings, [*good, *bad]), **asked)
        assert refused["state"] == "checked", refused
        assert found(refused) == [("G7", "missing-field")]
        refused = await imported(client, path, workbook(headings, [*good, bad[0]]), **asked)
        assert found(refused) == [("F6", "guardian-needed")]
        # Nothing of the rehearsal stays.
        assert await events_with_register.scalar("SELECT count(*) FROM registrations") == 0
        done = await imported(client, path, workbook(headings, good), **asked)
        assert (done["state"], done["written"]) == ("done", 4)
        lists = (await client.get(f"/occurrences/{ids.occurrence}/rosters")).json()["items"]
        assert sorted((one["class_name"], one["party_size"], one["state"]) for one in lists) == [
            ("三年级一班", 3, "confirmed"),
            ("三年级二班", 1, "confirmed"),
        ]
        out = await client.get(f"{path}/export", params={"format": "csv"})
        assert "13800000001" not in out.text
        assert len(out.text.splitlines()) == 5
        # Whoever holds an office elsewhere now takes no list of children along.
        moved = staff(Role.OFFICER, "6302", OFFICER.subject)
        async with events_with_register.as_(moved) as elsewhere:
            out = await elsewhere.get(f"{path}/export", params={"format": "csv"})
            assert (out.status_code, len(out.text.splitlines())) == (200, 1)
        undo = f"{path}/imports/{done['id']}/undo"
        assert (await client.post(undo)).status_code == 200
        states = "SELECT DISTINCT state FROM registrations"
        assert await events_with_register.rows(states) == [("cancelled",)]
        missing = await client.post(f"{path}/imports", content=workbook(headings, good))
        assert missing.status_code == 422
    async with events_with_register.as_(staff(Role.OFFICER, "6302")) as client:
        foreign = await client.post(f"{path}/imports", content=b"x", params=asked)
        assert foreign.status_code == 403
