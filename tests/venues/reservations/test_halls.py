"""Halls: two holds never overlap, and activities that name a hall are answered."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kit.access import SERVICE
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from services.venues.reservations.hall_inbox import CONSUMER
from tests.support.apps import Running, citizen, staff
from tests.venues.reservations.museum import COUNTY, Museum, museum

NINE = datetime(2030, 5, 1, 1, 0, tzinfo=UTC)


def hours(first: float, last: float) -> dict[str, str]:
    """From an hour of that morning to another, as a hold asks."""
    return {
        "starts_at": (NINE + timedelta(hours=first)).isoformat(),
        "ends_at": (NINE + timedelta(hours=last)).isoformat(),
    }


async def hall_of(place: Museum, name: str = "报告厅") -> str:
    """A hall of the museum; answers where it is."""
    async with place.running.as_(staff("officer", COUNTY)) as officer:
        made = await officer.post(f"/venues/{place.id}/halls", json={"name": name, "capacity": 80})
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


async def test_holds_that_overlap_are_refused_with_the_other_times(venues: Running) -> None:
    place = await museum(venues)
    at = await hall_of(place)
    await place.represent("docent")
    async with place.as_("docent") as docent, venues.as_(citizen()) as stranger:

        async def hold(first: float, last: float, who: Any = docent) -> Any:
            asked = hours(first, last) | {"purpose": "科普报告"}
            return await who.post(f"{at}/holds", json=asked)

        first = await hold(0, 2)
        touching = await hold(2, 3)
        over = await hold(1, 2.5)
        backwards = await hold(3, 3)
        foreign = await hold(5, 6, stranger)
        free = await docent.post(f"{at}/holds/{first.json()['id']}/release")
        twice = await docent.post(f"{at}/holds/{first.json()['id']}/release")
        instead = await hold(0.5, 2)
        listed = (await docent.get(f"{at}/holds")).json()["items"]
        hidden = await stranger.get(f"{at}/holds")
        same_name = await docent.post(f"/venues/{place.id}/halls", json={"name": "报告厅"})
    assert [each.status_code for each in (first, touching, instead)] == [201, 201, 201]
    assert (over.status_code, over.json()["type"]) == (409, "/api/v1/problems/hall-held")
    assert [error["detail"] for error in over.json()["errors"]] == [
        "2030-05-01 09:00 至 2030-05-01 11:00 已被占用",
        "2030-05-01 11:00 至 2030-05-01 12:00 已被占用",
    ]
    refused = [backwards, foreign, hidden, same_name]
    assert [each.status_code for each in refused] == [422, 403, 403, 409]
    assert free.json()["active"] is twice.json()["active"] is False
    assert [each["active"] for each in listed] == [True, True, False]


async def test_of_twenty_at_once_one_holds_the_hall(venues: Running) -> None:
    at = await hall_of(await museum(venues))

    async def hold(number: int) -> int:
        asked = hours(number / 20, 2) | {"purpose": "科普报告"}
        async with venues.as_(staff("officer", COUNTY)) as officer:
            return (await officer.post(f"{at}/holds", json=asked)).status_code

    found = Counter(await asyncio.gather(*(hold(number) for number in range(20))))
    assert found == {201: 1, 409: 19}


async def test_the_table_itself_keeps_holds_apart(venues: Running) -> None:
    at = await hall_of(await museum(venues))
    twice = """INSERT INTO hall_holds (id, hall_id, during, purpose)
        SELECT gen_random_uuid(), :hall, tstzrange(now(), now() + interval '1 hour'), '会'
        FROM generate_series(1, 2) RETURNING 1"""
    with pytest.raises(Exception, match="hall_holds_apart"):
        await venues.scalar(twice, hall=UUID(at[-36:]))


async def test_a_shut_hall_is_not_given_out(venues: Running) -> None:
    at = await hall_of(await museum(venues))
    async with venues.as_(staff("officer", COUNTY), **{"If-Match": '"v1"'}) as officer:
        shut = await officer.patch(at, json={"open": False})
        stale = await officer.patch(at, json={"name": "多功能厅"})
        asked = hours(0, 1) | {"purpose": "会议"}
        refused = await officer.post(f"{at}/holds", json=asked)
        shown = await officer.get(at)
    assert (shut.status_code, stale.status_code, refused.status_code) == (200, 412, 409)
    assert (shown.json()["open"], shown.json()["name"]) == (False, "报告厅")


async def tell(
    place: Museum, activity: UUID, kind: str, version: int, *halls: tuple[UUID, str, float]
) -> list[tuple[str, str | None]]:
    """A fact about an activity reaches the halls; answers what was told because of it.

    Each of `halls` is an occurrence, the hall's address, and the hour at which it begins.
    """
    body = {
        "places": [
            {
                "occurrence_id": occurrence,
                "venue_id": place.id,
                "hall_id": at[-36:],
                **hours(first, first + 2),
            }
            for occurrence, at, first in halls
        ]
    }
    fact = Envelope(
        id=uuid7(),
        source="events",
        type=f"events.activity_{kind}.v1",
        subject=str(activity),
        time=NINE,
        division=COUNTY,
        traceparent="",
        aggregateversion=version,
        data={},
    )
    reads = CONSUMER.handlers[fact.type]
    assert reads.handle is not None
    rows = "SELECT type, data->>'cause' FROM outbox WHERE type LIKE 'venues.hold%' ORDER BY id"
    before = len(await place.running.rows(rows))
    async with place.running.kit.database.transaction(SERVICE) as db:
        await reads.handle(db, fact, reads.body.model_validate(body))
    told = (await place.running.rows(rows))[before:]
    said = [(kind.split(".")[1].removeprefix("hold_"), cause) for kind, cause in told]
    return sorted(said, key=str)


async def test_activities_hold_the_halls_that_they_name(venues: Running) -> None:
    place = await museum(venues)
    hall, room = await hall_of(place), await hall_of(place, "教室")
    one, other = uuid7(), uuid7()
    first, second, third = uuid7(), uuid7(), uuid7()
    told = [
        await tell(place, one, "published", 1, (first, hall, 0), (second, hall, 4)),
        await tell(place, other, "published", 1, (third, hall, 1)),
        await tell(place, other, "rescheduled", 2, (third, hall, 2)),
        # Moved onto a time that is taken, by one that gives up its other times.
        await tell(place, one, "rescheduled", 3, (first, hall, 1)),
        await tell(place, one, "rescheduled", 2, (first, room, 0)),
        await tell(place, one, "rescheduled", 4, (first, room, 0)),
        await tell(place, one, "rescheduled", 5, (first, room, 0)),
        await tell(place, other, "cancelled", 3),
        await tell(place, other, "rescheduled", 4, (third, f"{uuid7()}", 0)),
    ]
    assert told == [
        [("confirmed", None), ("confirmed", None)],
        [("refused", "taken")],
        [("confirmed", None)],
        [("refused", "taken"), ("released", None), ("released", None)],
        [],
        [("confirmed", None)],
        [],
        [("released", None)],
        [("refused", "unknown")],
    ]
    held = "SELECT occurrence_id FROM hall_holds WHERE active ORDER BY id"
    assert await venues.rows(held) == [(first,)]
