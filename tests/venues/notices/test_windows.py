"""The window of a notice: working days, suspended by objections, and never passed by the naming."""

from datetime import date
from pathlib import Path

import pytest

from services.kit.workdays import WorkingDays
from services.venues.applications.gates import Unmet
from services.venues.notices.rules import last_day
from tests.support.apps import Running, citizen, staff
from tests.support.certification import OFFICES, application, programme
from tests.venues.notices.conftest import OBJECTION, OFFICER, Then, at

HONOUR = """INSERT INTO honours (id, application_id, venue_id, division_code, recorded_code, title,
    issuer, co_issuers, state, version, created_by)
    SELECT gen_random_uuid(), CASE WHEN :applied THEN a.id END, a.venue_id, '63', '63', '基地',
        '厅', '', 'valid', 1, a.id FROM applications a WHERE a.id = :id RETURNING 1"""
LAST = date(2026, 10, 12)


@pytest.mark.parametrize(
    ("suspensions", "due"),
    [
        ([], LAST),
        # Received and answered on the first day: that day does not count.
        ([["2026-09-30", "2026-09-30"]], date(2026, 10, 13)),
        # Over the holiday: 8 October is taken, the rest rests anyway.
        ([["2026-10-01", "2026-10-08"]], date(2026, 10, 13)),
        ([["2026-10-10", "2026-10-12"], ["2026-10-14", "2026-10-14"]], date(2026, 10, 15)),
        ([["2026-10-12", "2027-01-05"]], None),
    ],
)
def test_days_under_suspension_do_not_count(suspensions: list[list[str]], due: date | None) -> None:
    assert last_day(WorkingDays(), date(2026, 9, 30), 5, True, suspensions) == due


