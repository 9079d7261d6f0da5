"""Co-hosting: invited, accepted, counted, withdrawn; and what the invited may see and do."""

from typing import Any

import httpx
from sqlalchemy import text

from services.events.activities.rules import ActivityState
from services.kit.access import SERVICE
from services.kit.db import run
from tests.events.activities.bodies import COUNTY, NEIGHBOUR, TOWNSHIP, act, brought, facts
from tests.support.apps import Running, staff

OPEN = {"draft", "submitted", "returned", "approved", "published", "ongoing"}


async def _invite(client: httpx.AsyncClient, activity_id: str, code: str) -> httpx.Response:
    return await client.post(f"/activities/{activity_id}/hosts", json={"division_code": code})


async def _told_hosts(events: Running) -> list[Any]:
    return [
        hosts
        for (hosts,) in await events.rows(
            "SELECT data->'hosts' FROM outbox WHERE data ? 'hosts' ORDER BY seq"
        )
    ]


async def test_a_co_host_counts_once_it_has_accepted(events_with_register: Running) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.DRAFT)
    path = f"/activities/{found['id']}"
    async with (
        events.as_(staff("approver", COUNTY)) as lead,
        events.as_(staff("informant", NEIGHBOUR)) as neighbour,
        events.as_(staff("informant", TOWNSHIP)) as township,
    ):
        for code in (NEIGHBOUR, TOWNSHIP, "63"):
            assert (await _invite(lead, found["id"], code)).status_code == 201
        assert (await township.post(f"{path}/hosts/{TOWNSHIP}/accept")).status_code == 200
        for action in ("submit", "approve", "publish"):
            assert (await act(lead, found["id"], action)).status_code == 200
        accepted = await neighbour.post(f"{path}/hosts/{NEIGHBOUR}/accept")
        again = await neighbour.post(f"{path}/hosts/{NEIGHBOUR}/accept")
        left = await township.delete(f"{path}/hosts/{TOWNSHIP}")
        uninvited = await lead.delete(f"{path}/hosts/63")
    assert accepted.json()["hosts"] == [COUNTY, TOWNSHIP, NEIGHBOUR]
    assert again.json()["version"] == accepted.json()["version"]
    assert (left.status_code, uninvited.status_code) == (204, 204)
    assert await _told_hosts(events) == [
        [COUNTY, TOWNSHIP],
        [COUNTY, TOWNSHIP, NEIGHBOUR],
        [COUNTY, NEIGHBOUR],
    ]
    kinds = [kind for kind, _ in await facts(events, found["id"])]
    # The invitation that nobody took was withdrawn without a word.
    assert kinds[2:] == ["activity_published", "activity_rescheduled", "activity_rescheduled"]


async def test_the_invited_see_the_draft_and_may_only_answer(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.DRAFT, safety_plan="分区")
    path = f"/activities/{found['id']}"
    async with (
        events.as_(staff("approver", COUNTY)) as lead,
        events.as_(staff("approver", NEIGHBOUR)) as neighbour,
        events.as_(staff("checker", NEIGHBOUR)) as checker,
    ):
        before = await neighbour.get(path)
        await _invite(lead, found["id"], NEIGHBOUR)
        seen = await neighbour.get(path)
        listed = await neighbour.get("/activities")
        edited = await neighbour.patch(path, json={"title": "x"}, headers={"If-Match": '"v2"'})
        submitted = await act(neighbour, found["id"], "submit")
        for_lead = await lead.post(f"{path}/hosts/{NEIGHBOUR}/accept")
        unseen = await checker.get(path)
    assert (before.status_code, seen.status_code, unseen.status_code) == (404, 200, 404)
    assert (seen.json()["allowed_actions"], seen.json()["safety_plan"]) == ([], "分区")
    assert [(host["division_code"], host["accepted_at"]) for host in seen.json()["co_hosts"]] == [
        (NEIGHBOUR, None)
    ]
    assert [item["id"] for item in listed.json()["items"]] == [found["id"]]
    assert (edited.status_code, submitted.status_code, for_lead.status_code) == (403, 403, 403)


async def test_an_invitation_is_not_public_before_it_is_accepted(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    async with (
        events.as_(staff("approver", COUNTY)) as lead,
        events.as_(staff("officer", NEIGHBOUR)) as neighbour,
        events.as_() as public,
    ):
        await _invite(lead, found["id"], NEIGHBOUR)
        invited = (await public.get(f"/activities/{found['id']}")).json()
        unlisted = (await public.get(f"/activities?division={NEIGHBOUR}")).json()
        await neighbour.post(f"/activities/{found['id']}/hosts/{NEIGHBOUR}/accept")
        accepted = (await public.get(f"/activities/{found['id']}")).json()
        listed = (await public.get(f"/activities?division={NEIGHBOUR}")).json()
    assert (invited["co_hosts"], invited["hosts"], unlisted["items"]) == ([], [COUNTY], [])
    assert [host["division_name"] for host in accepted["co_hosts"]] == ["大通回族土族自治县"]
    assert [item["id"] for item in listed["items"]] == [found["id"]]


async def test_hosts_change_until_it_is_over(events_with_register: Running) -> None:
    for state in ActivityState:
        found = await brought(events_with_register, state)
        async with events_with_register.as_(staff("approver", COUNTY)) as lead:
            answer = await _invite(lead, found["id"], NEIGHBOUR)
        assert (state, answer.status_code) == (state, 201 if state in OPEN else 409)


async def test_who_cannot_be_invited(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.DRAFT)
    async with events_with_register.as_(staff("approver", COUNTY)) as lead:
        for code, status, slug in (
            (COUNTY, 409, "already-host"),
            ("630199", 422, "broken-rule"),
            ("6301230", 422, "broken-rule"),
        ):
            answer = await _invite(lead, found["id"], code)
            said = (code, answer.status_code, answer.json()["type"])
            assert said == (code, status, f"/api/v1/problems/{slug}")


async def test_the_lead_cannot_leave_and_strangers_cannot_answer(
    events_with_register: Running,
) -> None:
    found = await brought(events_with_register, ActivityState.DRAFT)
    path = f"/activities/{found['id']}/hosts"
    async with events_with_register.as_(staff("approver", COUNTY)) as lead:
        assert (await lead.delete(f"{path}/{COUNTY}")).status_code == 404
        assert (await lead.post(f"{path}/{NEIGHBOUR}/accept")).status_code == 404


async def test_attendance_follows_the_hosts_that_hold_the_activity_now(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    path = f"/activities/{found['id']}"
    async with (
        events.as_(staff("approver", COUNTY)) as lead,
        events.as_(staff("informant", NEIGHBOUR)) as neighbour,
    ):
        await _invite(lead, found["id"], NEIGHBOUR)
        async with events.kit.database.transaction(SERVICE) as db:
            await run(db, text("UPDATE occurrences SET verified = 7"))
        assert (await neighbour.post(f"{path}/hosts/{NEIGHBOUR}/accept")).status_code == 200
        assert (await neighbour.delete(f"{path}/hosts/{NEIGHBOUR}")).status_code == 204
    told = await events.rows(
        "SELECT data->'hosts', data->'verified' FROM outbox"
        " WHERE type = 'events.attendance_changed.v1' ORDER BY seq"
    )
    assert {str(row) for row in told} == {str(([COUNTY, NEIGHBOUR], 7)), str(([COUNTY], 7))}
