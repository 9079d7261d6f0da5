"""The waiting list of a slot: in order, offered for a while, never past the slot."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.kit.access import SERVICE
from services.kit.ids import uuid7
from services.venues.reservations.buckets import Day, Room, Waiting, hand_out, taken_by
from services.venues.reservations.waiting import lapse_next
from tests.support.apps import Running
from tests.venues.reservations.museum import Museum, museum

TYPES = "SELECT type FROM outbox WHERE type LIKE '%offer%' OR type LIKE '%lapsed%' ORDER BY id"


async def lapse(place: Museum) -> int:
    """One turn of the schedule."""
    async with place.running.kit.database.transaction(SERVICE) as db:
        return await lapse_next(db)


async def test_places_that_come_free_are_offered_in_order_and_lapse(venues: Running) -> None:
    place = await museum(venues, at_once=4, max_party=4)
    first = await place.reserve("a", "10:00", 4)
    big = await place.reserve("b", "10:00", 3)
    small = await place.reserve("c", "10:00", 1)
    later = await place.reserve("d", "11:00", 4)
    assert (big["parties_ahead"], small["parties_ahead"], later["state"]) == (0, 1, "confirmed")
    # Somebody waits: who asks after them queues, though the slot is free for a moment.
    async with place.as_("a") as person:
        await person.post(f"/reservations/{first['id']}/cancel")
    assert [await place.state(one) for one in (big, small)] == ["offered", "offered"]
    assert await place.counts() == (8, dict.fromkeys(range(600, 720, 15), 4))
    await venues.scalar(
        "UPDATE reservations SET offer_expires_at = :at WHERE id = CAST(:id AS uuid) RETURNING 1",
        at=datetime.now(UTC) - timedelta(seconds=1),
        id=big["id"],
    )
    late = await place.reserve("e", "10:00", 2)
    async with place.as_("b") as person:
        expired = await person.post(f"/reservations/{big['id']}/accept")
    assert expired.json()["type"] == "/api/v1/problems/visit-offer-expired"
    assert await lapse(place) == 1
    assert [await place.state(one) for one in (big, late)] == ["lapsed", "offered"]
    async with place.as_("e") as person, place.as_("c") as other:
        assert (await person.post(f"/reservations/{late['id']}/accept")).json()["state"] == (
            "confirmed"
        )
        await other.post(f"/reservations/{small['id']}/decline")
    assert await place.counts() == (
        6,
        dict.fromkeys(range(600, 660, 15), 2) | dict.fromkeys(range(660, 720, 15), 4),
    )
    assert [row[0] for row in await venues.rows(TYPES)] == [
        *("venues.visit_offered.v1",) * 2,
        "venues.reservation_lapsed.v1",
        "venues.visit_offered.v1",
    ]


async def test_nobody_passes_who_waits_for_the_same_slot(venues: Running) -> None:
    place = await museum(venues, at_once=4)
    shown = [
        await place.reserve(name, starts, size)
        for name, starts, size in (("a", "10:00", 2), ("b", "10:00", 3), ("c", "10:00", 1))
    ]
    other = await place.reserve("d", "12:00", 1)
    found = [(each["state"], each["parties_ahead"]) for each in (*shown, other)]
    assert found == [("confirmed", None), ("waiting", 0), ("waiting", 1), ("confirmed", None)]


async def test_who_will_not_wait_is_told_that_it_is_full(venues: Running) -> None:
    place = await museum(venues, at_once=1)
    await place.reserve("a")
    async with place.as_("b") as person:
        answer = await person.post("/reservations", json=place.party(wait=False))
    assert answer.json()["type"] == "/api/v1/problems/slot-full"


async def test_more_room_goes_to_those_who_wait(venues: Running) -> None:
    place = await museum(venues, at_once=1)
    await place.reserve("a")
    waits = await place.reserve("b")
    await place.represent("docent")
    async with place.as_("docent", **{"If-Match": '"v1"'}) as docent:
        now = (await docent.get(f"/venues/{place.id}/reservation-settings")).json()
        given = {k: v for k, v in now.items() if k not in ("venue_id", "version")}
        answer = await docent.put(
            f"/venues/{place.id}/reservation-settings", json=given | {"at_once": 2}
        )
        assert answer.status_code == 200, answer.text
    assert await place.state(waits) == "offered"


async def test_who_waits_until_the_slot_begins_lapses(venues: Running) -> None:
    place = await museum(venues, at_once=1)
    await place.reserve("a")
    waits = await place.reserve("b")
    await place.begin(waits)
    assert await lapse(place) == 1
    assert await place.state(waits) == "lapsed"
    assert await lapse(place) == 0


parties = st.lists(st.tuples(st.sampled_from([540, 570, 600, 630]), st.integers(1, 6)), max_size=12)


@given(parties, st.integers(0, 12), st.integers(0, 8))
def test_what_is_handed_out_fits_and_nobody_is_passed(
    line: list[tuple[int, int]], day: int, at_once: int
) -> None:
    hours = Day((540, 720), 30, 60)
    waiting = [Waiting(uuid7(), starts, hours.ends(starts) or 0, n) for starts, n in line]
    offers = hand_out(Room(day, dict.fromkeys(hours.buckets(), at_once)), waiting)
    assert sum(party.size for party in offers) <= day
    for minute in hours.buckets():
        inside = [p.size for p in offers if minute in taken_by(p.starts, p.ends)]
        assert sum(inside) <= at_once
    for starts in hours.slots():
        of_slot = [party for party in waiting if party.starts == starts]
        got = [party for party in offers if party.starts == starts]
        assert got == of_slot[: len(got)]
    # Maximal: the next of each line does not fit beside what was handed out.
    left = Room(day, dict.fromkeys(hours.buckets(), at_once))
    for party in offers:
        left.take(party.starts, party.ends, party.size)
    for starts in hours.slots():
        rest = [p for p in waiting if p.starts == starts and p not in offers]
        assert not rest or not left.fits(rest[0].starts, rest[0].ends, rest[0].size)


@given(
    st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True),
    st.integers(1, 8),
    st.integers(0, 8),
)
def test_every_slot_ends_by_closing_and_takes_quarters_that_are_counted(
    quarters: list[int], slot: int, more: int
) -> None:
    ends = sorted(quarters)[: len(quarters) // 2 * 2]
    day = Day([each * 15 for each in ends], slot * 15, (slot + more) * 15)
    counted = set(day.buckets())
    for starts in day.slots():
        until = day.ends(starts) or 0
        (closes,) = (b for a, b in day.spans if a <= starts < b)
        assert starts + day.slot_minutes <= closes
        assert until == min(starts + day.visit_minutes, closes)
        assert set(taken_by(starts, until)) <= counted
