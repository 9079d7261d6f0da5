"""How honours come to be: numbers without gap or double, dates, renewal, and those from elsewhere."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.kit.access import SERVICE, Role
from services.venues.honours import steps
from tests.support.apps import Running, citizen, staff
from tests.support.certification import application, programme
from tests.support.honours import NAMED_AT, NOTICED, granted, named, source

APPROVER = staff(Role.APPROVER, "63")


async def test_an_honour_has_number_dates_certificate_decision_and_fact(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    async with venues.as_() as anybody:
        read = (await anybody.get(f"/honours/{honour}")).json()
        history = (await anybody.get(f"/honours/{honour}/history")).json()["items"]
    assert [
        read[name]
        for name in ("number", "issued_on", "valid_until", "state", "level", "holder", "host_name")
    ] == [
        "青科普〔2026〕001号",
        "2026-10-13",
        "2028-10-13",
        "valid",
        "provincial",
        "湟源县科技馆",
        "湟源县科学技术协会",
    ]
    assert (read["co_issuers"], read["allowed_actions"]) == (["青海省科学技术协会"], [])
    assert [step["action"] for step in history] == ["grant"]
    assert await venues.rows("SELECT edition, holder, withdrawn_at FROM certificates") == [
        (1, "湟源县科技馆", None)
    ]
    facts = await venues.rows("SELECT type, subject, division, data FROM outbox")
    assert [(type_, subject, division) for type_, subject, division, _ in facts] == [
        ("venues.honour_granted.v1", str(honour), "630123")
    ]


async def test_with_a_creation_period_an_honour_is_provisional_until_it_is_confirmed(
    venues: Running,
) -> None:
    honour = await named(venues, await programme(venues, provisional_months=12))
    async with venues.as_(APPROVER) as approver:
        read = (await approver.get(f"/honours/{honour}")).json()
        page = (await approver.get(f"/certificates/verify/{honour}")).text
        # What is put right within the creation period is not confirmed by that.
        await approver.post(f"/honours/{honour}/suspend", json={"reason": "停业装修"})
        again = await approver.post(f"/honours/{honour}/reinstate", json={"reason": "恢复开放"})
        confirmed = await approver.post(f"/honours/{honour}/confirm", json={"reason": "创建验收"})
        await approver.post(f"/honours/{honour}/suspend", json={"reason": "停业装修"})
        last = await approver.post(f"/honours/{honour}/reinstate", json={"reason": "恢复开放"})
        history = (await approver.get(f"/honours/{honour}/history")).json()["items"]
    states = ("state", "provisional_until", "creation_over")
    assert [tuple(each[name] for name in states) for each in (read, again.json())] == [
        ("provisional", "2027-10-13", False)
    ] * 2
    assert "有效 · 创建期" in page
    assert "创建期至 2027-10-13" in page
    assert [
        (each.json()["state"], each.json()["provisional_until"]) for each in (confirmed, last)
    ] == [("valid", None)] * 2
    assert [step["changed"] for step in history if step["action"] == "confirm"] == [
        [{"pointer": "/provisional_until", "reason": "2027-10-13"}]
    ]


async def test_a_creation_period_that_nobody_confirmed_is_said_to_be_over(venues: Running) -> None:
    honour = await named(venues, await programme(venues, provisional_months=12))
    await venues.scalar("UPDATE honours SET provisional_until = '2026-10-20' RETURNING 1")
    async with venues.as_() as anybody:
        told = (await anybody.get(f"/certificates/{honour}")).json()
        page = (await anybody.get(f"/certificates/verify/{honour}")).text
    assert (told["state"], told["creation_over"]) == ("provisional", True)
    assert "创建期已于 2026-10-20 届满，尚未公布是否确认。" in page


async def test_ten_namings_at_once_have_ten_numbers_and_an_undone_one_leaves_no_gap(
    venues: Running, version: UUID
) -> None:
    made = [await application(venues, version, "naming") for _ in range(11)]
    for one in made[1:]:
        await venues.scalar(NOTICED, application=one, run=uuid4(), notice=uuid4(), entry=uuid4())
    # The first has no notice: the database undoes it, number and all.
    with pytest.raises(Exception, match="no finished notice"):
        await granted(venues, made[0], APPROVER)
    await asyncio.gather(*(granted(venues, one, APPROVER) for one in made[1:]))
    numbers = await venues.rows("SELECT number FROM honours ORDER BY number")
    assert [number for (number,) in numbers] == [
        f"青科普〔2026〕{serial:03d}号" for serial in range(1, 11)
    ]


async def test_a_number_that_stands_elsewhere_is_passed_over(
    venues: Running, version: UUID
) -> None:
    at = await venue(venues)
    async with venues.as_(APPROVER) as approver:
        given = source(venue_id=str(at), number="青科普〔2026〕001号")
        assert (await approver.post("/honours", json=given)).status_code == 201
    honour = await named(venues, version)
    assert await venues.scalar("SELECT number FROM honours WHERE id = :id", id=honour) == (
        "青科普〔2026〕002号"
    )


async def test_a_new_name_of_the_same_programme_renews_the_former(
    venues: Running, version: UUID
) -> None:
    first = await named(venues, version)
    second = await application(venues, version, "naming")
    await venues.scalar(
        """UPDATE applications SET year = 2028,
            venue_id = (SELECT venue_id FROM honours WHERE id = :first)
        WHERE id = :second RETURNING 1""",
        first=first,
        second=second,
    )
    ids = {name: uuid4() for name in ("run", "notice", "entry")}
    await venues.scalar(NOTICED, application=second, **ids)
    later = await granted(venues, second, APPROVER, NAMED_AT + timedelta(days=1))
    rows = await venues.rows("SELECT id, state, followed_by FROM honours ORDER BY issued_on")
    assert rows == [(first, "renewed", later), (later, "valid", None)]


async def venue(venues: Running, code: str = "630123") -> UUID:
    """A published venue without an honour."""
    found: UUID = await venues.scalar(
        """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
            created_by) VALUES (gen_random_uuid(), '塔尔寺镇科普馆', 'exhibition_hall', :code, :code,
            'published', 1, gen_random_uuid()) RETURNING id""",
        code=code,
    )
    return found


async def test_an_honour_named_elsewhere_is_entered_by_who_approves_venues_there(
    venues: Running,
) -> None:
    at = str(await venue(venues))
    asked = {
        role: staff(role, code)
        for role, code in ((Role.OFFICER, "63"), (Role.APPROVER, "6302"), (Role.OBSERVER, "63"))
    }
    refused = []
    for caller in (citizen(), *asked.values()):
        async with venues.as_(caller) as client:
            refused.append((await client.post("/honours", json=source(venue_id=at))).status_code)
    assert refused == [403, 403, 403, 403]
    async with venues.as_(APPROVER) as approver:
        made = await approver.post("/honours", json=source(venue_id=at))
        twice = await approver.post("/honours", json=source(venue_id=at))
        over = await approver.post(
            "/honours", json=source(venue_id=at, number=None, valid_until="2025-12-31")
        )
        faults = [
            (await approver.post("/honours", json=source(**given))).status_code
            for given in (
                {},
                {"venue_id": at, "subject_code": "630123"},
                {"subject_code": "630123"},
                {"venue_id": at, "source": "内部文件"},
                {"venue_id": at, "valid_until": "2020-01-01"},
                {"venue_id": at, "issued_on": "2990-01-01", "valid_until": None},
            )
        ]
        foreign = await approver.post("/honours", json=source(venue_id=str(uuid4())))
    assert (made.status_code, made.json()["state"]) == (201, "valid")
    assert made.headers["Location"] == f"/honours/{made.json()['id']}"
    assert (twice.status_code, twice.json()["type"]) == (409, "/api/v1/problems/number-taken")
    assert (over.status_code, over.json()["state"]) == (201, "expired")
    assert faults == [422] * 6
    assert foreign.status_code == 404


async def test_a_mistake_in_an_entered_honour_is_corrected_and_its_history_keeps_it(
    venues: Running, version: UUID
) -> None:
    at = str(await venue(venues))
    granted_here = await named(venues, version)
    async with venues.as_(APPROVER) as approver:
        made = (await approver.post("/honours", json=source(venue_id=at))).json()
        patch = {"valid_until": "2026-01-31", "reason": "原件为2021—2025年度，展期一个月"}
        stale = await approver.patch(
            f"/honours/{made['id']}", json=patch, headers={"If-Match": '"v9"'}
        )
        fixed = await approver.patch(
            f"/honours/{made['id']}", json=patch, headers={"If-Match": '"v1"'}
        )
        nothing = await approver.patch(
            f"/honours/{made['id']}", json=patch, headers={"If-Match": '"v2"'}
        )
        history = (await approver.get(f"/honours/{made['id']}/history")).json()["items"]
        not_ours = await approver.patch(
            f"/honours/{granted_here}", json=patch, headers={"If-Match": '"v1"'}
        )
    assert (stale.status_code, fixed.status_code, not_ours.status_code) == (412, 200, 409)
    assert (fixed.json()["state"], fixed.json()["version"]) == ("expired", 2)
    # Said again, it changes nothing, and nothing is recorded.
    assert (nothing.status_code, nothing.json()["version"]) == (200, 2)
    assert [step["action"] for step in history] == ["enter", "correct"]
    assert history[-1]["changed"] == [{"pointer": "/valid_until", "reason": "2027-12-31"}]


async def test_a_number_is_one_honour_s_whatever_brackets_it_is_typed_with(
    venues: Running, version: UUID
) -> None:
    await named(venues, version)  # 青科普〔2026〕001号
    at = str(await venue(venues))
    answers = []
    async with venues.as_(APPROVER) as approver:
        for number in ("青科普[2026]001号", "青科普（2026） 001号", "青科普[2026]002号"):
            given = source(venue_id=at, number=number)
            answers.append((await approver.post("/honours", json=given)).status_code)
        (other,) = (await approver.get("/honours?title=全国")).json()["items"]
        patch = {"number": "青科普【2026】001号", "reason": "更正编号"}
        changed = await approver.patch(
            f"/honours/{other['id']}", json=patch, headers={"If-Match": '"v1"'}
        )
    assert (answers, changed.status_code) == ([409, 409, 201], 409)
    # The next name leaves out what stands there already.
    await named(venues, version)
    rows = await venues.rows("SELECT number FROM honours")
    assert {number for (number,) in rows} == {
        "青科普〔2026〕001号",
        "青科普[2026]002号",
        "青科普〔2026〕003号",
    }


async def test_the_list_is_public_and_finds_by_each_filter(venues: Running, version: UUID) -> None:
    honour = str(await named(venues, version))
    at = str(await venue(venues, "630202"))
    async with venues.as_(APPROVER) as approver:
        other = (await approver.post("/honours", json=source(venue_id=at))).json()["id"]

    async def found(query: str) -> list[str]:
        async with venues.as_() as anybody:
            answer = await anybody.get(f"/honours?{query}")
            assert answer.status_code == 200, answer.text
            return sorted(item["id"] for item in answer.json()["items"])

    programme_id = await venues.scalar("SELECT programme_id FROM honours WHERE id = :id", id=honour)
    assert await found("") == sorted([honour, other])
    assert await found("division=6301") == [honour]
    assert await found("division=630202") == [other]
    assert await found(f"programme_id={programme_id}") == [honour]
    assert await found(f"venue_id={at}") == [other]
    assert await found("year=2022") == [other]
    assert await found("state=revoked") == []
    assert await found("title=科研") == [honour]
    assert await found("title=%25") == []
    async with venues.as_() as anybody:
        first = (await anybody.get("/honours?limit=1")).json()
        second = (await anybody.get(f"/honours?limit=1&cursor={first['next']}")).json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [other, honour]
    assert second["next"] is None


async def test_a_term_ends_with_its_last_day_in_shanghai(venues: Running, version: UUID) -> None:
    honour = await named(venues, version)

    async def turned(now: datetime) -> int:
        async with venues.kit.database.transaction(SERVICE) as db:
            return await steps.expire_due(db, now)

    # 2028-10-13 24:00 in Shanghai is 16:00 in Greenwich.
    assert await turned(datetime(2028, 10, 13, 15, 59, tzinfo=UTC)) == 0
    assert await turned(datetime(2028, 10, 13, 16, 0, tzinfo=UTC)) == 1
    assert await turned(datetime(2028, 10, 13, 16, 0, tzinfo=UTC)) == 0
    assert await venues.rows(
        "SELECT state, valid_until FROM honours WHERE id = :id", id=honour
    ) == [("expired", date(2028, 10, 13))]
    assert await venues.rows("SELECT type FROM outbox ORDER BY xid, seq") == [
        ("venues.honour_granted.v1",),
        ("venues.honour_expired.v1",),
    ]


async def test_a_division_that_was_named_keeps_its_honour_when_its_code_changes(
    venues: Running,
) -> None:
    async with venues.as_(APPROVER) as approver:
        given = source(subject_code="630123", title="全国科普示范县", host_name="湟源县人民政府")
        made = (await approver.post("/honours", json=given)).json()
        await venues.scalar(
            """INSERT INTO recodings (old_code, new_code, whole, active)
            VALUES ('630123', '630199', true, true) RETURNING 1"""
        )
        await venues.scalar("UPDATE honours SET division_code = division_code RETURNING 1")
        read = (await approver.get(f"/honours/{made['id']}")).json()
    assert (made["subject_code"], made["holder"]) == ("630123", "湟源县人民政府")
    assert (read["subject_code"], read["division_code"]) == ("630199", "630199")
    assert await venues.scalar("SELECT recorded_code FROM honours") == "630123"
