"""Umbrellas: who stands under one, that it counts nothing twice, and what its end does to them."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.events.activities import umbrella_actions
from services.events.activities.rules import ActivityState
from services.events.activities.umbrella_rules import Membership
from services.events.reporting.consumer import CONSUMER
from services.kit.access import SERVICE, Caller
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import apply
from tests.events.activities.bodies import (
    COUNTY,
    NEIGHBOUR,
    TOWNSHIP,
    act,
    activity,
    brought,
    drafted,
    facts,
)
from tests.support.apps import Running, staff
from tests.support.queries import counted

PROVINCE = staff("approver", "63")


async def umbrella(
    events: Running, state: ActivityState = ActivityState.PUBLISHED, **over: Any
) -> str:
    """An umbrella of the province without occurrences of its own."""
    over = {"division_code": "63", "occurrences": [], **over}
    found = await brought_by(events, PROVINCE, state, is_umbrella=True, **over)
    return str(found["id"])


async def brought_by(
    events: Running, caller: Caller, state: ActivityState, **over: Any
) -> dict[str, Any]:
    """As `brought`, drafted by somebody else than the county's approver."""
    from tests.support.activities import write_state

    async with events.as_(caller) as client:
        found = await drafted(client, **over)
        if state is not ActivityState.DRAFT:
            await write_state(events, found["id"], state)
        return dict((await client.get(f"/activities/{found['id']}")).json())


async def attach(client: httpx.AsyncClient, child: str, above: str) -> httpx.Response:
    return await client.post(f"/activities/{child}/attach", json={"umbrella_id": above})


def slug(answer: httpx.Response) -> tuple[int, str | None]:
    if answer.is_success:
        return answer.status_code, None
    body = answer.json()
    errors = body.get("errors")
    return answer.status_code, errors[0]["rule"] if errors else body["type"].rpartition("/")[2]


async def test_a_child_is_attached_found_moved_and_detached(events_with_register: Running) -> None:
    events = events_with_register
    above, other = await umbrella(events), await umbrella(events)
    async with events.as_(staff("informant", COUNTY)) as informant, events.as_() as public:
        child = await drafted(informant)
        first = await attach(informant, child["id"], above)
        again = await attach(informant, child["id"], above)
        seen = (await informant.get("/activities", params={"umbrella": above})).json()["items"]
        hidden = (await public.get("/activities", params={"umbrella": above})).json()["items"]
        moved = await attach(informant, child["id"], other)
        gone = await informant.post(f"/activities/{child['id']}/detach")
        twice = await informant.post(f"/activities/{child['id']}/detach")
    assert (child["umbrella_id"], child["umbrella_actions"]) == (None, ["attach"])
    assert (first.json()["umbrella_id"], first.json()["umbrella_actions"]) == (
        above,
        ["attach", "detach"],
    )
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"])
    assert ([item["id"] for item in seen], hidden) == ([child["id"]], [])
    assert moved.json()["umbrella_id"] == other
    assert (gone.json()["umbrella_id"], gone.json()["umbrella_actions"]) == (None, ["attach"])
    assert slug(twice) == (409, "wrong-state")
    assert {state.value for state in Membership} == {"alone", "under"}


async def test_whom_nobody_stands_under(events_with_register: Running) -> None:
    events = events_with_register
    plain = await brought(events, ActivityState.PUBLISHED)
    draft_above = await umbrella(events, ActivityState.DRAFT)
    neighbour = await umbrella(events, division_code=NEIGHBOUR)
    below = await umbrella(events, division_code=TOWNSHIP)
    over = await umbrella(events, ActivityState.ARCHIVED)
    off = await umbrella(events, ActivityState.CANCELLED)
    fine = await umbrella(events)
    async with events.as_(staff("officer", COUNTY)) as officer:
        child = (await drafted(officer))["id"]
        an_umbrella = (await drafted(officer, is_umbrella=True))["id"]
        outcome = {
            "plain": slug(await attach(officer, child, plain["id"])),
            "unknown": slug(await attach(officer, child, str(uuid4()))),
            "unseen": slug(await attach(officer, child, draft_above)),
            "beside": slug(await attach(officer, child, neighbour)),
            "below": slug(await attach(officer, child, below)),
            "over": slug(await attach(officer, child, over)),
            "off": slug(await attach(officer, child, off)),
            "two levels": slug(await attach(officer, an_umbrella, fine)),
            "itself": slug(await attach(officer, an_umbrella, an_umbrella)),
        }
    assert outcome == {
        "plain": (422, "no-umbrella"),
        "unknown": (422, "no-umbrella"),
        "unseen": (422, "no-umbrella"),
        "beside": (422, "umbrella-not-above"),
        "below": (422, "umbrella-not-above"),
        "over": (409, "umbrella-over"),
        "off": (409, "umbrella-over"),
        "two levels": (409, "under-an-umbrella"),
        "itself": (409, "under-an-umbrella"),
    }


