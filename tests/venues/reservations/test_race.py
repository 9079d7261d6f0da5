"""Many at once for few places: both caps hold at every instant, and nobody waits in a circle."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.kit.access import SERVICE
from services.kit.db import run
from tests.support.apps import Running, citizen
from tests.venues.reservations.museum import Museum, museum

# Who is inside in each quarter, from the reservations themselves and not from the counters.
INSIDE = """SELECT minute::int, COALESCE(sum(party_size) FILTER (
        WHERE state IN ('confirmed', 'offered') AND starts <= minute AND minute < ends), 0)::int
    FROM reservations, generate_series(0, 1425, 15) minute
    WHERE starts <= minute AND minute < ends GROUP BY minute ORDER BY minute"""


async def test_five_hundred_race_for_a_day_of_sixty_with_thirty_inside(venues: Running) -> None:
    place = await museum(venues, opens="09:00", closes="12:00", per_day=60, at_once=30)
    slots = ["09:00", "09:30", "10:00", "10:30", "11:00"]
    most: list[int] = []
    racing = True

    async def watch() -> None:
        """What anybody reads meanwhile: never one too many."""
        while racing:
            most.append(max((n for _, n in await venues.rows(INSIDE)), default=0))
            await asyncio.sleep(0.1)

    async def reserves(number: int) -> str:
        async with venues.as_(citizen()) as person:
            party = place.party(slots[number % 5], 2)
            answer = await person.post("/reservations", json=party)
            while answer.status_code == 503:  # busy: as a client does, ask again
                answer = await person.post("/reservations", json=party)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["state"])

    watching = asyncio.create_task(watch())
    states = Counter(await asyncio.gather(*(reserves(number) for number in range(500))))
    racing = False
    await watching
    # The visits of neighbouring slots overlap; however they came, sixty found room in two hours.
    assert states == {"confirmed": 30, "waiting": 470}
    day, inside = await place.counts()
    assert day == 60
    assert max(most) <= 30
    assert {minute: n for minute, n in await venues.rows(INSIDE) if n} == inside
    assert max(inside.values()) <= 30
    assert await _sums(venues) == (60, 470, 470)
    numbers = await venues.rows("SELECT number FROM reservations ORDER BY number")
    assert numbers == [(number,) for number in range(1, 501)]


async def _sums(venues: Running) -> tuple[Any, ...]:
    (found,) = await venues.rows(
        """SELECT (SELECT sum(party_size)::int FROM reservations WHERE state = 'confirmed'),
            (SELECT waiting FROM visit_days), (SELECT sum(waiting)::int FROM visit_buckets)"""
    )
    return found


async def test_reserving_and_cancelling_at_once_loses_no_place(venues: Running) -> None:
    place = await museum(venues, per_day=20, at_once=10)
    shown = [await place.reserve(f"{n}", "10:00", 2) for n in range(5)]

    async def cancel(name: str, one: Any) -> None:
        async with place.as_(name) as client:
            answer = await client.post(f"/reservations/{one['id']}/cancel")
            assert answer.status_code == 200, answer.text

    async def reserve(number: int) -> None:
        async with venues.as_(citizen()) as client:
            starts = ("09:30", "10:00", "10:30")[number % 3]
            answer = await client.post("/reservations", json=place.party(starts, 1 + number % 2))
            assert answer.status_code == 201, answer.text

    await asyncio.gather(
        *(cancel(f"{n}", one) for n, one in enumerate(shown)), *(reserve(n) for n in range(30))
    )
    await _counters_are_the_sum(place)


async def _counters_are_the_sum(place: Museum) -> None:
    rows = await place.running.rows(
        "SELECT starts, ends, party_size FROM reservations WHERE state IN ('confirmed', 'offered')"
    )
    inside: Counter[int] = Counter()
    for starts, ends, size in rows:
        inside.update(dict.fromkeys(range(starts, ends, 15), size))
    assert await place.counts() == (sum(size for *_, size in rows), dict(sorted(inside.items())))
    waiting = "SELECT count(*) FROM reservations WHERE state = 'waiting'"
    assert await place.running.scalar("SELECT waiting FROM visit_days") == (
        await place.running.scalar(waiting)
    )


async def test_a_day_that_many_ask_for_first_is_made_once(venues: Running) -> None:
    place = await museum(venues, per_day=60, at_once=60)

    async def reserve() -> int:
        async with venues.as_(citizen()) as client:
            return (await client.post("/reservations", json=place.party())).status_code

    assert Counter(await asyncio.gather(*(reserve() for _ in range(20)))) == {201: 20}
    assert await place.counts() == (20, dict.fromkeys((600, 615, 630, 645), 20))


@pytest.mark.parametrize("table", ["visit_days", "visit_buckets"])
async def test_the_counters_themselves_refuse_one_too_many(venues: Running, table: str) -> None:
    place = await museum(venues)
    await place.reserve("a")
    over = text(f"UPDATE {table} SET taken = capacity + 1")
    with pytest.raises(IntegrityError, match=f"{table}_capacity"):
        async with venues.kit.database.transaction(SERVICE) as db:
            await run(db, over)
