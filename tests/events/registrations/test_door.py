"""At the door: tickets that cannot be forged, people who come once, numbers by grade."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.events.registrations import tickets
from services.kit import keys
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff

TOWNSHIP, HALL = "630123101", "630102"
SOON = timedelta(hours=1)
MISTAKE = {"reason": "扫错了人"}


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def today(running: Running, **over: Any) -> Ids:
    """An activity of the township that begins in an hour, in the hall of another division."""
    start = datetime.now(UTC) + SOON
    return await published_activity(
        running, TOWNSHIP, **{"starts_at": start, "division_code": HALL, **over}
    )


async def party(running: Running, ids: Ids, size: int = 1) -> tuple[Any, str, str]:
    """A citizen with a confirmed party: caller, where it is, its ticket."""
    person = citizen()
    async with running.as_(person) as client:
        where = (await client.post("/registrations", json=ids.party(size))).headers["location"]
        token = (await client.get(f"{where}/ticket")).json()["token"]
    return person, where, token


async def scan(running: Running, caller: Any, **body: Any) -> Any:
    async with running.as_(caller) as client:
        return await client.post("/check-ins", json=body)


async def test_a_ticket_says_little_and_every_device_can_verify_it(events: Running) -> None:
    ids = await today(events)
    person, where, token = await party(events, ids, 2)
    async with events.as_() as device:
        (key,) = (await device.get("/check-ins/keys")).json()["keys"]
    claims = jwt.decode(
        token, jwt.PyJWK(key).key, algorithms=["EdDSA"], options={"verify_iat": False}
    )
    assert set(claims) == {"r", "o", "m", "iat"}
    assert str(UUID(bytes=keys.unbase64(claims["r"]))) == where.rpartition("/")[2]
    assert UUID(bytes=keys.unbase64(claims["o"])) == ids.occurrence
    assert claims["m"] == [1, 2]
    assert len(token) < 320
    async with events.as_(person) as client:
        svg = await client.get(f"{where}/ticket?format=svg")
        png = await client.get(f"{where}/ticket", headers={"Accept": "image/png"})
    assert (svg.headers["content-type"], svg.headers["cache-control"]) == (
        "image/svg+xml",
        "private, no-store",
    )
    assert svg.content.startswith(b"<?xml")
    assert b"</svg>" in svg.content
    assert png.content.startswith(b"\x89PNG")


async def test_only_a_confirmed_party_has_a_ticket_and_only_its_own_people_get_it(
    events: Running,
) -> None:
    ids = await today(events, capacity=1)
    _, where, _ = await party(events, ids)
    async with events.as_(citizen()) as second:
        waiting = (await second.post("/registrations", json=ids.party())).headers["location"]
        assert slug(await second.get(f"{waiting}/ticket")) == (409, "not-confirmed")
        assert slug(await second.get(f"{where}/ticket")) == (404, "missing")
    async with events.as_(staff("checker", TOWNSHIP)) as checker:
        assert slug(await checker.get(f"{where}/ticket")) == (403, "forbidden")
    async with events.as_(staff("informant", TOWNSHIP)) as informant:
        assert (await informant.get(f"{where}/ticket")).status_code == 200


async def test_people_come_once_and_a_second_scan_says_when(events: Running) -> None:
    ids = await today(events)
    _, _, token = await party(events, ids, 3)
    checker = staff("checker", TOWNSHIP)
    part = await scan(events, checker, token=token, members=[1, 3])
    assert (part.status_code, part.json()["already"], part.json()["verified"]) == (201, False, 2)
    assert part.headers["cache-control"] == "private, no-store"
    again = await scan(events, checker, token=token, members=[3])
    assert (again.status_code, again.json()["already"]) == (200, True)
    assert again.json()["members"][0]["at"] == part.json()["members"][1]["at"]
    rest = await scan(events, checker, token=token)
    assert (rest.status_code, rest.json()["verified"]) == (201, 3)
    assert [member["already"] for member in rest.json()["members"]] == [True, False, True]
    assert await events.rows("SELECT verified, version FROM occurrences") == [(3, 3)]
    facts = await events.rows(
        "SELECT version, data ->> 'verified' FROM outbox"
        " WHERE type = 'events.attendance_changed.v1' ORDER BY version"
    )
    assert facts == [(2, "2"), (3, "3")]


async def test_two_doors_at_once_let_each_person_in_once(events: Running) -> None:
    ids = await today(events)
    _, _, token = await party(events, ids, 2)
    doors = [staff("checker", TOWNSHIP), staff("checker", HALL)]
    answers = await asyncio.gather(*(scan(events, doors[n % 2], token=token) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert await events.scalar("SELECT verified FROM occurrences") == 2
    assert await events.scalar("SELECT count(*) FROM check_ins") == 2


async def test_parties_at_once_are_all_counted_each_with_its_own_version(events: Running) -> None:
    ids = await today(events)
    waiting = [(await party(events, ids))[2] for _ in range(8)]
    checker = staff("checker", TOWNSHIP)
    answers = await asyncio.gather(*(scan(events, checker, token=token) for token in waiting))
    assert sorted(answer.json()["verified"] for answer in answers) == list(range(1, 9))
    assert await events.rows("SELECT verified, version FROM occurrences") == [(8, 9)]


async def test_a_forged_ticket_is_refused(events: Running) -> None:
    ids = await today(events)
    *_, token = await party(events, ids)
    checker = staff("checker", TOWNSHIP)
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, options={"verify_signature": False})
    stranger = Ed25519PrivateKey.generate()
    header, body, signature = token.split(".")
    forged = [
        jwt.encode(claims, stranger, "EdDSA", headers={"kid": kid, "typ": tickets.TYPE}),
        jwt.encode(claims, "", "none", headers={"kid": kid, "typ": tickets.TYPE}),
        jwt.encode(claims, "k" * 32, "HS256", headers={"kid": kid, "typ": tickets.TYPE}),
        f"{header}.{body}.{signature[:-4]}AAAA",
        events.signer.sign(citizen(), "events"),
        "no ticket",
        "",
    ]
    answers = [slug(await scan(events, checker, token=each)) for each in forged]
    assert answers == [(422, "bad-ticket")] * len(forged)
    assert await events.scalar("SELECT count(*) FROM check_ins") == 0


async def test_the_named_refusals_of_the_door(events: Running) -> None:
    ids, tomorrow = await today(events), await published_activity(events, TOWNSHIP)
    person, where, token = await party(events, ids)
    _, _, early = await party(events, tomorrow)
    checker = staff("checker", TOWNSHIP)
    elsewhere = await scan(events, checker, token=token, occurrence_id=str(tomorrow.occurrence))
    assert slug(elsewhere) == (409, "wrong-occurrence")
    assert slug(await scan(events, checker, token=early)) == (409, "check-in-closed")
    assert slug(await scan(events, staff("checker", "630121"), token=token)) == (403, "forbidden")
    assert slug(await scan(events, person, token=token)) == (403, "forbidden")
    assert slug(await scan(events, None, token=token)) == (401, "unauthenticated")
    both = await scan(events, checker, token=token, registration_id=str(uuid4()))
    assert both.status_code == 422
    stranger = await scan(events, checker, token=token, members=[2])
    assert stranger.json()["errors"][0]["rule"] == "unknown-member"
    assert slug(await scan(events, checker, registration_id=str(uuid4()))) == (404, "missing")
    async with events.as_(person) as client:
        await client.post(f"{where}/cancel")
    assert slug(await scan(events, checker, token=token)) == (409, "not-confirmed")


async def test_members_taken_off_since_the_ticket_was_made_stay_out(events: Running) -> None:
    ids = await today(events)
    person, where, token = await party(events, ids, 2)
    async with events.as_(person) as client:
        members = (await client.get(where)).json()["party"]
        await client.post(f"{where}/reduce", json={"members": [members[0]["id"]]})
    answer = await scan(events, staff("checker", HALL), token=token)
    assert [member["number"] for member in answer.json()["members"]] == [2]


async def test_staff_check_in_by_hand_and_take_a_mistake_back(events: Running) -> None:
    ids = await today(events)
    person, where, _ = await party(events, ids, 2)
    checker = staff("checker", TOWNSHIP)
    answer = await scan(events, checker, registration_id=where.rpartition("/")[2], members=[2])
    (came,) = answer.json()["members"]
    undo = f"/check-ins/{came['id']}/undo"
    async with events.as_(person) as client:
        assert slug(await client.post(f"{where}/cancel")) == (409, "party-checked-in")
        assert (await client.get(where)).json()["allowed_actions"] == []
    async with events.as_(staff("checker", "630121")) as foreign:
        assert slug(await foreign.post(undo, json=MISTAKE)) == (403, "forbidden")
    async with events.as_(checker) as client:
        assert slug(await client.post(undo)) == (422, "broken-rule")
        undone = await client.post(undo, json=MISTAKE)
        assert (undone.status_code, undone.json()["verified"]) == (200, 0)
        assert slug(await client.post(undo, json=MISTAKE)) == (409, "not-checked-in")
        nobody = f"/check-ins/{uuid4()}/undo"
        assert slug(await client.post(nobody, json=MISTAKE)) == (404, "missing")
    assert await events.scalar("SELECT verified FROM occurrences") == 0
    async with events.as_(person) as client:
        assert (await client.post(f"{where}/cancel")).status_code == 200


async def test_grades_are_shown_each_by_itself_and_verified_cannot_be_set(
    events: Running,
) -> None:
    ids = await today(events, starts_at=datetime.now(UTC) + timedelta(minutes=5))
    _, _, token = await party(events, ids, 2)
    await scan(events, staff("checker", TOWNSHIP), token=token)
    where = f"/occurrences/{ids.occurrence}/attendance"
    informant = staff("informant", TOWNSHIP)
    async with events.as_(informant) as client:
        begun = await client.get(where)
        tag = {"If-Match": begun.headers["etag"]}
        assert slug(await client.put(where, json={"counted": 5}, headers=tag)) == (
            409,
            "not-held-yet",
        )
        await events.rows("UPDATE occurrences SET starts_at = now() RETURNING id")
        body = {"counted": 40, "online": 0, "note": "两名清点员"}
        refused = await client.put(where, json=body | {"verified": 9}, headers=tag)
        assert refused.json()["errors"][0]["rule"] == "extra-forbidden"
        first = await client.put(where, json=body, headers=tag)
        assert slug(await client.put(where, json=body, headers=tag)) == (412, "stale")
        assert slug(await client.put(where, json=body)) == (428, "version-needed")
        shown = first.json()
        assert {name: shown[name] for name in ("verified", "counted", "estimated", "online")} == {
            "verified": 2,
            "counted": 40,
            "estimated": None,
            "online": 0,
        }
        assert (shown["recorded_by"], shown["note"]) == (str(informant.subject), "两名清点员")
        again = await client.put(
            where, json={"estimated": 50}, headers={"If-Match": first.headers["etag"]}
        )
        assert (again.json()["counted"], again.json()["estimated"]) == (None, 50)
    async with events.as_(staff("checker", TOWNSHIP)) as checker:
        assert slug(
            await checker.put(where, json={}, headers={"If-Match": again.headers["etag"]})
        ) == (403, "forbidden")
    async with events.as_() as nobody:
        assert slug(await nobody.get(where)) == (401, "unauthenticated")


async def test_attendance_is_told_whole_with_its_hosts_and_its_local_day(
    events: Running,
) -> None:
    late = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # half past midnight of the 2nd, here
    ids = await today(events, starts_at=late, co_hosts=("6302", "630102"))
    informant = staff("informant", TOWNSHIP)
    where = f"/occurrences/{ids.occurrence}/attendance"
    async with events.as_(informant, **{"If-Match": '"v1"'}) as client:
        await client.put(where, json={"counted": 40, "estimated": 60, "online": 700})
    (told,) = await events.rows("SELECT subject, division, version, data FROM outbox")
    assert told == (
        str(ids.occurrence),
        TOWNSHIP,
        2,
        {
            "activity_id": str(ids.activity),
            "hosts": [TOWNSHIP, "630102", "6302"],
            "day": "2026-03-02",
            "verified": 0,
            "counted": 40,
            "estimated": 60,
            "online": 700,
        },
    )


@pytest.mark.parametrize("size", [1, 30])
def test_a_ticket_fits_a_code_that_a_cheap_phone_reads(size: int, key_folder: Any) -> None:
    claims = tickets.TicketClaims(uuid4(), uuid4(), tuple(range(1, size + 1)))
    token = tickets.sign(key_folder, claims, datetime.now(UTC))
    assert tickets.verify(key_folder, token) == claims
    assert segno.make(token, error="m", micro=False).version <= 15


async def test_known_numbers_that_change_leave_a_trace_and_late_ones_need_a_reason(
    events: Running,
) -> None:
    ids = await today(events, starts_at=datetime.now(UTC) - SOON)
    where = f"/occurrences/{ids.occurrence}/attendance"
    informant = staff("informant", TOWNSHIP)
    async with events.as_(informant) as client:
        first = await client.put(where, json={"counted": 40}, headers={"If-Match": '"v1"'})
        tag = {"If-Match": first.headers["etag"]}
        second = await client.put(where, json={"counted": 41, "online": 9}, headers=tag)
        await events.rows("UPDATE activities SET state = 'completed' RETURNING id")
        tag = {"If-Match": second.headers["etag"]}
        bare = await client.put(where, json={"online": 9}, headers=tag)
        assert [error["rule"] for error in bare.json()["errors"]] == ["reason-needed"]
        given = {"online": 9, "reason": "现场清点表重复"}
        third = await client.put(where, json=given, headers=tag)
        # What was not known before is no correction.
        tag = {"If-Match": third.headers["etag"]}
        late = await client.put(where, json={"online": 9, "estimated": 30}, headers=tag)
        assert [answer.status_code for answer in (third, late)] == [200, 200]
        listed = (await client.get(f"{where}/corrections")).json()["items"]
    assert [(row["grade"], row["before"], row["after"], row["reason"]) for row in listed] == [
        ("counted", 41, None, "现场清点表重复"),
        ("counted", 40, 41, None),
    ]
    async with events.as_(staff("checker", TOWNSHIP)) as checker:
        assert slug(await checker.get(f"{where}/corrections")) == (403, "forbidden")
