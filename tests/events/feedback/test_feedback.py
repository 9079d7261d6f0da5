"""Feedback over HTTP: who may give it, what is kept of it, and what of it anybody sees."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.events.activities.models import Occurrence
from services.events.feedback.mixing import forget
from services.events.feedback.rules import OPEN_DAYS
from services.events.registrations import tickets
from services.events.registrations.places import open_places
from services.events.registrations.schemas import PlacesIn
from services.events.reporting.consumer import CONSUMER
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from services.kit.inbox import apply
from tests.events.feedback.crowds import came, night, said, say
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff, until
from tests.support.queries import counted

VILLAGE = "630123101201"
TIERS = ("63", "6301", "630123", "630123101", VILLAGE)
COMMENT = "投影看不清，请打 13897101234 告诉我"


async def today(events: Running, **over: Any) -> Ids:
    start = datetime.now(UTC) - timedelta(hours=1)
    return await published_activity(events, VILLAGE, **{"starts_at": start, **over})


async def again(events: Running, ids: Ids) -> Ids:
    """One more occurrence of an activity."""
    start = datetime.now(UTC)
    async with events.kit.database.transaction(SERVICE) as db:
        evening = Occurrence(
            activity_id=ids.activity,
            division_code=VILLAGE,
            recorded_code=VILLAGE,
            starts_at=start,
            ends_at=start + timedelta(hours=1),
        )
        db.add(evening)
        (pool,) = await open_places(db, evening, PlacesIn(capacity=9))
    (ticket,) = (await events.rows("SELECT id FROM tickets WHERE pool_id = :pool", pool=pool.id))[0]
    return Ids(ids.activity, evening.id, {pool.name: pool.id}, {pool.name: ticket})


async def read(events: Running, path: str) -> Any:
    async with events.as_(None) as public:
        answer = await public.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def at_every_tier(events: Running, ids: Ids) -> list[Any]:
    """The satisfaction that each published table shows, from the village to the province."""
    day = datetime.now(UTC)
    period = f"from={day.year}-01-01&to={day.year}-12-31"
    shown = [(await read(events, f"/activities/{ids.activity}/feedback"))["satisfaction"]]
    for code in TIERS:
        rollup = await read(events, f"/reports/rollup?division={code}&{period}")
        shown.append(rollup["figures"]["satisfaction"])
        listed = await read(events, f"/feedback?division={code}")
        shown += [item["satisfaction"] for item in listed["items"]] or [None]
    return shown


async def test_four_answers_stay_hidden_at_every_tier_and_five_are_shown_at_each(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await today(events)
    await said(events, ids, 5, 4, 3, 5)
    await night(events)
    assert await at_every_tier(events, ids) == [None] * 11
    assert (await read(events, f"/activities/{ids.activity}/feedback"))["unknown"] == [
        {
            "field": "satisfaction",
            "reason": "too-few-answers",
            "detail": "评价不足五份，不予公布；未知不等于零",
        }
    ]
    assert await events.scalar("SELECT count(*) FROM feedback_results") == 0
    with pytest.raises(IntegrityError, match="feedback_results_enough"):
        await events.rows(
            "INSERT INTO feedback_results VALUES (:id, 4, 3, now(), 1) RETURNING answers",
            id=ids.activity,
        )
    await said(events, ids, 1)
    assert await at_every_tier(events, ids) == [None] * 11
    await night(events, 2)
    await until(lambda: events.scalar("SELECT count(*) FROM contributions WHERE answers = 5"))
    whole = {"answers": 5, "satisfied": 3, "rate": 0.6}
    assert await at_every_tier(events, ids) == [whole] * 11
    await said(events, ids, 1, 1, 1, 1)
    await night(events, 3)
    assert (await at_every_tier(events, ids))[0] == whole


async def test_nothing_stored_leads_from_an_answer_to_a_person(events: Running) -> None:
    ids = await today(events)
    people = [await came(events, ids) for _ in range(4)]
    for person, registration in people:
        await say(events, person, registration, 2, comment=COMMENT)
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = :t ORDER BY 1"
    assert await events.rows(columns, t="feedback_box") == [
        ("activity_id",),
        ("given_on",),
        ("id",),
        ("sealed",),
    ]
    for caller, seen in ((staff("approver", "63"), [0, 0]), (people[0][0], [1, 0])):
        async with events.kit.database.transaction(caller) as db:
            assert [
                (await run(db, text(f"SELECT count(*) FROM {table}"))).scalar()
                for table in ("feedback_rights", "feedback_box")
            ] == seen
    before = await events.rows("SELECT id, sealed, xmin::text FROM feedback_box")
    assert [id_.version for id_, *_ in before] == [4] * 4
    await night(events)
    after = await events.rows("SELECT id, sealed, xmin::text FROM feedback_box")
    rights = await events.rows("SELECT xmin::text FROM feedback_rights")
    assert await events.rows("SELECT DISTINCT given_on FROM feedback_box") == [(None,)]
    assert len({xmin for *_, xmin in after}) == 1
    assert {xmin for *_, xmin in before} == {xmin for (xmin,) in rights}
    assert {xmin for *_, xmin in after} & {xmin for (xmin,) in rights} == set()
    assert {row[0] for row in before} & {row[0] for row in after} == set()
    assert {row[1] for row in before} & {row[1] for row in after} == set()
    accounts = {str(person.subject) for person, _ in people} | {str(one) for _, one in people}
    for table in ("feedback_box", "feedback_comments", "feedback_results", "outbox"):
        for (row,) in await events.rows(f"SELECT t::text FROM {table} t"):
            assert [one for one in accounts if one in row] == []


async def test_no_key_keeps_what_was_answered(events: Running) -> None:
    person, registration = await came(events, await today(events))
    body = {"registration_id": str(registration), "rating": 1}
    async with events.as_(person, **{"Idempotency-Key": "k1"}) as client:
        first = await client.post("/feedback", json=body)
        again = await client.post("/feedback", json=body)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["type"].endswith("/feedback-given")
    assert "rating" not in first.text
    assert await events.scalar("SELECT count(*) FROM idempotency_keys") == 0


async def test_the_right_is_one_a_person_and_activity_however_often_they_came(
    events: Running,
) -> None:
    ids, other = await today(events), await today(events)
    evening = await again(events, ids)
    person, first = await came(events, ids)
    _, second = await came(events, evening, account=person.subject)
    _, elsewhere = await came(events, other, account=person.subject)
    tries = [say(events, person, one) for one in (first, second) * 3]
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json().get("type", "").rpartition("/")[2] for answer in answers} == {
        "",
        "feedback-given",
    }
    assert (await say(events, person, elsewhere)).status_code == 201
    assert await events.scalar("SELECT count(*) FROM feedback_box") == 2


async def test_only_who_came_and_only_in_time(events: Running) -> None:
    ids = await today(events)
    person, registration = await came(events, ids)
    absent, not_there = await came(events, ids, checked_in=False)
    past = datetime.now(UTC) - timedelta(days=OPEN_DAYS + 1)
    old = await today(events, starts_at=past)
    late, too_late = await came(events, old)
    given = {
        "absent": await say(events, absent, not_there),
        "late": await say(events, late, too_late),
        "stranger": await say(events, citizen(), registration),
        "staff": await say(events, staff("approver", "63"), registration),
        "nobody": await say(events, citizen(), uuid7()),
        "rating": await say(events, person, registration, 6),
        "comment": await say(events, person, registration, 5, comment="啊" * 501),
        "both": await say(events, person, registration, 5, ticket="x"),
    }
    assert {
        name: (answer.status_code, answer.json()["type"].rpartition("/")[2])
        for name, answer in given.items()
    } == {
        "absent": (409, "not-attended"),
        "late": (409, "feedback-closed"),
        "stranger": (404, "missing"),
        "staff": (403, "only-who-came"),
        "nobody": (404, "missing"),
        "rating": (422, "broken-rule"),
        "comment": (422, "broken-rule"),
        "both": (422, "broken-rule"),
    }
    async with events.as_(None) as nobody:
        body = {"registration_id": str(registration), "rating": 5}
        assert (await nobody.post("/feedback", json=body)).status_code == 401


async def test_people_without_an_account_answer_with_their_ticket(events: Running) -> None:
    ids = await today(events)
    _, registration = await came(events, ids, by_staff=True)
    claims = tickets.TicketClaims(registration, ids.occurrence, (1,))
    token = tickets.sign(events.kit.keys, claims, datetime.now(UTC))
    async with events.as_(None) as nobody:
        taken = await nobody.post("/feedback", json={"ticket": token, "rating": 4})
        again = await nobody.post("/feedback", json={"ticket": token, "rating": 1})
        forged = await nobody.post("/feedback", json={"ticket": token[:-4] + "AAAA", "rating": 1})
    assert [each.status_code for each in (taken, again, forged)] == [201, 409, 422]


async def test_comments_come_with_their_group_and_only_to_the_host(events: Running) -> None:
    ids = await today(events)
    await said(events, ids, 5, 4, 3, 2, comment=COMMENT)
    path = f"/activities/{ids.activity}/feedback/comments"
    purpose = {"purpose": "了解听众意见"}
    officer = staff("officer", VILLAGE[:9])
    await night(events)
    async with events.as_(officer) as client:
        assert (await client.post(path, json=purpose)).json()["items"] == []
    await said(events, ids, 5)
    await night(events, 2)
    async with events.as_(officer, **{"Idempotency-Key": "k"}) as client:
        first = (await client.post(f"{path}?limit=3", json=purpose)).json()
        rest = (await client.post(f"{path}?limit=3&cursor={first['next']}", json=purpose)).json()
    shown = first["items"] + rest["items"]
    assert [each["comment"] for each in shown] == ["投影看不清，请打 138****1234 告诉我"] * 4
    assert sorted(shown[0]) == ["comment", "id"]
    assert await events.scalar("SELECT count(*) FROM idempotency_keys") == 0
    assert (
        await events.scalar(
            "SELECT count(*) FROM openings WHERE actor = :a AND fields = 'feedback.comment'"
            " AND subject = :s",
            a=officer.subject,
            s=f"activities/{ids.activity}",
        )
        == 3
    )
    for caller, status in (
        (staff("informant", VILLAGE), 403),
        (staff("officer", "630121"), 403),
        (citizen(), 403),
        (None, 401),
    ):
        async with events.as_(caller) as client:
            assert (await client.post(path, json=purpose)).status_code == status
    async with events.kit.database.transaction(citizen()) as db:
        for table in ("feedback_comments", "feedback_box", "feedback_rights"):
            assert (await run(db, text(f"SELECT count(*) FROM {table}"))).scalar() == 0


async def test_what_is_awaited_of_me_goes_once_it_is_given(events: Running) -> None:
    ids = await today(events)
    person, registration = await came(events, ids)
    await came(events, ids)
    async with events.as_(person) as client:
        before = (await client.get("/feedback/awaited")).json()["items"]
        await say(events, person, registration)
        after = (await client.get("/feedback/awaited")).json()["items"]
    assert [item["registration_id"] for item in before] == [str(registration)]
    assert after == []
    for other in (citizen(), staff("officer", VILLAGE[:9])):
        async with events.as_(other) as stranger:
            assert (await stranger.get("/feedback/awaited")).json()["items"] == []


async def test_what_never_became_five_goes_with_its_rights_when_the_time_is_over(
    events: Running,
) -> None:
    ids = await today(events)
    await said(events, ids, 5, 1)
    await night(events)
    now = datetime.now(UTC)
    for days, left in ((OPEN_DAYS, 2), (OPEN_DAYS + 8, 0)):
        async with events.kit.database.transaction(SERVICE) as db:
            await forget(db, now + timedelta(days=days))
        for table in ("feedback_box", "feedback_rights"):
            assert await events.scalar(f"SELECT count(*) FROM {table}") == left


async def test_another_host_counts_the_same_answers_and_a_replay_gives_the_same(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await today(events)
    await said(events, ids, 5, 5, 5, 5, 1)
    await night(events)
    async with events.as_(staff("approver", "63")) as client:
        hosts = f"/activities/{ids.activity}/hosts"
        invited = await client.post(hosts, json={"division_code": "630202"})
        accepted = await client.post(f"{hosts}/630202/accept")
    assert (invited.status_code, accepted.status_code) == (201, 200), (invited.text, accepted.text)
    cells = (
        "SELECT division_code, grain, answers, satisfied FROM tallies WHERE answers <> 0"
        " ORDER BY division_code, grain"
    )
    codes = ("63", "6301", "630123", "630123101", VILLAGE, "6302", "630202")
    expected = sorted((code, grain, 5, 4) for code in codes for grain in ("day", "month"))

    async def same() -> bool:
        return await events.rows(cells) == expected

    await until(same)
    facts = [
        Envelope(
            id=row[0],
            source="/events",
            type=row[1],
            subject=row[2],
            time=datetime.now(UTC),
            division=row[3],
            traceparent="",
            aggregateversion=row[4],
            data=row[5],
        )
        for row in await events.rows(
            "SELECT id, type, subject, division, version, data FROM outbox"
            " WHERE type = ANY(:types)",
            types=list(CONSUMER.handlers),
        )
    ]
    async with events.kit.database.transaction(SERVICE) as db:
        assert CONSUMER.reset is not None
        await CONSUMER.reset(db)
        await apply(db, CONSUMER, facts[::-1])
    assert await same()


async def test_a_list_of_results_costs_the_same_for_one_and_for_many(events: Running) -> None:
    counts = []
    for _ in range(3):
        await said(events, await today(events), 5, 5, 5, 5, 5)
        await night(events)
        person, _ = await came(events, await today(events))
        for client_of, path in ((None, "/feedback?division=63"), (person, "/feedback/awaited")):
            async with events.as_(client_of) as client, counted(events) as statements:
                assert (await client.get(path)).status_code == 200
            counts.append(len(statements))
    assert counts == counts[:2] * 3
