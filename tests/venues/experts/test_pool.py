"""The pool: sealed, masked, opened with a purpose, brought in by spreadsheet, left and forgotten."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from services.kit.access import SERVICE
from services.kit.holdings import Subject
from services.kit.ids import uuid7
from services.venues.experts.conflicts.finding import institutions_of
from services.venues.experts.holding import EXPERTS
from services.venues.experts.pool.rules import name_key
from tests.support.apps import Running, citizen, staff
from tests.support.workbooks import imported, workbook
from tests.venues.experts.panels import BOSS, Panel, institution, seated

EXPERT = {
    "division_code": "6301",
    "name": "才让多杰",
    "phone": "139 0000 1234",
    "payee": "6222020000001234567",
    "kind": "other",
    "subkind": "popularization",
    "fields": ["physics"],
    "tags": ["劳模"],
    "languages": ["藏语"],
    "title": "研究员",
    "entry_reason": "单位推荐",
    "agreed_year": 2026,
}


async def test_an_expert_is_masked_everywhere_and_opened_for_a_written_purpose(
    venues: Running,
) -> None:
    made = Panel(venues, uuid7())
    employer = await institution(venues, "青海大学")
    given = {**EXPERT, "employer_id": str(employer)}
    shown = await made.do(BOSS, "/experts", given)
    assert (shown["name"], shown["phone"], shown["payee"]) == ("才***", "139****1234", "****4567")
    assert (shown["employer"], shown["agreed_year"]) == ("青海大学", 2026)
    again = await made.ask(BOSS, "POST", "/experts", given)
    assert again.json()["type"].endswith("/expert-exists")
    wrong = await made.ask(BOSS, "POST", "/experts", {**given, "kind": "finance"})
    assert [each["pointer"] for each in wrong.json()["errors"]] == ["/subkind"]
    odd = await made.ask(BOSS, "POST", "/experts", {**given, "fields": ["物理"], "payee": "62-2"})
    assert sorted((each["pointer"], each["detail"]) for each in odd.json()["errors"]) == [
        ("/fields/0", "领域用代码填写，如 physics、education"),
        ("/payee", "只能是 8 至 30 位数字"),
    ]
    path = f"/experts/{shown['id']}"
    opened = await made.do(BOSS, f"{path}/open", {"purpose": "发放评审费"})
    assert (opened["name"], opened["phone"], opened["payee"]) == (
        *("才让多杰", "13900001234", "6222020000001234567"),
    )
    assert await venues.rows("SELECT actor, subject, purpose FROM openings") == [
        (BOSS.subject, path[1:], "发放评审费")
    ]
    # Within reach only, and not for the public.
    for who, seen in (
        (staff("approver", "6301"), 1),
        (staff("approver", "6302"), 0),
        (citizen(), 0),
    ):
        assert len((await made.get(who, "/experts"))["items"]) == seen
        assert (await made.ask(who, "GET", path)).status_code == (200 if seen else 404)
    assert (await made.ask(None, "GET", "/experts")).status_code == 401
    assert (await made.ask(staff("officer", "63"), "GET", path)).status_code == 404
    for query, count in (
        *(("field=physics", 1), ("field=law", 0), ("tag=劳模", 1), ("language=汉语", 0)),
        *((f"employer={employer}", 1), ("kind=other&state=standing&division=6301", 1)),
    ):
        assert len((await made.get(BOSS, f"/experts?{query}"))["items"]) == count
    other = await institution(venues, "青海师范大学")
    moved = await made.ask(BOSS, "PATCH", path, {"employer_id": str(other)}, **{"If-Match": '"v1"'})
    assert moved.json()["employer"] == "青海师范大学"
    (tie,) = (await made.get(BOSS, f"{path}/ties"))["items"]
    assert (tie["kind"], tie["institution_id"]) == ("affiliation", str(employer))
    gone = await made.do(BOSS, f"{path}/leave", {"reason": "退休离任"})
    assert (gone["state"], gone["state_reason"], gone["allowed_actions"]) == (
        *("left", "退休离任", ["readmit"]),
    )
    assert (
        await made.ask(BOSS, "POST", f"{path}/suspend", {"reason": "再停一次"})
    ).status_code == 409


async def test_institutions_are_told_by_code_then_by_any_name_and_branches_by_what_people_state(
    venues: Running,
) -> None:
    body = await institution(venues, "国网青海省电力公司", uscc="91350100M000100Y43")
    branch = await institution(venues, "国网海东供电公司", above=body)
    own = await institution(venues, "青海电科院", above=body, link="subordinate")
    sister = await institution(venues, "青海送变电公司", above=body, link="subordinate")
    same_name = await institution(venues, "国网青海省电力公司", uscc="91110000600037341L")
    part = await institution(venues, "国网青海省电力公司培训中心")
    async with venues.kit.database.transaction(SERVICE) as db:

        async def of(uscc: str | None, name: str) -> set[Any]:
            return set(await institutions_of(db, uscc, name))

        whole = {body, branch, own, sister, part}
        assert await of("91350100M000100Y43", "国网青海省电力公司") == whole
        # Without a code of the host, everybody of that name is meant.
        assert await of(None, "国网青海省电力公司") == whole | {same_name}
        # A branch is its body; what is a legal person of its own is not its sisters.
        assert await of(None, "国网海东供电公司") == whole - {part}
        assert await of(None, "青海电科院") == {own, body, branch}
    assert name_key("国网（青海）· 电力公司") == name_key("国网(青海)电力公司")
    for spellings in (
        ("扎西·多杰", "扎西•多杰", "扎西‧多杰", "扎西 多杰", "扎西\u200b多杰"),
        ("བཀྲ་ཤིས", "བཀྲ་ཤིས།", "བཀྲ་ཤིས་", "བཀྲ༌ཤིས"),
        ("O’Neil", "o'neil"),
    ):
        assert len({name_key(each) for each in spellings}) == 1
    assert name_key("བཀྲ་ཤིས") != name_key("བཀྲ་ཤོས")
    made = Panel(venues, uuid7())
    path = f"/experts/institutions/{body}"
    circle = {"parent_id": str(branch), "link": "branch"}
    answer = await made.ask(BOSS, "PATCH", path, circle, **{"If-Match": '"v1"'})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/parent_id"]
    renamed = await made.ask(BOSS, "PATCH", path, {"name": "国网青海电力"}, **{"If-Match": '"v1"'})
    assert renamed.json()["former_names"] == ["国网青海省电力公司"]
    found = await made.get(BOSS, "/experts/institutions?name=国网青海省电力公司")
    assert {each["id"] for each in found["items"]} == {str(body), str(same_name)}


HEADINGS = ("行政区划代码", "姓名", "手机号", "大类", "小类", "领域代码", "工作单位")
MORE = ("单位统一社会信用代码", "上级单位", "隶属方式", "收款账号", "入库理由", "协议年度")


async def test_a_pool_comes_in_by_spreadsheet_with_its_institutions_and_is_taken_back(
    venues: Running,
) -> None:
    good = [
        *(
            (
                "6301",
                "多杰",
                "13900000001",
                "研究开发类",
                "应用研究",
                "physics、education",
                "青海大学",
            ),
        ),
        *(("6301", "卓玛", "13900000002", "财务审计类", None, "finance", "青海大学附属医院"),),
    ]
    ends = [
        (None, None, None, "62220200000012345", "推荐", 2026),
        ("91350100M000100Y43", "青海大学", "下属单位", None, "推荐", None),
    ]
    bad = ("6202", "张三", "13900000002", "财务审计类", "法律", "物理", "某单位")
    async with venues.as_(staff("approver", "63")) as keeper:
        book = workbook(
            (*HEADINGS, *MORE),
            [*((*one, *end) for one, end in zip(good, ends, strict=True)),
             (*bad, "1", None, "分支机构", "622x", "推荐", None)],
        )  # fmt: skip
        refused = await imported(keeper, "/experts", book)
        faults = await keeper.get(f"/experts/imports/{refused['id']}/faults")
        assert {each["column"] for each in faults.json()["items"]} == set("ACEFHJK")
        book = workbook(
            (*HEADINGS, *MORE), [(*one, *end) for one, end in zip(good, ends, strict=True)]
        )
        done = await imported(keeper, "/experts", book)
        assert (done["state"], done["written"]) == ("done", 2)
        assert await venues.rows(
            """SELECT e.name_masked, i.name, i.uscc, p.name, i.link, e.payee_masked,
                (SELECT count(*) FROM expert_agreements a WHERE a.expert_id = e.id)
            FROM experts e JOIN institutions i ON i.id = e.employer_id
            LEFT JOIN institutions p ON p.id = i.parent_id ORDER BY e.id"""
        ) == [
            ("多*", "青海大学", None, None, None, "****2345", 1),
            *(
                (
                    "卓*",
                    "青海大学附属医院",
                    "91350100M000100Y43",
                    "青海大学",
                    "subordinate",
                    None,
                    0,
                ),
            ),
        ]
        undone = await keeper.post(f"/experts/imports/{done['id']}/undo")
        assert undone.json()["state"] == "undone"
    assert await venues.scalar("SELECT count(*) FROM experts") == 0


async def test_whoever_is_erased_leaves_seats_and_scores_that_are_nobodys(venues: Running) -> None:
    made, accounts = await seated(venues)
    first = next(iter(accounts))
    who = accounts[first]
    await made.score(who, first, {"room": 15, "staff": 14, "events": 12})
    assert who.subject is not None
    subject = Subject(who.subject, None, uuid7(), datetime.now(UTC))
    async with venues.kit.database.transaction(SERVICE) as db:
        (held,) = await EXPERTS.copy(db, venues.kit.vault, subject)
        assert (held["name"], held["seats"][0]["points"]["room"]) == ("专家", 15)
        assert await EXPERTS.erase(db, venues.kit.vault, subject) == 1
    async with venues.kit.database.transaction(SERVICE) as db:
        assert await EXPERTS.erase(db, venues.kit.vault, subject) == 0
        assert await EXPERTS.copy(db, venues.kit.vault, subject) == []
    # Who has not judged yet gives the seat to the next: nobody could fill it any more.
    second = list(accounts)[1]
    other = Subject(cast(UUID, accounts[second].subject), None, uuid7(), datetime.now(UTC))
    async with venues.kit.database.transaction(SERVICE) as db:
        assert await EXPERTS.erase(db, venues.kit.vault, other) == 1
    assert [seat["id"] for seat in await made.in_state("released")] == [second]
    assert len(await made.in_state("invited")) == 1
    assert await venues.rows(
        """SELECT e.name_masked, e.state, s.state, h.state FROM experts e
        JOIN panel_seats s ON s.expert_id = e.id JOIN score_sheets h ON h.seat_id = s.id"""
    ) == [("已注销", "left", "accepted", "final")]
    assert (
        await venues.scalar(
            "SELECT count(*) FROM score_sheets WHERE account_id = :id", id=who.subject
        )
        == 0
    )
    assert (await made.ask(who, "GET", f"/experts/invitations/{first}/sheet")).status_code == 404
