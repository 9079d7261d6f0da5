"""A venue that closes: everybody who was to come is told, and nobody of them is a no-show."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from services.kit.access import SERVICE
from services.kit.db import run
from services.venues.closing.calling_off import call_off_next
from services.venues.closing.rules import AT_ONCE, BATCH
from services.venues.reservations.days import make
from services.venues.reservations.no_shows import release_next
from tests.support.apps import Running, citizen, staff
from tests.venues.reservations.museum import COUNTY, Museum, in_days, museum
from tests.venues.reservations.test_halls import hall_of, tell, uuid7

WHY = {"reason": "展厅漏水，整馆停用", "call_off": True}
HELD = "SELECT pg_advisory_xact_lock(hashtextextended('schedule call-off-visits', 0))"
ENDED = """SELECT data->>'recipient', data->>'cause' FROM outbox
    WHERE type = 'venues.reservation_cancelled.v1' ORDER BY seq"""
# As many as a booking would have made, four to a party.
MANY = """WITH days AS (
    INSERT INTO visit_days (venue_id, day, hours, free, slot_minutes, visit_minutes, capacity,
        taken, next_number)
    SELECT :id, d::date, '{540,1020}', false, 30, 60, 100000, CAST(:n AS int) * 4, CAST(:n AS int) + 1
    FROM generate_series(CAST(:day AS date), CAST(:day AS date) + CAST(:days AS int) - 1, interval '1 day') d
    RETURNING day),
buckets AS (
    INSERT INTO visit_buckets (venue_id, day, minute, capacity, taken)
    SELECT :id, day, m, 100000, CAST(:n AS int) * 4 FROM days, unnest(ARRAY[600, 615, 630, 645]) m)
INSERT INTO reservations (id, venue_id, day, starts, ends, starts_at, held_until, division_code,
    recorded_code, account_id, turn, is_group, party_size, children, number, state, name_sealed,
    name_masked)
SELECT gen_random_uuid(), :id, day, 600, 660, day + interval '2 hours', day + interval '3 hours',
    '630123', '630123', gen_random_uuid(), 1, false, 4, 0, n, 'confirmed', 'x', '才**'
