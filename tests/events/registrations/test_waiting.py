"""The waiting list over HTTP and through its actions: offers, order, expiry, capacity."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import OccurrenceState
from services.events.registrations import actions
from services.events.registrations.places import (
    occurrence_cancelled,
    occurrence_moved,
)
from services.events.registrations.rules import OfferExpired
from services.events.registrations.waiting import lapse, lapse_next
from services.kit.access import SERVICE
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff, until

TOWNSHIP = "630123101"
LIVE = "SELECT number, state, party_size, offered_places FROM registrations ORDER BY number"


class Person:
    """A citizen with a party registered."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.caller = citizen()
        self.where = ""
        self.shown: dict[str, Any] = {}

    async def registers(self, ids: Ids, size: int = 1, **over: Any) -> "Person":
        async with self.running.as_(self.caller) as client:
            answer = await client.post("/registrations", json=ids.party(size, **over))
            assert answer.status_code == 201, answer.text
        self.where, self.shown = answer.headers["location"], answer.json()
        return self

    async def does(self, action: str, body: Any = None) -> Any:
        async with self.running.as_(self.caller) as client:
            return await client.post(f"{self.where}/{action}", json=body)

    async def sees(self) -> dict[str, Any]:
        async with self.running.as_(self.caller) as client:
            found: dict[str, Any] = (await client.get(self.where)).json()
            return found

    @property
    def id(self) -> UUID:
        return UUID(self.shown["id"])


async def line(running: Running, ids: Ids, *sizes: int, **over: Any) -> list[Person]:
    """Parties of these sizes, registered one after the other."""
    return [await Person(running).registers(ids, size, **over) for size in sizes]


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_freed_place_is_offered_to_the_first_and_becomes_theirs(events: Running) -> None:
    ids = await published_activity(events, capacity=1, offer_minutes=60)
    first, second, third = await line(events, ids, 1, 1, 1)
    assert third.shown["position"] == {"parties_ahead": 1, "people_ahead": 1}
    assert third.shown["allowed_actions"] == ["cancel"]
    before = datetime.now(UTC)
    assert (await first.does("cancel")).json()["state"] == "cancelled"
    offered = await second.sees()
    assert (offered["state"], offered["position"]) == ("offered", None)
    assert offered["offer"]["places"] == 1
    expires = datetime.fromisoformat(offered["offer"]["expires_at"])
    assert timedelta(minutes=60) <= expires - before < timedelta(minutes=61)
    assert offered["allowed_actions"] == ["accept", "decline", "cancel"]
    assert (await third.sees())["position"] == {"parties_ahead": 0, "people_ahead": 0}
    assert slug(await third.does("accept")) == (409, "wrong-state")
    accepted = await second.does("accept")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "confirmed")
    assert accepted.headers["etag"] == '"v3"'
    assert await events.rows("SELECT confirmed, offered, waiting FROM pools") == [(1, 0, 1)]
    told = await events.rows("SELECT type, data ->> 'recipient' FROM outbox ORDER BY xid, seq")
    assert told[-3:] == [
        ("events.registration_cancelled.v1", str(first.caller.subject)),
        ("events.place_offered.v1", str(second.caller.subject)),
        ("events.registration_confirmed.v1", str(second.caller.subject)),
    ]


async def test_a_declined_offer_goes_to_the_next(events: Running) -> None:
    ids = await published_activity(events, capacity=1)
    first, second, third = await line(events, ids, 1, 1, 1)
    await first.does("cancel")
    assert (await second.does("decline")).json()["state"] == "cancelled"
    assert (await third.sees())["state"] == "offered"


async def test_strict_keeps_the_places_for_the_head_of_the_line(events: Running) -> None:
    ids = await published_activity(events, capacity=4)
    one, other, family, single = await line(events, ids, 2, 2, 4, 1)
    assert family.shown["position"] == {"parties_ahead": 0, "people_ahead": 0}
    assert single.shown["position"] == {"parties_ahead": 1, "people_ahead": 4}
    await one.does("cancel")
    assert [(await who.sees())["state"] for who in (family, single)] == ["waiting", "waiting"]
    newcomer = await Person(events).registers(ids, 1)
    assert newcomer.shown["state"] == "waiting"
    await other.does("cancel")
    assert [(await who.sees())["state"] for who in (family, single)] == ["offered", "waiting"]


