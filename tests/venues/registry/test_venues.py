"""A venue in full: entered, edited, found, and kept by its representatives."""

from datetime import date
from typing import Any

import httpx
from sqlalchemy import text

from services.kit.access import Role
from services.kit.db import run
from tests.support.apps import Running, citizen, staff

HUANGYUAN = "630123"
OFFICER = staff(Role.OFFICER, HUANGYUAN)
APPROVER = staff(Role.APPROVER, HUANGYUAN)
PLAIN = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": HUANGYUAN}
FULL = {
    **PLAIN,
    "longitude": 101.2659,
    "latitude": 36.6823,
    "datum": "gcj02",
    "altitude_m": 2666,
    "address": "城关镇建设东路",
    "introduction": "ཚན་རྩལ་ཁང་། 高原上的科技馆",
    "phone": "0971-8231735",
    "website": "https://example.cn/keji",
    "languages": ["zh", "bo", "csl"],
    "accessibility": ["step_free", "oxygen"],
    "capacity": 300,
    "admission": "paid",
    "publicly_funded": True,
    "open_all_year": True,
    "host_name": "湟源县科学技术协会",
    "host_uscc": " 91350211m0000xuf46 ",
    "names": [
        {"name": "丹噶尔科技馆", "kind": "former", "until_on": "2019-12-31"},
        {"name": "སྟོང་འཁོར་ཚན་རྩལ་ཁང་", "kind": "translation"},
    ],
    "counties": ["630121"],
    "exhibits": [{"title": "日晷", "hall": "一层", "hands_on": True}],
}


async def enter(client: httpx.AsyncClient, **over: Any) -> Any:
    answer = await client.post("/venues", json={**PLAIN, **over})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def edit(client: httpx.AsyncClient, venue: Any, **given: Any) -> httpx.Response:
    headers = {"If-Match": f'"v{venue["version"]}"'}
    return await client.patch(f"/venues/{venue['id']}", json=given, headers=headers)


async def test_everything_about_a_venue_is_kept_and_what_is_doubtful_is_said(
    venues: Running,
) -> None:
    async with venues.as_(OFFICER, **{"Accept-Language": "en"}) as officer:
        made = await enter(officer, **FULL)
    # 高德's offset at 湟源, away again.
    assert (round(made["longitude"], 4), round(made["latitude"], 4)) == (101.264, 36.6823)
    assert (made["given_datum"], made["host_uscc"]) == ("gcj02", "91350211M0000XUF46")
    assert [(one["pointer"], one["rule"]) for one in made["warnings"]] == [
        ("/host_uscc", "uscc-check-digit"),
        ("/admission", "law-46-youth"),
    ]
    assert made["warnings"][0]["detail"].startswith("the check digit of 91350211M0000XUF46")
    assert made["editable"] == "all"
    kept = {name: made[name] for name in FULL.keys() & made.keys()} | {
        "names": [{k: v for k, v in one.items() if k != "source" and v} for one in made["names"]],
        "exhibits": [{k: v for k, v in one.items() if v} for one in made["exhibits"]],
    }
    untouched = FULL.keys() - {"longitude", "latitude", "datum", "host_uscc"}
    assert {name: kept[name] for name in untouched} == {name: FULL[name] for name in untouched}


async def test_each_bad_field_is_named_and_nothing_is_guessed(venues: Running) -> None:
    async with venues.as_(staff(Role.OFFICER, "63")) as officer:
        answer = await officer.post(
            "/venues",
            json={
                **PLAIN,
                "division_code": "630199",
                "longitude": 36.617,
                "latitude": 101.778,
                "counties": ["630121", "639999"],
                "names": [{"name": PLAIN["name"]}],
            },
        )
        shape = await officer.post("/venues", json={**PLAIN, "host_uscc": "9135O211M0000XUF46"})
    assert [(one["pointer"], one["rule"]) for one in answer.json()["errors"]] == [
        ("/longitude", "point-swapped"),
        ("/names/0/name", "name-twice"),
        ("/division_code", "division-not-standing"),
        ("/counties/1", "division-not-standing"),
    ]
    assert "101.778" in answer.json()["errors"][0]["detail"]
    assert [(one["pointer"], one["rule"]) for one in shape.json()["errors"]] == [
        ("/host_uscc", "uscc-alphabet")
    ]
    assert await venues.scalar("SELECT count(*) FROM venues") == 0