FROM days, generate_series(1, CAST(:n AS int)) n"""


async def close(running: Running, venue: Museum, body: Any = WHY) -> Any:
    """Whoever answers for the county closes it."""
    async with running.as_(staff("approver", COUNTY), **{"Accept-Language": "en"}) as approver:
        return await approver.post(f"/venues/{venue.id}/close", json=body)


async def turn(running: Running) -> int:
    """One turn of the schedule."""
    async with running.kit.database.transaction(SERVICE) as db:
        return await call_off_next(db)


async def test_closing_tells_everybody_who_was_to_come_and_reopening_brings_nobody_back(
    venues: Running,
) -> None:
    place = await museum(venues, at_once=4, max_party=4, group_min=4, grace_minutes=120)
    full = await place.reserve("a", "10:00", 4)
    waits = await place.reserve("b", "10:00", 2)
    group = await place.reserve("c", "13:00", 4, group_name="湟源县第一小学")
    late = await place.reserve("d", "15:00", 1)
    # Her slot has begun, and she is waited for: she finds it closed, and is no no-show.
    await venues.scalar(
        "UPDATE reservations SET starts_at = now() - interval '1 minute',"
        " held_until = now() + interval '1 hour' WHERE id = CAST(:id AS uuid) RETURNING 1",
        id=late["id"],
    )
    hall, activity, occurrence = await hall_of(place), uuid7(), uuid7()
    await tell(place, activity, "published", 1, (occurrence, hall, 0))
    silent = await close(venues, place, None)
    why = await close(venues, place, {"call_off": True})
    done = await close(venues, place)
    assert (silent.status_code, silent.json()["type"]) == (
        409,
        "/api/v1/problems/venue-still-expected",
    )
    assert silent.json()["detail"].startswith(
        "4 reservations (11 people) and 1 holds of halls stand, the last on 2030-05-01."
    )
    assert why.json()["errors"][0]["rule"] == "closing-reason-needed"
    assert (done.status_code, done.json()["state"]) == (200, "closed")
    shown = (full, waits, group, late)
    assert [await place.state(one) for one in shown] == ["cancelled"] * 4
    assert await place.counts() == (0, {})
    told = sorted((str(place.person(name).subject), "venue_closed") for name in "abcd")
    assert sorted(await venues.rows(ENDED)) == told
    released = "SELECT subject, data->>'cause' FROM outbox WHERE type LIKE '%hold_released%'"
    assert await venues.rows(released) == [(str(occurrence), "venue_closed")]
    async with venues.kit.database.transaction(SERVICE) as db:
        assert await release_next(db) == 0
    async with place.as_("b") as person, venues.as_(staff("officer", COUNTY)) as officer:
        read = (await person.get(f"/reservations/{waits['id']}")).json()
        again = await person.post("/reservations", json=place.party())
        slots = (await person.get(f"/slots?venue={place.id}&day={place.day}")).json()
        days = (await person.get(f"/venues/{place.id}/opening/days")).json()
        times = {"starts_at": "2030-06-01T01:00:00Z", "ends_at": "2030-06-01T02:00:00Z"}
        held = await officer.post(f"{hall}/holds", json={**times, "purpose": "会议"})
        (closing,) = (await person.get(f"/venues/{place.id}/closings")).json()["items"]
    assert (read["decision_reason"], read["allowed_actions"]) == (WHY["reason"], [])
    for refused in (again, held):
        assert refused.json()["type"] == "/api/v1/problems/venue-has-closed"
    assert (slots["is_open"], slots["slots"], days["open_days"]) == (False, [], 0)
    assert [closing[key] for key in ("reason", "parties", "people", "holds")] == [
        WHY["reason"],
        4,
        11,
        1,
    ]
    assert await tell(place, uuid7(), "published", 1, (uuid7(), hall, 9)) == [("refused", "closed")]
    async with venues.kit.database.transaction(SERVICE) as db:
        # Who was on the way here when it closed makes no day of the present one.
        assert await make(db, place.id, in_days(0)) is None
    async with venues.as_(staff("approver", COUNTY)) as approver, place.as_("b") as person:
        opened = (await approver.post(f"/venues/{place.id}/reopen")).json()
        assert (opened["state"], await place.state(full)) == ("published", "cancelled")
        # Its day is open again, and so is her turn.
        assert (await person.post("/reservations", json=place.party())).json()["state"] == (
            "confirmed"
        )
        (closing,) = (await person.get(f"/venues/{place.id}/closings")).json()["items"]
    assert closing["reopened_at"] is not None
    # A base is measured by the days on which it was open: a closed venue was not, whole days of it.
    await venues.scalar(
        "UPDATE venue_closings SET closed_at = now() - interval '10 days',"
        " reopened_at = now() - interval '3 days' RETURNING 1"
    )
    asked = f"first={in_days(-12)}&last={in_days(-1)}"
    async with venues.as_() as public:
        days = (await public.get(f"/venues/{place.id}/opening/days?{asked}")).json()
    shut = [day["day"] for day in days["days"] if not day["is_open"]]
    assert shut == [str(in_days(number)) for number in range(-9, -3)]


async def test_very_many_are_told_in_batches_and_who_is_not_told_yet_stays(
    venues: Running,
) -> None:
    async with venues.kit.database.transaction(SERVICE) as holding:
        # The clock's own turns wait: the test takes them.
        await run(holding, text(HELD))
        place = await museum(venues)
        await venues.scalar(
            MANY + " RETURNING 1", id=place.id, day=place.day, days=2, n=AT_ONCE + BATCH
        )
        live = "SELECT count(*) FROM reservations WHERE state = 'confirmed'"
        left = "SELECT sum(taken)::int, count(*) FILTER (WHERE hours <> '{}')::int FROM visit_days"
        total = 2 * (AT_ONCE + BATCH)
        assert (await close(venues, place)).status_code == 200
        first = await venues.scalar(live)
        assert AT_ONCE <= total - first < AT_ONCE + BATCH
        assert await turn(venues) > 0
        rest = await venues.scalar(live)
        assert await venues.rows(left) == [(rest * 4, 0)]
        async with venues.as_(staff("approver", COUNTY)) as approver:
            await approver.post(f"/venues/{place.id}/reopen")
            (closing,) = (await approver.get(f"/venues/{place.id}/closings")).json()["items"]
        assert (await turn(venues), await venues.scalar(live)) == (0, rest)
        assert (closing["parties"], closing["people"]) == (total - rest, 4 * (total - rest))
        assert await venues.rows(left) == [(rest * 4, 2)]
        assert (await close(venues, place)).status_code == 200
        while await turn(venues):
            pass
        assert await venues.rows(left) == [(0, 0)]


async def test_who_reserves_while_it_closes_is_refused_or_told(venues: Running) -> None:
    place = await museum(venues)
    people = [citizen() for _ in range(12)]

    async def reserve(number: int) -> int:
        async with venues.as_(people[number]) as person:
            party = place.party("10:00", day=str(place.day + timedelta(days=number % 3)))
            return (await person.post("/reservations", json=party)).status_code

    async def shut() -> int:
        return int((await close(venues, place)).status_code)

    found = await asyncio.gather(*(reserve(number) for number in range(12)), shut())
    assert {*found[:-1]} <= {201, 409}
    assert found[-1] == 200
    assert await venues.scalar("SELECT count(*) FROM reservations WHERE state = 'confirmed'") == 0
    assert await venues.rows("SELECT DISTINCT taken FROM visit_days") in ([], [(0,)])


async def test_a_day_that_is_closed_gives_its_halls_back_and_excuses_who_stayed_away(
    venues: Running,
) -> None:
    place = await museum(venues)
    hall, other = await hall_of(place), await hall_of(place, "临展厅")
    within, beyond = uuid7(), uuid7()
    await tell(place, uuid7(), "published", 1, (within, hall, 1))
    # An exhibition that the closed day is only one of.
    await venues.scalar(
        """INSERT INTO hall_holds (id, hall_id, during, purpose, activity_id, occurrence_id)
        SELECT :id, CAST(:hall AS uuid), tstzrange('2030-04-20Z', '2030-06-01Z'), '活动', :id, :id
        RETURNING 1""",
        id=beyond,
        hall=other[-36:],
    )
    missed = await place.reserve("a")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await venues.scalar(
        "INSERT INTO visit_days (venue_id, day, hours, free, slot_minutes, visit_minutes, capacity)"
        " VALUES (:id, CAST(:day AS date), '{}', false, 30, 60, 1) RETURNING 1",
        id=place.id,
        day=yesterday.date(),
    )
    await venues.scalar(
        "UPDATE reservations SET state = 'no_show', day = CAST(:day AS date), counted = true"
        " WHERE id = CAST(:id AS uuid) RETURNING 1",
        id=missed["id"],
        day=yesterday.date(),
    )
    at = f"/venues/{place.id}/opening/exceptions"
    async with venues.as_(staff("officer", COUNTY)) as officer:
        shut = {"first": "2030-05-01", "reason": "停电"}
        kept = await officer.post(at, json=shut | {"keep_halls": True})
        gone = await officer.post(at, json=shut)
        past = await officer.post(at, json={"first": str(yesterday.date()), "reason": "停电"})
    assert [each.json()["holds_called_off"] for each in (kept, gone, past)] == [0, 1, 0]
    held = "SELECT occurrence_id FROM hall_holds WHERE active"
    assert await venues.rows(held) == [(beyond,)]
    assert await venues.scalar("SELECT counted FROM reservations") is False