async def test_greedy_takes_the_first_that_fits_and_newcomers_stand_in_line(
    events: Running,
) -> None:
    ids = await published_activity(events, capacity=4, list_rule="greedy")
    one, _, family, pair = await line(events, ids, 2, 2, 4, 2)
    await one.does("cancel")
    assert [(await who.sees())["state"] for who in (family, pair)] == ["waiting", "offered"]
    newcomer = await Person(events).registers(ids, 1)
    assert newcomer.shown["state"] == "waiting"


async def test_a_greedy_list_is_read_to_its_end(events: Running) -> None:
    ids = await published_activity(events, capacity=3, list_rule="greedy")
    first, *others = await line(events, ids, 3, 2, 2, 2, 2, 1)
    await first.does("cancel")
    states = [(await who.sees())["state"] for who in others]
    assert states == ["offered", "waiting", "waiting", "waiting", "offered"]


async def test_a_split_party_takes_what_there_is_and_says_who_comes(events: Running) -> None:
    ids = await published_activity(events, capacity=3)
    first, split = await line(events, ids, 2, 3, split_ok=True)
    # One place was free and nobody waited before: it is offered at once.
    assert (split.shown["state"], split.shown["offer"]["places"]) == ("offered", 1)
    members = [member["id"] for member in split.shown["party"]]
    too_many = await split.does("accept", {"members": members[:2]})
    assert too_many.json()["errors"][0]["rule"] == "more-than-offered"
    stranger = await split.does("accept", {"members": [str(first.id)]})
    assert stranger.json()["errors"][0]["rule"] == "unknown-member"
    accepted = (await split.does("accept", {"members": [members[2]]})).json()
    assert (accepted["state"], accepted["party_size"]) == ("confirmed", 1)
    assert [member["dropped_at"] is None for member in accepted["party"]] == [False, False, True]
    assert await events.rows("SELECT confirmed, offered, waiting FROM pools") == [(3, 0, 0)]


async def test_fewer_than_offered_may_come_and_the_rest_goes_on(events: Running) -> None:
    ids = await published_activity(events, capacity=2)
    first, pair, single = await line(events, ids, 2, 2, 1)
    await first.does("cancel")
    chosen = [pair.shown["party"][1]["id"]]
    assert (await pair.does("accept", {"members": chosen})).json()["party_size"] == 1
    assert (await single.sees())["state"] == "offered"


async def test_a_party_made_smaller_frees_places_or_begins_to_fit(events: Running) -> None:
    ids = await published_activity(events, capacity=3)
    first, family, single = await line(events, ids, 3, 3, 1)
    people = first.shown["party"]
    kept = (await first.does("reduce", {"members": [people[0]["id"], people[2]["id"]]})).json()
    assert (kept["state"], kept["party_size"], kept["version"]) == ("confirmed", 1, 2)
    assert (await family.sees())["state"] == "waiting"
    leaving = [family.shown["party"][0]["id"]]
    fits = (await family.does("reduce", {"members": leaving})).json()
    assert (fits["state"], fits["offer"]["places"]) == ("offered", 2)
    fewer = (await family.does("reduce", {"members": [family.shown["party"][1]["id"]]})).json()
    assert (fewer["state"], fewer["offer"]["places"]) == ("offered", 1)
    assert (await single.sees())["state"] == "offered"
    last = await family.does("reduce", {"members": [family.shown["party"][2]["id"]]})
    assert last.json()["errors"][0]["rule"] == "party-emptied"
    assert await events.rows("SELECT confirmed, offered, waiting FROM pools") == [(1, 2, 0)]


async def test_an_offer_lapses_and_the_place_goes_on(events: Running) -> None:
    ids = await published_activity(events, capacity=1, offer_minutes=30)
    first, second, third = await line(events, ids, 1, 1, 1)
    await first.does("cancel")
    late = datetime.now(UTC) + timedelta(minutes=31)
    # Refused although nothing has cleared it away yet.
    with pytest.raises(OfferExpired):
        async with events.kit.database.transaction(second.caller) as db:
            await actions.accept(db, second.caller, second.id, None, late)
    async with events.kit.database.transaction(SERVICE) as db:
        assert await lapse_next(db) == 0
        assert await lapse(db, ids.pool, late) == 1
    assert (await second.sees())["state"] == "lapsed"
    assert (await third.sees())["state"] == "offered"
    assert await events.rows(
        "SELECT data ->> 'recipient' FROM outbox WHERE type = 'events.offer_lapsed.v1'"
    ) == [(str(second.caller.subject),)]


