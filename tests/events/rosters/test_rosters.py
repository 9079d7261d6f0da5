"""Class rosters: one party whole, consents kept, names sealed, edited in time, ticked off."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import true

from services.events.registrations import queries as registrations
from services.events.registrations.schemas import PlacesIn, PoolIn, TicketIn
from services.events.rosters.rules import edited
from services.kit.access import Caller
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule
from tests.engines import TestCluster
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted

TOWNSHIP = "630123101"
TEACHER, PHONE = "才仁卓玛", "13897101234"
GUARDIAN, GUARDIAN_PHONE = "多杰", "13997105678"
SECRETS = (TEACHER, PHONE, GUARDIAN, GUARDIAN_PHONE, "ཚེ་རིང་བཀྲ་ཤིས།")
CONSENT = {"name": GUARDIAN, "phone": GUARDIAN_PHONE, "consented_on": "2026-09-01"}


def child(name: str, age: int = 9, **over: Any) -> dict[str, Any]:
    return {"name": name, "age": age, "guardian": CONSENT, **over}


def body(ids: Ids, size: int = 3, **over: Any) -> dict[str, Any]:
    return {
        "occurrence_id": str(ids.occurrence),
        "class_name": "三年级二班",
        "school": "日月乡寄宿小学",
        "contact": {"name": TEACHER, "phone": PHONE},
        "party": [child("ཚེ་རིང་བཀྲ་ཤིས།"), *(child(f"Z{n}.") for n in range(1, size))],
        **over,
    }


async def session(events: Running, capacity: int = 40, **over: Any) -> Ids:
    places = PlacesIn(
        pools=[PoolIn(name="团体", capacity=capacity)],
        tickets=[TicketIn(name="班级", pool="团体", max_party=50)],
    )
    return await published_activity(
        events, TOWNSHIP, places=places, starts_at=datetime.now(UTC) + timedelta(days=3), **over
    )


async def registered(events: Running, ids: Ids, who: Caller, **over: Any) -> Any:
    async with events.as_(who) as client:
        answer = await client.post("/registrations/rosters", json=body(ids, **over))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_class_comes_whole_or_waits_whole(events: Running) -> None:
    ids = await session(events, capacity=5)
    first = await registered(events, ids, citizen(), size=3)
    second = await registered(events, ids, citizen(), size=3)
    assert (first["state"], second["state"]) == ("confirmed", "waiting")
    assert await events.rows("SELECT confirmed, offered, waiting FROM pools") == [(3, 0, 1)]
    async with events.as_(citizen()) as client:
        refused = await client.post("/registrations/rosters", json=body(ids, size=6))
    assert refused.json()["errors"][0]["pointer"] == "/party"


async def test_names_are_sealed_and_consents_keep_their_day(events: Running) -> None:
    ids, teacher = await session(events), citizen()
    roster = await registered(events, ids, teacher)
    assert [line["name"] for line in roster["party"]] == ["ཚེ་**", "Z**", "Z**"]
    assert (roster["contact"], roster["contact_phone"]) == ("才***", "138****1234")
    assert all(line["guardian_consented"] for line in roster["party"])
    assert await events.rows("SELECT DISTINCT guardian_consent_at FROM members") == [
        (datetime(2026, 8, 31, 16, tzinfo=UTC),)
    ]
    for table in ("registrations", "members", "rosters", "outbox"):
        for (row,) in await events.rows(f"SELECT t::text FROM {table} t"):
            clear = [s for s in SECRETS if s in row or s.encode().hex() in row]
            assert clear == []


@pytest.mark.parametrize(
    ("party", "pointers"),
    [
        ([child("Z.", guardian=None)], ["/party/0/guardian"]),
        ([child("Z."), child("L.", guardian=None)], ["/party/1/guardian"]),
        (
            [child("Z.", guardian=CONSENT | {"consented_on": "2999-01-01"})],
            ["/party/0/guardian/consented_on"],
        ),
        ([{"name": "Z."}], ["/party/0/age"]),
        ([child(" ")], ["/party/0/name"]),
        ([], ["/party"]),
        ([child("Z.")] * 51, ["/party"]),
    ],
)
async def test_what_is_wrong_names_its_line(
    events: Running, party: list[Any], pointers: list[str]
) -> None:
    ids = await session(events, capacity=60)
    async with events.as_(citizen()) as client:
        answer = await client.post("/registrations/rosters", json=body(ids, party=party))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert await events.scalar("SELECT count(*) FROM registrations") == 0


async def test_fourteen_need_no_guardian_and_the_same_import_twice_is_one(events: Running) -> None:
    ids, client_id = await session(events), str(uuid7())
    informant = staff("informant", TOWNSHIP)
    given = body(ids, party=[child("Z.", 14, guardian=None)], on_behalf=True, client_id=client_id)
    async with events.as_(informant) as client:
        answers = [await client.post("/registrations/rosters", json=given) for _ in range(2)]
        other = await client.post("/registrations/rosters", json=body(ids, on_behalf=True))
    assert [answer.status_code for answer in (*answers, other)] == [201, 200, 201]
    assert answers[0].json() == answers[1].json()
    assert await events.scalar("SELECT count(*) FROM rosters") == 2


async def test_a_list_is_edited_line_by_line_and_who_leaves_gives_the_place_back(
    events: Running,
) -> None:
    ids, teacher = await session(events, capacity=4), citizen()
    roster = await registered(events, ids, teacher, size=4)
    path = f"/registrations/{roster['registration_id']}/roster"
    async with events.as_(citizen()) as other:
        waits = (await other.post("/registrations", json=ids.party(1))).json()
    a, b, c, _ = (line["id"] for line in roster["party"])
    lines = [{"id": a}, {"id": b, "child": child("改正")}, {"child": child("新来")}]
    async with events.as_(teacher) as client:
        unversioned = await client.patch(path, json={"party": lines})
        done = await client.patch(
            path, json={"class_name": "四年级", "party": lines}, headers={"If-Match": '"v1"'}
        )
        stale = await client.patch(path, json={"school": None}, headers={"If-Match": '"v1"'})
        grown = await client.patch(
            path,
            json={"party": [*lines, {"child": child("多一人")}]},
            headers={"If-Match": '"v2"'},
        )
        opened = (await client.post(f"{path}/open", json={"purpose": "打印名单"})).json()
    assert [r.status_code for r in (unversioned, done, stale, grown)] == [428, 200, 412, 422]
    assert grown.json()["errors"][0]["pointer"] == "/party"
    assert (done.json()["class_name"], done.json()["party_size"]) == ("四年级", 3)
    assert [row["name"] for row in opened["rows"]] == ["ཚེ་རིང་བཀྲ་ཤིས།", "改正", "新来"]
    assert [row["number"] for row in opened["rows"]] == [1, 2, 3]
    assert c == done.json()["party"][2]["id"]
    assert await events.rows("SELECT confirmed, offered, waiting FROM pools") == [(3, 1, 0)]
    async with events.as_(staff("officer", TOWNSHIP)) as client:
        assert (await client.get(f"/registrations/{waits['id']}")).json()["state"] == "offered"


async def test_after_the_cut_off_only_staff_edit_and_nobody_once_somebody_came(
    events: Running,
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    places = PlacesIn(pools=[PoolIn(name="团体", capacity=9)], tickets=[])
    ids = await published_activity(events, TOWNSHIP, places=places, starts_at=soon)
    teacher, informant = citizen(), staff("informant", TOWNSHIP)
    roster = await registered(events, ids, teacher)
    path = f"/registrations/{roster['registration_id']}/roster"
    tried = []
    for caller, version in ((teacher, 1), (staff("checker", TOWNSHIP), 1), (informant, 1)):
        async with events.as_(caller) as client:
            answer = await client.patch(
                path, json={"school": None}, headers={"If-Match": f'"v{version}"'}
            )
        tried.append((answer.status_code, answer.json().get("type", "").rpartition("/")[2]))
    assert tried == [(409, "roster-closed"), (403, "forbidden"), (200, "")]
    async with events.as_(staff("checker", TOWNSHIP)) as checker:
        present = {"present": [1, 3]}
        came = await checker.post(f"{path}/check-in", json=present)
        again = await checker.post(f"{path}/check-in", json=present)
        stranger = await checker.post(f"{path}/check-in", json={"present": [4]})
    assert [r.status_code for r in (came, again, stranger)] == [201, 200, 422]
    assert came.json()["verified"] == 2
    async with events.as_(informant) as client:
        listed = (await client.get(f"/occurrences/{ids.occurrence}/rosters")).json()["items"]
        shut = await client.patch(path, json={"school": "x"}, headers={"If-Match": '"v2"'})
    assert [(line["came"], line["party_size"], line["school"]) for line in listed] == [(2, 3, None)]
    assert shut.json()["type"].endswith("/party-checked-in")


async def test_a_roster_is_seen_by_who_made_it_and_staff_within_reach(events: Running) -> None:
    ids, teacher = await session(events), citizen()
    roster = await registered(events, ids, teacher)
    path = f"/registrations/{roster['registration_id']}/roster"
    seen = {}
    for name, caller in {
        "teacher": teacher,
        "checker": staff("checker", TOWNSHIP),
        "officer": staff("officer", TOWNSHIP),
        "elsewhere": staff("officer", "630121"),
        "citizen": citizen(),
    }.items():
        async with events.as_(caller, **{"Idempotency-Key": "k"}) as client:
            listed = (await client.get(f"/occurrences/{ids.occurrence}/rosters")).json()["items"]
            one = await client.get(path)
            opened = await client.post(f"{path}/open", json={"purpose": "打印名单"})
        assert not any(secret in one.text for secret in SECRETS)
        seen[name] = (len(listed), one.status_code, opened.status_code)
    assert seen == {
        "teacher": (1, 200, 200),
        "checker": (1, 200, 403),
        "officer": (1, 200, 200),
        "elsewhere": (0, 404, 404),
        "citizen": (0, 404, 404),
    }
    assert await events.scalar("SELECT count(*) FROM openings") == 2
    assert await events.scalar("SELECT count(*) FROM idempotency_keys") == 0
    async with events.as_(teacher) as client:
        party = (await client.post("/registrations", json=(await session(events)).party())).json()
        none = await client.get(f"/registrations/{party['id']}/roster")
    assert (none.status_code, none.json()["type"].rpartition("/")[2]) == (409, "no-roster")


async def test_the_query_scope_and_the_wall_around_rosters_each_hold_alone(
    events: Running, postgres: TestCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, elsewhere = await session(events), staff("officer", "630121")
    roster = await registered(events, ids, citizen())

    async def seen() -> tuple[int, int]:
        async with events.as_(elsewhere) as client:
            listed = await client.get(f"/occurrences/{ids.occurrence}/rosters")
            one = await client.get(f"/registrations/{roster['registration_id']}/roster")
        return len(listed.json()["items"]), one.status_code

    with monkeypatch.context() as without_scope:
        without_scope.setattr(registrations, "visible", lambda _: true())
        assert await seen() == (0, 404)
    connection = await asyncpg.connect(postgres.dsn(events.database_name))
    for table in ("registrations", "members"):
        await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    with monkeypatch.context() as without_scope:
        without_scope.setattr(registrations, "visible", lambda _: true())
        assert await seen() == (0, 409)  # the wall around rosters themselves
    await connection.execute("ALTER TABLE rosters DISABLE ROW LEVEL SECURITY")
    await connection.close()
    assert await seen() == (0, 404)
    monkeypatch.setattr(registrations, "visible", lambda _: true())
    assert await seen() == (1, 200)


async def test_the_list_of_rosters_costs_the_same_for_one_and_for_many(events: Running) -> None:
    ids, informant = await session(events), staff("informant", TOWNSHIP)
    costs = []
    for _ in range(3):
        await registered(events, ids, informant, on_behalf=True)
        async with events.as_(informant) as client, counted(events) as statements:
            answer = await client.get(f"/occurrences/{ids.occurrence}/rosters")
        costs.append((len(answer.json()["items"]), len(statements)))
    assert costs == [(number, costs[0][1]) for number in (1, 2, 3)]


LINES = st.lists(
    st.tuples(st.none() | st.integers(0, 4), st.none() | st.text(max_size=1)), max_size=6
)


@given(LINES)
def test_an_edited_list_keeps_corrects_replaces_and_drops_and_nothing_else(
    lines: list[tuple[int | None, str | None]],
) -> None:
    members = [UUID(int=number) for number in range(4)]
    asked = [
        (None if number is None else UUID(int=number), who)
        for number, who in lines
        if number is not None or who
    ]
    named = [member for member, _ in asked if member is not None]
    new = [who for member, who in asked if member is None]
    wrong = len(set(named)) < len(named) or not set(named) <= set(members)
    if wrong or len(new) > len(members) - len(named):
        with pytest.raises(BrokenRule):
            edited(members, asked)
        return
    plan = edited(members, asked)
    assert len(plan.leaving) == len(members) - len(asked)
    assert set(plan.leaving).isdisjoint(named)
    after = {member: None for member in members if member not in plan.leaving}
    assert len(after) == len(asked)
    for member, index, who in plan.written:
        assert asked[index] in ((member, who), (None, who))
    assert len(plan.written) == len([who for _, who in asked if who is not None])
