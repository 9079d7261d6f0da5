"""What was scanned without a line: every scan answered, none lost, none counted twice."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import true

from services.events.door import queries
from services.events.registrations import tickets
from services.kit.access import SERVICE, Caller
from services.kit.pages import Paging
from tests.events.door.doors import (
    CHECKER,
    FOREIGN,
    TOWNSHIP,
    outcomes,
    people,
    phone,
    slug,
    today,
)
from tests.support.apps import Running, staff

MINUTE = timedelta(minutes=1)


async def earlier(events: Running) -> None:
    """The phones were enrolled two hours ago."""
    await events.rows("UPDATE device_contacts SET at = at - interval '2 hours' RETURNING id")


async def verified(events: Running) -> tuple[int, int]:
    """What the occurrence says, and what its rows are."""
    said = await events.scalar("SELECT sum(verified) FROM occurrences")
    return said, await events.scalar("SELECT count(*) FROM check_ins")


async def test_each_scan_is_answered_with_what_it_came_to(events: Running) -> None:
    ids, other = await today(events), await today(events)
    ((_, one), (gone, cancelled), (waits, waiting), (_, three)) = await people(
        events, ids, [1, 1, 1, 3]
    )
    ((_, elsewhere),) = await people(events, other, [1])
    await events.rows(
        "UPDATE registrations SET state = CASE id WHEN :gone THEN 'cancelled' ELSE 'waiting' END"
        " WHERE id IN (:gone, :waits) RETURNING id",
        gone=gone,
        waits=waits,
    )
    device = await phone(events, "东门")
    kid = jwt.get_unverified_header(one)["kid"]
    claims = jwt.decode(one, options={"verify_signature": False})
    forged = jwt.encode(
        claims, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": kid, "typ": tickets.TYPE}
    )
    first = device.scan(ids.occurrence, one)
    for ticket, how in (
        (one, {}),
        (cancelled, {}),
        (waiting, {}),
        (three, {"members": (1, 9)}),
        (three, {"members": (8, 9)}),
        (elsewhere, {}),
        (forged, {}),
        (None, {"registration": uuid4()}),
        (None, {}),
    ):
        device.scan(ids.occurrence, ticket, **how)
    device.scan(uuid4(), one)
    stranger = dict(device.scan(ids.occurrence, three, members=(2,)))
    stranger["members"] = (2, 3)
    device.queue[-1] = stranger
    answer = await device.sync()
    assert outcomes(answer) == [
        "counted",
        "duplicate",
        "cancelled",
        "not_confirmed",
        "counted",
        "over_party",
        "wrong_occurrence",
        "bad_ticket",
        "unknown",
        "unknown",
        "wrong_occurrence",
        "bad_signature",
    ]
    counted, duplicate, *_ = answer["scans"]
    assert (counted["client_id"], counted["counted"], counted["firsts"]) == (
        first["client_id"],
        [1],
        [],
    )
    (by,) = duplicate["firsts"]
    assert (by["device_id"], by["device_name"], by["number"]) == (str(device.id), "东门", 1)
    assert by["at"] == counted["at"]
    assert answer["scans"][4]["counted"] == [1]
    assert answer["verified"] == {str(ids.occurrence): 2}
    # Kept, all but the one that the device did not sign; and no text of a foreign code.
    assert await events.scalar("SELECT count(*) FROM scans") == 11
    assert await events.scalar("SELECT count(*) FROM scans WHERE signed LIKE '%ey%.%'") == 0
    assert await verified(events) == (2, 2)


async def test_sending_again_in_part_or_twice_at_once_changes_nothing(events: Running) -> None:
    ids = await today(events)
    device = await phone(events)
    for _, ticket in await people(events, ids, [1] * 6):
        device.scan(ids.occurrence, ticket)
    await device.sync(device.queue[:4])
    version = await events.scalar("SELECT version FROM occurrences")
    first = await device.sync(device.queue[2:4])
    again = await device.sync(device.queue[2:4])
    assert first["scans"] == again["scans"]
    assert await events.scalar("SELECT version FROM occurrences") == version
    answers = await asyncio.gather(*(device.sync() for _ in range(4)))
    assert [outcomes(answer) for answer in answers] == [["counted"] * 6] * 4
    assert await verified(events) == (6, 6)


async def test_phones_at_once_wait_for_each_other_and_not_for_ever(events: Running) -> None:
    ids = await today(events)
    parties = await people(events, ids, [1] * 16)
    phones = [await phone(events, str(number)) for number in range(4)]
    await earlier(events)
    for number, each in enumerate(phones):
        # Three that only this one has seen, and four that all have.
        for _, ticket in [*parties[number * 3 : number * 3 + 3], *parties[12:]]:
            each.scan(ids.occurrence, ticket, ago=MINUTE * (5 + number))
    answers = await asyncio.gather(*(each.sync() for each in phones))
    assert [len(answer["scans"]) for answer in answers] == [7] * 4
    assert await verified(events) == (16, 16)
    facts = "SELECT version FROM outbox WHERE type = 'events.attendance_changed.v1' ORDER BY seq"
    assert [version for (version,) in await events.rows(facts)] == [2, 3, 4, 5]
    assert outcomes(await phones[3].sync()) == ["counted"] * 7
    assert outcomes(await phones[0].sync()) == ["counted"] * 3 + ["duplicate"] * 4


async def test_an_earlier_scan_takes_the_first_place_of_a_check_in_made_on_line(
    events: Running,
) -> None:
    ids = await today(events)
    ((_, ticket), (_, late)) = await people(events, ids, [1, 1])
    device = await phone(events)
    await earlier(events)
    device.scan(ids.occurrence, ticket, ago=MINUTE * 5)
    async with events.as_(CHECKER) as client:
        for each in (ticket, late):
            assert (await client.post("/check-ins", json={"token": each})).status_code == 201
    device.scan(ids.occurrence, late)
    answer = await device.sync()
    assert outcomes(answer) == ["counted", "duplicate"]
    (first,) = answer["scans"][1]["firsts"]
    assert (first["device_id"], first["device_name"]) == (None, None)
    assert await events.rows(
        "SELECT method, entered_method, device_id IS NULL FROM check_ins ORDER BY method"
    ) == [("offline_ticket", "ticket", False), ("ticket", None, True)]
    assert await verified(events) == (2, 2)


async def test_a_sync_after_the_activity_is_completed_still_counts_and_is_told(
    events: Running,
) -> None:
    ids = await today(events)
    ((_, ticket),) = await people(events, ids, [2])
    device = await phone(events)
    await earlier(events)
    device.scan(ids.occurrence, ticket, ago=MINUTE * 20)
    await events.rows("UPDATE activities SET state = 'completed' RETURNING id")
    await events.rows(
        "UPDATE occurrences SET state = 'completed', ends_at = starts_at + interval '1 minute'"
        " RETURNING id"
    )
    assert outcomes(await device.sync()) == ["counted"]
    (told,) = await events.rows(
        "SELECT subject, data ->> 'verified' FROM outbox"
        " WHERE type = 'events.attendance_changed.v1'"
    )
    assert told == (str(ids.occurrence), "2")


async def test_a_foreign_device_counts_nobody_and_learns_nothing(events: Running) -> None:
    ids = await today(events)
    ((_, ticket),) = await people(events, ids, [1])
    device = await phone(events, "外地", FOREIGN)
    device.scan(ids.occurrence, ticket)
    answer = await device.sync()
    assert (outcomes(answer), answer["verified"]) == (["out_of_reach"], {})
    assert await verified(events) == (0, 0)


@pytest.mark.parametrize("years", [-40, 40])
async def test_a_lying_clock_is_set_right_and_one_that_jumped_is_held_to_the_door(
    events: Running, years: int
) -> None:
    ids = await today(events)
    ((_, first), (_, second)) = await people(events, ids, [1, 1])
    device = await phone(events, wrong_by=timedelta(days=365 * years))
    device.scan(ids.occurrence, first)
    device.wrong_by = timedelta(0)  # somebody set it right meanwhile: now it lies the other way
    device.scan(ids.occurrence, second)
    answer = await device.sync()
    assert outcomes(answer) == ["counted", "counted"]
    assert [scan["doubtful"] for scan in answer["scans"]] == [False, True]
    rows = await events.rows(
        "SELECT s.at BETWEEN o.starts_at - interval '2 hours' AND o.ends_at + interval '2 days',"
        " abs(extract(epoch FROM s.device_at - now())) < 60 FROM scans s"
        " JOIN occurrences o ON o.id = s.occurrence_id ORDER BY s.seq"
    )
    assert rows == [(True, False), (True, True)]
    contacts = await events.scalar("SELECT count(*) FROM device_contacts")
    assert contacts == 2  # the clock moved: new scans name a contact that knows it


async def revoke(events: Running, device: Any, ago: timedelta) -> None:
    async with events.as_(CHECKER) as client:
        where = f"/check-ins/devices/{device.id}/revoke"
        assert (await client.post(where, json={"reason": "丢失"})).status_code == 200
    await events.rows(
        "UPDATE devices SET revoked_at = revoked_at - CAST(:ago AS interval) WHERE id = :id RETURNING id",
        ago=ago,
        id=device.id,
    )


@pytest.mark.parametrize("backwards", [False, True])
async def test_what_a_device_scanned_before_it_was_revoked_is_kept_and_marked(
    events: Running, backwards: bool
) -> None:
    ids, other = await today(events), await today(events)
    parties = await people(events, ids, [1] * 4)
    ((_, elsewhere),) = await people(events, other, [1])
    device = await phone(events)
    await earlier(events)
    device.scan(ids.occurrence, parties[0][1], ago=MINUTE * 15)
    device.scan(ids.occurrence, parties[1][1], ago=MINUTE * 14)
    device.scan(ids.occurrence, parties[2][1], ago=MINUTE * 5)
    # Whoever has it now sets the clock back: the sequence tells.
    device.scan(ids.occurrence, parties[3][1], ago=MINUTE * 20)
    device.scan(other.occurrence, elsewhere, ago=MINUTE * 30)
    await revoke(events, device, MINUTE * 10)
    pieces = [device.queue[:2], device.queue[2:4], device.queue[4:]]
    for piece in reversed(pieces) if backwards else pieces:
        await device.sync(piece)
    answer = await device.sync()
    assert outcomes(answer) == ["counted", "counted"] + ["device_revoked"] * 3
    assert [scan["device_revoked"] for scan in answer["scans"][:2]] == [True, True]
    assert answer["device"]["revoked_at"] is not None
    assert await verified(events) == (2, 2)
    async with events.as_(staff("checker", TOWNSHIP)) as client:
        where = f"/check-ins/scans?occurrence={ids.occurrence}"
        odd = (await client.get(f"{where}&doubtful=true")).json()["items"]
        refused = (await client.get(f"{where}&outcome=device_revoked")).json()["items"]
    assert sorted(scan["seq"] for scan in odd) == [1, 2, 4]
    assert sorted(scan["seq"] for scan in refused) == [3, 4]


async def test_what_was_received_before_the_revocation_stays(events: Running) -> None:
    ids = await today(events)
    ((_, ticket), (_, late)) = await people(events, ids, [1, 1])
    device = await phone(events)
    device.scan(ids.occurrence, ticket)
    await device.sync()
    await revoke(events, device, timedelta(0))
    await earlier(events)  # a live device would be given a new contact now
    device.scan(ids.occurrence, late)
    contact = device.contact
    assert outcomes(await device.sync()) == ["counted", "device_revoked"]
    assert device.contact == contact
    assert await verified(events) == (1, 1)


async def test_a_check_in_taken_back_stays_so_however_often_the_scan_is_sent(
    events: Running,
) -> None:
    ids = await today(events)
    ((_, ticket),) = await people(events, ids, [2])
    device, other = await phone(events, "东门"), await phone(events, "西门")
    await earlier(events)
    device.scan(ids.occurrence, ticket, ago=MINUTE)
    other.scan(ids.occurrence, ticket, ago=MINUTE * 3)
    await device.sync()
    ((member,),) = await events.rows("SELECT id FROM members WHERE position = 1")
    undo = f"/check-ins/{member}/undo"
    async with events.as_(CHECKER) as client:
        answer = await client.post(undo, json={"reason": "扫错了人"})
        assert (answer.status_code, answer.json()["verified"]) == (200, 1)
        assert slug(await client.post(undo, json={"reason": "扫错了人"})) == (
            409,
            "not-checked-in",
        )
    await device.sync()
    # Made before it was taken back, and sent after: it tells nothing new of that person.
    late = (await other.sync())["scans"][0]
    assert (late["outcome"], late["counted"]) == ("counted", [2])
    assert await verified(events) == (1, 1)
    kept = await events.rows("SELECT reason, by FROM check_ins_taken_back")
    assert kept == [("扫错了人", CHECKER.subject)]
    device.scan(ids.occurrence, ticket, members=(1,))
    assert outcomes(await device.sync(device.queue[-1:])) == ["counted"]
    assert await verified(events) == (2, 2)


async def test_kept_scans_are_seen_by_staff_of_the_host_and_by_nobody_else(
    events: Running,
) -> None:
    ids = await today(events)
    ((_, ticket),) = await people(events, ids, [1])
    device = await phone(events)
    device.scan(ids.occurrence, ticket)
    await device.sync()
    where = f"/check-ins/scans?occurrence={ids.occurrence}"
    seen = {}
    for name, caller in (("host", CHECKER), ("foreign", staff("checker", FOREIGN))):
        async with events.as_(caller) as client:
            seen[name] = len((await client.get(where)).json()["items"])
    assert seen == {"host": 1, "foreign": 0}
    async with events.as_() as client:
        assert slug(await client.get(where)) == (401, "unauthenticated")


async def test_the_wall_and_the_query_each_hide_scans_alone(
    events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await today(events)
    ((_, ticket),) = await people(events, ids, [1])
    device = await phone(events)
    device.scan(ids.occurrence, ticket)
    await device.sync()
    outsider, found = staff("checker", FOREIGN), {}

    async def seen(voice: Caller) -> int:
        async with events.kit.database.transaction(voice) as db:
            rows = await queries.kept_scans(
                db, outsider, Paging(), occurrence=ids.occurrence, outcome=None, doubtful=None
            )
        return len(rows)

    found["the query alone"] = await seen(SERVICE)
    monkeypatch.setattr(queries, "within", lambda *_: true())
    found["the wall alone"] = await seen(outsider)
    found["neither"] = await seen(SERVICE)
    assert found == {"the query alone": 0, "the wall alone": 0, "neither": 1}


async def test_a_batch_has_at_most_five_hundred_scans(events: Running) -> None:
    ids = await today(events)
    device = await phone(events)
    scan = device.scan(ids.occurrence, "x")
    answer = await device.request("POST", "/check-ins/sync", {"last_seq": 1, "scans": [scan] * 501})
    assert slug(answer) == (422, "broken-rule")
    assert outcomes(await device.sync([scan] * 500)) == ["bad_ticket"] * 500
    assert await events.scalar("SELECT count(*) FROM scans") == 1
