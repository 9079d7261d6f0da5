"""A county base on its way to 青海省科研科普基地: applied, judged, noticed, named, and taken back."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from tests.faults.inside import rows
from tests.journeys.applying import (
    NAME,
    applies_on_what_the_platform_knows,
    is_returned_once_and_found_eligible,
)
from tests.journeys.certifying import (
    Base,
    address_of,
    certificate,
    colleague,
    credit_says,
    inspects,
    page,
    refusal,
    today,
)
from tests.journeys.days import days_of_a_notice_pass
from tests.journeys.judging import (
    Panel,
    a_floor_is_missed_then_reached,
    a_panel_is_drawn_and_replayed,
    a_red_line_vetoes_until_it_is_repaired,
    invitations_are_answered_by_link,
    is_visited,
    who_sat_there_is_told,
)
from tests.support.province import Person, Province

COUNTY = "632802"  # 德令哈市
LANGUAGES = ("zh-CN", "bo", "en")
STAFF = ("officer", "approver")
GONE = "整改不到位，予以摘牌"


@pytest.mark.timeout(240)
async def test_a_county_base_from_its_application_to_its_plaque_and_the_day_it_is_taken_away(
    qinghai: Province, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    people = await qinghai.citizens(http, 88_000, 10)
    base = await _base(qinghai, http, people[0])
    stranger, objector, experts = people[1], people[2], people[3:]

    await applies_on_what_the_platform_knows(base)
    await is_returned_once_and_found_eligible(base, stranger)
    sitting = await a_panel_is_drawn_and_replayed(base, tmp_path)
    await invitations_are_answered_by_link(base, sitting, experts)
    await a_floor_is_missed_then_reached(base, sitting)
    await who_sat_there_is_told(base)
    await is_visited(base)
    await a_red_line_vetoes_until_it_is_repaired(base)
    await _a_named_objection_suspends_the_notice(base, objector)
    address = await _is_named_and_verified_by_its_code(base)
    await _a_conflict_comes_to_light(base, sitting)
    await _is_to_put_it_right_and_loses_its_name(base, address)
    await _the_trail_tells_it_all(base, stranger)
    await _everybody_was_told(base, objector)


async def _base(qinghai: Province, http: aiohttp.ClientSession, applicant: Person) -> Base:
    """A venue of the shipped list, its representative, and the offices."""
    public = qinghai.anybody(http)
    found = (await public.get(f"/venues?q={NAME}"))["items"]
    (venue,) = [each["id"] for each in found if each["name"] == NAME]
    county = await colleague(qinghai, http, COUNTY, "delingha-approver")
    account = {"account_id": applicant.account}
    await county.do(f"/venues/{venue}/representatives", account)
    officer = await qinghai.staff(http, "officer-63")
    approver = await qinghai.staff(http, "approver-63")
    return Base(qinghai, http, applicant, county, officer, approver, public, venue)


_NEIGHBOUR = """WITH made AS (INSERT INTO applications (id, programme_id, version_id, venue_id,
        host_name, host_uscc, division_code, recorded_code, year, number, state, stage_key,
        version, applicant, submitted_at)
        SELECT $1::uuid, a.programme_id, a.version_id, v.id, v.name, '12632223MB1A2K04F5',
            v.division_code, v.division_code, a.year, $1::text, 'under_way', 'notice', 1,
            $1::uuid, now()
        FROM applications a, venues v WHERE a.id = $2::uuid AND v.name = '青海湖生态博物馆')
    INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
    VALUES ($1::uuid, $1::uuid, 'notice', 1, 'open', now())"""


async def _a_named_objection_suspends_the_notice(base: Base, objector: Person) -> None:
    """An anonymous objection is refused; a named one holds the window until it is answered."""
    # Shown together with another base, whose way here is not told.
    neighbour = uuid4()
    await rows(base.qinghai, "venues", _NEIGHBOUR, neighbour, UUID(base.application))
    assert [rule for rule, _ in await base.stays_in("notice")] == ["notice-not-opened"]
    shown = {"application_ids": [base.application, str(neighbour)]}
    notice = await base.approver.do("/notices", shown)
    ours, theirs = (each["id"] for each in notice["entries"])
    at = f"/notices/{notice['id']}"

    async def windows() -> dict[str, Any]:
        found = (await base.public.get(at))["entries"]
        return {each["id"]: (each["state"], each["last_on"], each["suspended"]) for each in found}

    words = "该站近三年没有向公众开放过，与申报书所写不符。"
    nobody = {"entry_id": ours, "name": "知情群众", "statement": words}
    refused = await objector.ask("POST", f"{at}/objections", nobody)
    assert refusal(refused) == (422, "anonymous-objection")
    assert [each["pointer"] for each in refused["errors"]] == ["/name", "/phone"]
    signed = {**nobody, "name": "多杰才让", "phone": "13812345678", "client_id": str(uuid4())}
    objection = await objector.do(f"{at}/objections", signed)
    assert (await windows())[ours] == ("open", None, True)

    # The notice began on 30 September; the objection came on 9 October, and is answered today.
    began, came = date(2026, 9, 30), date(2026, 10, 9)
    await days_of_a_notice_pass(base.qinghai, notice["id"], began=began, objected=came)
    assert [rule for rule, _ in await base.stays_in("notice")] == ["objection-open"]
    early = await base.approver.ask("POST", f"{at}/finish")
    assert refusal(early) == (409, "objections-open")
    named = await base.approver.ask("POST", f"{base.at}/name", {"stage": "naming"})
    assert refusal(named) == (409, "wrong-state")
    one = f"/objections/{objection['id']}"
    assert refusal(await base.applicant.ask("GET", one)) == (404, "missing")
    await base.approver.do(f"{one}/accept", {"reason": "实名书面，予以受理"})
    await base.approver.do(f"{one}/release", {"released": "反映近三年未向公众开放"})
    outcome = "经查参观记录，年开放天数属实，异议不成立"
    await base.approver.do(f"{one}/reject", {"reason": outcome})
    (told,) = (await base.applicant.get(f"{base.at}/objections")).body
    assert (told["state"], told["outcome"], "name" in told) == ("rejected", outcome, False)
    suspended = (await base.public.get(at))["entries"][0]["suspensions"]
    assert suspended == [[f"{came}", f"{today()}"]]

    # As if it had been answered on the 10th: two of the five days do not count. The neighbour's are
    # 30 Sep, 8, 9, 10 (a Saturday that is worked) and 12 Oct; ours end two working days later.
    answered = date(2026, 10, 10)
    await days_of_a_notice_pass(
        base.qinghai, notice["id"], began=began, objected=came, answered=answered
    )
    finished = await base.approver.do(f"{at}/finish")
    assert finished["state"] == "finished"
    assert await windows() == {
        theirs: ("finished", "2026-10-12", False),
        ours: ("finished", "2026-10-14", False),
    }
    late = await objector.ask("POST", f"{at}/objections", {**signed, "client_id": str(uuid4())})
    assert refusal(late) == (409, "objection-late")
    await base.passes("notice")


async def _is_named_and_verified_by_its_code(base: Base) -> str:
    """The code on the certificate leads to what it is worth now, in three languages."""
    # Before the name the credit is asked once more.
    assert await credit_says(base) == "clear"
    await base.approver.do(f"{base.at}/name", {"stage": "naming", "reason": "厅务会决定"})
    assert (await base.applicant.get(base.at))["state"] == "named"
    named = (await base.public.get(f"/honours?venue_id={base.venue}&limit=100"))["items"]
    (honour,) = [each for each in named if each["application_id"] == base.application]
    base.honour = honour["id"]
    year = today().year
    assert (honour["number"], honour["state"]) == (f"青科普研〔{year}〕001号", "valid")

    address = address_of(await certificate(base))
    assert [await page(base, address, each) for each in LANGUAGES] == [
        ("有效", "该荣誉目前有效。"),
        ("གོ་ཆོད་པ།", "མཚན་སྙན་འདི་མིག་སྔར་གོ་ཆོད་པ་ཡིན།"),
        ("Valid", "The honour stands today."),
    ]
    told = await base.public.get(f"/certificates/{honour['number']}")
    assert (told["page"], told["holder"], told["standing"]) == (address, NAME, "valid")
    band = await base.public.get(f"{base.at}/band")
    assert (band["band"], band["passes"]) == ("excellent", True)
    return address


async def _a_conflict_comes_to_light(base: Base, sitting: Panel) -> None:
    """Somebody who judged turns out to advise the host: staff see what it changes."""
    friend = min(sitting.experts)
    everybody = (await base.approver.get(f"{base.at}/panel"))["seats"]
    (expert,) = [seat["expert_id"] for seat in everybody if seat["id"] == friend]
    tie = {"kind": "advisory", "institution_id": sitting.institutions["host"]}
    await base.approver.do(f"/experts/{expert}/ties", tie)
    (found,) = (await base.approver.get(f"{base.at}/panel"))["findings"]
    assert (found["seat_id"], found["reasons"]) == (friend, ["advisory"])
    bands = [(found[each]["band"], found[each]["mean"]) for each in ("with_them", "without_them")]
    assert bands == [("excellent", 8514), ("qualified", 8400)]
    assert found["changes_outcome"] is True
    # It changes nothing by itself, and is for those who decide.
    assert refusal(await base.applicant.ask("GET", f"{base.at}/panel")) == (404, "missing")
    assert (await base.public.get(f"{base.at}/band"))["band"] == "excellent"


async def _is_to_put_it_right_and_loses_its_name(base: Base, address: str) -> None:
    """An evaluation, a rectification, a re-check in vain: the page follows each."""
    asked = {"kind": "evaluation", "honour_id": base.honour}
    made = await base.officer.do("/inspections", asked)
    summary = "展厅长期关闭，开放记录不实"
    await inspects(base, made["id"], summary=summary, grade="rectification")
    why = "评估结论为整改"
    demands = {"demands": ["恢复每周开放", "更正开放记录"], "reason": why}
    ordered = await base.officer.do(f"/inspections/{made['id']}/rectify", demands)
    since = f"{today()}"
    chinese = f"该荣誉目前有效，正在整改（自 {since}）。原因：{why}"
    assert [await page(base, address, each) for each in LANGUAGES] == [
        ("有效 · 整改中", chinese),
        ("གོ་ཆོད་པ། · 整改中", chinese),  # no Tibetan sentence was reviewed
        (
            "Valid · under rectification",
            f"The honour stands, under rectification since {since}. Reason: {why}",
        ),
    ]
    told = await base.public.get(f"/certificates/{base.honour}")
    assert (told["standing"], told["state"]) == ("valid", "rectifying")

    at = f"/inspections/rectifications/{ordered['id']}"
    await base.applicant.do(f"{at}/answer", {"text": "已恢复开放"})
    again = await base.officer.do(f"{at}/recheck", {})
    await inspects(base, again["id"], summary="复查时仍未开放", result="failed")
    await base.officer.do(f"{at}/propose_removal", {"reason": "复查不合格"})
    county = await base.county.ask("POST", f"{at}/remove", {"reason": GONE})
    assert refusal(county) == (403, "forbidden")
    await base.approver.do(f"{at}/remove", {"reason": GONE})
    assert [await page(base, address, each) for each in LANGUAGES] == [
        ("已撤销（摘牌）", f"自 {since} 起撤销，证书和牌匾作废。原因：{GONE}"),
        ("མེད་པར་བཟོས་ཟིན།", f"自 {since} 起撤销，证书和牌匾作废。原因：{GONE}"),
        ("Revoked", f"Revoked on {since}: certificate and plaque are void. Reason: {GONE}"),
    ]
    told = await base.public.get(f"/certificates/{base.honour}")
    assert (told["standing"], told["state"], told["document"]) == ("revoked", "revoked", None)
    paper = await base.public.ask("GET", f"/certificates/{base.honour}/document")
    assert refusal(paper) == (409, "not-given-out")
    programme = (await base.applicant.get(base.at))["programme_id"]
    again = {"programme_id": programme, "venue_id": base.venue}
    soon = await base.applicant.ask("POST", "/applications", again)
    assert refusal(soon) == (409, "reapply-later")


TRAIL = (
    ("eligibility", "applicant submit, officer send_back, applicant submit, officer pass"),
    ("expert_review", "approver draw_frozen, approver panel_drawn"),
    ("expert_review", "platform invitation_declined, platform alternate_invited"),
    ("expert_review", ", ".join(["platform invitation_accepted"] * 7)),
    ("expert_review", "officer send_back, applicant submit, approver pass"),
    ("expert_review", "OPENED identities_opened"),
    ("site_visit", "officer record_inspection, officer release_inspection, approver pass"),
    ("credit_check", "approver credit_ask, approver credit_repair"),
    ("credit_check", "platform credit_clear, approver pass"),
    ("deliberation", "approver pass"),
    ("notice", "approver open_notice, platform receive_objection, approver accept_objection"),
    ("notice", "approver release_objection, approver reject_objection"),
    ("notice", "platform finish_notice, approver pass"),
    ("naming", "platform credit_clear, approver name, approver grant"),
    ("expert_review", "approver expert_conflict_found"),
    (None, "officer record_inspection, officer release_inspection"),
    (None, "officer rectify, officer order_rectification"),
    (None, "officer record_inspection, officer release_inspection, officer fail_rectification"),
    (None, "officer propose_removal, approver revoke"),
)
"""Stage, who, what; an objection came by nobody who could be known from here, and an expert stands
there by their slip. Identities are opened by the approver, or by the clock a moment before."""
RED_LINE = ("credit_check", "platform", "credit_red_line")
"""Once or twice: the question that waited may be answered before the approver's own."""


