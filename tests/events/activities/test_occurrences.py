"""Occurrences: added, edited, postponed, rescheduled, called off; and who is told."""

from datetime import datetime, timedelta
from typing import Any

from services.events.activities.rules import ActivityState
from tests.events.activities.bodies import COUNTY, START, act, brought, drafted, facts, occurrence
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff

CHANGEABLE = {"draft", "returned", "published", "ongoing"}
LATER = {
    "starts_at": (START + timedelta(days=3)).isoformat(),
    "ends_at": (START + timedelta(days=3, hours=3)).isoformat(),
}
CALLS: dict[str, dict[str, Any] | None] = {
    "postpone": None,
    "reschedule": LATER,
    "cancel": {"reason": "大风"},
}


async def test_occurrences_change_where_the_activity_does_not_stand_still(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("approver", COUNTY)) as approver:
        for state in ActivityState:
            outcome = {}
            for verb, body in CALLS.items():
                found = await brought(events, state)
                one = found["occurrences"][0]
                changed = await approver.post(f"/occurrences/{one['id']}/{verb}", json=body)
                added = await approver.post(
                    f"/activities/{found['id']}/occurrences", json=occurrence(1)
                )
                outcome[verb] = (changed.status_code, added.status_code)
                allowed = list(CALLS) if state in CHANGEABLE else []
                assert (state, one["allowed_actions"]) == (state, allowed)
            expected = (200, 201) if state in CHANGEABLE else (409, 409)
            assert (state, outcome) == (state, dict.fromkeys(CALLS, expected))


