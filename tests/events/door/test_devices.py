"""Devices: enrolled once by a code that staff show, renamed, revoked; what they take along."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from services.events.door import proofs
from services.kit.access import Caller
from tests.events.door.doors import CHECKER, FOREIGN, HALL, TOWNSHIP, people, phone, slug, today
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted
from tests.support.scanner import Phone

COUNTY = "630123"


async def code_of(running: Running, caller: Caller | None, division: str) -> httpx.Response:
    async with running.as_(caller) as client:
        return await client.post("/check-ins/devices/codes", json={"division_code": division})


async def test_a_code_is_shown_once_as_text_link_and_picture(events: Running) -> None:
    answer = await code_of(events, CHECKER, TOWNSHIP)
    shown = answer.json()
    assert (answer.status_code, shown["division_code"]) == (201, TOWNSHIP)
    assert shown["link"].endswith(f"/api/v1/check-ins/scanner#enrol={shown['code']}")
    assert shown["qr"].startswith("<?xml")
    assert answer.headers["cache-control"] == "private, no-store"
    kept = await events.rows("SELECT digest FROM enrolment_codes")
    assert [shown["code"].encode() in bytes(digest) for (digest,) in kept] == [False]


async def test_codes_are_made_by_who_may_check_in_there(events: Running) -> None:
    asked = {
        "checker": (CHECKER, TOWNSHIP),
        "from above": (staff("informant", COUNTY), TOWNSHIP),
        "beyond reach": (CHECKER, COUNTY),
        "observer": (staff("observer", TOWNSHIP), TOWNSHIP),
        "citizen": (citizen(), TOWNSHIP),
        "nobody": (None, TOWNSHIP),
    }
    answers = {name: (await code_of(events, *how)).status_code for name, how in asked.items()}
    assert answers == {
        "checker": 201,
        "from above": 201,
        "beyond reach": 403,
        "observer": 403,
        "citizen": 403,
        "nobody": 401,
    }


async def test_a_code_enrols_one_device_soon_and_that_one_may_ask_again(events: Running) -> None:
    code = (await code_of(events, CHECKER, TOWNSHIP)).json()["code"]
    first, second = Phone(events, "东门"), Phone(events, "西门", wrong_by=timedelta(hours=-3))
    assert slug(await first.use("23456ABCDE")) == (404, "enrolment-code-unusable")
    made = await first.use(code)
    assert (made.status_code, made.json()["division_code"]) == (201, TOWNSHIP)
    again = await first.use(code)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert slug(await second.use(code)) == (404, "enrolment-code-unusable")
    other = (await code_of(events, CHECKER, TOWNSHIP)).json()["code"]
    assert slug(await first.use(other)) == (409, "device-key-taken")
    await events.rows("UPDATE enrolment_codes SET expires_at = now() RETURNING digest")
    assert slug(await second.use(other)) == (404, "enrolment-code-unusable")
    fresh = (await code_of(events, CHECKER, TOWNSHIP)).json()["code"]
    late = (await second.use(fresh)).json()
    assert 10_795_000 < late["clock_offset_ms"] < 10_805_000
    told = await events.rows("SELECT type, division FROM outbox ORDER BY seq")
    assert told == [("events.device_enrolled.v1", TOWNSHIP)] * 2


async def test_two_devices_with_one_code_at_once_are_one_device(events: Running) -> None:
    code = (await code_of(events, CHECKER, TOWNSHIP)).json()["code"]
    answers = await asyncio.gather(*(Phone(events).use(code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404, 404]


async def test_a_key_that_the_device_does_not_hold_is_not_enrolled(events: Running) -> None:
    code = (await code_of(events, CHECKER, TOWNSHIP)).json()["code"]
    thief, owner = Phone(events), Phone(events)
    thief.__class__ = type("Thief", (Phone,), {"public_key": owner.public_key})
    assert slug(await thief.use(code)) == (401, "unknown-device")
    body = {
        "code": code,
        "name": "手机",
        "device_at": "2026-01-01T00:00:00Z",
        "public_key": "A" * 87,
        "signature": "",
    }
    async with events.as_() as client:
        answer = await client.post("/check-ins/devices", json=body)
    assert [error["rule"] for error in answer.json()["errors"]] == ["public-key"]


async def test_staff_see_and_change_the_devices_of_their_reach_and_no_others(
    events: Running,
) -> None:
    here = await phone(events, "东门")
    there = await phone(events, "外地", FOREIGN)
    where = f"/check-ins/devices/{here.id}"
    async with events.as_(staff("checker", COUNTY)) as client:
        listed = (await client.get("/check-ins/devices")).json()["items"]
        assert [(one["id"], one["allowed_actions"]) for one in listed] == [
            (str(here.id), ["revoke"])
        ]
        assert slug(await client.get(f"/check-ins/devices/{there.id}")) == (404, "missing")
        read = await client.get(where)
        tag = {"If-Match": read.headers["etag"]}
        renamed = await client.patch(where, json={"name": "北门"}, headers=tag)
        assert (renamed.status_code, renamed.json()["name"]) == (200, "北门")
        assert slug(await client.patch(where, json={"name": "x"}, headers=tag)) == (412, "stale")
        revoked = await client.post(f"{where}/revoke", json={"reason": "手机丢失"})
        assert (revoked.json()["revoke_reason"], revoked.json()["allowed_actions"]) == (
            "手机丢失",
            [],
        )
        again = await client.post(f"{where}/revoke", json={"reason": "手机丢失"})
        assert slug(again) == (409, "already-revoked")
        kept = (await client.get("/check-ins/devices?revoked=false")).json()["items"]
        assert kept == []
    async with events.as_(staff("checker", FOREIGN)) as client:
        assert slug(await client.post(f"{where}/revoke", json={"reason": "不是我的"})) == (
            404,
            "missing",
        )
    async with events.as_(citizen()) as client:
        assert (await client.get("/check-ins/devices")).json()["items"] == []
    async with events.as_() as client:
        assert slug(await client.get("/check-ins/devices")) == (401, "unauthenticated")


async def test_a_device_takes_along_the_doors_it_serves_and_nothing_personal(
    events: Running,
) -> None:
    ids = await today(events)
    ((party, _), (other, _)) = await people(events, ids, [3, 1])
    await events.rows("UPDATE registrations SET state = 'cancelled' WHERE number = 2 RETURNING id")
    await events.rows("UPDATE members SET dropped_at = now() WHERE position = 2 RETURNING id")
    host, place = await phone(events), await phone(events, "大厅", HALL)
    foreign = await phone(events, "外地", FOREIGN)
    for one in (host, place):
        packs = (await one.request("GET", "/check-ins/packs")).json()["items"]
        assert [pack["occurrence_id"] for pack in packs] == [str(ids.occurrence)]
    assert (await foreign.request("GET", "/check-ins/packs")).json()["items"] == []
    where = f"/check-ins/packs/{ids.occurrence}"
    for target in (where, f"{where}/registrations"):
        assert slug(await foreign.request("GET", target)) == (404, "missing")
    pack = (await host.request("GET", where)).json()
    assert (pack["title"], [key["crv"] for key in pack["keys"]]) == ("青海湖的鸟", ["Ed25519"])
    listed = (await host.request("GET", f"{where}/registrations")).json()["items"]
    assert listed == [
        {
            "id": str(party),
            "state": "confirmed",
            "name": "卓**",
            "party_size": 3,
            "numbers": [1, 3],
            "came": [],
        },
        {
            "id": str(other),
            "state": "cancelled",
            "name": "卓**",
            "party_size": 1,
            "numbers": [1],
            "came": [],
        },
    ]


async def test_a_list_comes_in_pages_and_what_has_not_changed_is_not_sent_again(
    events: Running,
) -> None:
    ids = await today(events)
    await people(events, ids, [1] * 7)
    device = await phone(events)
    where = f"/check-ins/packs/{ids.occurrence}/registrations"
    got: list[str] = []
    target: str | None = f"{where}?limit=3"
    while target:
        page = await device.request("GET", target)
        tag = {"If-None-Match": page.headers["etag"]}
        same = await device.request("GET", target, **tag)
        assert (same.status_code, same.content) == (304, b"")
        got += [item["id"] for item in page.json()["items"]]
        following = page.json()["next"]
        target = following and f"{where}?limit=3&cursor={following}"
    assert (len(got), got) == (7, sorted(set(got)))
    small = await device.request("GET", where, **{"Accept-Encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    await events.rows("UPDATE registrations SET state = 'cancelled' WHERE number = 1 RETURNING id")
    tag = {"If-None-Match": small.headers["etag"], "Accept-Encoding": "gzip"}
    assert (await device.request("GET", where, **tag)).status_code == 200


async def test_every_list_of_the_door_asks_as_often_for_many_rows_as_for_one(
    events: Running,
) -> None:
    found: dict[str, set[int]] = {}
    ids = await today(events)
    device = await phone(events)
    for size in (1, 2, 20):
        made = await people_more(events, ids, size)
        for _, ticket in made:
            device.scan(ids.occurrence, ticket)
        await device.sync()
        await today(events)
        await phone(events, f"{size}")
        for target in ("/check-ins/packs", f"/check-ins/packs/{ids.occurrence}/registrations"):
            async with counted(events) as statements:
                assert (await device.request("GET", target)).status_code == 200
            found.setdefault(target, set()).add(len(statements))
        async with events.as_(CHECKER) as client:
            for target in ("/check-ins/devices", f"/check-ins/scans?occurrence={ids.occurrence}"):
                async with counted(events) as statements:
                    assert (await client.get(target)).status_code == 200
                found.setdefault(target, set()).add(len(statements))
    assert {target: len(numbers) for target, numbers in found.items()} == dict.fromkeys(found, 1)


async def people_more(events: Running, ids: Any, size: int) -> Any:
    """More parties of one at a pool that has some."""
    before = await events.scalar("SELECT count(*) FROM registrations")
    await events.rows("UPDATE registrations SET number = number + 1000 RETURNING id")
    assert before >= 0
    return await people(events, ids, [1] * size)


async def test_a_request_that_the_device_did_not_sign_is_refused(events: Running) -> None:
    device = await phone(events)
    clock, body = proofs.milliseconds(device.clock()), b'{"last_seq":0,"scans":[]}'
    target = "/check-ins/sync"
    proof = device.sign(proofs.request_text("POST", target, clock, body))
    right = {"name": str(device.id), "clock": clock, "proof": proof, "to": target, "body": body}
    answers = {}
    for spoiled, value in (
        ("nothing", None),
        ("name", str(uuid4())),
        ("name", "nobody"),
        ("clock", clock + 1),
        ("proof", "AAAA"),
        ("body", b'{"last_seq":1,"scans":[]}'),
        ("to", f"{target}?x=1"),
    ):
        sent = {**right, spoiled: value}
        headers = {
            "Kepu-Device": f"{sent['name']} {sent['clock']} {sent['proof']}",
            "Content-Type": "application/json",
        }
        async with events.as_() as client:
            answer = await client.post(str(sent["to"]), content=sent["body"], headers=headers)
        answers[spoiled, str(value)] = answer.status_code
    assert list(answers.values()) == [200] + [401] * 6


async def test_a_revoked_device_is_sent_no_list(events: Running) -> None:
    ids = await today(events)
    device = await phone(events)
    async with events.as_(CHECKER) as client:
        assert slug(await client.get("/check-ins/packs")) == (401, "unknown-device")
        await client.post(f"/check-ins/devices/{device.id}/revoke", json={"reason": "丢失"})
    for target in (
        "/check-ins/packs",
        f"/check-ins/packs/{ids.occurrence}",
        f"/check-ins/packs/{ids.occurrence}/registrations",
        f"/check-ins/codes/{ids.occurrence}",
    ):
        assert slug(await device.request("GET", target)) == (403, "device-revoked")
