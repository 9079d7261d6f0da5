"""One village lecture in 全国科普月: from its draft to guests at the door and back as figures."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tests.support.province import Answer, Person, Province

COUNTY, TOWNSHIP, VILLAGE = "630123", "630123101", "630123101200"
NEXT_DOOR = "630121"
CO_HOST = "630123100"
LINEAGE = (VILLAGE, TOWNSHIP, COUNTY, "6301", "63")
PLACES = 100
CLIENTS = 200
TITLE_BO = "གནམ་རིག་ཚན་རིག་གི་གཏམ་བཤད།"


def lecture(campaign: str, starts_at: datetime, **over: Any) -> dict[str, Any]:
    """What a township officer fills in for the village."""
    return {
        "division_code": VILLAGE,
        "campaign_id": campaign,
        "title": "高原天文科普讲座",
        "summary": "认识高原星空，走近冷湖天文观测基地。",
        "translations": {"bo": {"title": TITLE_BO, "summary": ""}},
        "form": "lecture",
        "audiences": ["farmers_and_herders", "minors"],
        "languages": ["zh", "bo"],
        "occurrences": [
            {
                "division_code": VILLAGE,
                "place": "村文化活动室",
                "starts_at": starts_at.isoformat(),
                "ends_at": (starts_at + timedelta(hours=2)).isoformat(),
                "capacity": PLACES,
                "offer_minutes": 30,
            }
        ],
        **over,
    }


async def until(check: Any, seconds: float = 15) -> Any:
    """Wait for what travels as a fact."""
    for _ in range(int(seconds * 10)):
        found = await check()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come")


async def rollup(person: Person, division: str, day: str) -> Answer:
    return await person.get(f"/reports/rollup?division={division}&from={day}&to={day}")


@pytest.mark.timeout(240)
async def test_one_village_lecture_from_the_province_to_the_village_and_back(
    qinghai: Province, http: aiohttp.ClientSession
) -> None:
    public = qinghai.anybody(http)
    county = await qinghai.staff(http, f"approver-{COUNTY}")
    township = await qinghai.staff(http, f"officer-{TOWNSHIP}")
    checker = await qinghai.staff(http, f"checker-{TOWNSHIP}")
    # An hour from now: registration is open, and so is the door.
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    china = (starts_at + timedelta(hours=8)).date().isoformat()

    # The occasion: 2025 全国科普月, issued by the province.
    campaigns = (await public.get("/campaigns?limit=100&division=63"))["items"]
    (month,) = [each for each in campaigns if each["name"].startswith("2025年全国科普月")]

    # A county officer is refused next door.
    foreign = await county.ask(
        "POST", "/activities", lecture(month["id"], starts_at, division_code=NEXT_DOOR)
    )
    assert (foreign.status, foreign["type"]) == (403, "/api/v1/problems/forbidden")

    # The township drafts; the county returns it with a reason on a field; then approves, publishes.
    draft = await township.do("/activities", lecture(month["id"], starts_at))
    where = f"/activities/{draft['id']}"
    assert draft.headers["Location"] == f"/api/v1{where}"
    assert (draft["state"], draft["division_code"]) == ("draft", VILLAGE)
    assert (await public.ask("GET", where)).status == 404
    neighbour = await qinghai.staff(http, f"officer-{NEXT_DOOR}")
    assert (await neighbour.ask("GET", where)).status == 404
    await township.do(f"{where}/submit")
    assert (await township.ask("POST", f"{where}/approve")).status == 403
    reason = {
        "reason": "请补充受众说明",
        "fields": [{"pointer": "/summary", "reason": "写明适合的年龄"}],
    }
    returned = await county.do(f"{where}/send_back", reason)
    assert returned["state"] == "returned"
    seen = await township.get(where)
    assert seen["returned"]["fields"] == reason["fields"]
    edited = await township.ask(
        "PATCH",
        where,
        {"summary": "认识高原星空，适合 8 岁以上。"},
        **{"If-Match": seen.headers["ETag"]},
    )
    assert edited.status == 200, edited
    stale = await township.ask(
        "PATCH", where, {"summary": "旧"}, **{"If-Match": seen.headers["ETag"]}
    )
    assert stale.status == 412

    # Another township holds it together with the village.
    await township.do(f"{where}/hosts", {"division_code": CO_HOST})
    assert (await county.do(f"{where}/hosts/{CO_HOST}/accept")).status == 200
    await township.do(f"{where}/submit")
    await county.do(f"{where}/approve")
    published = await county.do(f"{where}/publish")
    assert published["state"] == "published"
    tibetan = await public.get(where, **{"Accept-Language": "bo"})
    assert tibetan["title"] == TITLE_BO
    (occurrence,) = [
        each
        for each in (await public.get(f"/occurrences?division={VILLAGE}&limit=100"))["items"]
        if each["activity_id"] == draft["id"]
    ]

    # 200 clients race for 100 places: one at a time of 20 asks again with the same key.
    people = await qinghai.citizens(http, 1000, CLIENTS)

    async def register(number: int, person: Person) -> Answer:
        body = {
            "occurrence_id": occurrence["id"],
            "party": [{"name": f"群众{number}", "phone": f"139{1000 + number:08d}", "age": 30}],
        }
        key = {"Idempotency-Key": f"phone-{number}"}
        answer = await person.ask("POST", "/registrations", body, **key)
        while answer.status == 503:  # told to come again: the key makes that harmless
            await asyncio.sleep(int(answer.headers["Retry-After"]))
            answer = await person.ask("POST", "/registrations", body, **key)
        assert answer.status == 201, answer
        if number % 20 == 0:
            again = await person.do("/registrations", body, **key)
            assert again["id"] == answer["id"]
        return answer

    answers = await asyncio.gather(*(register(n, each) for n, each in enumerate(people)))
    confirmed = [n for n, answer in enumerate(answers) if answer["state"] == "confirmed"]
    waiting = sorted(
        (n for n, answer in enumerate(answers) if answer["state"] == "waiting"),
        key=lambda n: answers[n]["position"]["parties_ahead"],
    )
    assert (len(confirmed), len(waiting)) == (PLACES, CLIENTS - PLACES)
    (pool,) = (await public.get(f"/occurrences/{occurrence['id']}/places"))["pools"]
    assert (pool["confirmed"], pool["offered"], pool["waiting"]) == (PLACES, 0, CLIENTS - PLACES)
    positions = [
        (await people[n].get(f"/registrations/{answers[n]['id']}"))["position"] for n in waiting[:3]
    ]
    assert [answers[n]["position"]["parties_ahead"] for n in waiting] == list(range(len(waiting)))
    assert positions == [{"parties_ahead": ahead, "people_ahead": ahead} for ahead in range(3)]

    # A freed place goes to the next, who hears of it and takes it.
    await people[confirmed[0]].do(f"/registrations/{answers[confirmed[0]]['id']}/cancel")
    first = people[waiting[0]]
    offered = await first.get(f"/registrations/{answers[waiting[0]]['id']}")
    assert offered["state"] == "offered"

    async def told() -> Any:
        items = (await first.get("/messages"))["items"]
        return [each for each in items if each["template"] == "place-offered"]

    (message,) = await until(told)
    assert "高原天文科普讲座" in message["detail"] + message["title"]
    accepted = await first.do(f"/registrations/{answers[waiting[0]]['id']}/accept")
    assert accepted["state"] == "confirmed"

    # A party of three at the end of the list is offered its places together, once it is its turn.
    for n in waiting[1:]:
        await people[n].do(f"/registrations/{answers[n]['id']}/cancel")
    (mother,) = await qinghai.citizens(http, 5000, 1)
    guardian = {"name": "才让卓玛", "phone": "13900005000", "consent": True}
    party = [
        {"name": "才让卓玛", "age": 36},
        {"name": "多杰", "age": 9, "guardian": guardian},
        {"name": "ཚེ་རིང་", "age": 12, "guardian": guardian},
    ]
    refused = await mother.ask(
        "POST",
        "/registrations",
        {"occurrence_id": occurrence["id"], "party": [{"name": "多杰", "age": 9}]},
    )
    assert refused.status == 422
    assert refused["errors"][0]["pointer"] == "/party/0/guardian"
    family = await mother.do("/registrations", {"occurrence_id": occurrence["id"], "party": party})
    assert family["state"] == "waiting"
    states = []
    for n in confirmed[1:4]:
        await people[n].do(f"/registrations/{answers[n]['id']}/cancel")
        states.append((await mother.get(f"/registrations/{family['id']}"))["state"])
    assert states == ["waiting", "waiting", "offered"]
    family = await mother.do(f"/registrations/{family['id']}/accept")
    assert family["state"] == "confirmed"

    # People come: their tickets are scanned at the door, one of them twice.
    guests = [(mother, family)] + [(people[n], answers[n]) for n in confirmed[4:10]]
    tokens = [
        (await person.get(f"/registrations/{answer['id']}/ticket", Accept="application/json"))[
            "token"
        ]
        for person, answer in guests
    ]
    for token in tokens:
        assert (await checker.ask("POST", "/check-ins", {"token": token})).status == 201
    twice = await checker.ask("POST", "/check-ins", {"token": tokens[0]})
    assert (twice.status, twice["already"], twice["verified"]) == (200, True, 9)
    forged = await checker.ask("POST", "/check-ins", {"token": tokens[0][:-4] + "AAAA"})
    assert forged.status == 422
    stranger = await neighbour.ask("POST", "/check-ins", {"token": tokens[1]})
    assert stranger.status in (403, 404)
    attendance = await township.get(f"/occurrences/{occurrence['id']}/attendance")
    early = await township.ask(
        "PUT",
        f"/occurrences/{occurrence['id']}/attendance",
        {"counted": 61},
        **{"If-Match": attendance.headers["ETag"]},
    )
    assert (early.status, early["type"]) == (409, "/api/v1/problems/not-held-yet")

    # The figures agree with the records at every tier, the co-hosted activity counted once.
    async def counted() -> Any:
        answer = await rollup(county, COUNTY, china)
        return answer if (answer["figures"]["attendance"] or {}).get("verified") == 9 else None

    await until(counted)
    for division in (*LINEAGE, CO_HOST):
        figures = (await rollup(county, division, china))["figures"]
        assert figures["activities"] == 1, division
        assert figures["attendance"] == {
            "verified": 9,
            "counted": 0,
            "estimated": 0,
            "online": 0,
        }
        listed = (await county.get(f"/activities?division={division}&state=published"))["items"]
        assert [each["id"] for each in listed].count(draft["id"]) == 1
    shares = {
        child["code"]: child["figures"]["activity_share"]
        for child in (await rollup(county, COUNTY, china))["children"]
    }
    assert (shares[TOWNSHIP], shares[CO_HOST]) == (0.5, 0.5)
    assert (await rollup(county, NEXT_DOOR, china))["figures"]["activities"] == 0

    # Called off in the end: everybody registered hears of it, and it counts no more.
    await county.do(f"{where}/cancel", {"reason": "大风天气，另行通知"})

    async def heard() -> Any:
        items = (await mother.get("/messages"))["items"]
        return [each for each in items if each["template"] == "registration-cancelled"]

    await until(heard)

    async def gone() -> bool:
        return (await rollup(county, "63", china))["figures"]["activities"] == 0

    await until(gone)


async def test_an_old_code_answers_with_its_successor_and_a_dead_segment_names_its_service(
    qinghai: Province, http: aiohttp.ClientSession
) -> None:
    public = qinghai.anybody(http)
    old = await public.get("/divisions/630122000000")
    assert [each["code"] for each in old["successors"]] == ["630106"]
    absent = await public.ask("GET", "/volunteers", **{"Accept-Language": "en"})
    assert absent.status == 503
    assert "volunteers" in absent.body["detail"]
    assert (await public.ask("GET", "/nothing")).status == 404
