"""Last year's activity as this year's draft: on a day that is named, or without any."""

from datetime import datetime, timedelta

from sqlalchemy import text

from services.events.activities.rules import SHANGHAI, ActivityState
from services.kit.access import SERVICE
from services.kit.db import run
from tests.events.activities.bodies import COUNTY, START, brought, occurrence
from tests.support.apps import Running, citizen, staff


async def test_the_first_occurrence_falls_on_the_day_named_and_the_rest_keep_their_distance(
    events_with_register: Running,
) -> None:
    found = await brought(
        events_with_register,
        ActivityState.PUBLISHED,
        occurrences=[occurrence(), occurrence(7)],
    )
    day = (START.astimezone(SHANGHAI) + timedelta(days=400)).date()
    async with events_with_register.as_(staff("informant", COUNTY)) as informant:
        path = f"/activities/{found['id']}/clone"
        answer = await informant.post(path, json={"starts_on": day.isoformat()})
        bare = await informant.post(path, json={})
        both = await informant.post(path, json={"starts_on": day.isoformat(), "shift_days": 1})
    starts = [datetime.fromisoformat(one["starts_at"]) for one in answer.json()["occurrences"]]
    assert starts == [START + timedelta(days=400), START + timedelta(days=407)]
    assert (bare.status_code, bare.json()["occurrences"], bare.json()["title"]) == (
        201,
        [],
        found["title"],
    )
    assert [(error["pointer"], error["rule"]) for error in both.json()["errors"]] == [
        ("/starts_on", "shift-or-day")
    ]


async def test_what_happened_to_the_source_stays_with_it(events_with_register: Running) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED, safety_plan="分区", is_umbrella=True)
    one = found["occurrences"][0]["id"]
    async with events.as_(citizen()) as person:
        party = {"occurrence_id": one, "party": [{"name": "卓玛", "age": 30}]}
        assert (await person.post("/registrations", json=party)).status_code == 201
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE occurrences SET verified = 1, sequence = 4"))
        await run(
            db,
            text(
                "INSERT INTO attendance (occurrence_id, grade, number, recorded_by)"
                " SELECT id, 'counted', 40, gen_random_uuid() FROM occurrences"
            ),
        )
    async with events.as_(staff("officer", COUNTY)) as officer:
        clone = await officer.post(f"/activities/{found['id']}/clone", json={"shift_days": 364})
    copy = clone.json()
    assert {
        name: copy[name]
        for name in ("state", "version", "published_at", "returned", "cancel_reason", "umbrella_id")
    } == {
        "state": "draft",
        "version": 1,
        "published_at": None,
        "returned": None,
        "cancel_reason": None,
        "umbrella_id": None,
    }
    assert (copy["safety_plan"], copy["is_umbrella"]) == ("分区", True)
    (its,) = copy["occurrences"]
    assert (its["sequence"], its["places_left"], its["state"]) == (0, 30, "scheduled")
    assert await events.rows(
        "SELECT (SELECT count(*) FROM registrations WHERE occurrence_id = o.id)::int,"
        " (SELECT count(*) FROM attendance WHERE occurrence_id = o.id)::int, o.verified,"
        " a.approved_by IS NULL AND a.submitted_by IS NULL"
        " FROM occurrences o JOIN activities a ON a.id = o.activity_id WHERE a.id = :id",
        id=copy["id"],
    ) == [(0, 0, 0, True)]