async def test_an_edit_needs_the_version_read_and_replaces_lists_whole(venues: Running) -> None:
    async with venues.as_(APPROVER) as approver:
        made = await enter(approver, **FULL)
        bare = await approver.patch(f"/venues/{made['id']}", json={"capacity": 10})
        await approver.post(f"/venues/{made['id']}/publish")
        stale = await edit(approver, made, capacity=10)
        now = {**made, "version": 2}
        edited = await edit(approver, now, capacity=10, names=[{"name": "县馆"}], admission="free")
        half = await edit(approver, edited.json(), longitude=101.0)
        datum = await edit(approver, edited.json(), datum="bd09")
        closed = (await approver.post(f"/venues/{made['id']}/close")).json()
        late = await edit(approver, closed, capacity=20)
    assert (bare.status_code, stale.status_code) == (428, 412)
    assert edited.headers["etag"] == '"v3"'
    told = edited.json()
    assert ([one["name"] for one in told["names"]], told["counties"]) == (["县馆"], ["630121"])
    assert [one["rule"] for one in told["warnings"]] == ["uscc-check-digit"]
    assert half.json()["errors"][0]["rule"] == "both-coordinates"
    assert datum.json()["errors"][0]["rule"] == "datum-without-point"
    assert (late.status_code, late.json()["type"]) == (409, "/api/v1/problems/venue-is-closed")
    assert (closed["editable"], closed["warnings"]) == ("nothing", [])
    assert await venues.rows("SELECT type, version FROM outbox ORDER BY seq") == [
        ("venues.venue_published.v1", 2),
        ("venues.venue_changed.v1", 3),
        ("venues.venue_closed.v1", 4),
    ]


async def test_a_venue_moves_only_between_divisions_that_the_caller_keeps(venues: Running) -> None:
    async with venues.as_(OFFICER) as county, venues.as_(staff(Role.OFFICER, "6301")) as city:
        made = await enter(county)
        contact = {"name": "才让卓玛", "phone": "13812345678"}
        await county.post(f"/venues/{made['id']}/contacts", json=contact)
        assert (await edit(county, made, division_code="630121")).status_code == 403
        assert (await edit(city, made, division_code="630121")).status_code == 200
        assert (await county.get(f"/venues/{made['id']}")).status_code == 404
    # Whom to ask follows, so that the wall stands where the venue stands.
    assert await venues.rows("SELECT division_code, recorded_code FROM venue_contacts") == [
        ("630121", HUANGYUAN)
    ]


