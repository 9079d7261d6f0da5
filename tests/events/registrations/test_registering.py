"""Registering a party over HTTP: what is confirmed, what is refused and why."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from services.events.activities.rules import ActivityState, OccurrenceState
from services.events.registrations.schemas import PlacesIn
from services.kit.context import current
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff

TOWNSHIP = "630123101"
GUARDIAN = {"name": "卓玛", "phone": "139 7100 0001", "consent": True}


def rules_of(answer: Any) -> list[tuple[str, str]]:
    """(pointer, rule) of each field that an answer complains about."""
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["rule"]) for error in answer.json()["errors"]]


def slug(answer: Any) -> tuple[int, str]:
    """The status and the problem of an answer."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_family_of_three_is_confirmed_with_place_tag_and_masks(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP)
    party = [
        {"name": "才让卓玛", "phone": "+86 138-9710-1234", "age": 36},
        {"name": "扎西", "age": 9, "guardian": GUARDIAN},
        {"name": "ཚེ་རིང་", "age": 70},
    ]
    async with events.as_(citizen()) as person:
        answer = await person.post("/registrations", json=ids.party() | {"party": party})
        assert answer.status_code == 201, answer.text
        shown = answer.json()
        again = await person.get(answer.headers["location"])
    assert answer.headers["etag"] == '"v1"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert again.json() == shown
    assert shown["state"] == "confirmed"
    assert shown["position"] is None
    assert shown["division_code"] == TOWNSHIP
    assert shown["allowed_actions"] == ["cancel", "reduce"]
    assert [
        (who["number"], who["name"], who["phone"], who["age"], who["guardian_consented"])
        for who in shown["party"]
    ] == [
        (1, "才***", "138****1234", 36, False),
        (2, "扎*", None, 9, True),
        (3, "ཚེ་**", None, 70, False),
    ]
    assert await events.rows("SELECT confirmed, offered, waiting, next_number FROM pools") == [
        (3, 0, 0, 2)
    ]
    assert await events.rows("SELECT type, data ->> 'places' FROM outbox") == [
        ("events.registration_confirmed.v1", "3")
    ]


async def test_a_child_needs_a_guardian_who_consents(events: Running) -> None:
    ids = await published_activity(events)
    async with events.as_(citizen(), **{"Accept-Language": "en"}) as person:

        async def party(*members: dict[str, Any]) -> Any:
            return await person.post("/registrations", json=ids.party() | {"party": members})

        adult = {"name": "甲", "age": 40}
        alone = await party(adult, {"name": "乙", "age": 13})
        assert rules_of(alone) == [("/party/1/guardian", "guardian-needed")]
        assert alone.json()["errors"][0]["detail"] == (
            "below the age of 14 a guardian must be named and consent"
        )
        refusing = await party({"name": "乙", "age": 13, "guardian": GUARDIAN | {"consent": False}})
        assert rules_of(refusing) == [("/party/0/guardian/consent", "literal-error")]
        nobody = await party(adult, {"name": "乙", "age": 13, "guardian": {"consent": True}})
        assert rules_of(nobody) == [
            ("/party/1/guardian/name", "missing-field"),
            ("/party/1/guardian/phone", "missing-field"),
        ]
        assert (await party({"name": "乙", "age": 14})).status_code == 201
    assert await events.scalar("SELECT count(*) FROM registrations") == 1


async def test_ticket_kinds_have_ages_and_a_greatest_party_and_share_a_pool(
    events: Running,
) -> None:
    places = PlacesIn.model_validate(
        {
            "pools": [{"name": "展厅", "capacity": 4}],
            "tickets": [
                {"name": "学生", "pool": "展厅", "min_age": 14, "max_age": 18, "max_party": 3},
                {"name": "成人", "pool": "展厅"},
            ],
        }
    )
    ids = await published_activity(events, places=places)
    student = {"name": "乙", "age": 15}

    async def ask(party: list[dict[str, Any]], **kind: str) -> Any:
        async with events.as_(citizen()) as person:
            return await person.post("/registrations", json=ids.party() | {"party": party} | kind)

    assert rules_of(await ask([student])) == [("/ticket_id", "ticket-needed")]
    assert rules_of(await ask([student], ticket="老人")) == [("/ticket_id", "unknown-ticket")]
    assert rules_of(await ask([student, {"name": "甲", "age": 40}], ticket="学生")) == [
        ("/party/1/age", "age-out-of-range")
    ]
    assert rules_of(await ask([{"name": "甲"}], ticket="学生")) == [("/party/0/age", "age-needed")]
    assert rules_of(await ask([student] * 4, ticket="学生")) == [("/party", "party-too-large")]
    assert rules_of(await ask([student] * 5, ticket="成人")) == [("/party", "party-over-capacity")]
    first = await ask([student] * 3, ticket="学生")
    second = await ask([student], ticket_id=str(ids.tickets["成人"]))
    third = await ask([student], ticket="学生")
    assert [answer.json()["state"] for answer in (first, second, third)] == [
        "confirmed",
        "confirmed",
        "waiting",
    ]