async def _the_trail_tells_it_all(base: Base, stranger: Person) -> None:
    """Who, when, in whose name, under which rule and why, in order; and what the public sees."""
    trail = (await base.officer.get(f"{base.at}/trail?limit=100"))["items"]
    names = {
        base.applicant.account: "applicant",
        base.officer.account: "officer",
        base.approver.account: "approver",
        str(UUID(int=0)): "platform",
    }
    told = [(line["stage_key"], names[line["actor"]], line["action"]) for line in trail]
    assert 1 <= told.count(RED_LINE) <= 2
    told = [
        (stage, "OPENED" if action == "identities_opened" else who, action)
        for stage, who, action in told
        if (stage, who, action) != RED_LINE
    ]
    assert told == [(stage, *one.split(" ")) for stage, steps in TRAIL for one in steps.split(", ")]
    assert [line["decided_at"] for line in trail] == sorted(line["decided_at"] for line in trail)
    assert {line["rule_number"] for line in trail} == {1}
    by_office = {line["acted_for"] for line in trail if names[line["actor"]] in STAFF}
    assert by_office == {"63"}
    assert refusal(await stranger.ask("GET", f"{base.at}/trail")) == (404, "missing")

    history = (await base.public.get(f"/honours/{base.honour}/history?limit=100"))["items"]
    assert [line["action"] for line in history] == [
        *("open_notice", "finish_notice", "grant"),
        *("release_inspection", "rectify", "revoke"),
    ]
    assert history[-1]["reason"] == GONE
    timeline = await base.applicant.get(f"{base.at}/timeline")
    told_them = [line["action"] for line in timeline["decisions"]]
    # Neither the conflict nor what the offices propose to each other.
    since = told_them.index("grant")
    assert told_them[since:] == ["grant", "release_inspection", "rectify", "revoke"]
    assert [(run["stage_key"], run["state"]) for run in timeline["runs"]] == [
        *(("eligibility", "returned"), ("eligibility", "passed")),
        *(("expert_review", "returned"), ("expert_review", "passed")),
        *((stage, "passed") for stage in ("site_visit", "credit_check", "deliberation")),
        *((stage, "passed") for stage in ("notice", "naming")),
    ]


async def _everybody_was_told(base: Base, objector: Person) -> None:
    """Whom it concerns hears of each turn, in the order in which they came."""

    async def heard(person: Person) -> list[str]:
        items = (await person.get("/messages?limit=100"))["items"]
        return [each["template"].removesuffix("-open") for each in reversed(items)]

    for _ in range(100):
        told = await heard(base.applicant), await heard(objector)
        if [len(each) for each in told] == [7, 2]:
            break
        await asyncio.sleep(0.1)
    submitted, returned = "application-submitted", "application-returned"
    assert told == (
        [
            *(submitted, returned, submitted, returned, submitted),
            *("credit-red-line", "application-named"),
        ],
        ["objection-accepted", "objection-rejected"],
    )
