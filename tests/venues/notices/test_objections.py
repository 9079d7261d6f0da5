"""Objections: written and under real name, seen by the offices, never told to whom they concern."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import text

from services.kit.access import SERVICE, Role
from services.kit.db import run
from services.kit.holdings import Subject
from services.kit.pages import Paging
from services.kit.problems import Missing
from services.venues.notices import objection_queries
from services.venues.notices.holding import OBJECTIONS
from services.venues.notices.objection_queries import Wanted
from services.venues.notices.objection_rules import LIFECYCLE, ObjectionState, is_real_name
from tests.support.apps import Running, citizen, staff
from tests.support.certification import OFFICES, application, programme
from tests.venues.notices.conftest import OBJECTION, OFFICER, Then, at

REASON = {"reason": "经核实，理由如下"}
_DRAWN = BytesIO()
Image.new("RGB", (8, 8), "teal").save(_DRAWN, "PNG")
PNG = _DRAWN.getvalue()


async def _opened(venues: Running, then: Then, **given: Any) -> tuple[UUID, UUID]:
    one = await application(venues, await programme(venues), "notice", **given)
    return one, await then.opened(one, now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("多杰才让", True),
        ("ཚེ་རིང་སྒྲོལ་མ།", True),
        ("Tsering Dolma", True),
        ("西宁市群众艺术馆", True),
        ("匿名", False),
        ("一名匿名群众", False),
        ("无名氏", False),
        ("李某某", False),
        ("知情人", False),
        ("群众", False),
        ("Anonymous", False),
        ("13812345678", False),
        ("王", False),
        ("", False),
    ],
)
def test_a_name_that_stands_for_nobody_is_no_name(name: str, real: bool) -> None:
    assert is_real_name(name) is real


async def test_an_anonymous_objection_is_refused_and_the_rule_is_named(
    venues: Running, then: Then
) -> None:
    _, notice = await _opened(venues, then)
    there = f"/notices/{notice}/objections"
    found = []
    async with venues.as_(citizen()) as somebody:
        for changed in ({"name": "匿名"}, {"name": "无名氏", "phone": None}, {"phone": None}):
            refused = await somebody.post(there, json={**OBJECTION, **changed})
            problem = refused.json()
            assert "青科发外〔2021〕54号" in problem["detail"]
            slug = problem["type"].rpartition("/")[2]
            pointers = [error["pointer"] for error in problem["errors"]]
            found.append((refused.status_code, slug, pointers))
    assert found == [
        (422, "anonymous-objection", ["/name"]),
        (422, "anonymous-objection", ["/name", "/phone"]),
        (422, "anonymous-objection", ["/phone"]),
    ]
    assert (await then.entries(notice))[0][2] == 0
    async with venues.as_() as nobody:
        assert (await nobody.post(there, json=OBJECTION)).status_code == 401


async def test_an_objection_is_masked_sealed_opened_with_a_purpose_and_never_told(
    venues: Running, then: Then
) -> None:
    applicant, objector = citizen(), citizen()
    one, notice = await _opened(venues, then, applicant=applicant.subject)
    async with venues.as_(objector) as client:
        made = await client.post(f"/notices/{notice}/objections", json={**OBJECTION, "office": 2})
        assert made.status_code == 201, made.text
        assert (made.json()["name"], made.json()["phone"]) == ("多***", "138****5678")
        assert (made.json()["office"], made.json()["allowed_actions"]) == (OFFICES[1], ["withdraw"])
        there = f"/objections/{made.json()['id']}"
        again = await client.post(f"/notices/{notice}/objections", json=OBJECTION)
        assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (
            409,
            "objection-stands",
        )
    seen = {}
    for name, caller in {
        "applicant": applicant,
        "county": staff(Role.APPROVER, "630123"),
        "office": staff(Role.OFFICER, "63"),
        "observer": staff(Role.OBSERVER, "63"),
    }.items():
        async with venues.as_(caller) as client:
            asked = (
                await client.get(there),
                await client.post(f"{there}/open", json={"purpose": "核实异议"}),
                await client.get("/objections"),
                await client.get(f"/applications/{one}/objections"),
            )
            seen[name] = (*(each.status_code for each in asked), len(asked[2].json()["items"]))
            if name == "office":
                person = asked[1].json()
            if name == "applicant":
                told = asked[3].json()
    assert seen == {
        "applicant": (404, 404, 200, 200, 0),
        "county": (404, 404, 200, 200, 0),
        "office": (200, 200, 200, 200, 1),
        "observer": (404, 404, 200, 404, 0),
    }
    assert (person["name"], person["statement"]) == (OBJECTION["name"], OBJECTION["statement"])
    assert set(told[0]) == {
        *("id", "notice_id", "state", "received_at", "closed_at", "released", "outcome"),
    }
    # The database itself shows the county none of it (the second wall).
    county = staff(Role.APPROVER, "630123")
    async with venues.kit.database.transaction(county) as db:
        assert (await run(db, text("SELECT count(*) FROM objections"))).scalar_one() == 0
    async with venues.as_(OFFICER) as office:
        released = {"released": "反映开放天数不足"}
        await office.post(f"{there}/release", json=released)
    async with venues.as_(applicant) as client:
        (told,) = (await client.get(f"/applications/{one}/objections")).json()
    assert told["released"] == "反映开放天数不足"
    assert await venues.rows("SELECT fields, purpose FROM openings") == [
        (
            "objections.name objections.phone objections.address objections.statement",
            "核实异议",
        )
    ]
    # Who objects stands in no trail, fact or page.
    everywhere = await venues.scalar(
        """SELECT (SELECT json_agg(d) FROM decisions d)::text
            || (SELECT json_agg(o) FROM outbox o WHERE o.type <> 'venues.objection_answered.v1')"""
    )
    async with venues.as_() as anybody:
        everywhere += (await anybody.get(f"/notices/{notice}")).text
    assert str(objector.subject) not in everywhere
    assert OBJECTION["name"] not in everywhere


async def test_the_queries_see_no_more_than_the_wall_lets_through(
    venues: Running, then: Then
) -> None:
    objector = citizen()
    _, notice = await _opened(venues, then)
    own = await then.objected(notice, objector, datetime.now(UTC))
    seen = {}
    # In a transaction that the wall does not hold: what is left is the queries' own doing.
    async with venues.kit.database.transaction(SERVICE) as db:
        for name, caller, wanted in (
            ("objector", objector, Wanted()),
            ("stranger", citizen(), Wanted()),
            ("county", staff(Role.APPROVER, "630123"), Wanted()),
            ("office", staff(Role.OFFICER, "63"), Wanted()),
            ("office's own", staff(Role.OFFICER, "63"), Wanted(own=True)),
        ):
            rows = await objection_queries.objections(db, caller, Paging(), wanted)
            try:
                await objection_queries.objection(db, caller, own)
            except Missing:
                seen[name] = (len(rows), False)
            else:
                seen[name] = (len(rows), True)
    assert seen == {
        "objector": (1, True),
        "stranger": (0, False),
        "county": (0, False),
        "office": (1, True),
        "office's own": (0, True),
    }


async def test_the_outcome_is_told_to_who_objected(venues: Running, then: Then) -> None:
    objector = citizen()
    _, notice = await _opened(venues, then)
    objection = await then.objected(notice, objector, datetime.now(UTC))
    async with venues.as_(OFFICER) as office:
        for action, status in (("uphold", 409), ("accept", 200), ("refuse", 409), ("reject", 200)):
            answer = await office.post(f"/objections/{objection}/{action}", json=REASON)
            assert (action, answer.status_code) == (action, status)
    assert await venues.rows(
        "SELECT data ->> 'state', data ->> 'recipient', division FROM outbox"
        " WHERE type = 'venues.objection_answered.v1' ORDER BY seq"
    ) == [
        ("accepted", str(objector.subject), "63"),
        ("rejected", str(objector.subject), "63"),
    ]
    assert await venues.rows("SELECT action, reason FROM decisions ORDER BY decided_at, id") == [
        ("open_notice", None),
        ("receive_objection", None),
        ("accept_objection", REASON["reason"]),
        ("reject_objection", REASON["reason"]),
    ]


@pytest.mark.parametrize("state", list(ObjectionState))
@pytest.mark.parametrize("action", ["accept", "refuse", "uphold", "reject", "withdraw"])
def test_every_action_starts_only_from_its_states(action: str, state: ObjectionState) -> None:
    allowed = {
        "accept": {"received": "accepted"},
        "refuse": {"received": "refused"},
        "uphold": {"accepted": "upheld"},
        "reject": {"accepted": "rejected"},
        "withdraw": {"received": "withdrawn", "accepted": "withdrawn"},
    }[action]
    step = LIFECYCLE.steps[action]
    assert (step.target.value if state in step.sources else None) == allowed.get(state)


async def test_who_may_do_what_with_an_objection(venues: Running, then: Then) -> None:
    objector = citizen()
    _, notice = await _opened(venues, then)
    own = await then.objected(notice, objector, datetime.now(UTC))
    letter = await then.objected(notice, OFFICER, datetime.now(UTC), by_letter=True)
    found = {}
    for name, caller in {
        "stranger": citizen(),
        "officer": staff(Role.OFFICER, "63"),
        "approver": OFFICER,
        "objector": objector,
    }.items():
        async with venues.as_(caller) as client:
            actions = [
                (await client.get(f"/objections/{id_}")).json().get("allowed_actions")
                for id_ in (own, letter)
            ]
            taken_back = await client.post(f"/objections/{own}/withdraw", json=REASON)
            found[name] = (*actions, taken_back.status_code)
    assert found == {
        "stranger": (None, None, 404),
        "officer": ([], [], 403),
        # The office does not take back what is somebody's own; a letter is taken back through it.
        "approver": (["accept", "refuse"], ["accept", "refuse", "withdraw"], 404),
        "objector": (["withdraw"], None, 200),
    }


async def test_a_letter_is_entered_by_the_office_alone(venues: Running, then: Then) -> None:
    _, notice = await _opened(venues, then)
    letter = {**OBJECTION, "phone": None, "address": "湟源县城关镇建设路 1 号", "by_letter": True}
    found = []
    for caller in (citizen(), staff(Role.APPROVER, "630123"), staff(Role.OFFICER, "63")):
        async with venues.as_(caller) as client:
            made = await client.post(f"/notices/{notice}/objections", json=letter)
            found.append(made.status_code)
    assert found == [403, 403, 201]


async def test_what_comes_late_is_a_complaint(venues: Running, then: Then) -> None:
    _, notice = await _opened(venues, then)
    # The window ran out a moment ago, and the clock has not come by yet.
    await venues.scalar("UPDATE notice_entries SET last_on = '2026-01-05' RETURNING 1")
    async with venues.as_(citizen()) as somebody:
        late = await somebody.post(f"/notices/{notice}/objections", json=OBJECTION)
    assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (409, "objection-late")
    assert OFFICES[0] in late.json()["detail"]
    async with venues.as_(OFFICER) as office:
        assert (await office.post(f"/notices/{notice}/finish")).json()["state"] == "finished"
        assert (await office.post(f"/notices/{notice}/finish")).status_code == 200
    # The database knows it too.
    insert = """INSERT INTO objections (id, notice_id, entry_id, application_id, division_code,
            recorded_code, office, account_id, name_sealed, name_masked, phone_sealed,
            statement_sealed, state, received_at, version)
        SELECT gen_random_uuid(), notice_id, id, application_id, '63', '63', '处',
            gen_random_uuid(), 'x', '多', 'x', 'x', 'received', now(), 1
        FROM notice_entries RETURNING 1"""
    with pytest.raises(Exception, match="objections are open only while the notice is"):
        await venues.scalar(insert)


async def test_an_objection_and_the_end_of_the_window_do_not_pass_each_other(
    venues: Running, then: Then
) -> None:
    one, notice = await _opened(venues, then)
    await venues.scalar("UPDATE notice_entries SET last_on = '2026-10-12' RETURNING 1")
    # The clock of one machine says that the day is over, that of another that it is not.
    both = await asyncio.gather(
        then.turned(at(10, 13, 0)),
        then.objected(notice, citizen(), at(10, 12, 23)),
        return_exceptions=True,
    )
    state, _, count = (await then.entries(notice))[0]
    assert (state, count) in {("finished", 0), ("open", 1)}
    assert isinstance(both[1], Exception) is (state == "finished")
    assert (await then.unmet(one) == []) is (state == "finished")


async def test_sending_it_twice_is_harmless(venues: Running, then: Then) -> None:
    _, notice = await _opened(venues, then)
    asked = {**OBJECTION, "client_id": str(uuid4())}
    async with venues.as_(citizen()) as somebody:
        at_once = await asyncio.gather(
            *(somebody.post(f"/notices/{notice}/objections", json=asked) for _ in range(3))
        )
    assert sorted(each.status_code for each in at_once) == [200, 200, 201]
    assert len({each.json()["id"] for each in at_once}) == 1


async def test_a_notice_with_an_open_objection_is_neither_withdrawn_nor_finished(
    venues: Running, then: Then
) -> None:
    _, notice = await _opened(venues, then)
    await then.objected(notice, citizen(), datetime.now(UTC))
    async with venues.as_(OFFICER) as office:
        kept = [
            await office.post(f"/notices/{notice}/withdraw", json=REASON),
            await office.post(f"/notices/{notice}/finish"),
        ]
    slugs = [(each.status_code, each.json()["type"].rpartition("/")[2]) for each in kept]
    assert slugs == [(409, "objections-open")] * 2


async def test_files_are_seen_by_the_offices_and_by_who_objected(
    venues: Running, then: Then
) -> None:
    objector = citizen()
    _, notice = await _opened(venues, then)
    objection = await then.objected(notice, objector, datetime.now(UTC))
    there = f"/objections/{objection}/attachments"
    told = {
        "name": "照片.png",
        "size": len(PNG),
        "sha256": sha256(PNG).hexdigest(),
        "media_type": "image/png",
    }
    async with venues.as_(objector) as client:
        made = await client.post(there, json=told)
        assert made.status_code == 201, made.text
        file = f"/files/{made.json()['id']}"
        tus = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        assert (await client.patch(f"{file}/upload", content=PNG, headers=tus)).status_code == 204
        assert (await client.post(f"{file}/finish")).json()["state"] == "ready"
        shown = (await client.get(f"/objections/{objection}")).json()["attachments"]
    assert [(each["name"], each["ready"]) for each in shown] == [("照片.png", True)]
    found = {}
    for name, caller in (
        ("objector", objector),
        ("office", staff(Role.OFFICER, "63")),
        ("county", staff(Role.OFFICER, "630123")),
        ("stranger", citizen()),
    ):
        async with venues.as_(caller) as client:
            asked = await client.get(file), await client.post(there, json=told)
            found[name] = tuple(each.status_code for each in asked)
    assert found == {
        "objector": (200, 201),
        "office": (200, 404),
        "county": (404, 404),
        "stranger": (404, 404),
    }


async def test_whoever_leaves_takes_the_open_objection_back_and_their_name_along(
    venues: Running, then: Then
) -> None:
    objector = citizen()
    _, notice = await _opened(venues, then)
    await then.objected(notice, objector, datetime.now(UTC))
    assert objector.subject is not None
    now = datetime.now(UTC) + timedelta(minutes=1)
    subject = Subject(objector.subject, "13812345678", uuid4(), now)
    vault = venues.kit.vault
    async with venues.kit.database.transaction(SERVICE) as db:
        (copied,) = await OBJECTIONS.copy(db, vault, subject)
        assert (copied["name"], copied["statement"]) == (OBJECTION["name"], OBJECTION["statement"])
        assert await OBJECTIONS.erase(db, vault, subject) == 1
    assert await venues.rows(
        "SELECT name_masked, phone_sealed, account_id, state FROM objections"
    ) == [("已注销", None, subject.pseudonym, "withdrawn")]
    assert (await then.entries(notice))[0][2] == 0
    async with venues.kit.database.transaction(SERVICE) as db:
        assert await OBJECTIONS.erase(db, vault, subject) == 0
        assert await OBJECTIONS.copy(db, vault, subject) == []
