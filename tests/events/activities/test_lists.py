"""What each caller sees, by which filter, at how many queries."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.events.activities.rules import ActivityState
from services.kit.access import Caller, Kind
from tests.events.activities.bodies import (
    COUNTY,
    NEIGHBOUR,
    START,
    TOWNSHIP,
    act,
    brought,
    drafted,
    occurrence,
)
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted

PUBLIC = {"published", "ongoing", "completed", "archived", "cancelled"}

READERS: dict[str, tuple[Caller | None, bool]] = {
    "nobody": (None, False),
    "citizen": (citizen(), False),
    "observer above": (staff("observer", "63"), True),
    "observer here": (staff("observer", COUNTY), True),
    "observer below": (staff("observer", TOWNSHIP), False),
    "observer elsewhere": (staff("observer", NEIGHBOUR), False),
    "checker here": (staff("checker", COUNTY), False),
    "administrator here": (staff("administrator", COUNTY), False),
    "partner": (Caller(Kind.PARTNER, uuid4()), False),
}
"""Who reads, and whether drafts of the county are theirs to see."""


@pytest.mark.parametrize("state", list(ActivityState))
async def test_every_read_shows_the_same_to_the_same_reader(
    events_with_register: Running, state: ActivityState
) -> None:
    events = events_with_register
    found = await brought(events, state)
    one = found["occurrences"][0]["id"]
    outcome = {}
    for name, (caller, _) in READERS.items():
        async with events.as_(caller) as reader:
            outcome[name] = (
                (await reader.get(f"/activities/{found['id']}")).status_code == 200,
                (await reader.get(f"/occurrences/{one}")).status_code == 200,
                len((await reader.get("/activities")).json()["items"]) == 1,
                len((await reader.get("/occurrences")).json()["items"]) == 1,
            )
    is_on = state in {"published", "ongoing"}
    assert outcome == {
        name: (*[state in PUBLIC or sees] * 3, is_on) for name, (_, sees) in READERS.items()
    }


async def test_what_was_called_off_before_it_was_public_stays_hidden(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.APPROVED)
    async with events.as_(staff("approver", COUNTY)) as approver, events.as_() as public:
        assert (await act(approver, found["id"], "cancel")).status_code == 200
        assert (await public.get(f"/activities/{found['id']}")).status_code == 404
        assert (await public.get("/activities")).json()["items"] == []


async def test_a_foreign_draft_is_missing_and_a_foreign_public_one_forbidden(
    events_with_register: Running,
) -> None:
    events = events_with_register
    bodies: dict[str, Any] = {
        "/submit": None,
        "/approve": None,
        "/cancel": {"reason": "不办了"},
        "/clone": {"shift_days": 1},
        "/hosts": {"division_code": NEIGHBOUR},
        "/occurrences": occurrence(),
        "/repeat": {"every": "day", "count": 1},
        "/detach": None,
    }
    found = [
        (await brought(events, state))["id"]
        for state in (ActivityState.DRAFT, ActivityState.PUBLISHED)
    ]
    async with events.as_(staff("approver", NEIGHBOUR)) as stranger:
        for path, body in bodies.items():
            answers = [await stranger.post(f"/activities/{one}{path}", json=body) for one in found]
            assert (path, [answer.status_code for answer in answers]) == (path, [404, 403])
        match = {"If-Match": '"v1"'}
        answers = [
            await stranger.patch(f"/activities/{one}", json={}, headers=match) for one in found
        ]
    assert [answer.status_code for answer in answers] == [404, 403]


async def test_the_safety_plan_is_for_those_who_read_drafts(events_with_register: Running) -> None:
    events = events_with_register
    found = await brought(
        events, ActivityState.PUBLISHED, safety_plan="疏散路线", client_id=str(uuid4())
    )
    async with events.as_(citizen()) as person, events.as_(staff("observer", "63")) as observer:
        public = (await person.get(f"/activities/{found['id']}")).json()
        inside = (await observer.get(f"/activities/{found['id']}")).json()
    assert (public["safety_plan"], inside["safety_plan"]) == (None, "疏散路线")


async def test_filters_narrow_the_list(events_with_register: Running) -> None:
    events = events_with_register
    caller = staff("approver", "6301")
    async with events.as_(caller) as officer, events.as_(staff("approver", "6301")) as other:
        a = await drafted(officer, title="认识雪豹", form="exhibition", audiences=["elderly"])
        b = await drafted(
            officer,
            title="100%的湿地",
            division_code=TOWNSHIP,
            languages=["mn"],
            occurrences=[occurrence(40)],
        )
        c = await drafted(other, title="牦牛与气候", division_code=NEIGHBOUR)
        await act(officer, c["id"], "submit")
        names = {a["id"]: "a", b["id"]: "b", c["id"]: "c"}
        day = (START + timedelta(days=20)).date().isoformat()

        async def found(**params: Any) -> str:
            answer = await officer.get("/activities", params=params)
            assert answer.status_code == 200, answer.text
            return "".join(names[item["id"]] for item in answer.json()["items"])

        assert {
            "all": await found(),
            "county": await found(division="630123000000"),
            "township": await found(division=TOWNSHIP),
            "elsewhere": await found(division="6302"),
            "state": await found(state="submitted"),
            "form": await found(form="exhibition"),
            "audience": await found(audience="elderly"),
            "language": await found(language="mn"),
            "campaign": await found(campaign=str(uuid4())),
            "mine": await found(mine="true"),
            "title": await found(q="雪豹"),
            "percent": await found(q="0%"),
            "wildcard": await found(q="认%豹"),
            "from": await found(**{"from": day}),
            "to": await found(to=day),
            "both": await found(**{"from": day, "to": day}),
        } == {
            "all": "cba",
            "county": "ba",
            "township": "b",
            "elsewhere": "",
            "state": "c",
            "form": "a",
            "audience": "a",
            "language": "b",
            "campaign": "",
            "mine": "ba",
            "title": "a",
            "percent": "b",
            "wildcard": "",
            "from": "b",
            "to": "ca",
            "both": "",
        }


async def test_a_co_hosted_activity_stands_in_the_list_once(events_with_register: Running) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    async with events.as_(staff("approver", "63")) as everywhere:
        for code in (TOWNSHIP, NEIGHBOUR):
            body = {"division_code": code}
            await everywhere.post(f"/activities/{found['id']}/hosts", json=body)
            await everywhere.post(f"/activities/{found['id']}/hosts/{code}/accept")
        for code in ("63", "6301", COUNTY, TOWNSHIP, NEIGHBOUR):
            items = (await everywhere.get(f"/activities?division={code}")).json()["items"]
            assert [(code, item["id"]) for item in items] == [(code, found["id"])]


async def test_pages_follow_each_other_newest_first(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        made = [(await drafted(officer))["id"] for _ in range(5)]
        seen, cursor = [], ""
        while cursor is not None:
            page = (
                await officer.get(f"/activities?limit=2{cursor and f'&cursor={cursor}'}")
            ).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
    assert seen == made[::-1]


async def test_a_list_costs_the_same_queries_whatever_its_length(
    events_with_register: Running,
) -> None:
    events = events_with_register
    costs = []
    async with events.as_(staff("officer", COUNTY)) as officer:
        for rows in (1, 3):
            while len((await officer.get("/activities")).json()["items"]) < rows:
                await drafted(officer, occurrences=[occurrence(), occurrence(1)])
            found = (await officer.get("/activities")).json()["items"][0]["id"]
            await officer.get("/occurrences")
            for path in ("/activities", f"/activities/{found}", "/occurrences"):
                async with counted(events) as statements:
                    await officer.get(path)
                costs.append((path.count("/"), rows, len(statements)))
    assert costs == [(1, 1, 3), (2, 1, 3), (1, 1, 1), (1, 3, 3), (2, 3, 3), (1, 3, 1)]