async def test_a_notice_runs_its_five_working_days_and_not_one_less(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    assert await then.unmet(one) == [Unmet("notice-not-opened")]
    notice = await then.opened(one, now=at(9, 30))
    assert await then.entries(notice) == [("open", LAST, 0)]
    assert await then.unmet(one) == [Unmet("notice-running", {"last_on": "2026-10-12"})]
    assert await then.turned(at(10, 12, 23)) == 0
    assert await then.turned(at(10, 13, 0)) == 1
    assert (await then.unmet(one), await then.unmet(one, "naming")) == ([], [])
    assert await then.turned(at(10, 14)) == 0
    assert await venues.rows("SELECT type, version FROM outbox ORDER BY seq") == [
        ("venues.notice_opened.v1", 1),
        ("venues.notice_finished.v1", 2),
    ]
    assert await venues.rows(
        "SELECT action, stage_key, public FROM decisions ORDER BY decided_at"
    ) == [("open_notice", "notice", True), ("finish_notice", "notice", True)]


async def test_an_objection_holds_up_one_name_and_its_days_do_not_count(
    venues: Running, then: Then
) -> None:
    rule = await programme(venues)
    one, other = (
        await application(venues, rule, "notice"),
        await application(venues, rule, "notice"),
    )
    notice = await then.opened(one, other, now=at(9, 30))
    (first, _) = await venues.rows("SELECT id FROM notice_entries ORDER BY position")
    # On the last day of all.
    objection = await then.objected(notice, citizen(), at(10, 12), entry_id=first[0])
    assert await then.entries(notice) == [("open", None, 1), ("open", LAST, 0)]
    assert await then.unmet(one) == [Unmet("objection-open", {"count": 1})]
    assert await then.turned(at(10, 20)) == 1
    assert await then.entries(notice) == [("open", None, 1), ("finished", LAST, 0)]
    await then.taken(objection, "accept", at(10, 15))
    await then.taken(objection, "reject", at(10, 20))
    # 30 Sep, 8, 9, 10 Oct stood; the fifth day follows the answer.
    assert await then.entries(notice) == [("open", date(2026, 10, 21), 0), ("finished", LAST, 0)]
    assert await then.turned(at(10, 22)) == 1
    assert (await then.unmet(one), await then.unmet(other)) == ([], [])
    assert await venues.scalar("SELECT state FROM notices") == "finished"


async def test_an_upheld_objection_stops_the_name_for_good(venues: Running, then: Then) -> None:
    one = await application(venues, await programme(venues), "notice")
    notice = await then.opened(one, now=at(9, 30))
    objection = await then.objected(notice, citizen(), at(10, 8))
    await then.taken(objection, "accept", at(10, 9))
    await then.taken(objection, "uphold", at(10, 10))
    assert await then.turned(at(12, 1)) == 0
    assert await then.unmet(one) == [Unmet("objection-upheld")]
    assert await venues.scalar("SELECT state FROM notices") == "finished"


async def test_several_objections_suspend_until_the_last_one_is_answered(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    notice = await then.opened(one, now=at(9, 30))
    early = await then.objected(notice, citizen(), at(10, 8))
    late = await then.objected(notice, citizen(), at(10, 9))
    await then.taken(early, "refuse", at(10, 9))
    assert await then.entries(notice) == [("open", None, 1)]
    await then.taken(late, "refuse", at(10, 10))
    # 8, 9 and 10 October do not count.
    assert await then.entries(notice) == [("open", date(2026, 10, 15), 0)]


async def test_in_an_unknown_year_the_end_stays_open_until_somebody_knows_it(
    venues: Running,
    then: Then,
    tmp_path: Path,
    environment: pytest.MonkeyPatch,
) -> None:
    one = await application(venues, await programme(venues), "notice")
    notice = await then.opened(one, now=at(12, 30))
    assert await then.unmet(one) == [Unmet("notice-due-open")]
    assert await then.turned(at(6, 1, year=2027)) == 0
    assert await then.entries(notice) == [("open", None, 0)]
    async with venues.as_(OFFICER) as officer:
        open_ended = await officer.post(f"/notices/{notice}/finish")
    assert open_ended.json()["type"].rpartition("/")[2] == "notice-due-open"
    async with venues.as_() as anybody:
        page = (await anybody.get(f"/notices/{notice}")).json()
        metrics = (await anybody.get("/metrics")).text
    assert (page["due_open"], page["last_on"]) == (True, None)
    assert 'kepu_clocks_due_open{of="notices"} 1.0' in metrics
    file = tmp_path / "workdays.toml"
    file.write_text(
        '[2027]\nholidays = ["2027-01-01..2027-01-03", "2027-02-05..2027-02-11",'
        ' "2027-05-01..2027-05-05"]\n'
    )
    environment.setenv("KEPU_WORKDAYS_FILE", str(file))
    assert await then.turned(at(1, 4, year=2027)) == 1
    assert await then.entries(notice) == [("open", date(2027, 1, 6), 0)]


async def test_the_database_refuses_an_honour_without_a_finished_notice(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    move = "UPDATE notice_entries SET state = :state, closed_at = now() RETURNING 1"
    for state in ("", "open", "stopped", "withdrawn"):
        if state == "open":
            await then.opened(one, now=at(9, 30))
        elif state:
            await venues.scalar(move, state=state)
        with pytest.raises(Exception, match="no finished notice"):
            await venues.scalar(HONOUR, id=one, applied=True)
    # One that was named elsewhere has no application, and is free.
    assert await venues.scalar(HONOUR, id=one, applied=False) == 1


async def test_a_finished_notice_of_an_earlier_run_names_nobody(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    await then.opened(one, now=at(9, 30))
    await then.turned(at(10, 13))
    assert await venues.scalar(HONOUR, id=one, applied=True) == 1
    await venues.scalar("DELETE FROM honours RETURNING 1")
    await venues.scalar(
        """WITH ended AS (UPDATE stage_runs SET state = 'returned', closed_at = now())
        INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at, closed_at)
        VALUES (gen_random_uuid(), :id, 'notice', 2, 'returned', now(), now()) RETURNING 1""",
        id=one,
    )
    with pytest.raises(Exception, match="no finished notice"):
        await venues.scalar(HONOUR, id=one, applied=True)
    assert await then.unmet(one) == [Unmet("notice-not-opened")]


async def test_the_database_finishes_no_window_early_nor_beside_an_open_objection(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    notice = await then.opened(one, now=at(9, 30))
    finish = "UPDATE notice_entries SET state = 'finished', closed_at = :at RETURNING 1"
    with pytest.raises(Exception, match="notice_entries_finished"):
        await venues.scalar(finish, at=at(10, 12, 23))
    await then.objected(notice, citizen(), at(10, 9))
    finish = finish.replace("closed_at", "last_on = '2026-10-12', closed_at")
    with pytest.raises(Exception, match="notice_entries_finished"):
        await venues.scalar(finish, at=at(10, 13, 0))


async def test_an_application_that_leaves_the_stage_leaves_the_notice(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    notice = await then.opened(one, now=at(9, 30))
    await venues.scalar("UPDATE stage_runs SET state = 'refused', closed_at = now() RETURNING 1")
    assert await then.turned(at(10, 9)) == 1
    assert await then.entries(notice) == [("ended", LAST, 0)]


async def test_a_notice_is_withdrawn_with_a_reason_and_opened_again(
    venues: Running, then: Then
) -> None:
    one = await application(venues, await programme(venues), "notice")
    notice = await then.opened(one, now=at(9, 30))
    async with venues.as_(OFFICER) as officer:
        shown_twice = await officer.post("/notices", json={"application_ids": [str(one)]})
        assert (shown_twice.status_code, shown_twice.json()["type"].rpartition("/")[2]) == (
            409,
            "already-shown",
        )
        taken = await officer.post(
            f"/notices/{notice}/withdraw", json={"reason": "名称有误，更正后重新公示"}
        )
        assert (taken.status_code, taken.json()["state"]) == (200, "withdrawn")
        assert taken.json()["allowed_actions"] == []
        again = await officer.post("/notices", json={"application_ids": [str(one)]})
    assert again.status_code == 201
    assert await then.unmet(one) != [Unmet("notice-not-opened")]


async def test_only_who_decides_for_the_authority_opens_a_notice(venues: Running) -> None:
    one = await application(venues, await programme(venues), "notice")
    asked = {"application_ids": [str(one)]}
    found = {}
    for role, place in (("approver", "63"), ("officer", "63"), ("approver", "6301")):
        async with venues.as_(staff(role, place)) as somebody:
            found[role, place] = (await somebody.post("/notices", json=asked)).status_code
    async with venues.as_(citizen()) as somebody:
        found["citizen", ""] = (await somebody.post("/notices", json=asked)).status_code
    assert found == {
        ("approver", "63"): 201,
        ("officer", "63"): 403,
        ("approver", "6301"): 403,
        ("citizen", ""): 422,
    }


async def test_the_public_reads_notices_by_page_place_and_state(
    venues: Running, then: Then
) -> None:
    rule = await programme(venues)
    made = [
        await then.opened(await application(venues, rule, "notice"), now=at(9, day))
        for day in (28, 29, 30)
    ]
    await then.turned(at(10, 11))
    async with venues.as_() as anybody:
        first = (await anybody.get("/notices?limit=2")).json()
        rest = (await anybody.get(f"/notices?limit=2&cursor={first['next']}")).json()
        assert [each["id"] for each in (*first["items"], *rest["items"])] == [
            str(each) for each in reversed(made)
        ]
        found = {
            query: len((await anybody.get(f"/notices?{query}")).json()["items"])
            for query in ("state=open", "state=finished", "division=63", "division=6301")
        }
        page = await anybody.get(f"/notices/{made[0]}")
        tag = {"If-None-Match": page.headers["etag"]}
        again = await anybody.get(f"/notices/{made[0]}", headers=tag)
        missing = await anybody.get(f"/notices/{made[0].int % 10:032}")
    assert found == {"state=open": 1, "state=finished": 2, "division=63": 3, "division=6301": 0}
    assert (page.headers["content-language"], again.status_code) == ("zh-CN", 304)
    assert missing.status_code == 404
    (name,) = page.json()["entries"]
    assert (name["name"], name["host_name"], name["category"], name["state"]) == (
        "湟源县科技馆",
        "湟源县科学技术协会",
        "科技场馆类",
        "finished",
    )


async def test_the_page_of_a_notice_says_where_each_name_stands_without_a_script(
    venues: Running, then: Then
) -> None:
    rule = await programme(venues)
    one = await application(venues, rule, "notice", host="<b>站</b>")
    two = await application(venues, rule, "notice")
    notice = await then.opened(one, two, now=at(9, 30))
    (first, _) = await venues.rows("SELECT id FROM notice_entries ORDER BY position")
    objection = await then.objected(notice, citizen(), at(10, 9), entry_id=first[0])
    pages = {}
    async with venues.as_() as anybody:
        told = (await anybody.get(f"/notices/{notice}")).json()
        assert told["page"] == f"/api/v1/notices/{notice}/page"
        for language in ("zh-CN", "bo", "en"):
            read = await anybody.get(f"/notices/{notice}/page?lang={language}")
            assert (read.status_code, read.headers["content-language"]) == (200, language)
            pages[language] = read.text
        tag = {"If-None-Match": read.headers["etag"]}
        again = await anybody.get(f"/notices/{notice}/page?lang=en", headers=tag)
        missing = await anybody.get(f"/notices/{first[0]}/page")
        await then.taken(objection, "accept", at(10, 9))
        await then.taken(objection, "uphold", at(10, 10))
        await then.turned(at(10, 13))
        over = (await anybody.get(f"/notices/{notice}/page")).text
    assert (again.status_code, missing.status_code) == (304, 404)
    assert "default-src 'none'" in read.headers["content-security-policy"]
    said = ("收到异议，公示期中止计算", "公示至 2026-10-12", "匿名异议不予受理", *OFFICES)
    assert [each for each in said if each not in pages["zh-CN"]] == []
    assert "<h2>ཁྱབ་བསྒྲགས་མིང་ཐོ།</h2>" in pages["bo"]
    assert "an objection is open: its days stand still" in pages["en"]
    outcome = ("异议成立，不予命名", "公示期满，没有成立的异议", "公示已经结束")
    assert [each for each in outcome if each not in over] == []
    # What people wrote is shown, and never run; who objected stands nowhere.
    everything = "".join((*pages.values(), over))
    assert ("<b>" in everything, "&lt;b&gt;站" in everything) == (False, True)
    assert (OBJECTION["name"] in everything, "<script" in everything) == (False, False)
