"""Stations over HTTP: opened, edited, closed, and what is public of them."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from services.events.stations.schemas import StationIn
from tests.events.stations.bodies import (
    COUNTY,
    NEIGHBOUR,
    TOWNSHIP,
    VILLAGE,
    day,
    given,
    opened,
    rules,
    station,
)
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted


async def test_a_station_is_opened_by_an_officer_and_seen_by_everybody(
    events_with_register: Running,
) -> None:
    events = events_with_register
    contact = {"name": "ཚེ་རིང་སྒྲོལ་མ", "phone": "0971-8231735"}
    async with events.as_(staff("officer", COUNTY)) as officer:
        answer = await officer.post(
            "/stations",
            json=station(
                sector="02",
                lead_department="湟源县科学技术协会",
                responsible_unit="日月藏族乡人民政府",
                languages=["zh", "bo"],
                opened_on="2021-09-11",
                contact=contact,
            ),
        )
        found = answer.json()
        assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
        assert answer.headers["location"] == f"/stations/{found['id']}"
        assert answer.headers["cache-control"] == "private, no-store"
    assert (found["state"], found["sector_name"], found["allowed_actions"]) == (
        "open",
        "科协",
        ["close"],
    )
    assert found["contact"] == {"name": "ཚེ་**", "phone": "097****1735"}
    async with events.as_() as public:
        shown = (await public.get(f"/stations/{found['id']}")).json()
    assert shown == {**found, "contact": None, "allowed_actions": []}
    facts = await events.rows("SELECT type, division, data FROM outbox")
    assert facts == [
        ("events.station_opened.v1", VILLAGE, {"kind": "science_station", "sector": "02"})
    ]


@pytest.mark.parametrize(
    ("kind", "division", "rule"),
    [
        ("practice_centre", TOWNSHIP, "kind-needs-county"),
        ("practice_institute", VILLAGE, "kind-needs-township"),
        ("practice_station", COUNTY, "kind-needs-village"),
    ],
)
async def test_a_kind_at_the_wrong_tier_names_the_field(
    events_with_register: Running, kind: str, division: str, rule: str
) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        answer = await officer.post("/stations", json=station(division, kind=kind))
    assert (answer.status_code, rules(answer)) == (422, [("/kind", rule)])
    assert "新时代文明实践" in answer.json()["errors"][0]["detail"]


async def test_padded_codes_are_taken_and_abolished_or_unknown_ones_refused(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        padded = await officer.post("/stations", json=station("630123000000"))
        former = await officer.post("/stations", json=station("630122", longitude=101.5))
    assert (padded.status_code, padded.json()["division_code"]) == (201, COUNTY)
    assert rules(former) == [
        ("/latitude", "both-coordinates"),
        ("/division_code", "division-not-standing"),
    ]


async def test_the_same_station_opened_twice_at_once_stands_once(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        answers = await asyncio.gather(
            *(officer.post("/stations", json=station()) for _ in range(4))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {
        "/api/v1/problems/station-exists"
    }


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (staff("officer", NEIGHBOUR), 403),
        (staff("informant", COUNTY), 403),
        (staff("administrator", "63"), 403),
        (citizen(), 403),
        (None, 403),
        (staff("approver", "63"), 201),
    ],
)
async def test_stations_are_opened_within_reach_only(
    events_with_register: Running, caller: object, status: int
) -> None:
    async with events_with_register.as_(caller) as client:  # type: ignore[arg-type]
        assert (await client.post("/stations", json=station())).status_code == status


async def test_an_edit_needs_the_version_that_was_read(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        found = await opened(officer, contact={"name": "马俊"})
        path = f"/stations/{found['id']}"
        change = {"responsible_unit": "日月藏族乡人民政府", "contact": None}
        none = await officer.patch(path, json=change)
        first = await officer.patch(path, json=change, headers={"If-Match": '"v1"'})
        stale = await officer.patch(path, json=change, headers={"If-Match": '"v1"'})
        odd = await officer.patch(path, json={"name": None}, headers={"If-Match": '"v2"'})
    assert [a.status_code for a in (none, first, stale, odd)] == [428, 200, 412, 422]
    assert (first.json()["contact"], first.json()["responsible_unit"]) == (
        None,
        "日月藏族乡人民政府",
    )


async def test_a_station_with_a_post_is_not_closed_and_a_closed_one_comes_back(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("officer", COUNTY)) as officer:
        found = await opened(officer, opened_on=day(-400))
        path = f"/stations/{found['id']}"
        held = await given(officer, station_id=found["id"])
        refused = await officer.post(f"{path}/close", json={"reason": "并站"})
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/api/v1/problems/station-has-posts",
        )
        ended = {"ends_on": day(-1), "reason": "并站"}
        assert (await officer.post(f"/posts/{held['id']}/end", json=ended)).status_code == 200
        late = await officer.post(f"{path}/close", json={"reason": "并站", "closed_on": day(1)})
        early = await officer.post(f"{path}/close", json={"reason": "并站", "closed_on": day(-401)})
        assert [rules(a) for a in (late, early)] == [
            [("/closed_on", "not-in-the-future")],
            [("/closed_on", "not-before-opening")],
        ]
        closed = (await officer.post(f"{path}/close", json={"reason": "并站"})).json()
        assert (closed["state"], closed["closed_on"], closed["allowed_actions"]) == (
            "closed",
            day(0),
            ["reopen"],
        )
        edit = await officer.patch(path, json={"place": "村委会"}, headers={"If-Match": '"v2"'})
        again = await officer.post(
            "/posts",
            json={"station_id": found["id"], "role": "docent", "name": "马俊", "begins_on": day(0)},
        )
        assert [edit.json()["type"], again.json()["type"]] == [
            "/api/v1/problems/station-is-closed"
        ] * 2
        assert (await officer.post(f"{path}/close", json={"reason": "并站"})).status_code == 409
        back = (await officer.post(f"{path}/reopen")).json()
        assert (back["state"], back["closed_on"], back["close_reason"]) == ("open", None, None)
    told = await events.rows("SELECT type FROM outbox WHERE type LIKE '%station%' ORDER BY seq")
    assert [row[0].split(".")[1] for row in told] == [
        "station_opened",
        "station_closed",
        "station_opened",
    ]


async def test_filters_narrow_the_list(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        a = await opened(officer, sector="02", opened_on=day(-10))
        b = await opened(officer, TOWNSHIP, kind="activity_venue", opened_on=day(5))
        c = await opened(officer, NEIGHBOUR, kind="office", sector="03")
        await officer.post(f"/stations/{c['id']}/close", json={"reason": "机构改革"})
        names = {a["id"]: "a", b["id"]: "b", c["id"]: "c"}

        async def found(query: str) -> str:
            answer = await officer.get(f"/stations?{query}")
            assert answer.status_code == 200, answer.text
            return "".join(sorted(names[item["id"]] for item in answer.json()["items"]))

        assert {
            query: await found(query)
            for query in (
                "",
                f"division={COUNTY}000000",
                "division=6302",
                "kind=office",
                "sector=02",
                "state=closed",
                f"held_on={day(0)}",
                f"held_on={day(-1)}",
                f"held_on={day(5)}",
            )
        } == {
            "": "abc",
            f"division={COUNTY}000000": "ab",
            "division=6302": "",
            "kind=office": "c",
            "sector=02": "a",
            "state=closed": "c",
            f"held_on={day(0)}": "a",
            f"held_on={day(-1)}": "ac",
            f"held_on={day(5)}": "ab",
        }


async def test_pages_cost_the_same_for_one_station_and_for_many(
    events_with_register: Running,
) -> None:
    events = events_with_register
    costs = []
    async with events.as_(staff("officer", COUNTY)) as officer:
        for number in range(12):
            await opened(officer, name=f"科普站{number}", contact={"name": "马俊"})
            if number in (0, 2, 11):
                async with counted(events) as statements:
                    assert (await officer.get("/stations?limit=10")).status_code == 200
                costs.append(len(statements))
        seen, cursor = [], ""
        while cursor is not None:
            page = (await officer.get(f"/stations?limit=5{cursor and f'&cursor={cursor}'}")).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
    assert (costs, len(seen), len(set(seen))) == ([1, 1, 1], 12, 12)


async def test_whom_to_ask_is_opened_for_a_purpose_that_is_written_down(
    events_with_register: Running,
) -> None:
    events = events_with_register
    officer = staff("officer", COUNTY)
    async with events.as_(officer) as client:
        found = await opened(client, contact={"name": "马俊", "phone": "13897123456"})
        path, why = f"/stations/{found['id']}/open", {"purpose": "核对值班安排"}
        answer = (await client.post(path, json=why)).json()
    assert (answer["name"], answer["phone"]) == ("马俊", "13897123456")
    assert await events.rows("SELECT actor, subject, purpose FROM openings") == [
        (officer.subject, f"stations/{found['id']}", "核对值班安排")
    ]
    statuses = []
    for caller in (staff("informant", COUNTY), staff("officer", NEIGHBOUR), citizen(), None):
        async with events.as_(caller) as client:
            statuses.append((await client.post(path, json=why)).status_code)
    assert statuses == [403] * 4


async def test_nothing_readable_of_a_person_is_in_the_tables(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("officer", COUNTY)) as officer:
        await opened(officer, contact={"name": "马俊", "phone": "13897123456"})
        await given(officer, division_code=VILLAGE)
    dump = str(
        await events.rows("SELECT to_jsonb(c)::text FROM station_contacts c")
        + await events.rows("SELECT to_jsonb(p)::text FROM posts p")
        + await events.rows("SELECT to_jsonb(o)::text FROM outbox o")
    )
    assert [secret in dump for secret in ("马俊", "13897123456", "才让卓玛")] == [False] * 3


def test_the_shape_refuses_unknown_fields_and_strips_names() -> None:
    given_ = StationIn.model_validate(station(name="  科普站  "))
    assert given_.name == "科普站"


@pytest.mark.parametrize(
    "change",
    ["state = 'closed'", "closed_on = '2026-01-01'", "state = 'closed', closed_on = '2019-01-01'"],
)
async def test_the_database_itself_holds_open_and_closed_apart(
    events_with_register: Running, change: str
) -> None:
    events = events_with_register
    async with events.as_(staff("officer", COUNTY)) as officer:
        await opened(officer, opened_on="2020-01-01")
    with pytest.raises(IntegrityError, match="stations_close"):
        await events.scalar(f"UPDATE stations SET {change} RETURNING id")
