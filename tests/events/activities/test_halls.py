"""The hall of an occurrence: asked for when it is public, and what the venue says of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.events.activities.halls import CONSUMER
from services.events.activities.rules import ActivityState
from services.events.activities.venue_names import CONSUMER as VENUE_NAMES
from services.kit.access import SERVICE
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from tests.events.activities.bodies import COUNTY, walked
from tests.support.apps import Running, staff

TIMES = {"starts_at": "2031-09-18T01:00:00Z", "ends_at": "2031-09-18T03:00:00Z"}
LATER = {"starts_at": "2031-09-19T01:00:00Z", "ends_at": "2031-09-19T03:00:00Z"}
PLACES = """SELECT data->'places' FROM outbox WHERE data->'places' IS NOT NULL
    AND subject = :id ORDER BY version"""


async def test_a_public_occurrence_asks_for_its_hall_and_keeps_the_answer(
    events_with_register: Running,
) -> None:
    events, venue, hall = events_with_register, str(uuid4()), str(uuid4())
    where = {"venue_id": venue, "hall_id": hall}
    found = await walked(events, ActivityState.PUBLISHED, occurrences=[TIMES | where])
    (one,) = found["occurrences"]
    at = f"/occurrences/{one['id']}"

    async def said(answer: str, times: dict[str, str]) -> None:
        reads = CONSUMER.handlers[f"venues.hold_{answer}.v1"]
        body = reads.body.model_validate({"occurrence_id": one["id"], "hall_id": hall} | times)
        about: dict[str, Any] = {"id": uuid7(), "source": "venues", "subject": one["id"]}
        fact = Envelope(
            **about,
            type=f"venues.hold_{answer}.v1",
            time="2031-01-01T00:00:00Z",
            division=COUNTY,
            traceparent="",
            aggregateversion=1,
            data={},
        )
        assert reads.handle is not None
        async with events.kit.database.transaction(SERVICE) as db:
            await reads.handle(db, fact, body)

    async with events.as_(staff("approver", COUNTY)) as approver:

        async def hold() -> str | None:
            shown: str | None = (await approver.get(at)).json()["hall_hold"]
            return shown

        holds = [await hold()]
        await said("confirmed", TIMES)
        holds.append(await hold())
        moved = await approver.post(f"{at}/reschedule", json=LATER)
        assert moved.status_code == 200, moved.text
        holds.append(await hold())
        # Late news of the time that it left.
        await said("released", TIMES)
        holds.append(await hold())
        await said("refused", LATER)
        holds.append(await hold())
        await approver.post(f"{at}/postpone")
    assert holds == [None, "confirmed", None, None, "refused"]
    # Whoever handed it in learns that it has no hall; of the time that it left, nobody asks.
    assert await events.rows(
        "SELECT subject, data->>'cause', data->>'starts_at' FROM outbox WHERE type LIKE '%hall_lost%'"
    ) == [(str(UUID(found["id"])), "refused", LATER["starts_at"])]
    asked = [
        [(place["hall_id"], place["starts_at"]) for place in row[0]]
        for row in await events.rows(PLACES, id=str(UUID(found["id"])))
    ]
    assert asked == [[(hall, TIMES["starts_at"])], [(hall, LATER["starts_at"])], []]


async def test_a_hall_is_a_hall_of_a_venue(events_with_register: Running) -> None:
    body = {
        "division_code": COUNTY,
        "form": "lecture",
        "occurrences": [TIMES | {"place": "广场", "hall_id": str(uuid4())}],
    }
    async with events_with_register.as_(staff("approver", COUNTY)) as approver:
        answer = await approver.post("/activities", json=body)
    assert [(error["pointer"], error["rule"]) for error in answer.json()["errors"]] == [
        ("/occurrences/0/hall_id", "hall-needs-venue")
    ]


async def told(events: Running, kind: str, subject: str, version: int, **body: Any) -> None:
    """A fact of services/venues about a venue or a hall arrives."""
    reads = VENUE_NAMES.handlers[f"venues.{kind}.v1"]
    about: dict[str, Any] = {"id": uuid7(), "source": "venues", "subject": subject}
    fact = Envelope(
        **about,
        type=f"venues.{kind}.v1",
        time="2031-01-01T00:00:00Z",
        division=COUNTY,
        traceparent="",
        aggregateversion=version,
        data={},
    )
    assert reads.handle is not None
    async with events.kit.database.transaction(SERVICE) as db:
        await reads.handle(db, fact, reads.body.model_validate(body))


async def test_a_place_reads_as_its_venue_and_hall_and_a_refused_hall_is_none(
    events_with_register: Running,
) -> None:
    events, venue, hall = events_with_register, str(uuid4()), str(uuid4())
    soon = datetime.now(UTC) + timedelta(days=5)
    times = {"starts_at": soon.isoformat(), "ends_at": (soon + timedelta(hours=2)).isoformat()}
    where = times | {"venue_id": venue, "hall_id": hall}
    await walked(events, ActivityState.PUBLISHED, occurrences=[where])

    async def shown() -> list[Any]:
        async with events.as_() as public:
            (item,) = (await public.get("/occurrences")).json()["items"]
            of_it = await public.get(f"/occurrences/{item['id']}")
        assert (of_it.json()["venue_name"], of_it.json()["hall_hold"]) == (
            item["venue_name"],
            await events.scalar("SELECT hall_hold FROM occurrences"),
        )
        names = ("venue_name", "venue_has_closed", "hall_name", "hall_hold")
        return [item[name] for name in names]

    found = [await shown()]
    await told(events, "venue_published", venue, 2)
    await told(events, "venue_changed", venue, 2, name="湟源县科技馆")
    await told(events, "venue_changed", venue, 1, name="旧名")
    await told(events, "hall_changed", hall, 1, name="报告厅")
    found.append(await shown())
    located = []
    for said in ("confirmed", "refused", "released"):
        await events.scalar("UPDATE occurrences SET hall_hold = :said RETURNING 1", said=said)
        found.append(await shown())
        async with events.as_() as public:
            feed = (await public.get(f"/calendars/divisions/{COUNTY}.ics")).text
        located += [line.rpartition(":")[2] for line in feed.splitlines() if "LOCATION" in line]
    assert located == [
        "湟源县科技馆\\, 报告厅\\, 湟源县",
        *["湟源县科技馆\\, 湟源县"] * 2,
    ]
    await told(events, "venue_closed", venue, 3)
    found.append(await shown())
    assert found == [
        [None, False, None, "asked"],
        ["湟源县科技馆", False, "报告厅", "asked"],
        ["湟源县科技馆", False, "报告厅", "confirmed"],
        ["湟源县科技馆", False, None, None],
        ["湟源县科技馆", False, None, None],
        ["湟源县科技馆", True, None, None],
    ]
