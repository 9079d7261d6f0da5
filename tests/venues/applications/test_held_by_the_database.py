"""What the database itself holds: places of a channel, one application a year, contacts, codes."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.kit.access import SERVICE
from services.kit.holdings import Subject, copy_all, erase_all
from services.kit.ids import uuid7
from services.kit.recoding import announce
from services.venues.applications.clocks import settle
from services.venues.applications.holding import APPLICATIONS
from tests.support import certification
from tests.support.apps import Running, citizen
from tests.venues.applications.cases import (
    ADMINISTRATOR,
    CITY,
    DEFINITION,
    TOWNSHIP_STAFF,
    do,
    drafted,
    ok,
    published,
    represent,
    slug,
    venue,
)


async def test_a_channel_gives_no_more_places_than_it_has_however_many_ask_at_once(
    venues: Running,
) -> None:
    channels = [{"key": "township", "title": {"zh-CN": "乡镇"}, "quota": 2}]
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(TOWNSHIP_STAFF) as township,
        venues.as_(CITY) as city,
    ):
        programme = await published(administrator, channels=channels)
        rows = []
        for number in range(5):
            row = await drafted(township, programme, await venue(venues, f"第{number}馆"))
            rows.append(await do(township, row, "submit"))
        assert len({row["number"] for row in rows}) == 5
        given = {"stage": "village_word"}
        answers = await asyncio.gather(
            *(township.post(f"/applications/{row['id']}/recommend", json=given) for row in rows)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409]
        full = next(answer for answer in answers if answer.status_code == 409)
        assert slug(full) == (409, "channel-full")
        lucky = next(answer.json() for answer in answers if answer.status_code == 200)
        # What is withdrawn is free again, once.
        await do(township, lucky, "withdraw", reason="来年再报")
        left = next(
            row for row, answer in zip(rows, answers, strict=True) if answer.status_code == 409
        )
        await do(township, left, "recommend", stage="village_word")
        places = ok(await city.get(f"/programmes/{programme}/progress"))["recommendations"]
    assert [(one["office_code"], one["taken"], one["quota"]) for one in places] == [
        ("630123101", 2, 2)
    ]


async def test_a_venue_has_one_application_a_year_whoever_drafts_at_once(venues: Running) -> None:
    where, people = await venue(venues), [citizen() for _ in range(4)]
    for person in people:
        await represent(venues, where, person.subject)
    async with venues.as_(ADMINISTRATOR) as administrator:
        programme = await published(administrator)
    given = {"programme_id": programme, "venue_id": where}
    clients = [venues.as_(person) for person in people]
    answers = await asyncio.gather(
        *(client.post("/applications", json=given) for client in clients)
    )
    assert sorted(slug(one) if one.status_code != 201 else (201, "") for one in answers) == [
        (201, ""),
        *[(409, "already-running")] * 3,
    ]
    row = next(one.json() for one in answers if one.status_code == 201)
    at = [one.status_code for one in answers].index(201)
    await do(clients[at], row, "withdraw")
    again = await clients[at].post("/applications", json=given)
    assert again.status_code == 201
    for client in clients:
        await client.aclose()


@pytest.mark.parametrize("calendar", [True, False])
async def test_a_clock_without_a_calendar_stays_open_is_listed_and_settled_when_it_is_known(
    venues: Running, calendar: bool
) -> None:
    stages = [{**stage, "working_days": 5} for stage in DEFINITION["stages"]]
    where = await venue(venues)
    async with venues.as_(ADMINISTRATOR) as administrator, venues.as_(TOWNSHIP_STAFF) as township:
        programme = await published(administrator, stages=stages)
        row = await do(township, await drafted(township, programme, where), "submit")
        assert (row["stage"]["due_open"], row["stage"]["overdue"]) == (False, False)
        # As it was entered in a year that no calendar knows, or that has become known since.
        year = 2026 if calendar else 2098
        await venues.scalar(
            """UPDATE stage_runs SET due_on = NULL, due_open = true,
                opened_at = CAST(CAST(:day AS text) AS timestamptz) RETURNING 1""",
            day=f"{year}-09-30 10:00+08",
        )
        waiting = ok(await township.get("/applications?clock_open=true"))["items"]
        assert [one["stage"]["due_open"] for one in waiting] == [True]
        async with venues.kit.database.transaction(SERVICE) as db:
            assert await settle(db) == int(calendar)
        stage = ok(await township.get(f"/applications/{row['id']}"))["stage"]
        late = ok(await township.get("/applications?overdue=true"))["items"]
    # 30 September, 8, 9, 10 (a make-up day) and 12 October.
    assert (stage["due_on"], stage["due_open"]) == (
        ("2026-10-12", False) if calendar else (None, True)
    )
    assert (stage["overdue"], len(late)) == (calendar, int(calendar))


async def test_a_period_of_creation_is_not_cut_short(venues: Running) -> None:
    first = {**DEFINITION["stages"][1], "at_least_months": 12, "key": "creation"}
    stages = [first, *DEFINITION["stages"][2:]]
    async with venues.as_(ADMINISTRATOR) as administrator, venues.as_(CITY) as city:
        programme = await published(
            administrator, stages=stages, safeguards=["notice"], channels=[]
        )
        row = await drafted(city, programme, await venue(venues), channel=None)
        row = await do(city, row, "submit")
        at = f"/applications/{row['id']}/pass"
        # The day a year later is its last one (民法典 202), not the first after it.
        await venues.scalar(
            "UPDATE stage_runs SET opened_at = now() - interval '365 days' RETURNING 1"
        )
        early = await city.post(at, json={"stage": "creation"})
        assert [one["rule"] for one in early.json()["errors"]] == ["stage-lasts-until"]
        await venues.scalar(
            "UPDATE stage_runs SET opened_at = now() - interval '370 days' RETURNING 1"
        )
        assert ok(await city.post(at, json={"stage": "creation"}))["stage"]["key"] == "meeting"


async def test_what_is_held_of_an_applicant_is_copied_and_erased(venues: Running) -> None:
    person, where = citizen(), await venue(venues)
    await represent(venues, where, person.subject)
    async with venues.as_(ADMINISTRATOR) as administrator, venues.as_(person) as client:
        row = await drafted(client, await published(administrator), where)
    assert person.subject is not None
    subject = Subject(person.subject, "13900007001", uuid7(), datetime.now(UTC))
    async with venues.kit.database.transaction(SERVICE) as db:
        held = (await copy_all(db, venues.kit.vault, (APPLICATIONS,), subject))["applications"]
        done = [await erase_all(db, venues.kit.vault, (APPLICATIONS,), subject) for _ in range(2)]
    assert [(str(one["id"]) == row["id"], one.get("name")) for one in held] == [
        (True, None),
        (False, "多杰才让"),
    ]
    assert done == [{"applications": 2}, {"applications": 0}]
    assert await venues.rows("SELECT applicant FROM applications") == [(subject.pseudonym,)]
    assert await venues.scalar("SELECT count(*) FROM application_contacts") == 0


async def test_an_application_of_a_division_follows_it_when_its_code_changes(
    venues: Running,
) -> None:
    stages = [{**stage, "tier": "prefecture"} for stage in DEFINITION["stages"]]
    async with venues.as_(ADMINISTRATOR) as administrator, venues.as_(CITY) as city:
        programme = await published(
            administrator, subject="division", subject_levels=["county"], stages=stages
        )
        given = {"programme_id": programme, "subject_code": "630122", "host_name": "湟中县政府"}
        row = ok(await city.post("/applications", json=given), 201)
        async with venues.kit.database.transaction(SERVICE) as db:
            await announce(db, {"630122": "630106"}, active=True)
        await venues.scalar("UPDATE applications SET division_code = division_code RETURNING 1")
        now = ok(await city.get(f"/applications/{row['id']}"))
        ids = [one["id"] for one in ok(await city.get("/applications?division=630106"))["items"]]
    assert (now["division_code"], now["subject_code"], ids) == ("630106", "630106", [row["id"]])


async def test_no_application_goes_on_without_a_word_why(venues: Running) -> None:
    rule = await certification.programme(venues)
    row = await certification.application(venues, rule, "eligibility")
    insert = """INSERT INTO decisions (id, application_id, action, actor, reason, grounds)
        VALUES (gen_random_uuid(), :id, :action, :id, :reason, CAST(:grounds AS jsonb))
        RETURNING 1"""
    for action in ("recommend", "pass", "name", "send_back", "extend", "refuse"):
        with pytest.raises(Exception, match="decisions_why"):
            await venues.scalar(insert, id=row, action=action, reason=None, grounds="[]")
    grounds = '[{"rule": "found-eligibility", "values": {}}]'
    assert await venues.scalar(insert, id=row, action="pass", reason=None, grounds=grounds) == 1
    assert await venues.scalar(insert, id=row, action="refuse", reason="不符", grounds="[]") == 1