PUBLISHED = ActivityState.PUBLISHED
HOUR = timedelta(hours=1)


async def test_one_registers_only_in_the_window_of_a_public_scheduled_occurrence(
    events: Running,
) -> None:
    now = datetime.now(UTC)
    cases: list[tuple[ActivityState, dict[str, Any], tuple[int, str]]] = [
        (PUBLISHED, {}, (201, "confirmed")),
        (PUBLISHED, {"registration_opens_at": now}, (201, "confirmed")),
        (ActivityState.ONGOING, {}, (201, "confirmed")),
        (ActivityState.APPROVED, {}, (404, "missing")),
        (ActivityState.COMPLETED, {}, (409, "registration-closed")),
        (ActivityState.CANCELLED, {}, (409, "registration-closed")),
        (PUBLISHED, {"state": OccurrenceState.POSTPONED}, (409, "registration-closed")),
        (PUBLISHED, {"starts_at": now - HOUR}, (409, "registration-closed")),
        (PUBLISHED, {"registration_closes_at": now}, (409, "registration-closed")),
        (PUBLISHED, {"registration_opens_at": now + HOUR}, (409, "registration-not-open")),
    ]
    got = []
    for activity_state, over, _ in cases:
        ids = await published_activity(events, activity_state=activity_state, **over)
        async with events.as_(citizen()) as person:
            answer = await person.post("/registrations", json=ids.party())
        ok = answer.status_code == 201
        got.append((201, answer.json()["state"]) if ok else slug(answer))
    assert got == [expected for *_, expected in cases]


async def test_nobody_known_is_asked_who_and_an_open_event_needs_no_registration(
    events: Running,
) -> None:
    ids = await published_activity(events)
    free = await published_activity(events, capacity=None)
    async with events.as_() as nobody, events.as_(citizen()) as person:
        assert slug(await nobody.post("/registrations", json=ids.party())) == (
            401,
            "unauthenticated",
        )
        assert (await nobody.get("/registrations")).status_code == 401
        assert slug(await person.post("/registrations", json=free.party())) == (
            409,
            "no-registration",
        )
        stranger = ids.party() | {"occurrence_id": str(uuid4())}
        assert slug(await person.post("/registrations", json=stranger)) == (404, "missing")


async def test_one_live_registration_an_account_and_occurrence(events: Running) -> None:
    ids = await published_activity(events)
    async with events.as_(citizen()) as person:
        first = await person.post("/registrations", json=ids.party())
        assert slug(await person.post("/registrations", json=ids.party())) == (
            409,
            "already-registered",
        )
        await person.post(f"{first.headers['location']}/cancel")
        assert (await person.post("/registrations", json=ids.party())).status_code == 201
    assert await events.scalar("SELECT confirmed FROM pools") == 1


async def test_staff_register_neighbours_without_a_phone_within_their_division(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP)
    informant = staff("informant", TOWNSHIP)
    body = ids.party(2, on_behalf=True)
    async with events.as_(informant) as helper:
        answers = [await helper.post("/registrations", json=body) for _ in range(2)]
        mine = (await helper.get("/registrations")).json()["items"]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [item["on_behalf"] for item in mine] == [True, True]
    assert await events.rows("SELECT DISTINCT account_id, proxy_by FROM registrations") == [
        (None, informant.subject)
    ]
    assert await events.scalar("SELECT DISTINCT data ->> 'recipient' FROM outbox") == str(
        informant.subject
    )
    for other in (staff("informant", "630123102"), staff("checker", TOWNSHIP), citizen()):
        async with events.as_(other) as caller:
            assert slug(await caller.post("/registrations", json=body)) == (403, "forbidden")


