"""Reserving a slot: at once, on the list, for a group; and what is refused, in words."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.apps import Running, citizen, staff
from tests.venues.reservations.museum import COUNTY, in_days, museum


async def test_a_party_has_its_places_for_as_long_as_it_stays(venues: Running) -> None:
    place = await museum(venues)
    shown = await place.reserve("a", "10:00", 4, children=2, phone="139 0000 7001")
    assert (shown["state"], shown["starts"], shown["ends"]) == ("confirmed", "10:00", "11:00")
    assert (shown["name"], shown["phone"]) == ("才***", "139****7001")
    assert await place.counts() == (4, {600: 4, 615: 4, 630: 4, 645: 4})
    async with place.as_("a") as mine, venues.as_() as anybody:
        slots = (await anybody.get(f"/slots?venue={place.id}&day={place.day}")).json()
        assert (await mine.post(f"/reservations/{shown['id']}/cancel")).status_code == 200
    left = {slot["starts"]: slot["places_left"] for slot in slots["slots"]}
    assert (left["09:00"], left["09:30"], left["10:30"], left["11:00"]) == (30, 26, 26, 30)
    assert (len(left), slots["places_left"]) == (16, 56)
    assert await place.counts() == (0, {})
    facts = await venues.rows("SELECT type, data->>'cause' FROM outbox ORDER BY id")
    assert facts == [
        ("venues.reservation_confirmed.v1", None),
        ("venues.reservation_cancelled.v1", "cancelled_by_owner"),
    ]


REFUSED: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({}, {"starts": "10:10"}, "422 not-a-slot"),
    ({}, {"starts": "16:45"}, "422 not-a-slot"),
    ({}, {"starts": "25:00"}, "422 clock"),
    ({}, {"party_size": 6}, "422 visit-party-too-large"),
    ({"at_once": 3}, {"party_size": 4}, "422 visit-party-too-large"),
    ({}, {"party_size": 9, "group_name": "实验小学"}, "422 group-too-small"),
    ({}, {"children": 2}, "422 children-above-party"),
    ({}, {"phone": "abc"}, "422 phone"),
    ({}, {"day": "1899-12-31"}, "422 day-out-of-range"),
    ({}, {"day": str(in_days(0) - timedelta(days=1))}, "409 slot-begun"),
    ({}, {"day": str(in_days(9))}, "409 not-released"),
    ({"accepting": False}, {}, "409 no-reservations"),
    ({}, {"on_behalf": True}, "403 forbidden"),
    ({}, {"venue_id": str(uuid4())}, "404 missing"),
)


async def test_what_cannot_be_is_refused_in_words(venues: Running) -> None:
    found = []
    for settings, party, _ in REFUSED:
        place = await museum(venues, **settings)
        async with place.as_("a") as person:
            answer = await person.post("/reservations", json=place.party() | party)
        body = answer.json()
        said = [error["rule"] for error in body.get("errors", ())] or [body["type"].split("/")[-1]]
        found.append(f"{answer.status_code} {', '.join(said)}")
    assert found == [said for *_, said in REFUSED]
    assert await venues.scalar("SELECT count(*) FROM reservations") == 0


async def test_a_person_has_one_reservation_a_day_and_two_in_all(venues: Running) -> None:
    place = await museum(venues)
    first = await place.reserve("a")
    async with place.as_("a") as person:
        again = await person.post("/reservations", json=place.party("12:00"))
        assert (again.status_code, again.json()["type"]) == (
            409,
            "/api/v1/problems/already-reserved",
        )
        for number, status in ((4, 201), (5, 409)):
            party = place.party() | {"day": str(in_days(number))}
            answer = await person.post("/reservations", json=party)
            assert answer.status_code == status, answer.text
        assert answer.json()["detail"] == "同时最多 2 个有效预约。"
        await person.post(f"/reservations/{first['id']}/cancel")
        assert (await person.post("/reservations", json=party)).status_code == 201


async def test_the_database_itself_holds_the_limit_of_one_person(venues: Running) -> None:
    place = await museum(venues)
    shown = await place.reserve("a")
    with pytest.raises(Exception, match="reservations_turn"):
        await venues.scalar(
            """INSERT INTO reservations (id, venue_id, day, starts, ends, starts_at, held_until,
                division_code, recorded_code, account_id, turn, is_group, party_size, children,
                number, state, name_sealed, name_masked)
            SELECT gen_random_uuid(), venue_id, day + 1, starts, ends, starts_at, held_until,
                division_code, recorded_code, account_id, turn, false, 1, 0, 9, 'requested',
                name_sealed, name_masked
            FROM reservations WHERE id = CAST(:id AS uuid) RETURNING 1""",
            id=shown["id"],
        )


async def test_sent_twice_by_a_phone_without_a_line_is_one_reservation(venues: Running) -> None:
    place = await museum(venues)
    party = place.party(client_id=str(uuid4()))
    async with place.as_("a") as person:
        first = await person.post("/reservations", json=party)
        second = await person.post("/reservations", json=party)
        other = await person.post("/reservations", json=party | {"starts": "12:00"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert other.json()["type"] == "/api/v1/problems/reservation-id-reused"
    assert await place.counts() == (1, {600: 1, 615: 1, 630: 1, 645: 1})


async def test_a_group_waits_for_approval_and_holds_nothing_until_then(venues: Running) -> None:
    place = await museum(venues, per_day=40, at_once=25)
    schools = [
        await place.reserve(name, "10:00", 20, group_name=f"湟源{name}小学") for name in "ab"
    ]
    assert [shown["state"] for shown in schools] == ["requested", "requested"]
    assert await place.counts() == (0, {})
    first, second = (f"/reservations/{shown['id']}" for shown in schools)
    async with place.as_("a") as pupil, venues.as_(staff("officer", COUNTY)) as desk:
        assert (await pupil.post(f"{first}/approve")).status_code == 403
        approved = await desk.post(f"{first}/approve")
        full = await desk.post(f"{second}/approve")
        refused = await desk.post(f"{second}/refuse", json={"reason": "当天已有学校参观"})
    assert (approved.json()["state"], refused.json()["state"]) == ("confirmed", "refused")
    assert full.json()["type"] == "/api/v1/problems/slot-full"
    async with place.as_("b") as teacher:
        shown = (await teacher.get(second)).json()
    assert (shown["decision_reason"], shown["allowed_actions"]) == ("当天已有学校参观", [])
    assert (await place.counts())[0] == 20
    assert [row[0] for row in await venues.rows("SELECT type FROM outbox ORDER BY id")][2:] == [
        "venues.reservation_approved.v1",
        "venues.reservation_refused.v1",
    ]


async def test_others_do_not_see_who_reserved(venues: Running) -> None:
    place = await museum(venues)
    shown = await place.reserve("a", phone="13900007001")
    await place.represent("docent")
    where = f"/reservations/{shown['id']}"
    seen = {}
    for name, caller in {
        "owner": place.person("a"),
        "docent": place.person("docent"),
        "desk": staff("checker", COUNTY),
        "neighbour": staff("officer", "630121"),
        "observer": staff("observer", "63"),
        "stranger": citizen(),
    }.items():
        async with venues.as_(caller) as client:
            listed = (await client.get("/reservations")).json()["items"]
            seen[name] = ((await client.get(where)).status_code, len(listed))
    hidden = dict.fromkeys(("neighbour", "observer", "stranger"), (404, 0))
    assert seen == dict.fromkeys(("owner", "docent", "desk"), (200, 1)) | hidden
    # The wall itself, before any condition of ours.
    for caller, rows in ((citizen(), 0), (place.person("docent"), 1), (place.person("a"), 1)):
        async with venues.kit.database.transaction(caller) as db:
            found = await db.info["driver"].fetchval("SELECT count(*) FROM reservations")
        assert found == rows
    async with venues.as_(staff("officer", COUNTY)) as desk, place.as_("a") as mine:
        opened = await desk.post(f"{where}/open", json={"purpose": "核对来访者"})
        found = await desk.post("/reservations/find", json={"phone": "139-0000-7001"})
        nothing = await mine.post("/reservations/find", json={"phone": "13900007001"})
    assert (opened.json()["name"], opened.json()["phone"]) == ("才让卓玛", "13900007001")
    assert await venues.scalar("SELECT count(*) FROM openings") == 1
    assert ([one["id"] for one in found.json()["items"]], nothing.status_code) == (
        [shown["id"]],
        403,
    )