async def test_a_representative_describes_the_venue_and_does_nothing_else(
    venues: Running,
) -> None:
    caller, stranger = citizen(), citizen()
    async with (
        venues.as_(APPROVER) as approver,
        venues.as_(caller) as theirs,
        venues.as_(stranger) as strange,
    ):
        made = await enter(approver)
        where = f"/venues/{made['id']}"
        assert (await theirs.get(where)).status_code == 404
        given = {"account_id": str(caller.subject)}
        assert (await strange.post(f"{where}/representatives", json=given)).status_code == 404
        appointed = await approver.post(f"{where}/representatives", json=given)
        again = await approver.post(f"{where}/representatives", json=given)
        assert (await theirs.get(where)).json()["editable"] == "description"
        described = await edit(theirs, made, introduction="新展厅", exhibits=[{"title": "恐龙"}])
        assert described.status_code == 200
        version = {**made, "version": 2}
        refused = [
            (await edit(theirs, version, name="我的馆")).status_code,
            (await edit(theirs, version, division_code="630121")).status_code,
            (await edit(theirs, version, longitude=101.2, latitude=36.6)).status_code,
            (await theirs.post(f"{where}/publish")).status_code,
            (await theirs.post(f"{where}/representatives", json=given)).status_code,
        ]
        await approver.post(f"{where}/publish")
        published = await edit(theirs, {**made, "version": 3}, admission="free")
        mine = (await theirs.get("/venues?represented=true")).json()["items"]
        nobodys = (await strange.get("/venues?represented=true")).json()["items"]
        seen = (await theirs.get(f"{where}/representatives")).json()["items"]
        unseen = (await strange.get(f"{where}/representatives")).json()["items"]
        strangers = await edit(strange, {**made, "version": 4}, admission="paid")
        end = f"{where}/representatives/{appointed.json()['id']}/end"
        ended = await approver.post(end, json={"reason": "调离"})
        late = await edit(theirs, {**made, "version": 4}, admission="paid")
        twice = await approver.post(end, json={"reason": "调离"})
        back = await approver.post(f"{where}/representatives", json=given)
    assert (appointed.status_code, appointed.json()["in_office"]) == (201, True)
    assert (again.status_code, again.json()["type"]) == (
        409,
        "/api/v1/problems/represents-already",
    )
    assert (refused, published.status_code) == ([403] * 5, 200)
    assert [one["id"] for one in mine] == [made["id"]]
    assert [one["account_id"] for one in seen] == [str(caller.subject)]
    assert (nobodys, unseen, strangers.status_code) == ([], [], 403)
    assert (ended.json()["in_office"], ended.json()["allowed_actions"]) == (False, [])
    assert (late.status_code, twice.status_code, back.status_code) == (403, 409, 201)


async def test_an_appointment_holds_on_its_days_only(venues: Running) -> None:
    caller = citizen()
    async with venues.as_(OFFICER) as officer, venues.as_(caller) as theirs:
        made = await enter(officer)
        where = f"/venues/{made['id']}/representatives"
        past = {"account_id": str(caller.subject), "from_on": "2020-01-01"}
        crossed = {"account_id": str(caller.subject), "until_on": "2020-01-01"}
        come = {"account_id": str(caller.subject), "from_on": "2099-01-01"}
        errors = [
            (await officer.post(where, json=one)).json()["errors"][0]["rule"]
            for one in (past, crossed)
        ]
        to_come = (await officer.post(where, json=come)).json()
        assert (await theirs.get(f"/venues/{made['id']}")).status_code == 404
        end = f"{where}/{to_come['id']}/end"
        early = await officer.post(end, json={"until_on": "2098-01-01", "reason": "改期"})
    assert errors == ["not-before", "ends-before-it-begins"]
    assert (to_come["in_office"], early.json()["errors"][0]["rule"]) == (False, "not-before")


async def test_whom_to_ask_is_sealed_masked_and_opened_for_a_purpose_that_is_kept(
    venues: Running,
) -> None:
    representative = citizen()
    async with (
        venues.as_(OFFICER) as officer,
        venues.as_(representative) as theirs,
        venues.as_(staff(Role.OFFICER, "630121")) as foreign,
    ):
        made = await enter(officer)
        where = f"/venues/{made['id']}"
        given = {"account_id": str(representative.subject)}
        await officer.post(f"{where}/representatives", json=given)
        contact = {"name": "才让卓玛", "phone": "+86 138 1234 5678", "duty": "团体预约"}
        added = await theirs.post(f"{where}/contacts", json=contact)
        listed = [(await one.get(f"{where}/contacts")).json()["items"] for one in (officer, theirs)]
        one = f"{where}/contacts/{added.json()['id']}"
        purpose = {"purpose": "核实预约"}
        opened = await officer.post(f"{one}/open", json=purpose)
        refused = [
            (await theirs.post(f"{one}/open", json=purpose)).status_code,
            (await foreign.get(f"{where}/contacts")).status_code,
            (await foreign.post(f"{one}/open", json=purpose)).status_code,
        ]
        async with venues.as_(APPROVER) as approver:
            await approver.post(f"{where}/publish")
        # Seen by everybody from now on; whom to ask is not.
        refused += [
            (await foreign.get(f"{where}/contacts")).status_code,
            (await foreign.post(f"{where}/contacts", json=contact)).status_code,
            (await foreign.delete(one)).status_code,
        ]
        public = (await officer.get(where)).text
        gone = await theirs.delete(one)
        empty = (await officer.get(f"{where}/contacts")).json()["items"]
    assert added.status_code == 201
    assert [(each[0]["name"], each[0]["phone"], each[0]["duty"]) for each in listed] == [
        ("才***", "138****5678", "团体预约")
    ] * 2
    assert (opened.json()["name"], opened.json()["phone"]) == ("才让卓玛", "13812345678")
    assert await venues.rows("SELECT actor, purpose FROM openings") == [
        (OFFICER.subject, "核实预约")
    ]
    assert (refused, gone.status_code, empty) == ([403, 404, 404, 403, 403, 403], 204, [])
    assert "才让卓玛" not in public


