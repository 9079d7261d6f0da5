"""Posts over HTTP: given, corrected, handed over, ended; held on a day."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import true
from sqlalchemy.exc import IntegrityError

from services.events.stations import post_actions, queries
from services.events.stations.schemas import PostIn
from services.kit.access import ROLES, Caller, P, Role
from services.kit.ids import uuid7
from tests.engines import TestCluster
from tests.events.stations.bodies import (
    COUNTY,
    NEIGHBOUR,
    PHONE,
    TOWNSHIP,
    VILLAGE,
    day,
    given,
    opened,
    post,
    rules,
)
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted


async def test_a_post_is_given_masked_and_told_without_its_person(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("officer", COUNTY)) as officer:
        station = await opened(officer, sector="02")
        found = await given(officer, station_id=station["id"], role="station_head")
    assert {
        name: found[name]
        for name in ("division_code", "sector", "name", "phone", "state", "allowed_actions")
    } == {
        "division_code": VILLAGE,
        "sector": "02",
        "name": "才***",
        "phone": "138****3456",
        "state": "held",
        "allowed_actions": ["hand_over", "end"],
    }
    told = await events.rows("SELECT data FROM outbox WHERE type = 'events.post_taken.v1'")
    assert told == [({"role": "station_head", "station_id": station["id"]},)]


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, [("/division_code", "division-or-station")]),
        ({"division_code": "630122"}, [("/division_code", "division-not-standing")]),
        (
            {"division_code": VILLAGE, "role": "station_head"},
            [("/station_id", "head-needs-a-station")],
        ),
        ({"station_id": str(uuid7())}, [("/station_id", "unknown-station")]),
        (
            {"division_code": VILLAGE, "ends_on": day(-31)},
            [("/ends_on", "post-ends-before-it-begins")],
        ),
        ({"division_code": VILLAGE, "phone": "12"}, [("/phone", "phone")]),
    ],
)
async def test_what_is_wrong_with_a_post_is_named(
    events_with_register: Running, over: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        answer = await officer.post("/posts", json=post(**over))
    assert (answer.status_code, rules(answer)) == (422, expected)


async def test_a_station_has_one_head_at_a_time_and_a_phone_one_post_of_a_kind(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        station = (await opened(officer))["id"]
        heads = await asyncio.gather(
            *(
                officer.post(
                    "/posts",
                    json=post(station_id=station, role="station_head", phone=None, name=name),
                )
                for name in ("甲某", "乙某", "丙某")
            )
        )
        assert sorted(answer.status_code for answer in heads) == [201, 409, 409]
        assert {a.json()["type"] for a in heads if a.status_code == 409} == {
            "/api/v1/problems/head-taken"
        }
        await given(officer, station_id=station, ends_on=day(0))
        twice = await officer.post("/posts", json=post(station_id=station))
        assert twice.json()["type"] == "/api/v1/problems/post-held-already"
        later = await officer.post("/posts", json=post(station_id=station, begins_on=day(1)))
        assert later.status_code == 201


async def test_a_handover_leaves_exactly_one_holder_on_every_day(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        station = (await opened(officer))["id"]
        first = await given(officer, station_id=station, role="station_head")
        path = f"/posts/{first['id']}"
        follows = {"name": "韩索南", "phone": "13997000000", "begins_on": day(10)}
        answer = await officer.post(f"{path}/hand_over", json=follows)
        second = answer.json()
        assert (answer.status_code, second["predecessor_id"], second["state"]) == (
            201,
            first["id"],
            "to_come",
        )
        before = (await officer.get(path)).json()
        assert (before["ends_on"], before["successor_id"], before["allowed_actions"]) == (
            day(9),
            second["id"],
            [],
        )
        holders = {}
        for days in (-31, -30, 9, 10, 400):
            page = await officer.get(f"/posts?held_on={day(days)}&station={station}")
            holders[days] = [item["id"] for item in page.json()["items"]]
        assert holders == {
            -31: [],
            -30: [first["id"]],
            9: [first["id"]],
            10: [second["id"]],
            400: [second["id"]],
        }
        again = await officer.post(f"{path}/hand_over", json=follows)
        assert again.json()["type"] == "/api/v1/problems/post-handed-over"
        # Undone: whoever was to hand it over holds it on.
        assert (await officer.delete(f"/posts/{second['id']}")).status_code == 204
        back = (await officer.get(path)).json()
        assert (back["ends_on"], back["successor_id"]) == (None, None)
        assert (await officer.delete(path)).json()["type"] == "/api/v1/problems/wrong-state"


async def test_two_handovers_at_once_leave_one_successor(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        first = await given(officer, division_code=TOWNSHIP)
        answers = await asyncio.gather(
            *(
                officer.post(
                    f"/posts/{first['id']}/hand_over",
                    json={"name": name, "begins_on": day(3)},
                )
                for name in ("甲某", "乙某", "丙某")
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_correction_needs_its_version_and_may_forget_the_phone(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        path = f"/posts/{(await given(officer, division_code=VILLAGE))['id']}"
        change = {"name": "才让卓玛措", "phone": None}
        fresh = await officer.patch(path, json=change, headers={"If-Match": '"v1"'})
        stale = await officer.patch(path, json=change, headers={"If-Match": '"v1"'})
        opened_ = await officer.post(f"{path}/open", json={"purpose": "核对联系方式"})
    assert (fresh.json()["name"], fresh.json()["phone"], stale.status_code) == ("才****", None, 412)
    assert (opened_.json()["name"], opened_.json()["phone"]) == ("才让卓玛措", None)


async def test_a_person_sees_and_opens_their_own_post(events_with_register: Running) -> None:
    events, me = events_with_register, citizen()
    async with events.as_(staff("officer", COUNTY)) as officer:
        found = await given(officer, division_code=VILLAGE, account_id=str(me.subject))
    async with events.as_(me) as person, events.as_(citizen()) as other:
        mine = (await person.get("/posts")).json()["items"]
        assert [(item["id"], item["allowed_actions"]) for item in mine] == [(found["id"], [])]
        why = {"purpose": "看看登记了什么"}
        assert (await person.post(f"/posts/{found['id']}/open", json=why)).json()["phone"] == PHONE
        assert (await other.get("/posts")).json()["items"] == []
        assert (await other.post(f"/posts/{found['id']}/open", json=why)).status_code == 404


DIVISIONS = ("63", COUNTY, VILLAGE, NEIGHBOUR)


async def _check(events: Running, posts: dict[str, str], owner: Caller) -> None:
    """Every role at every division sees exactly the posts and contacts within reach."""
    callers = [staff(role, code) for role in Role for code in DIVISIONS]
    for caller in (*callers, owner, citizen(), None):
        reach = (
            [g.division for g in caller.grants if P.POST_READ in ROLES[g.role]] if caller else []
        )
        seen = {
            code: (caller is owner and code == VILLAGE) or any(code.startswith(r) for r in reach)
            for code in posts
        }
        async with events.as_(caller) as client:
            listed = await client.get("/posts")
            if caller is None:
                assert listed.status_code == 401
            else:
                codes = {item["division_code"] for item in listed.json()["items"]}
                assert codes == {code for code, sees in seen.items() if sees}
            for code, post_id in posts.items():
                status = (await client.get(f"/posts/{post_id}")).status_code
                assert (status == 200) is seen[code], (caller, code)
            contacts = {
                item["division_code"]
                for item in (await client.get("/stations")).json()["items"]
                if item["contact"]
            }
            assert contacts == {c for c in posts if any(c.startswith(r) for r in reach)}


async def _filled(events: Running) -> tuple[dict[str, str], Caller]:
    posts, owner = {}, citizen()
    async with events.as_(staff("officer", "63")) as officer:
        for code in (VILLAGE, NEIGHBOUR):
            await opened(officer, code, contact={"name": "马俊"})
            mine = {"account_id": str(owner.subject)} if code == VILLAGE else {}
            posts[code] = (await given(officer, division_code=code, **mine))["id"]
    return posts, owner


async def test_the_wall_alone_leaks_no_post_and_no_contact(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts, owner = await _filled(events_with_register)
    for face in ("within", "mine"):
        monkeypatch.setattr(queries, face, lambda *_: true())
    await _check(events_with_register, posts, owner)


async def test_the_query_scope_alone_leaks_no_post_and_no_contact(
    events_with_register: Running, postgres: TestCluster
) -> None:
    posts, owner = await _filled(events_with_register)
    connection = await asyncpg.connect(postgres.dsn(events_with_register.database_name))
    for table in ("posts", "station_contacts"):
        await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    await connection.close()
    await _check(events_with_register, posts, owner)


async def test_pages_cost_the_same_for_one_post_and_for_many(
    events_with_register: Running,
) -> None:
    events, costs = events_with_register, []
    async with events.as_(staff("officer", COUNTY)) as officer:
        for number in range(12):
            await given(officer, division_code=VILLAGE, phone=f"1389712{number:04d}")
            if number in (0, 2, 11):
                async with counted(events) as statements:
                    assert len((await officer.get("/posts")).json()["items"]) == number + 1
                costs.append(len(statements))
        filters = {
            query: len((await officer.get(f"/posts?{query}")).json()["items"])
            for query in ("role=docent", "role=informant", "sector=02", "division=6302")
        }
    assert costs == [1, 1, 1]
    assert filters == {"role=docent": 0, "role=informant": 12, "sector=02": 0, "division=6302": 0}


async def test_a_station_is_not_closed_beside_a_post_that_is_just_being_given(
    events_with_register: Running,
) -> None:
    events, caller = events_with_register, staff("officer", COUNTY)
    async with events.as_(caller) as officer:
        station = (await opened(officer))["id"]
        async with events.kit.database.transaction(caller) as db:
            wanted = PostIn.model_validate(post(station_id=station))
            await post_actions.give(db, caller, events.kit.vault, wanted)
            closing = asyncio.create_task(
                officer.post(f"/stations/{station}/close", json={"reason": "并站"})
            )
            await asyncio.wait({closing}, timeout=0.5)
        answer = await closing
    assert answer.json()["type"] == "/api/v1/problems/station-has-posts"


async def test_the_database_itself_holds_one_successor(events_with_register: Running) -> None:
    events = events_with_register
    async with events.as_(staff("officer", COUNTY)) as officer:
        first = await given(officer, division_code=VILLAGE)
        await officer.post(
            f"/posts/{first['id']}/hand_over", json={"name": "甲某", "begins_on": day(3)}
        )
        other = await given(officer, division_code=VILLAGE, role="docent")
    with pytest.raises(IntegrityError, match="posts_one_successor"):
        await events.scalar(
            "UPDATE posts SET predecessor_id = :first WHERE id = :other RETURNING id",
            first=first["id"],
            other=other["id"],
        )