async def test_who_attaches_and_who_takes_out(events_with_register: Running) -> None:
    events = events_with_register
    above = await umbrella(events)
    draft = (await brought(events, ActivityState.DRAFT))["id"]
    public = (await brought(events, ActivityState.PUBLISHED))["id"]
    still = (await brought(events, ActivityState.SUBMITTED))["id"]
    outcome = {}
    for name, caller in {
        "neighbour": staff("approver", NEIGHBOUR),
        "observer": staff("observer", COUNTY),
        "officer": staff("officer", COUNTY),
        "approver": staff("approver", COUNTY),
        "province": PROVINCE,
    }.items():
        async with events.as_(caller) as someone:
            outcome[name] = [
                (await attach(someone, child, above)).status_code
                for child in (draft, public, still)
            ]
    async with events.as_(PROVINCE) as owner:
        taken_out = await owner.post(f"/activities/{public}/detach")
    assert outcome == {
        "neighbour": [404, 403, 404],
        "observer": [403, 403, 403],
        "officer": [200, 403, 409],
        "approver": [200, 200, 409],
        "province": [200, 200, 409],
    }
    assert taken_out.json()["umbrella_id"] is None


async def test_an_umbrella_with_children_stays_one(events_with_register: Running) -> None:
    events = events_with_register
    above = await umbrella(events, ActivityState.DRAFT)
    async with events.as_(PROVINCE) as owner:
        child = (await drafted(owner))["id"]
        assert (await attach(owner, child, above)).status_code == 200
        match = {"If-Match": '"v1"'}
        path = f"/activities/{above}"
        undone = await owner.patch(path, json={"is_umbrella": False}, headers=match)
        deleted = await owner.delete(path)
        child_too = await owner.patch(
            f"/activities/{child}", json={"is_umbrella": True}, headers={"If-Match": '"v2"'}
        )
        await owner.post(f"/activities/{child}/detach")
        after = await owner.patch(path, json={"is_umbrella": False}, headers=match)
    assert [slug(answer) for answer in (undone, deleted, child_too, after)] == [
        (409, "umbrella-has-children"),
        (409, "umbrella-has-children"),
        (409, "under-an-umbrella"),
        (200, None),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE activities SET umbrella_id = id WHERE is_umbrella",
        "UPDATE activities SET umbrella_id = (SELECT id FROM activities WHERE NOT is_umbrella"
        " LIMIT 1)",
    ],
)
async def test_the_database_knows_one_level_and_no_circle(
    events_with_register: Running, wrong: str
) -> None:
    events = events_with_register
    await umbrella(events)
    await brought(events, ActivityState.DRAFT)
    with pytest.raises(IntegrityError):
        async with events.kit.database.transaction(SERVICE) as db:
            await run(db, text(wrong))


async def _figures(events: Running) -> dict[str, Any]:
    async with events.kit.database.transaction(SERVICE) as db:
        told = (await run(db, text("SELECT * FROM outbox ORDER BY seq"))).mappings().all()
        await apply(
            db,
            CONSUMER,
            [
                Envelope(
                    source="/events",
                    aggregateversion=row["version"],
                    **{
                        name: row[name]
                        for name in ("id", "type", "subject", "time", "division", "traceparent")
                    },
                    data=row["data"],
                )
                for row in told
            ],
        )
    async with events.as_() as public:
        path = "/reports/rollup?division=63&from=2026-01-01&to=2035-12-31"
        rollup = (await public.get(path)).json()
        listed = (await public.get("/activities?division=63&limit=100")).json()["items"]
    return {
        "at the province": rollup["figures"]["activities"],
        "in its prefectures": [
            child["figures"]["activities"]
            for child in rollup["children"]
            if child["figures"]["activities"]
        ],
        "listed with an occurrence": len([item for item in listed if item["occurrence_count"]]),
    }


