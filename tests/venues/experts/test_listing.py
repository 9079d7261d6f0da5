"""The pool goes out as a spreadsheet: masked, or opened for a purpose that is written down."""

import csv
import io
from typing import Any

from services.kit.ids import uuid7
from tests.support.apps import Running, citizen, staff
from tests.support.workbooks import marked
from tests.venues.experts.panels import BOSS, Panel, institution, pool

EXPERT: dict[str, Any] = {
    "name": "才让多杰",
    "payee": "6222020000001234567",
    "kind": "other",
    "subkind": "popularization",
    "fields": ["physics", "education"],
    "tags": ["=HYPERLINK(1)"],
    "title": "研究员",
    "entry_reason": "单位推荐",
    "agreed_year": 2026,
}


async def kept(venues: Running) -> Panel:
    """An expert at 6301 and one at 6302, and many of another county that nobody asks for."""
    made = Panel(venues, uuid7())
    body = await institution(venues, "青海大学", uscc="91350100M000100Y43")
    employer = await institution(venues, "青海大学附属医院", above=body)
    for number, code in enumerate(("6301", "6302")):
        given = {**EXPERT, "division_code": code, "phone": f"1390000123{number}"}
        await made.do(BOSS, "/experts", {**given, "employer_id": str(employer)})
    return made


async def test_the_pool_goes_out_masked_within_reach_and_opened_for_a_purpose_that_is_kept(
    venues: Running,
) -> None:
    await kept(venues)
    async with venues.as_(staff("approver", "6301")) as client:
        out = await client.get("/experts/export", params={"format": "csv"})
        assert out.headers["cache-control"] == "private, no-store"
        (row,) = csv.DictReader(io.StringIO(out.text.removeprefix("\ufeff")))
        assert await venues.scalar("SELECT count(*) FROM openings") == 0
        given = {"purpose": "发放评审费", "division": "63"}
        opened = await client.post("/experts/export/open", json=given)
        assert opened.headers["content-disposition"].endswith(".xlsx")
    assert {name: value for name, value in row.items() if value} == {
        "行政区划代码": "6301",
        "姓名": "才***",
        "手机号": "139****1230",
        "大类": "其他类",
        "小类": "科学普及",
        "领域代码": "physics、education",
        "身份标签": "'=HYPERLINK(1)",
        "职称职务": "研究员",
        "工作单位": "青海大学附属医院",
        "上级单位": "青海大学",
        "隶属方式": "分支机构",
        "间隔天数": "0",
        "收款账号": "****4567",
        "入库日期": row["入库日期"],
        "入库理由": "单位推荐",
        "协议年度": "2026",
        "状态": "在库",
        "本年评审次数": "0",
    }
    cells = {cell for line in marked(opened.content).cells for cell in line}
    assert {"才让多杰", "13900001230", "6222020000001234567"} <= cells
    assert "13900001231" not in cells
    # One line for each person whose fields left, so that each can be told.
    expert = await venues.scalar("SELECT id FROM experts WHERE division_code = '6301'")
    assert await venues.rows("SELECT subject, fields, purpose FROM openings") == [
        (f"experts/{expert}", "experts.name experts.phone experts.payee", "发放评审费")
    ]


async def test_only_who_keeps_a_pool_takes_it_out_and_says_why_to_open_it(venues: Running) -> None:
    made = await kept(venues)
    await pool(venues, 1_100, await institution(venues, "青海师范大学"), division="6303")
    async with venues.as_(BOSS) as client:
        # More than a page: nobody twice, and nobody left out.
        out = await client.get("/experts/export", params={"format": "csv"})
        assert len(out.text.splitlines()) == 1 + 1_102
    for who in (citizen(), staff("officer", "63"), staff("administrator", "63")):
        answer = await made.ask(who, "GET", "/experts/export")
        assert answer.status_code == 403
        answer = await made.ask(who, "POST", "/experts/export/open", {"purpose": "发放评审费"})
        assert answer.status_code == 403
    for given in ({}, {"purpose": "看"}):
        answer = await made.ask(BOSS, "POST", "/experts/export/open", given)
        assert answer.json()["errors"][0]["pointer"] == "/purpose"
    assert await venues.scalar("SELECT count(*) FROM openings") == 0
