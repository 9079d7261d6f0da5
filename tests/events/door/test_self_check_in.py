"""The rotating code at the door: whoever is there checks in their own party, and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.events.door import self_check_in
from services.events.door.rules import TRIES
from services.kit.access import Caller
from tests.events.door.doors import CHECKER, FOREIGN, TOWNSHIP, phone, slug, today
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff


async def registered(running: Running, ids: Ids, size: int = 1) -> Caller:
    person = citizen()
    async with running.as_(person) as client:
        assert (await client.post("/registrations", json=ids.party(size))).status_code == 201
    return person


async def tonight(running: Running) -> Ids:
    """Begins in an hour: registration is open, and so is the door."""
    return await today(running, starts_at=datetime.now(UTC) + timedelta(hours=1))


async def shown(running: Running, ids: Ids) -> str:
    async with running.as_(CHECKER) as client:
        answer = await client.get(f"/check-ins/codes/{ids.occurrence}")
    assert answer.status_code == 200, answer.text
    code: str = answer.json()["code"]
    return code


async def enter(running: Running, caller: Caller | None, ids: Ids, code: str, **body: Any) -> Any:
    async with running.as_(caller) as client:
        return await client.post(
            "/check-ins/self", json={"occurrence_id": str(ids.occurrence), "code": code, **body}
        )


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_code_at_the_door_lets_in_ones_own_party_once(events: Running) -> None:
    ids = await tonight(events)
    alone, family = await registered(events, ids), await registered(events, ids, 3)
    code = await shown(events, ids)
    first = await enter(events, alone, ids, code)
    assert (first.status_code, first.json()["verified"]) == (201, 1)
    again = await enter(events, alone, ids, code)
    assert (again.status_code, again.json()["already"], again.json()["verified"]) == (200, True, 1)
    unsaid = await enter(events, family, ids, code)
    assert [error["rule"] for error in unsaid.json()["errors"]] == ["say-who-came"]
    some = await enter(events, family, ids, code, members=[1, 3])
    assert [member["number"] for member in some.json()["members"]] == [1, 3]
    assert (
        await events.rows(
            "SELECT c.method, c.by = m.account_id FROM check_ins c JOIN members m"
            " ON m.id = c.member_id"
        )
        == [("self", True)] * 3
    )


async def test_nobody_checks_in_others_or_without_the_code(events: Running) -> None:
    ids, other = await tonight(events), await tonight(events)
    person = await registered(events, ids)
    code = await shown(events, ids)
    answers = [
        await enter(events, citizen(), ids, code),
        # Staff see everybody's registrations, and yet have none of their own.
        await enter(events, CHECKER, ids, code),
        await enter(events, person, ids, wrong(code)),
        await enter(events, person, ids, await shown(events, other)),
        await enter(events, person, other, await shown(events, other)),
        await enter(events, None, ids, code),
        await enter(events, person, Ids(ids.activity, ids.activity, {}, {}), code),
    ]
    assert [slug(answer) for answer in answers] == [
        (409, "not-registered"),
        (409, "not-registered"),
        (409, "wrong-door-code"),
        (409, "wrong-door-code"),
        (409, "not-registered"),
        (401, "unauthenticated"),
        (404, "missing"),
    ]
    assert await events.scalar("SELECT count(*) FROM check_ins") == 0


async def test_a_code_is_good_for_its_period_and_the_next_and_not_longer(
    events: Running, environment: pytest.MonkeyPatch
) -> None:
    ids = await tonight(events)
    settings = self_check_in.DoorSettings()
    now = datetime.now(UTC)
    answers = []
    for periods in (-2, -1, 0, 1, 2):
        person = await registered(events, ids)
        async with events.kit.database.transaction(CHECKER) as db:
            made = await self_check_in.shown(
                db, CHECKER, events.kit.vault, settings, ids.occurrence, now
            )
        async with events.kit.database.transaction(person) as db:
            given = self_check_in.SelfCheckInIn(occurrence_id=ids.occurrence, code=made.code)
            moment = now + timedelta(seconds=periods * settings.events_door_code_period_s)
            try:
                await self_check_in.check_self_in(
                    db, person, events.kit.vault, settings, given, moment
                )
                answers.append(True)
            except self_check_in.WrongDoorCode:
                answers.append(False)
    assert answers == [False, True, True, True, False]


async def test_who_guesses_is_soon_told_to_wait_and_others_are_not(events: Running) -> None:
    ids = await tonight(events)
    guesser, neighbour = await registered(events, ids), await registered(events, ids)
    code = await shown(events, ids)
    tried = [(await enter(events, guesser, ids, wrong(code))).status_code for _ in range(TRIES)]
    assert tried == [409] * TRIES
    barred = await enter(events, guesser, ids, code)
    assert (*slug(barred), barred.headers["retry-after"]) == (429, "too-many-door-codes", "300")
    assert (await enter(events, neighbour, ids, code)).status_code == 201
    await events.rows(
        "UPDATE door_code_tries SET began_at = began_at - interval '5 minutes' RETURNING tries"
    )
    assert (await enter(events, guesser, ids, await shown(events, ids))).status_code == 201
    async with events.kit.database.transaction(guesser) as db:
        assert await self_check_in.forget_tries(db) == 0


async def test_the_screen_is_for_the_people_at_the_door(events: Running) -> None:
    ids, tomorrow = await tonight(events), await published_activity(events, TOWNSHIP)
    where = f"/check-ins/codes/{ids.occurrence}"
    device = await phone(events)
    by_device = await device.request("GET", where)
    assert by_device.json()["code"] == await shown(events, ids)
    picture = await device.request("GET", where, Accept="image/svg+xml")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == (
        "image/svg+xml",
        "private, no-store",
    )
    answers = {}
    for name, caller in (("foreign", staff("checker", FOREIGN)), ("citizen", citizen())):
        async with events.as_(caller) as client:
            answers[name] = slug(await client.get(where))
    async with events.as_() as client:
        answers["nobody"] = slug(await client.get(where))
    async with events.as_(CHECKER) as client:
        early = f"/check-ins/codes/{tomorrow.occurrence}"
        answers["early"] = slug(await client.get(early))
    assert answers == {
        "foreign": (403, "forbidden"),
        "citizen": (403, "forbidden"),
        "nobody": (401, "unauthenticated"),
        "early": (409, "check-in-closed"),
    }
