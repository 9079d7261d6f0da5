"""Flags for the tier above: raised by facts, dismissed with a reason, raised again by a change."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.outliers import consumer
from services.events.activities.outliers.consumer import CONSUMER, renew_norms, weigh
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import apply
from tests.events.activities.bodies import COUNTY, NEIGHBOUR, TOWNSHIP
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff, until
from tests.support.queries import counted


async def held(events: Running, division: str = COUNTY, **over: Any) -> Ids:
    """An activity of this morning, with 100 places."""
    start = datetime.now(UTC) - timedelta(hours=5)
    return await published_activity(events, division, 100, starts_at=start, place="广场", **over)


async def came(events: Running, ids: Ids, **numbers: int) -> None:
    """What staff know of it, as they record it; and its fact, taken."""
    async with events.as_(staff("officer", "63")) as officer:
        path = f"/occurrences/{ids.occurrence}/attendance"
        read = await officer.get(path)
        answer = await officer.put(path, json=numbers, headers={"If-Match": read.headers["etag"]})
        assert answer.status_code == 200, answer.text
    async with events.kit.database.transaction(SERVICE) as db:
        await weigh(db, [ids.occurrence])


async def listed(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/reports/outliers", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def dismiss(
    client: httpx.AsyncClient, outlier: dict[str, Any], **over: Any
) -> httpx.Response:
    return await client.post(
        f"/reports/outliers/{outlier['id']}/dismiss",
        json={"reason": "邻县学校一起来的", **over},
        headers={"If-Match": f'"v{outlier["version"]}"'},
    )


async def test_the_running_service_raises_a_flag_by_itself(events_with_register: Running) -> None:
    events = events_with_register
    ids = await held(events)
    async with events.as_(staff("officer", COUNTY)) as officer:
        path = f"/occurrences/{ids.occurrence}/attendance"
        tag = (await officer.get(path)).headers["etag"]
        await officer.put(path, json={"counted": 700}, headers={"If-Match": tag})
        (found,) = await until(lambda: listed(officer))
    assert {name: found[name] for name in ("rule", "number", "compared", "detail", "state")} == {
        "rule": "over_capacity",
        "number": 700,
        "compared": 100,
        "detail": "到场 700 人，名额只有 100",
        "state": "open",
    }


async def test_a_dismissed_number_stays_dismissed_until_it_changes(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await held(events)
    await came(events, ids, estimated=500)
    async with events.as_(staff("approver", "6301")) as above:
        (found,) = await listed(above)
        dismissed = await dismiss(above, found)
        await came(events, ids, estimated=500, counted=3)
        still = await listed(above)
        (kept,) = await listed(above, state="dismissed")
        await came(events, ids, estimated=900)
        (again,) = await listed(above)
        stale = await dismiss(above, found)
        await came(events, ids, estimated=100)
        gone = await listed(above), await listed(above, state="dismissed")
    assert (dismissed.status_code, dismissed.json()["state"], dismissed.json()["reason"]) == (
        200,
        "dismissed",
        "邻县学校一起来的",
    )
    assert (still, kept["id"], kept["allowed_actions"]) == ([], found["id"], ["reopen"])
    assert (again["id"], again["number"], again["reason"], again["version"]) == (
        found["id"],
        900,
        None,
        3,
    )
    assert (stale.status_code, gone) == (412, ([], []))


async def test_who_sees_and_who_judges(events_with_register: Running) -> None:
    events = events_with_register
    await came(events, await held(events), counted=500)
    await came(events, await held(events, TOWNSHIP), counted=500)
    await came(events, await held(events, "63"), counted=500)
    async with events.as_(staff("approver", "63")) as province:
        names = {item["id"]: item["division_code"] for item in await listed(province)}
        at = {item["division_code"]: item for item in await listed(province)}
    outcome = {}
    for name, caller in {
        "nobody": None,
        "citizen": citizen(),
        "checker": staff("checker", "63"),
        "neighbour": staff("approver", NEIGHBOUR),
        "township": staff("approver", TOWNSHIP),
        "county": staff("approver", COUNTY),
        "county officer": staff("officer", COUNTY),
        "prefecture": staff("approver", "6301"),
        "province": staff("approver", "63"),
    }.items():
        async with events.as_(caller) as someone:
            seen = await listed(someone)
            statuses = [
                (await dismiss(someone, at[code], reason="")).status_code
                for code in ("63", COUNTY, TOWNSHIP)
            ]
            may = {names[item["id"]] for item in seen if item["allowed_actions"]}
            outcome[name] = (sorted(names[item["id"]] for item in seen), sorted(may), statuses)
    # An empty reason is refused before anything is looked at; the rest is asked below.
    assert {tuple(statuses) for _, _, statuses in outcome.values()} == {(422, 422, 422)}
    assert {name: (seen, may) for name, (seen, may, _) in outcome.items()} == {
        "nobody": ([], []),
        "citizen": ([], []),
        "checker": ([], []),
        "neighbour": ([], []),
        "township": ([TOWNSHIP], []),
        "county": ([COUNTY, TOWNSHIP], [TOWNSHIP]),
        "county officer": ([COUNTY, TOWNSHIP], []),
        "prefecture": ([COUNTY, TOWNSHIP], [COUNTY, TOWNSHIP]),
        "province": (["63", COUNTY, TOWNSHIP], ["63", COUNTY, TOWNSHIP]),
    }
    async with (
        events.as_(staff("approver", COUNTY)) as county,
        events.as_(staff("approver", NEIGHBOUR)) as neighbour,
    ):
        own = await dismiss(county, at[COUNTY])
        below = await dismiss(county, at[TOWNSHIP])
        unseen = await dismiss(neighbour, at[TOWNSHIP])
        version = {"If-Match": f'"v{below.json()["version"]}"'}
        path = f"/reports/outliers/{at[TOWNSHIP]['id']}/reopen"
        reopened = await county.post(path, headers=version)
        twice = await county.post(path, headers={"If-Match": '"v3"'})
        narrowed = await listed(county, division=TOWNSHIP, rule="over_capacity")
    assert [answer.status_code for answer in (own, below, unseen, reopened, twice)] == [
        *(403, 200, 404, 200, 409)
    ]
    assert [item["division_code"] for item in narrowed] == [TOWNSHIP]
    assert (reopened.json()["state"], reopened.json()["reason"]) == ("open", None)


async def test_what_is_usual_is_the_median_of_form_and_tier(events_with_register: Running) -> None:
    events = events_with_register
    # Thirty lectures of the county with 40 people each, and one of a township with 30.
    for _ in range(30):
        ids = await held(events)
        await events.scalar(
            "UPDATE occurrences SET verified = 40 WHERE id = :id RETURNING 1", id=ids.occurrence
        )
    lone = await held(events, TOWNSHIP)
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("DELETE FROM headcount_norms"))
        await renew_norms(db)
    assert await events.rows(
        "SELECT form, digits, measure, occurrences, median FROM headcount_norms ORDER BY 2, 3"
    ) == [
        ("lecture", 6, "capacity", 30, 100.0),
        ("lecture", 6, "headcount", 30, 40.0),
        ("lecture", 9, "capacity", 1, 100.0),
    ]
    await came(events, ids, counted=401)
    await came(events, lone, counted=140)
    async with events.as_(staff("observer", "63")) as observer:
        found = await listed(observer)
    assert sorted((item["rule"], item["number"], item["compared"]) for item in found) == [
        ("headcount_unusual", 401, 40),
        ("over_capacity", 401, 100),
    ]


async def test_a_cancelled_occurrence_and_a_late_fact_raise_nothing(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await held(events)
    await came(events, ids, counted=700)
    (told,) = await events.rows(
        "SELECT id, type, subject, division, version, data FROM outbox"
        " WHERE type = 'events.attendance_changed.v1'"
    )
    late = Envelope(
        id=told[0],
        source="/events",
        type=told[1],
        subject=told[2],
        time=datetime.now(UTC),
        division=told[3],
        traceparent="00-" + "1" * 32 + "-" + "1" * 16 + "-01",
        aggregateversion=told[4],
        data=told[5],
    )
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE occurrences SET state = 'cancelled'"))
        await apply(db, CONSUMER, [late])
    assert await events.scalar("SELECT count(*) FROM outliers") == 0


async def test_of_two_that_weigh_at_once_the_later_number_stays(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_with_register
    ids = await held(events)
    has_read = asyncio.Event()

    async def slow(db: AsyncSession, statement: Any, values: Any = None) -> Any:
        found = await run(db, statement, values)
        if statement is consumer.NUMBERS and not has_read.is_set():
            has_read.set()
            await asyncio.sleep(0.3)
        return found

    async def turn() -> None:
        async with events.kit.database.transaction(SERVICE) as db:
            await weigh(db, [ids.occurrence, ids.activity])

    async def people(number: int) -> None:
        async with events.kit.database.transaction(SERVICE) as db:
            await run(db, text("UPDATE occurrences SET verified = :n"), {"n": number})

    monkeypatch.setattr(consumer, "run", slow)
    await people(200)
    first = asyncio.create_task(turn())
    await has_read.wait()
    await people(300)
    await turn()
    await first
    assert await events.rows("SELECT number, state FROM outliers") == [(300, "open")]


@pytest.mark.parametrize("many", [1, 3, 25])
async def test_the_list_costs_the_same_however_long(
    events_with_register: Running, many: int
) -> None:
    events = events_with_register
    found = [(await held(events)).occurrence for _ in range(many)]
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE occurrences SET verified = 500"))
        await weigh(db, found)
    async with events.as_(staff("observer", "63")) as observer, counted(events) as statements:
        first = (await observer.get("/reports/outliers")).json()
        assert len(statements) == 1
        seen = [item["id"] for item in first["items"]]
        if first["next"]:
            page = await observer.get("/reports/outliers", params={"cursor": first["next"]})
            seen += [item["id"] for item in page.json()["items"]]
    assert (len(seen), len(set(seen))) == (many, many)
