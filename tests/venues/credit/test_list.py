"""The red-line list as a spreadsheet: brought in, confirmed, taken back, and for the province."""

from datetime import date

from services.kit.access import Role
from tests.support.apps import Running, staff
from tests.support.certification import USCC
from tests.support.workbooks import imported, workbook
from tests.venues.credit.conftest import DECIDER

AT = "/applications/red-lines"
HEADINGS = ("单位名称", "统一社会信用代码", "核查结论", "失信事由", "列入日期", "截止日期")
RED = ("青海（某）公司", USCC, "失信红线", "拖欠工资", date(2026, 1, 31), None)
CLEAR = ("湟源县科协", "91350211M0000XUF46", "核查无失信", None, date(2026, 1, 31), None)


async def test_a_list_is_brought_in_confirmed_and_taken_back(venues: Running) -> None:
    async with venues.as_(DECIDER) as decider:
        first = await imported(decider, AT, workbook(HEADINGS, [RED, CLEAR]))
        assert (first["state"], first["written"]) == ("done", 2)
        rows = "SELECT name, standing, until_on, version FROM red_lines ORDER BY standing DESC"
        kept = [
            ("青海(某)公司", "red_line", None, 1),
            ("湟源县科协", "clear", None, 1),
        ]
        assert await venues.rows(rows) == kept
        confirmed = await venues.scalar("SELECT min(confirmed_at) FROM red_lines")
        ended = (*RED[:5], date(2026, 6, 30))
        again = await imported(decider, AT, workbook(HEADINGS, [ended, CLEAR]))
        assert (again["state"], again["written"]) == ("done", 2)
        assert await venues.rows(rows) == [
            ("青海(某)公司", "red_line", date(2026, 6, 30), 1),
            ("湟源县科协", "clear", None, 1),
        ]
        assert await venues.scalar("SELECT min(confirmed_at) FROM red_lines") > confirmed
        undone = await decider.post(f"{AT}/imports/{again['id']}/undo")
        assert undone.status_code == 200, undone.text
        assert await venues.rows(rows) == kept
        assert await venues.scalar("SELECT min(confirmed_at) FROM red_lines") == confirmed
        await decider.post(f"{AT}/imports/{first['id']}/undo")
        assert await venues.rows(rows) == []


async def test_bad_cells_are_named(venues: Running) -> None:
    rows = [
        (*RED[:3], None, *RED[4:]),
        ("甲公司", "91350100M000100YIO", *RED[2:]),
        ("乙公司", None, "失信红线", "骗补", date(2026, 2, 1), date(2026, 1, 1)),
    ]
    async with venues.as_(DECIDER) as decider:
        found = await imported(decider, AT, workbook(HEADINGS, rows))
        faults = await decider.get(f"{AT}/imports/{found['id']}/faults")
    assert [(one["cell"], one["rule"]) for one in faults.json()["items"]] == [
        ("D2", "missing-field"),
        ("B3", "uscc-alphabet"),
        ("F4", "until-before-listed"),
    ]


async def test_the_list_is_kept_by_who_decides_at_the_province(venues: Running) -> None:
    book = workbook(HEADINGS, [RED])
    async with venues.as_(staff(Role.OFFICER, "63")) as officer:
        refused = await officer.post(f"{AT}/imports", content=book)
    assert refused.status_code == 403
    async with venues.as_(DECIDER) as decider:
        await imported(decider, AT, workbook(HEADINGS, [CLEAR]))
        (line,) = (await decider.get(AT)).json()["items"]
    async with venues.as_(staff(Role.APPROVER, "6301")) as prefecture:
        assert (await prefecture.get(AT)).json()["items"] == []
        lifted = {"lifted_on": "2026-02-01", "document": "青信修〔2026〕1号"}
        tag = {"If-Match": '"v1"'}
        at = f"{AT}/{line['id']}/lift"
        assert (await prefecture.post(at, json=lifted, headers=tag)).status_code == 404
        found = await imported(prefecture, AT, book)
        faults = await prefecture.get(f"{AT}/imports/{found['id']}/faults")
    assert [one["rule"] for one in faults.json()["items"]] == ["row-out-of-reach"]
    assert await venues.scalar("SELECT count(*) FROM red_lines") == 1