async def test_the_wall_hides_people_from_officers_elsewhere_whatever_a_query_forgets(
    venues: Running,
) -> None:
    representative = citizen()
    async with venues.as_(OFFICER) as officer:
        made = await enter(officer)
        where = f"/venues/{made['id']}"
        await officer.post(f"{where}/contacts", json={"name": "才让卓玛"})
        given = {"account_id": str(representative.subject)}
        await officer.post(f"{where}/representatives", json=given)
    both = text(
        "SELECT (SELECT count(*) FROM venue_contacts), (SELECT count(*) FROM venue_representatives)"
    )
    seen = {}
    callers = {"here": OFFICER, "elsewhere": staff(Role.OFFICER, "630121"), "own": representative}
    for name, caller in (*callers.items(), ("nobody", citizen())):
        async with venues.kit.database.transaction(caller) as db:
            seen[name] = tuple((await run(db, both)).one())
    assert seen == {"here": (1, 1), "elsewhere": (0, 0), "own": (0, 1), "nobody": (0, 0)}


async def test_a_name_is_found_by_any_part_of_any_name(venues: Running) -> None:
    async with venues.as_(staff(Role.APPROVER, "63")) as approver:
        made = await enter(approver, **FULL)
        other = await enter(approver, name="ＡＢＣ天文馆（西宁）", division_code="630102")
        for one in (made, other):
            await approver.post(f"/venues/{one['id']}/publish")

    async def found(**asked: str) -> list[str]:
        async with venues.as_() as public:
            return [
                one["name"] for one in (await public.get("/venues", params=asked)).json()["items"]
            ]

    ours, others = made["name"], other["name"]
    assert await found(q="科技") == [ours]
    assert await found(q="馆") == sorted([ours, others])
    assert await found(q="丹噶尔 科技馆") == [ours]
    assert await found(q="ཚན་རྩལ་") == [ours]
    assert await found(q="abc") == [others]
    assert await found(q="%") == []
    assert await found(q="科技馆 西宁") == []
    assert await found(division="630121") == [ours]
    assert await found(division="6301", kind="science_museum", q="县科") == [ours]


async def test_a_venue_is_found_by_an_honour_and_by_whether_it_is_in_force(
    venues: Running,
) -> None:
    async with venues.as_(staff(Role.APPROVER, "63")) as approver:
        made = await enter(approver)
        await approver.post(f"/venues/{made['id']}/publish")
    insert = """INSERT INTO honours (id, venue_id, division_code, title, issuer, state,
        valid_until, version, created_by) VALUES (gen_random_uuid(), CAST(:venue AS uuid), '630123',
        :title, '青海省科协', :state, :until, 1, gen_random_uuid()) RETURNING 1"""
    for title, state, until in (
        ("青海省科普教育基地", "valid", date(2020, 1, 1)),
        ("全国科普教育基地", "revoked", None),
        ("湟源县科普基地", "valid", None),
    ):
        await venues.scalar(insert, venue=made["id"], title=title, state=state, until=until)

    async def many(**asked: str) -> int:
        async with venues.as_() as public:
            return len((await public.get("/venues", params=asked)).json()["items"])

    assert await many(honour="教育基地") == 1
    assert await many(honour="教育基地", in_force="true") == 0
    assert await many(honour="科普基地", in_force="true") == 1
    assert await many(in_force="true") == 1
    assert await many(honour="示范") == 0