async def test_an_umbrella_is_counted_by_its_own_occurrences_only(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(PROVINCE) as owner:
        heading = await drafted(owner, division_code="63", is_umbrella=True, occurrences=[])
        for action in ("submit", "approve", "publish"):
            assert (await act(owner, heading["id"], action)).status_code == 200
        for division in (COUNTY, TOWNSHIP):
            child = await drafted(owner, division_code=division)
            assert (await attach(owner, child["id"], heading["id"])).status_code == 200
            for action in ("submit", "approve", "publish"):
                assert (await act(owner, child["id"], action)).status_code == 200
        without = await _figures(events)
        opening = activity()["occurrences"][0]
        added = await owner.post(f"/activities/{heading['id']}/occurrences", json=opening)
        assert added.status_code == 201
        within = await _figures(events)
        await owner.post(f"/occurrences/{added.json()['id']}/cancel", json={"reason": "大风"})
        after = await _figures(events)
        completed = await act(owner, heading["id"], "complete")
    assert without == {
        "at the province": 2,
        "in its prefectures": [2],
        "listed with an occurrence": 2,
    }
    assert within == {
        "at the province": 3,
        "in its prefectures": [2],
        "listed with an occurrence": 3,
    }
    assert (after, completed.status_code) == (without, 200)


async def test_calling_off_an_umbrella_says_what_becomes_of_its_children(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_with_register
    outcome: dict[str, Any] = {}
    for children in (None, "keep", "cancel"):
        above = await umbrella(events)
        async with events.as_(PROVINCE) as owner:
            states = ("draft", "approved", "published", "completed")
            under = [(await brought(events, ActivityState(state)))["id"] for state in states]
            async with events.kit.database.transaction(SERVICE) as db:
                await run(
                    db,
                    text("UPDATE activities SET umbrella_id = :above WHERE id = ANY(:ids)"),
                    {"above": above, "ids": under},
                )
            body = {"reason": "大雪封路"} | ({"children": children} if children else {})
            monkeypatch.setattr(umbrella_actions, "MOST_CANCELLED", 1)
            too_many = await owner.post(f"/activities/{above}/cancel", json=body)
            monkeypatch.setattr(umbrella_actions, "MOST_CANCELLED", 2)
            answer = too_many
            if children != "keep":
                answer = await owner.post(f"/activities/{above}/cancel", json=body)
            shown = [(await owner.get(f"/activities/{one}")).json() for one in (above, *under)]
        outcome[children or "nothing"] = (
            slug(too_many),
            slug(answer),
            [one["state"] for one in shown],
            shown[3]["cancel_reason"],
        )
        if children == "cancel":
            assert await facts(events, under[2]) == [("activity_cancelled", 5)]
    assert outcome == {
        "nothing": (
            (422, "say-what-of-them"),
            (422, "say-what-of-them"),
            ["published", *states],
            None,
        ),
        "keep": ((200, None), (200, None), ["cancelled", *states], None),
        "cancel": (
            (409, "too-many-children"),
            (200, None),
            ["cancelled", "draft", "cancelled", "cancelled", "completed"],
            "大雪封路",
        ),
    }


@pytest.mark.parametrize("turn", range(3))
async def test_whoever_joins_while_it_is_called_off_is_called_off_too_or_refused(
    events_with_register: Running, turn: int
) -> None:
    events = events_with_register
    above = await umbrella(events)
    children = [(await brought(events, ActivityState.PUBLISHED))["id"] for _ in range(6)]

    async def join(child: str) -> int:
        async with events.as_(staff("approver", COUNTY)) as approver:
            return (await attach(approver, child, above)).status_code

    async def call_off() -> int:
        await asyncio.sleep(0.01 * turn)
        async with events.as_(PROVINCE) as owner:
            body = {"reason": "大雪封路", "children": "cancel"}
            return (await owner.post(f"/activities/{above}/cancel", json=body)).status_code

    cancelled, *joined = await asyncio.gather(call_off(), *map(join, children))
    assert cancelled == 200
    assert set(joined) <= {200, 409}
    assert (
        await events.scalar(
            "SELECT count(*) FROM activities WHERE umbrella_id = :above AND state <> 'cancelled'",
            above=above,
        )
        == 0
    )


async def test_children_cost_the_same_however_many(events_with_register: Running) -> None:
    events = events_with_register
    above = await umbrella(events)
    costs = []
    async with events.as_(PROVINCE) as owner:
        for _ in range(3):
            child = (await brought(events, ActivityState.PUBLISHED))["id"]
            await attach(owner, child, above)
            async with counted(events) as statements:
                await owner.get("/activities", params={"umbrella": above})
            costs.append(len(statements))
    assert costs == [3, 3, 3]