async def test_an_offline_client_may_send_its_registration_twice(events: Running) -> None:
    ids, other = await published_activity(events), await published_activity(events)
    body = ids.party(client_id=str(uuid4()))
    async with events.as_(citizen()) as person:
        first = await person.post("/registrations", json=body)
        again = await person.post("/registrations", json=body)
        elsewhere = body | {"occurrence_id": str(other.occurrence)}
        assert slug(await person.post("/registrations", json=elsewhere)) == (
            409,
            "client-id-reused",
        )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert await events.scalar("SELECT count(*) FROM registrations") == 1


async def test_an_id_that_somebody_else_chose_too_finds_nothing_of_theirs(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP)
    body = ids.party(client_id=str(uuid4()))
    async with events.as_(citizen()) as person:
        theirs = await person.post("/registrations", json=body)
    # Staff who may see that registration, registering somebody with the same id.
    async with events.as_(staff("officer", TOWNSHIP)) as helper:
        seen = await helper.get(theirs.headers["location"])
        own = await helper.post("/registrations", json=body | {"on_behalf": True})
    assert (theirs.status_code, seen.status_code, own.status_code) == (201, 200, 201)
    assert own.json()["id"] != theirs.json()["id"]


async def test_a_retry_over_a_dropped_line_finds_the_first_effect(events: Running) -> None:
    ids = await published_activity(events)
    async with events.as_(citizen(), **{"Idempotency-Key": str(uuid4())}) as person:
        transport = person._transport
        sent = transport.handle_async_request

        async def dropped(request: Any) -> Any:
            await sent(request)
            raise ConnectionError("the line dropped before the answer")

        transport.handle_async_request = dropped  # type: ignore[method-assign]
        with pytest.raises(ConnectionError):
            await person.post("/registrations", json=ids.party())
        transport.handle_async_request = sent  # type: ignore[method-assign]
        retried = await person.post("/registrations", json=ids.party())
    assert (retried.status_code, retried.headers["idempotency-replayed"]) == (201, "true")
    assert await events.rows("SELECT id::text FROM registrations") == [(retried.json()["id"],)]
    assert await events.scalar("SELECT confirmed FROM pools") == 1


async def test_lists_show_my_own_and_to_staff_their_reach(events: Running) -> None:
    here = await published_activity(events, TOWNSHIP)
    there = await published_activity(events, "630121")
    people = [citizen() for _ in range(3)]
    for person, ids in zip(people, (here, here, there), strict=True):
        async with events.as_(person) as client:
            await client.post("/registrations", json=ids.party())

    async def seen(caller: Any, query: str = "") -> list[str]:
        async with events.as_(caller) as client:
            answer = await client.get(f"/registrations{query}")
            return [item["occurrence_id"] for item in answer.json()["items"]]

    at_here, at_there = str(here.occurrence), str(there.occurrence)
    assert await seen(people[0]) == [at_here]
    assert await seen(staff("checker", "630123")) == [at_here, at_here]
    assert await seen(staff("checker", "6301")) == [at_there, at_here, at_here]
    assert await seen(staff("observer", "63")) == []
    province = staff("officer", "63")
    assert await seen(province, "?division=630121000") == [at_there]
    assert await seen(province, f"?occurrence={at_here}&limit=1") == [at_here]
    assert await seen(province, "?state=waiting") == []


async def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_nine(
    events: Running,
) -> None:
    ids = await published_activity(events, capacity=2)
    engine = events.kit.database.engine.sync_engine
    counts = []
    for rows in (2, 8):
        for _ in range(rows):
            async with events.as_(citizen()) as person:
                await person.post("/registrations", json=ids.party(2))
        caller = staff("officer", "63")
        async with events.as_(caller) as officer:
            asked: list[str] = []

            def note(_: Any, __: Any, statement: str, *___: Any, to: list[str] = asked) -> None:
                work = current()
                if work and work.actor == str(caller.subject):  # noqa: B023 - removed below
                    to.append(statement)

            event.listen(engine, "before_cursor_execute", note)
            found = await officer.get("/registrations?state=waiting&limit=100")
            event.remove(engine, "before_cursor_execute", note)
        counts.append((len(found.json()["items"]), len(asked)))
    # Page, members; then for positions: who speaks, as a service, ahead, as before.
    assert counts == [(1, 6), (9, 6)]