async def test_only_who_runs_it_changes_a_public_one(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.PUBLISHED)
    path = f"/occurrences/{found['occurrences'][0]['id']}"
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        seen = (await officer.get(path)).json()
        answers = [await officer.post(f"{path}/{verb}", json=body) for verb, body in CALLS.items()]
    assert seen["allowed_actions"] == []
    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_every_change_of_a_public_one_is_told_and_numbered(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    one = found["occurrences"][0]
    seen = []
    async with events.as_(staff("approver", COUNTY)) as approver:
        for verb, body in CALLS.items():
            answer = (await approver.post(f"/occurrences/{one['id']}/{verb}", json=body)).json()
            seen.append((answer["state"], answer["sequence"], answer["version"]))
        await approver.post(f"/activities/{found['id']}/occurrences", json=occurrence(5))
    assert seen == [("postponed", 1, 2), ("scheduled", 2, 3), ("cancelled", 3, 4)]
    assert await facts(events, found["id"]) == [
        ("activity_rescheduled", 5),
        ("activity_rescheduled", 6),
        ("activity_rescheduled", 7),
        ("activity_rescheduled", 8),
    ]
    told = await events.rows(
        "SELECT data->>'day', data->'occurrences' FROM outbox"
        " WHERE type = 'events.activity_rescheduled.v1' ORDER BY seq"
    )

    def day(days: int) -> str:
        at = datetime.fromisoformat(occurrence(days)["starts_at"]) + timedelta(hours=8)
        return at.date().isoformat()

    # All of them called off: the day stays what it was, and nothing is counted.
    assert told == [(day(0), 1), (day(3), 1), (day(3), 0), (day(5), 1)]


async def test_changes_of_a_draft_tell_nobody(events_with_register: Running) -> None:
    events = events_with_register
    async with events.as_(staff("informant", COUNTY)) as informant:
        found = await drafted(informant)
        path = f"/occurrences/{found['occurrences'][0]['id']}"
        for verb, body in CALLS.items():
            assert (await informant.post(f"{path}/{verb}", json=body)).status_code == 200
    assert await facts(events, found["id"]) == []


async def test_those_registered_hear_of_a_move_and_of_the_end(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await published_activity(events, "630123101", 5, place="文化广场")
    async with (
        events.as_(citizen()) as person,
        events.as_(staff("approver", COUNTY)) as approver,
    ):
        answer = await person.post("/registrations", json=ids.party(2))
        assert answer.status_code == 201, answer.text
        for verb, body in CALLS.items():
            answer = await approver.post(f"/occurrences/{ids.occurrence}/{verb}", json=body)
            assert answer.status_code == 200, answer.text
    told = await events.rows(
        "SELECT split_part(type, '.', 2), data->>'starts_at', data->>'cause' FROM outbox"
        " WHERE type LIKE 'events.registration%' ORDER BY seq"
    )
    assert [(kind, cause) for kind, _, cause in told] == [
        ("registration_confirmed", None),
        ("registration_rescheduled", None),
        ("registration_rescheduled", None),
        ("registration_cancelled", "occurrence_cancelled"),
    ]
    assert [at and datetime.fromisoformat(at) for _, at, _ in told[1:3]] == [
        None,
        datetime.fromisoformat(LATER["starts_at"]),
    ]


async def test_those_registered_hear_that_the_activity_is_called_off(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await published_activity(events, "630123101", 5, place="文化广场")
    async with (
        events.as_(citizen()) as person,
        events.as_(staff("approver", COUNTY)) as approver,
    ):
        await person.post("/registrations", json=ids.party(2))
        answer = await act(approver, str(ids.activity), "cancel")
        assert answer.status_code == 200, answer.text
    assert await events.rows("SELECT state FROM registrations") == [("cancelled",)]
    assert await events.rows(
        "SELECT data->>'cause' FROM outbox WHERE type = 'events.registration_cancelled.v1'"
    ) == [("activity_cancelled",)]


async def test_the_end_of_registration_moves_with_the_occurrence(
    events_with_register: Running,
) -> None:
    window = {
        "registration_opens_at": (START - timedelta(days=5)).isoformat(),
        "registration_closes_at": (START - timedelta(days=1)).isoformat(),
    }
    found = await brought(
        events_with_register, ActivityState.PUBLISHED, occurrences=[occurrence(**window)]
    )
    one = found["occurrences"][0]
    async with events_with_register.as_(staff("approver", COUNTY)) as approver:
        moved = (await approver.post(f"/occurrences/{one['id']}/reschedule", json=LATER)).json()
    opens, closes = (
        datetime.fromisoformat(moved[name])
        for name in ("registration_opens_at", "registration_closes_at")
    )
    assert (opens, closes) == (START - timedelta(days=5), START + timedelta(days=2))
    assert moved["place"] == "文化广场"


async def test_a_draft_is_edited_freely_and_a_public_one_only_in_how_one_registers(
    events_with_register: Running,
) -> None:
    events = events_with_register
    moved = {"place": "县图书馆", "starts_at": (START + timedelta(hours=1)).isoformat()}
    window = {"registration_closes_at": START.isoformat(), "offer_minutes": 30}
    outcome = {}
    for state in (ActivityState.DRAFT, ActivityState.PUBLISHED):
        one = (await brought(events, state))["occurrences"][0]
        path, answers = f"/occurrences/{one['id']}", []
        async with events.as_(staff("approver", COUNTY)) as approver:
            for body in (moved, window):
                read = await approver.get(path)
                match = {"If-Match": read.headers["etag"]}
                answers.append(await approver.patch(path, json=body, headers=match))
            stale = await approver.patch(path, json=window, headers={"If-Match": '"v1"'})
        outcome[state.value] = (
            [answer.status_code for answer in answers],
            stale.status_code,
            answers[-1].json()["sequence"],
        )
    assert outcome == {"draft": ([200, 200], 412, 1), "published": ([422, 200], 412, 0)}


async def test_a_move_that_cannot_be_changes_nothing(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.PUBLISHED)
    path = f"/occurrences/{found['occurrences'][0]['id']}"
    body = {
        "starts_at": LATER["ends_at"],
        "ends_at": LATER["starts_at"],
        "latitude": 101.3,
        "longitude": 36.7,
    }
    async with events_with_register.as_(staff("approver", COUNTY)) as approver:
        before = (await approver.get(path)).json()
        refused = await approver.post(f"{path}/reschedule", json=body)
        after = (await approver.get(path)).json()
    assert [(error["pointer"], error["rule"]) for error in refused.json()["errors"]] == [
        ("/ends_at", "ends-after-start"),
        ("/longitude", "coordinates-swapped"),
    ]
    assert after == before


async def test_an_occurrence_is_taken_off_a_draft_but_not_off_what_was_public(
    events_with_register: Running,
) -> None:
    events = events_with_register
    statuses = {}
    for state in (ActivityState.DRAFT, ActivityState.PUBLISHED):
        found = await brought(events, state, occurrences=[occurrence(), occurrence(1)])
        path = f"/occurrences/{found['occurrences'][0]['id']}"
        async with events.as_(staff("approver", COUNTY)) as approver:
            statuses[state.value] = (await approver.delete(path)).status_code
            left = (await approver.get(f"/activities/{found['id']}")).json()["occurrences"]
        assert len(left) == (1 if state is ActivityState.DRAFT else 2)
    assert statuses == {"draft": 204, "published": 409}
