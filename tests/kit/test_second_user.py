"""The kit as services/venues uses it: one table, one lifecycle, one fact, end to end."""

import asyncio
from uuid import uuid4

import nats
import orjson
import pytest
from sqlalchemy import text

from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.routing import forget_old_keys
from services.kit.settings import suite
from tests.support.apps import Running, staff, until

HUANGYUAN = "630123"
VENUE = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": "630123000"}


async def test_a_venue_goes_from_draft_to_the_public_and_its_fact_to_the_stream(
    venues: Running,
) -> None:
    async with venues.as_(staff("approver", HUANGYUAN)) as officer, venues.as_() as public:
        entered = await officer.post("/venues", json=VENUE)
        assert (entered.status_code, entered.headers["etag"]) == (201, '"v1"')
        assert entered.json()["division_code"] == HUANGYUAN
        where = entered.headers["location"]
        assert (await public.get(where)).status_code == 404
        published = await officer.post(f"{where}/publish")
        assert published.json()["state"] == "published"
        assert published.json()["allowed_actions"] == ["close"]
        assert (await public.get(where)).json()["allowed_actions"] == []
        assert (await public.get("/venues?division=6301")).json()["items"][0][
            "name"
        ] == "湟源县科技馆"

    async def sent() -> object:
        return await venues.scalar("SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL")

    assert await until(sent) == 1
    client = await nats.connect(suite().nats_url)
    message = await client.jetstream().get_last_msg(
        "FACTS_VENUES", "facts.venues.venue_published.v1"
    )
    envelope = orjson.loads(message.data or b"")
    assert envelope["division"] == HUANGYUAN
    assert envelope["data"] == {"kind": "science_museum", "name": "湟源县科技馆"}
    await client.close()


async def test_another_county_is_refused_and_says_so_in_the_callers_language(
    venues: Running,
) -> None:
    async with venues.as_(staff("approver", "630121"), **{"Accept-Language": "en"}) as foreign:
        refused = await foreign.post("/venues", json=VENUE)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["content-language"] == "en"
    assert refused.json()["type"] == "/api/v1/problems/forbidden"


async def test_bad_fields_are_named_with_their_rules(venues: Running) -> None:
    async with venues.as_(staff("officer", "63")) as officer:
        answer = await officer.post(
            "/venues", json={"name": "馆", "kind": "castle", "division_code": "63012", "x": 1}
        )
    assert answer.status_code == 422
    assert {(error["pointer"], error["rule"]) for error in answer.json()["errors"]} == {
        ("/name", "string-too-short"),
        ("/kind", "enum"),
        ("/division_code", "division-code"),
        ("/x", "extra-forbidden"),
    }
    said = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert said["/kind"].startswith("可选值：'")
    assert " or " not in said["/kind"]


async def test_the_same_key_has_one_effect_and_another_body_is_refused(venues: Running) -> None:
    caller = staff("officer", HUANGYUAN)
    async with venues.as_(caller, **{"Idempotency-Key": str(uuid4())}) as officer:
        first = await officer.post("/venues", json=VENUE)
        again = await officer.post("/venues", json=VENUE)
        other = await officer.post("/venues", json={**VENUE, "name": "别的馆"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["type"] == "/api/v1/problems/key-reused"
    assert await venues.scalar("SELECT count(*) FROM venues") == 1


async def test_ten_at_once_with_one_key_make_one_row(venues: Running) -> None:
    async with venues.as_(staff("officer", HUANGYUAN), **{"Idempotency-Key": "k"}) as officer:
        answers = await asyncio.gather(*(officer.post("/venues", json=VENUE) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    refused = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert refused <= {"/api/v1/problems/key-in-use"}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await venues.scalar("SELECT count(*) FROM venues") == 1


async def test_a_failure_is_not_kept_for_its_key(venues: Running) -> None:
    headers = {"Idempotency-Key": "later"}
    async with venues.as_(staff("officer", HUANGYUAN), **headers) as officer:
        assert (await officer.post("/venues", json={**VENUE, "kind": "?"})).status_code == 422
        assert (await officer.post("/venues", json=VENUE)).status_code == 201


async def test_pages_follow_each_other_without_gap_or_repeat(venues: Running) -> None:
    async with venues.as_(staff("officer", HUANGYUAN)) as officer:
        for number in range(7):
            await officer.post("/venues", json={**VENUE, "name": f"第{number}馆"})
        seen, cursor = [], ""
        while cursor is not None:
            page = (await officer.get(f"/venues?limit=3{cursor and f'&cursor={cursor}'}")).json()
            seen += [item["name"] for item in page["items"]]
            cursor = page["next"]
        assert seen == [f"第{number}馆" for number in range(7)]
        assert (await officer.get("/venues?cursor=abc")).json()["errors"][0]["pointer"] == "/cursor"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_a_bad_token_is_refused(venues: Running, token: str) -> None:
    async with venues.as_(None, Authorization=f"Bearer {token}") as nobody:
        assert (await nobody.get("/venues")).status_code == 401


async def test_health_names_each_part(venues: Running) -> None:
    async with venues.as_() as client:
        await until(lambda: _ready(client))
        state = (await client.get("/health/ready")).json()
        metrics = (await client.get("/metrics")).text
    assert (state["database"], state["nats"], state["relay"]) == ("up", "up", "up")
    assert "kepu_request_seconds_bucket" in metrics


async def _ready(client: object) -> bool:
    return bool((await client.get("/health/ready")).status_code == 200)  # type: ignore[attr-defined]


async def test_a_key_is_forgotten_after_seven_days(venues: Running) -> None:
    async with venues.as_(staff("officer", HUANGYUAN), **{"Idempotency-Key": "old"}) as officer:
        await officer.post("/venues", json=VENUE)
        async with venues.kit.database.transaction(SERVICE) as db:
            assert await forget_old_keys(db) == 0
            await run(
                db, text("UPDATE idempotency_keys SET created_at = now() - interval '8 days'")
            )
            assert await forget_old_keys(db) == 1
        assert (await officer.post("/venues", json=VENUE)).status_code == 201
    assert await venues.scalar("SELECT count(*) FROM venues") == 2
