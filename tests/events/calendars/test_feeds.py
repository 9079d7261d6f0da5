"""Feeds over HTTP: what is in them, when they change, and what a changed life does to an entry."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import text

from services.events.activities.rules import SHANGHAI, ActivityState
from services.events.calendars import queries
from services.events.calendars.rules import MARKS
from services.kit.access import SERVICE
from services.kit.db import run
from tests.events.activities.bodies import (
    COUNTY,
    NEIGHBOUR,
    START,
    TOWNSHIP,
    act,
    brought,
    occurrence,
)
from tests.support.activities import published_activity
from tests.support.apps import Running, staff
from tests.support.queries import counted

LATER = {
    "starts_at": (START + timedelta(days=3)).isoformat(),
    "ends_at": (START + timedelta(days=3, hours=3)).isoformat(),
}


async def feed(events: Running, path: str, **headers: str) -> httpx.Response:
    async with events.as_(None, **headers) as anybody:
        return await anybody.get(f"/calendars/{path}.ics")


def entries(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found = Calendar.from_ical(answer.content).walk("VEVENT")
    return {str(event["UID"]): event for event in found}


async def _age(events: Running) -> None:
    """An hour passes."""
    async with events.kit.database.transaction(SERVICE) as db:
        for table in ("activities", "occurrences"):
            await run(db, text(f"UPDATE {table} SET changed_at = changed_at - INTERVAL '1 hour'"))
        await run(db, text("UPDATE activities SET published_at = published_at - INTERVAL '1 hour'"))


async def test_an_entry_keeps_its_uid_and_counts_its_changes(events_with_register: Running) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    one = found["occurrences"][0]["id"]
    seen = []

    async def look() -> None:
        (event,) = entries(await feed(events, f"divisions/{COUNTY}")).values()
        seen.append((str(event["UID"]) == one, int(event["SEQUENCE"]), str(event["STATUS"])))
        starts.append(event["DTSTART"].dt)
        stamps.append(event["DTSTAMP"].dt)
        await _age(events)

    starts: list[datetime] = []
    stamps: list[datetime] = []
    await look()
    async with events.as_(staff("approver", COUNTY)) as approver:
        await approver.post(f"/occurrences/{one}/postpone")
        await look()
        await approver.post(f"/occurrences/{one}/reschedule", json=LATER)
        await look()
        await act(approver, found["id"], "cancel")
        await look()
    assert seen == [
        (True, 0, "CONFIRMED"),
        (True, 1, "TENTATIVE"),
        (True, 2, "CONFIRMED"),
        (True, 3, "CANCELLED"),
    ]
    moved = datetime.fromisoformat(LATER["starts_at"])
    assert starts == [START, START, moved, moved]
    assert {start.tzinfo for start in starts} == {SHANGHAI}
    # Each look ages what it saw by an hour, so an unchanged entry would have gone back by one.
    assert all(later >= stamp for stamp, later in pairwise(stamps))


async def test_nothing_changed_is_304_and_a_title_or_a_person_at_the_door_is_told_apart(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    path = f"activities/{found['id']}"
    await _age(events)
    first = await feed(events, path)
    tag = first.headers["etag"]
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE occurrences SET verified = 3, version = version + 1"))
    same = await feed(events, path, **{"If-None-Match": f'"x", W/{tag}'})
    async with events.as_(staff("approver", COUNTY)) as approver:
        match = {"If-Match": f'"v{found["version"]}"'}
        await approver.patch(f"/activities/{found['id']}", json={"title": "候鸟"}, headers=match)
    changed = await feed(events, path, **{"If-None-Match": tag})
    assert (first.headers["content-type"], first.headers["cache-control"]) == (
        "text/calendar; charset=utf-8",
        "public, max-age=300",
    )
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
    before, after = (next(iter(entries(answer).values())) for answer in (first, changed))
    assert after["LAST-MODIFIED"].dt > before["LAST-MODIFIED"].dt
    assert (str(after["SUMMARY"]), int(after["SEQUENCE"])) == ("候鸟", 0)


async def test_only_what_is_public_is_in_a_feed(events_with_register: Running) -> None:
    events = events_with_register
    campaign = await events.scalar("SELECT id FROM campaigns LIMIT 1")
    uids, alone = {}, {}
    for state in ActivityState:
        found = await brought(events, state, campaign_id=str(campaign))
        uids[found["occurrences"][0]["id"]] = state.value
        answer = await feed(events, f"activities/{found['id']}")
        alone[state.value] = len(entries(answer)) if answer.is_success else answer.status_code
    public = {"published", "ongoing", "completed", "archived", "cancelled"}
    assert alone == {state.value: 1 if state in public else 404 for state in ActivityState}
    for path in (f"divisions/{COUNTY}", f"campaigns/{campaign}"):
        assert {uids[uid] for uid in entries(await feed(events, path))} == public


async def test_a_division_has_what_takes_place_at_or_below_it_within_the_bounds(
    events_with_register: Running,
) -> None:
    events = events_with_register
    now = datetime.now(SHANGHAI)

    async def at(division: str, days: float, **over: Any) -> str:
        start = now + timedelta(days=days)
        made = await published_activity(
            events, division, None, starts_at=start, place="广场", **over
        )
        return str(made.occurrence)

    county, township = await at(COUNTY, 1), await at(TOWNSHIP, -29)
    await at(TOWNSHIP, -32)
    await at(COUNTY, 380)
    running = await at(COUNTY, -60, ends_at=now + timedelta(days=5))
    neighbour = await at(NEIGHBOUR, 1)
    read = {
        code: set(entries(await feed(events, f"divisions/{code}")))
        for code in ("63", "6301", COUNTY, TOWNSHIP, NEIGHBOUR)
    }
    assert read == {
        "63": {county, township, running, neighbour},
        "6301": {county, township, running, neighbour},
        COUNTY: {county, township, running},
        TOWNSHIP: {township},
        NEIGHBOUR: {neighbour},
    }
    statuses = [
        (await feed(events, path)).status_code
        for path in ("divisions/630199", f"campaigns/{uuid4()}", f"activities/{uuid4()}")
    ]
    assert statuses == [404, 404, 404]
    assert (await feed(events, "divisions/xx")).status_code == 422


async def test_the_latest_and_the_next_are_kept_when_there_is_too_much(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_with_register
    days = [*range(-6, 0), *range(1, 8)]
    found = await brought(
        events,
        ActivityState.PUBLISHED,
        occurrences=[occurrence(day - 10, place=f"第{day}天") for day in days],
    )
    monkeypatch.setattr(queries, "MOST_BEFORE", 2)
    monkeypatch.setattr(queries, "MOST_COMING", 3)
    queries._statement.cache_clear()
    shown = entries(await feed(events, f"activities/{found['id']}"))
    queries._statement.cache_clear()
    places = [str(event["LOCATION"]).split(",")[0] for event in shown.values()]
    assert places == ["第-2天", "第-1天", "第1天", "第2天", "第3天"]


async def test_a_feed_speaks_the_readers_language_where_there_is_a_text(
    events_with_register: Running,
) -> None:
    events = events_with_register
    tibetan = {"title": "མཚོ་སྔོན་པོའི་བྱ།", "summary": ""}
    found = await brought(events, ActivityState.CANCELLED, translations={"bo": tibetan})
    path = f"activities/{found['id']}"
    shown = {}
    for language in ("bo", "en"):
        answer = await feed(events, path, **{"Accept-Language": language})
        (event,) = entries(answer).values()
        shown[language] = (
            str(event["SUMMARY"]),
            event["SUMMARY"].params["LANGUAGE"],
            answer.headers["content-language"],
        )
    assert shown == {
        "bo": ("【མེད་པར་བཟོས】 མཚོ་སྔོན་པོའི་བྱ།", "bo", "bo"),
        "en": ("【已取消】 青海湖的鸟", "zh-CN", "zh-CN"),
    }
    assert set(MARKS.values()) == {"calendar-cancelled", "calendar-postponed"}


async def test_what_was_called_off_before_it_was_public_is_not_in_the_feed(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.DRAFT, occurrences=[occurrence(), occurrence(1)])
    first, second = (one["id"] for one in found["occurrences"])
    async with events.as_(staff("approver", COUNTY)) as approver:
        await approver.post(f"/occurrences/{first}/cancel", json={"reason": "冲突"})
        for action in ("submit", "approve", "publish"):
            assert (await act(approver, found["id"], action)).status_code == 200
    assert set(entries(await feed(events, f"activities/{found['id']}"))) == {second}


async def test_a_feed_costs_two_statements_whatever_its_length(
    events_with_register: Running,
) -> None:
    events = events_with_register
    costs = []
    for _ in range(3):
        await published_activity(events, COUNTY, None, place="广场")
        async with counted(events) as statements:
            await feed(events, f"divisions/{COUNTY}")
        costs.append(len(statements))
    assert costs == [2, 2, 2]
