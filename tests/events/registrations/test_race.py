"""Many at once for few places: never one too many, never one lost."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.events.registrations.registering import register
from services.events.registrations.schemas import RegistrationIn
from services.kit.access import SERVICE
from services.kit.db import run
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff, until


async def test_two_hundred_at_once_for_a_hundred_places(events: Running) -> None:
    ids = await published_activity(events, capacity=100)

    async def registers() -> tuple[str, str, int | None]:
        async with events.as_(citizen(), **{"Idempotency-Key": "k"}) as person:
            answer = await person.post("/registrations", json=ids.party())
            while answer.status_code == 503:  # busy: as a client does, ask again
                answer = await person.post("/registrations", json=ids.party())
            assert answer.status_code == 201, answer.text
            shown = answer.json()
            ahead = shown["position"]["parties_ahead"] if shown["position"] else None
            return shown["id"], shown["state"], ahead

    answers = await asyncio.gather(*(registers() for _ in range(200)))
    confirmed = [found for found in answers if found[1] == "confirmed"]
    waiting = sorted((found for found in answers if found[1] == "waiting"), key=lambda f: f[2] or 0)
    assert (len(confirmed), len(waiting)) == (100, 100)
    # Each was told its own place in the line, and the line is the order of arrival.
    assert [ahead for *_, ahead in waiting] == list(range(100))
    rows = await events.rows("SELECT id::text, number, state FROM registrations ORDER BY number")
    assert [number for _, number, _ in rows] == list(range(1, 201))
    assert [state for *_, state in rows] == ["confirmed"] * 100 + ["waiting"] * 100
    assert [id_ for id_, *_ in rows[100:]] == [id_ for id_, *_ in waiting]
    assert {id_ for id_, *_ in rows[:100]} == {id_ for id_, *_ in confirmed}
    assert await events.rows("SELECT confirmed, offered, waiting FROM pools") == [(100, 0, 100)]
    assert await events.scalar("SELECT count(*) FROM members") == 200
    assert await events.rows("SELECT type, count(*) FROM outbox GROUP BY type ORDER BY type") == [
        ("events.registration_confirmed.v1", 100),
        ("events.registration_waitlisted.v1", 100),
    ]


async def test_cancelling_and_registering_at_once_loses_no_place(events: Running) -> None:
    ids = await published_activity(events, capacity=10)
    first = [citizen() for _ in range(10)]

    async def registers(person: object) -> str:
        async with events.as_(person) as client:  # type: ignore[arg-type]
            answer = await client.post("/registrations", json=ids.party())
            assert answer.status_code == 201, answer.text
            return str(answer.headers["location"])

    async def cancel(person: object, where: str) -> None:
        async with events.as_(person) as client:  # type: ignore[arg-type]
            assert (await client.post(f"{where}/cancel")).status_code == 200

    places = [await registers(person) for person in first]
    await asyncio.gather(
        *(cancel(person, where) for person, where in zip(first, places, strict=True)),
        *(registers(citizen()) for _ in range(20)),
    )
    by_state = await events.rows(
        "SELECT state, sum(party_size)::int FROM registrations GROUP BY state"
    )
    found = dict(by_state)
    pool = (await events.rows("SELECT confirmed, offered, waiting FROM pools"))[0]
    assert pool == (found.get("confirmed", 0), found.get("offered", 0), found.get("waiting", 0))
    assert found["cancelled"] == 10
    assert pool[0] + pool[1] == 10
    assert pool[2] == 10


async def test_a_cut_of_the_capacity_waits_for_a_registration_in_flight(events: Running) -> None:
    ids = await published_activity(events, capacity=3)
    person, editor = citizen(), staff("informant", "63")
    where = f"/occurrences/{ids.occurrence}/places/{ids.pool}"
    async with events.as_(editor, **{"If-Match": '"v1"'}) as client:
        async with events.kit.database.transaction(person) as db:
            given = RegistrationIn.model_validate(ids.party(2))
            await register(db, person, events.kit.vault, given, datetime.now(UTC))
            cut = asyncio.create_task(client.patch(where, json={"capacity": 1}))
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            await until(lambda: events.scalar(waits))
        answer = await cut
    assert answer.json()["type"] == "/api/v1/problems/capacity-below-taken"


async def test_the_table_itself_refuses_one_too_many(events: Running) -> None:
    ids = await published_activity(events, capacity=3)
    over = text("UPDATE pools SET confirmed = 2, offered = 2 WHERE id = :id")
    with pytest.raises(IntegrityError, match="pools_capacity"):
        async with events.kit.database.transaction(SERVICE) as db:
            await run(db, over, {"id": ids.pool})
