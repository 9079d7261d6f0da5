"""A programme that nobody wrote code for: loaded through the API, and run to the naming."""

from datetime import UTC, datetime, timedelta

from services.kit.access import SERVICE
from services.venues.notices import clock
from tests.support.apps import Running
from tests.venues.applications.cases import (
    ADMINISTRATOR,
    CITY,
    COUNTY_STAFF,
    TOWNSHIP_STAFF,
    do,
    drafted,
    ok,
    published,
    venue,
)


async def test_an_unseen_programme_runs_to_the_naming_without_a_line_of_code(
    venues: Running,
) -> None:
    where = await venue(venues)
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(TOWNSHIP_STAFF) as township,
        venues.as_(COUNTY_STAFF) as county,
        venues.as_(CITY) as city,
    ):
        programme = await published(administrator)
        row = await drafted(township, programme, where)
        row = await do(township, row, "submit")
        assert row["number"] == f"PLATEAU-POST-{row['year']}-0001"
        row = await do(township, row, "recommend", stage="village_word")
        row = await do(county, row, "pass", stage="papers", reason="材料齐全")
        # A county's staff do not deliberate for the prefecture.
        refused = await county.post(f"/applications/{row['id']}/pass", json={"stage": "meeting"})
        assert refused.status_code == 403
        # Pressed twice, or by two: the second one means a stage that is over.
        twice = await city.post(f"/applications/{row['id']}/pass", json={"stage": "papers"})
        assert twice.status_code == 409
        row = await do(city, row, "pass", stage="meeting")
        early = await city.post(f"/applications/{row['id']}/pass", json={"stage": "notice"})
        assert [error["rule"] for error in early.json()["errors"]] == ["notice-not-opened"]
        ok(await city.post("/notices", json={"application_ids": [row["id"]]}), 201)
        async with venues.kit.database.transaction(SERVICE) as db:
            await clock.turn(db, datetime.now(UTC) + timedelta(days=20))
        row = await do(city, row, "pass", stage="notice")
        row = await do(city, row, "name", stage="naming")
        assert (row["state"], row["allowed_actions"]) == ("named", [])
        trail = ok(await city.get(f"/applications/{row['id']}/trail"))["items"]
        timeline = ok(await township.get(f"/applications/{row['id']}/timeline"))
        progress = ok(await city.get(f"/programmes/{programme}/progress"))
    steps = [(one["action"], one["acted_for"]) for one in trail]
    assert steps[:3] == [
        ("submit", "630123101"),
        ("recommend", "630123101"),
        ("pass", "630123"),
    ]
    assert {one["rule_number"] for one in trail} <= {1, None}
    assert [(run["stage_key"], run["state"]) for run in timeline["runs"]] == [
        (key, "passed") for key in ("village_word", "papers", "meeting", "notice", "naming")
    ]
    assert all("actor" not in one for one in timeline["decisions"])
    assert [(year["named"], year["under_way"]) for year in progress["years"]] == [(1, 0)]
    assert [(one["taken"], one["quota"]) for one in progress["recommendations"]] == [(1, 1)]
    told = await venues.rows(
        "SELECT type FROM outbox WHERE type LIKE 'venues.application%' ORDER BY seq"
    )
    assert told == [("venues.application_submitted.v1",), ("venues.application_decided.v1",)]
