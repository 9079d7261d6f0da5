"""Drafting, handing in, being sent back: what an applicant meets."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from httpx import AsyncClient

from services.kit.workdays import day_of, working_days
from tests.support.apps import Running, citizen, staff
from tests.venues.applications.cases import (
    ADMINISTRATOR,
    CONTACT,
    COUNTY_STAFF,
    DEFINITION,
    FILLED,
    TOWNSHIP_STAFF,
    do,
    drafted,
    ok,
    published,
    represent,
    rules,
    slug,
    venue,
)


def today() -> Any:
    return day_of(datetime.now(UTC))


async def test_a_representative_drafts_once_hears_of_everything_missing_and_hands_in(
    venues: Running,
) -> None:
    dolma, where = citizen(), await venue(venues)
    await represent(venues, where, dolma.subject)
    colleague, stranger = citizen(), citizen()
    await represent(venues, where, colleague.subject)
    materials = [{"key": "form", "title": {"zh-CN": "申报表"}}]
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(dolma) as client,
        venues.as_(colleague) as other,
        venues.as_(stranger) as nobody,
        venues.as_(staff("approver", "630121")) as neighbour,
    ):
        programme = await published(administrator)
        given = {"client_id": str(uuid4()), "programme_id": programme, "venue_id": where}
        both = await asyncio.gather(*(client.post("/applications", json=given) for _ in range(3)))
        assert sorted(answer.status_code for answer in both) == [200, 200, 201]
        row = both[0].json()
        assert {answer.json()["id"] for answer in both} == {row["id"]}
        assert (row["host_name"], row["allowed_actions"]) == (
            "湟源县科普馆",
            ["submit", "withdraw"],
        )
        assert slug(await other.post("/applications", json={**given, "client_id": None})) == (
            409,
            "already-running",
        )
        at, wanted = (
            f"/applications/{row['id']}",
            [
                ("/declared/place", "condition-undeclared"),
                ("/category", "category-needed"),
                ("/channel", "channel-needed"),
                ("/contacts", "contact-needed"),
            ],
        )
        refused = await client.post(f"{at}/submit")
        assert (slug(refused), rules(refused)) == ((422, "application-incomplete"), wanted)
        missing = ok(await client.get(f"{at}/missing"))
        assert [(one["pointer"], one["rule"]) for one in missing["missing"]] == wanted
        strange = {"declared": {"moon": True}, "category": "outdoor", "channel": "friends"}
        version = {"If-Match": '"v1"'}
        refused = await client.patch(at, json=strange, headers=version)
        assert rules(refused) == [
            ("/declared/moon", "unknown-condition"),
            ("/category", "unknown-category"),
            ("/channel", "unknown-channel"),
        ]
        # A wrong check digit is remarked, and stops nobody.
        filled = {**FILLED, "host_uscc": "91350211M0000XUF46"}
        edited = ok(await client.patch(at, json=filled, headers=version))
        assert (edited["version"], edited["warnings"]) == (2, ["uscc-check-digit"])
        assert edited["contacts"] == [
            {"position": 0, "name": "多***", "phone": "139****7001", "duty": "馆长"}
        ]
        assert (await client.patch(at, json=filled, headers=version)).status_code == 412
        for outsider in (nobody, neighbour):
            assert (await outsider.get(at)).status_code == 404
            assert ok(await outsider.get("/applications"))["items"] == []
        # Another representative sees it and acts for the venue; contacts stay behind their wall.
        seen = ok(await other.get(at))
        assert (seen["contacts"], seen["allowed_actions"]) == ([], ["submit", "withdraw"])
        submitted = await do(other, row, "submit")
        # What the office still has to do is the office's.
        assert (await client.get(f"{at}/missing")).status_code == 403
        second = await published(administrator, "with_papers", materials=materials)
        papers = await drafted(client, second, where)
        missing = ok(await client.get(f"/applications/{papers['id']}/missing"))
        assert [one["pointer"] for one in missing["missing"]] == ["/files/form"]
    assert (submitted["state"], submitted["stage"]["office"]) == ("under_way", "乡镇科普站")
    told = "SELECT data->>'recipient' FROM outbox WHERE type = 'venues.application_submitted.v1'"
    assert await venues.rows(told) == [(str(dolma.subject),)]


async def listed(client: AsyncClient, clock: str) -> list[str]:
    """The applications whose clock is so."""
    found = ok(await client.get(f"/applications?{clock}=true"))["items"]
    return [one["id"] for one in found]


async def test_what_was_returned_is_supplemented_in_time_and_goes_on_where_it_was(
    venues: Running,
) -> None:
    where = await venue(venues)
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(TOWNSHIP_STAFF) as township,
        venues.as_(COUNTY_STAFF) as county,
    ):
        programme = await published(administrator)
        row = await do(township, await drafted(township, programme, where), "submit")
        row = await do(township, row, "recommend", stage="village_word")
        at = f"/applications/{row['id']}"
        # Pressed twice: the second one finds another stage.
        again = await township.post(f"{at}/recommend", json={"stage": "village_word"})
        assert slug(again) == (409, "wrong-state")
        why = {"stage": "papers", "reason": "摘要过短"}
        fields = [{"pointer": "/summary", "reason": "请写明特色"}]
        lost = [
            {"pointer": "/summary/0", "reason": "无此项"},
            *fields,
            {"pointer": "/fields", "reason": "无此项"},
        ]
        refused = await county.post(f"{at}/send_back", json={**why, "fields": lost})
        assert rules(refused) == [
            ("/fields/0/pointer", "no-such-field"),
            ("/fields/2/pointer", "no-such-field"),
        ]
        row = await do(county, row, "send_back", **why, fields=fields)
        due = working_days().due(today(), 5, False)
        assert row["returned"] == {
            **{"reason": "摘要过短", "fields": fields, "due_on": str(due)},
            **{"due_open": False, "late": False},
        }
        early = await county.post(f"{at}/refuse", json={"stage": "papers", "reason": "未补正"})
        assert slug(early) == (409, "supplement-not-late")
        # What a stage has looked at and passed stays as it was.
        version = {"If-Match": f'"v{row["version"]}"'}
        sly = {"host_name": "另一家单位", "summary": "高原湿地主题"}
        refused = await township.patch(at, json=sly, headers=version)
        assert rules(refused) == [("/host_name", "fixed-once-passed")]
        ok(await township.patch(at, json={"summary": "高原湿地主题"}, headers=version))
        await venues.scalar(
            "UPDATE stage_runs SET supplement_due_on = current_date - 2 WHERE state = 'returned' RETURNING 1"
        )
        late = await township.post(f"{at}/submit")
        assert slug(late) == (409, "supplement-late")
        waits = {"overdue": [row["id"]], "clock_open": []}
        assert {key: await listed(county, key) for key in waits} == waits
        # County staff may also withdraw it: they act for venues of their county.
        assert ok(await county.get(at))["allowed_actions"] == ["extend", "refuse", "withdraw"]
        # While nobody knows the working days of a year, its last day is open, and said to be.
        known = (
            "UPDATE stage_runs SET supplement_due_on = NULL WHERE state = 'returned' RETURNING 1"
        )
        await venues.scalar(known)
        waits = {"overdue": [], "clock_open": [row["id"]]}
        assert {key: await listed(county, key) for key in waits} == waits
        row = await do(county, row, "extend", stage="papers", reason="大雪封路", working_days=3)
        assert (row["returned"]["late"], row["returned"]["due_on"]) == (
            False,
            str(working_days().due(today(), 3, False)),
        )
        row = await do(township, row, "submit")
        # An earlier return that was late is over.
        late_once = "UPDATE stage_runs SET supplement_due_on = '2026-01-05' RETURNING 1"
        await venues.scalar(late_once)
        assert await listed(county, "overdue") == []
        runs = ok(await township.get(f"{at}/timeline"))["runs"]
        row = await do(county, row, "refuse", stage="papers", reason="仍不符合条件")
        again = {"programme_id": programme, "venue_id": where}
        banned = await township.post("/applications", json={**again, "year": today().year + 1})
        far = await township.post("/applications", json={**again, "year": today().year + 2})
    assert [(run["stage_key"], run["attempt"], run["state"]) for run in runs][:3] == [
        *(("village_word", 1, "passed"), ("papers", 1, "returned"), ("papers", 2, "open")),
    ]
    assert (row["state"], slug(banned)) == ("not_named", (409, "reapply-later"))
    assert rules(far) == [("/year", "this-year-or-next")]
    told = await venues.rows(
        "SELECT type, data->>'due_on', data->>'outcome' FROM outbox WHERE type LIKE 'venues.application%' ORDER BY seq"
    )
    assert [one[0].split(".")[1] for one in told] == [
        *("application_submitted", "application_returned", "application_returned"),
        *("application_submitted", "application_decided"),
    ]
    assert (told[1][1], told[4][2]) == (str(due), "not_named")


async def test_who_represents_a_venue_no_more_reads_on_and_acts_no_more(venues: Running) -> None:
    former, where = citizen(), await venue(venues)
    await represent(venues, where, former.subject)
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(former) as client,
        venues.as_(COUNTY_STAFF) as county,
    ):
        programme = await published(administrator)
        row = await drafted(client, programme, where)
        # Staff act for a venue where staff drafted it; this one is the venue's own.
        assert ok(await county.get(f"/applications/{row['id']}"))["allowed_actions"] == []
        answer = await county.post(f"/applications/{row['id']}/withdraw", json={})
        assert slug(answer) == (403, "not-the-applicant")
        await venues.scalar(
            "UPDATE venue_representatives SET until_on = current_date - 2 RETURNING 1"
        )
        seen = ok(await client.get(f"/applications/{row['id']}"))
        assert (seen["allowed_actions"], len(seen["contacts"])) == ([], 1)
        for path, given in (("submit", None), ("withdraw", {})):
            answer = await client.post(f"/applications/{row['id']}/{path}", json=given)
            assert answer.status_code == 403
        listed = ok(await client.get("/applications?mine=true"))["items"]
    assert [one["allowed_actions"] for one in listed] == [[]]


async def test_mine_are_those_that_i_drafted_and_those_of_venues_that_i_represent(
    venues: Running,
) -> None:
    """Staff see everything of their county, and their own when they ask for it."""
    drafter, keeper = citizen(), citizen()
    there, elsewhere = await venue(venues), await venue(venues, "塔尔寺科普馆")
    for person in (drafter, keeper):
        await represent(venues, there, person.subject)
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(drafter) as client,
        venues.as_(keeper) as colleague,
        venues.as_(COUNTY_STAFF) as county,
    ):
        programme = await published(administrator)
        theirs = await drafted(client, programme, there)
        own = await drafted(county, programme, elsewhere)
        # Who represents it no more still finds what they drafted.
        await venues.scalar(
            "UPDATE venue_representatives SET until_on = current_date - 2"
            " WHERE account_id = :id RETURNING 1",
            id=drafter.subject,
        )
        found = {}
        for name, somebody in (("drafter", client), ("keeper", colleague), ("county", county)):
            listed = [
                [one["id"] for one in ok(await somebody.get(path))["items"]]
                for path in ("/applications", "/applications?mine=true")
            ]
            found[name] = listed
    assert found == {
        "drafter": [[theirs["id"]], [theirs["id"]]],
        "keeper": [[theirs["id"]], [theirs["id"]]],
        "county": [[own["id"], theirs["id"]], [own["id"]]],
    }


async def test_contacts_are_opened_for_a_purpose_that_is_written_down(venues: Running) -> None:
    where = await venue(venues)
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(COUNTY_STAFF) as county,
        venues.as_(staff("officer", "6302")) as elsewhere,
    ):
        row = await drafted(county, await published(administrator), where)
        at = f"/applications/{row['id']}/open"
        purpose = {"purpose": "通知现场考察时间"}
        opened = ok(await county.post(at, json=purpose))
        assert (await elsewhere.post(at, json=purpose)).status_code == 404
    assert opened["contacts"] == [
        {**CONTACT, "position": 0, "phone": "13900007001"},
    ]
    assert await venues.rows("SELECT actor, subject, purpose FROM openings") == [
        (COUNTY_STAFF.subject, f"applications/{row['id']}", "通知现场考察时间")
    ]
    sealed = await venues.rows("SELECT name_sealed, phone_sealed FROM application_contacts")
    assert all(b"1390000" not in bytes(value) for value in sealed[0])


async def test_a_programme_takes_applications_in_its_window_of_its_subjects_and_its_area(
    venues: Running,
) -> None:
    near, far = await venue(venues), await venue(venues, "海东馆", "630202")
    soon = str(today() + timedelta(days=3))
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(staff("approver", "63")) as client,
    ):
        open_one = await published(administrator)
        later = await published(administrator, "later_post", opens_on=soon)
        counties = await published(
            administrator,
            "counties",
            subject="division",
            subject_levels=["county"],
            channels=[],
            stages=[{**stage, "tier": "prefecture"} for stage in DEFINITION["stages"]],
        )

        async def refused(programme: str, **given: Any) -> Any:
            answer = await client.post("/applications", json={"programme_id": programme, **given})
            return rules(answer) or slug(answer)

        assert await refused(later, venue_id=near) == (409, "programme-closed")
        assert await refused(open_one, venue_id=far) == [("/venue_id", "outside-the-programme")]
        assert await refused(open_one, subject_code="630123") == [
            ("/venue_id", "subject-is-a-venue")
        ]
        assert await refused(counties, venue_id=near) == [
            ("/subject_code", "subject-is-a-division")
        ]
        assert await refused(counties, subject_code="630123") == [("/host_name", "missing-field")]
        assert await refused(str(uuid4()), venue_id=near) == [
            ("/programme_id", "unknown-programme")
        ]
        assert await refused(open_one, venue_id=str(uuid4())) == [("/venue_id", "unknown-venue")]
        named = {"host_name": "湟源县人民政府", "programme_id": counties}
        level = await client.post("/applications", json={**named, "subject_code": "630123101"})
        assert rules(level) == [("/subject_code", "subject-level")]
        row = ok(
            await client.post("/applications", json={**named, "subject_code": "630123000000"}), 201
        )
        twice = await client.post("/applications", json={**named, "subject_code": "630123"})
    assert (row["subject_code"], slug(twice)) == ("630123", (409, "already-running"))