async def test_the_schedule_clears_expired_offers_pool_by_pool(events: Running) -> None:
    both = [await published_activity(events, capacity=2) for _ in range(2)]
    for ids in both:
        first, *_ = await line(events, ids, 2, 1, 1, 2)
        await first.does("cancel")
    await events.rows(
        "UPDATE registrations SET offer_expires_at = now() WHERE state = 'offered' RETURNING id"
    )
    moved = 1
    while moved:
        async with events.kit.database.transaction(SERVICE) as db:
            moved = await lapse_next(db)
    assert await events.rows(
        "SELECT state, count(*) FROM registrations GROUP BY state ORDER BY state"
    ) == [("cancelled", 2), ("lapsed", 4), ("offered", 2)]


async def test_an_offer_never_outlasts_the_start(events: Running) -> None:
    start = datetime.now(UTC) + timedelta(minutes=10)
    ids = await published_activity(events, capacity=1, starts_at=start, offer_minutes=120)
    first, second = await line(events, ids, 1, 1)
    await first.does("cancel")
    assert datetime.fromisoformat((await second.sees())["offer"]["expires_at"]) == start


async def test_more_places_are_offered_at_once_and_fewer_only_while_they_are_free(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    _, second, third = await line(events, ids, 1, 1, 2, split_ok=True)
    where = f"/occurrences/{ids.occurrence}/places/{ids.pool}"
    async with events.as_(staff("informant", TOWNSHIP), **{"If-Match": '"v1"'}) as editor:
        raised = await editor.patch(where, json={"capacity": 3})
        assert (raised.status_code, raised.headers["etag"]) == (200, '"v2"')
        assert raised.json() | {"id": "", "name": ""} == {
            "id": "",
            "name": "",
            "capacity": 3,
            "confirmed": 1,
            "offered": 2,
            "waiting": 0,
            "version": 2,
        }
        assert slug(await editor.patch(where, json={"capacity": 9})) == (412, "stale")
        editor.headers["If-Match"] = '"v2"'
        assert slug(await editor.patch(where, json={"capacity": 2})) == (
            409,
            "capacity-below-taken",
        )
    assert [(await who.sees())["offer"]["places"] for who in (second, third)] == [1, 1]
    async with events.as_(staff("informant", "630123102"), **{"If-Match": '"v2"'}) as foreign:
        assert slug(await foreign.patch(where, json={"capacity": 9})) == (403, "forbidden")


async def test_a_party_that_can_never_fit_any_more_holds_nobody_up(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=3)
    first, second, family, single = await line(events, ids, 2, 1, 3, 1)
    await second.does("cancel")
    assert (await single.sees())["state"] == "waiting"
    await first.does("reduce", {"members": [first.shown["party"][1]["id"]]})
    where = f"/occurrences/{ids.occurrence}/places/{ids.pool}"
    async with events.as_(staff("informant", TOWNSHIP), **{"If-Match": '"v1"'}) as editor:
        await editor.patch(where, json={"capacity": 2})
    assert [(await who.sees())["state"] for who in (family, single)] == ["waiting", "offered"]


async def test_the_places_of_an_occurrence_are_public_with_their_rule(events: Running) -> None:
    ids = await published_activity(events, capacity=2, list_rule="greedy", offer_minutes=45)
    await line(events, ids, 2, 1)
    async with events.as_() as public:
        answer = await public.get(f"/occurrences/{ids.occurrence}/places")
        again = await public.get(
            f"/occurrences/{ids.occurrence}/places",
            headers={"If-None-Match": answer.headers["etag"]},
        )
    shown = answer.json()
    assert (shown["list_rule"], shown["offer_minutes"]) == ("greedy", 45)
    (pool,) = shown["pools"]
    assert [pool[name] for name in ("capacity", "confirmed", "offered", "waiting")] == [2, 2, 0, 1]
    assert [ticket["pool_id"] for ticket in shown["tickets"]] == [pool["id"]]
    assert answer.headers["cache-control"] == "public, max-age=2"
    assert again.status_code == 304


async def test_a_cancelled_occurrence_ends_every_registration_and_says_so(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=2)
    people = await line(events, ids, 1, 1, 1)
    await people[0].does("cancel")
    approver = staff("approver", TOWNSHIP)
    async with events.kit.database.transaction(approver) as db:
        activity = await db.get_one(Activity, ids.activity)
        occurrence = await db.get_one(Occurrence, ids.occurrence)
        occurrence.state = OccurrenceState.CANCELLED
        await occurrence_cancelled(db, activity, occurrence, "occurrence_cancelled")
    assert {(await who.sees())["state"] for who in people} == {"cancelled"}
    assert await events.rows("SELECT confirmed, offered, waiting, open FROM pools") == [
        (0, 0, 0, False)
    ]
    told = await events.rows(
        "SELECT data ->> 'recipient' FROM outbox WHERE data ->> 'cause' = 'occurrence_cancelled'"
    )
    assert {who for (who,) in told} == {str(who.caller.subject) for who in people[1:]}


async def test_nobody_slips_in_beside_a_cancellation(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP)
    async with events.as_(citizen()) as client:
        async with events.kit.database.transaction(staff("approver", TOWNSHIP)) as db:
            activity = await db.get_one(Activity, ids.activity)
            occurrence = await db.get_one(Occurrence, ids.occurrence)
            occurrence.state = OccurrenceState.CANCELLED
            await occurrence_cancelled(db, activity, occurrence, "occurrence_cancelled")
            # It has read the occurrence as scheduled by now, and waits for the pool.
            late = asyncio.create_task(client.post("/registrations", json=ids.party()))
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            await until(lambda: events.scalar(waits))
        assert slug(await late) == (409, "registration-closed")
    assert await events.scalar("SELECT count(*) FROM registrations") == 0


async def test_a_postponed_occurrence_offers_nothing_until_its_time_is_known(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    first, second = await line(events, ids, 1, 1)
    approver = staff("approver", TOWNSHIP)

    async def moves(state: OccurrenceState, days: int) -> None:
        async with events.kit.database.transaction(approver) as db:
            activity = await db.get_one(Activity, ids.activity)
            occurrence = await db.get_one(Occurrence, ids.occurrence)
            occurrence.state = state
            occurrence.ends_at += timedelta(days=days)
            occurrence.starts_at += timedelta(days=days)
            await occurrence_moved(db, activity, occurrence)

    await moves(OccurrenceState.POSTPONED, 0)
    await first.does("cancel")
    assert (await second.sees())["state"] == "waiting"
    await moves(OccurrenceState.SCHEDULED, 7)
    assert (await second.sees())["state"] == "offered"
    told = await events.rows(
        "SELECT data ->> 'recipient', data ->> 'starts_at' IS NULL FROM outbox"
        " WHERE type = 'events.registration_rescheduled.v1' ORDER BY xid, seq"
    )
    assert told == [
        (str(first.caller.subject), True),
        (str(second.caller.subject), True),
        (str(second.caller.subject), False),
    ]


async def test_nothing_changes_once_it_has_begun(events: Running) -> None:
    ids = await published_activity(events, capacity=1)
    first, second = await line(events, ids, 1, 1)
    await events.rows("UPDATE occurrences SET starts_at = now() - interval '1 minute' RETURNING id")
    assert slug(await first.does("cancel")) == (409, "occurrence-started")
    assert (await first.sees())["allowed_actions"] == []
    assert slug(await second.does("cancel")) == (409, "occurrence-started")


async def test_staff_of_the_division_may_act_for_a_party_and_others_may_not(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP)
    (person,) = await line(events, ids, 2)
    for caller, expected in (
        (citizen(), (404, "missing")),
        (staff("informant", "630121"), (404, "missing")),
        (staff("checker", TOWNSHIP), (403, "forbidden")),
    ):
        async with events.as_(caller) as client:
            assert slug(await client.post(f"{person.where}/cancel")) == expected
    async with events.as_(staff("informant", "6301")) as client:
        assert (await client.post(f"{person.where}/cancel")).json()["state"] == "cancelled"
    assert await events.scalar("SELECT data ->> 'cause' FROM outbox WHERE data ? 'cause'") == (
        "cancelled_by_staff"
    )
