"""See, copy, withdraw, erase: over the gateway and services/events, also when a service is away."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from gateway.rights import courier
from gateway.settings import GatewaySettings
from gateway.upstreams import Upstreams
from services.kit.holdings import named
from services.kit.ids import uuid7
from services.kit.tokens import Signer
from tests.engines import TestCluster
from tests.gateway.conftest import PASSWORD, RunningGateway
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff, until

PHONE = "13897123456"
OTHER_PHONE = "13899000000"
ME = "/api/v1/me"


async def code_for(gateway: RunningGateway, phone: str = PHONE) -> str:
    """A fresh code, as the person would get it."""
    await gateway.running.rows("DELETE FROM throttles RETURNING 1")
    async with gateway.client() as nobody:
        await nobody.post("/api/v1/sessions/codes", json={"phone": phone})
    return gateway.codes()[-1]["code"]


async def register(
    client: httpx.AsyncClient, body: dict[str, Any], prefix: str = "/api/v1"
) -> dict[str, Any]:
    answer = await client.post(f"{prefix}/registrations", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def somebody(phone: str) -> list[dict[str, Any]]:
    """A party of one."""
    return [{"name": "卓玛", "phone": phone, "age": 30}]


async def with_me(
    gateway: RunningGateway, events: Running
) -> tuple[httpx.AsyncClient, dict[str, Any]]:
    """A citizen with a registration of theirs, one by staff for their phone, and another's."""
    me = await gateway.citizen(PHONE)
    ids = [await published_activity(events, "630123101") for _ in range(2)]
    mine = await register(me, ids[0].party(party=somebody(PHONE)))
    async with events.as_(staff("informant", "630123101")) as informant:
        for activity, phone in zip(ids, (PHONE, OTHER_PHONE), strict=True):
            by_staff = {**activity.party(party=somebody(phone)), "on_behalf": True}
            await register(informant, by_staff, "")
    async with events.as_(citizen()) as other:
        await register(other, ids[1].party(party=somebody(OTHER_PHONE)), "")
    return me, mine


async def done(gateway: RunningGateway, receipt: str) -> dict[str, Any]:
    """The request once it is done, as somebody sees it who is not signed in."""

    async def finished() -> Any:
        async with gateway.client(**{"Accept-Language": "en"}) as nobody:
            answer = await nobody.get(f"{ME}/requests/{receipt}")
        return answer.json() if answer.json()["state"] == "done" else None

    found: dict[str, Any] = await until(finished)
    return found


async def test_a_copy_has_everything_of_every_service_and_says_what_is_away(
    gateway: RunningGateway, events: Running
) -> None:
    me, mine = await with_me(gateway, events)
    answer = await me.get(f"{ME}/data?download=true")
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert answer.headers["content-disposition"].startswith('attachment; filename="kepu-')
    status = {name: each["status"] for name, each in seen["services"].items()}
    # The strange service stands where volunteers will be, and answers in a form of its own.
    assert status.pop("volunteers") in ("ok", "unavailable")
    assert status == {"gateway": "ok", "events": "ok", "venues": "ok"}
    held = seen["services"]["events"]["held"]["registrations"]
    assert sorted(each["made_by_staff"] for each in held) == [False, True]
    own = next(each for each in held if not each["made_by_staff"])
    assert (own["id"], own["party"][0]["phone"]) == (mine["id"], PHONE)
    account = seen["services"]["gateway"]["held"]["account"][0]
    assert (account["phone"], account["state"]) == (PHONE, "active")
    assert OTHER_PHONE not in answer.text


async def test_withdrawing_cancels_what_is_to_come_and_ends_messages(
    gateway: RunningGateway, events: Running
) -> None:
    me, mine = await with_me(gateway, events)
    await gateway.running.rows("DELETE FROM messages RETURNING 1")
    asked = await me.post(f"{ME}/withdraw")
    assert asked.status_code == 202, asked.text
    await until(lambda: events.scalar("SELECT true FROM registrations WHERE state = 'cancelled'"))
    states = await events.rows("SELECT id::text, state FROM registrations")
    assert [row[0] for row in states if row[1] == "cancelled"] == [mine["id"]]
    cause = "SELECT data->>'cause' FROM outbox WHERE type = 'events.registration_cancelled.v1'"
    assert await events.rows(cause) == [("cancelled_by_owner",)]
    told = (await me.get(ME)).json()
    assert told["messages"] is False
    version = f'"v{told["account"]["version"]}"'
    again = await me.patch(ME, json={"messages": True}, headers={"If-Match": version})
    assert (again.status_code, again.json()["messages"]) == (200, True)
    assert again.json()["account"]["name"] == told["account"]["name"]


async def test_who_is_erased_is_gone_everywhere_and_the_figures_stay(
    gateway: RunningGateway, events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The strange service never confirms: here it is left out.
    monkeypatch.setattr(gateway.parts.upstreams, "has", lambda name: name in ("events", "venues"))
    me, mine = await with_me(gateway, events)
    account = (await me.get(ME)).json()["account"]["id"]
    await events.rows(
        "UPDATE occurrences SET starts_at = now() - interval '1 hour', verified = 1 RETURNING 1"
    )
    await events.rows(
        "INSERT INTO check_ins (member_id, occurrence_id, division_code, account_id, by, method)"
        " SELECT m.id, r.occurrence_id, r.division_code, r.account_id, :by, 'ticket'"
        " FROM members m JOIN registrations r ON r.id = m.registration_id"
        " WHERE r.id = :id RETURNING 1",
        id=mine["id"],
        by=uuid7(),
    )
    figures = "SELECT sum(verified), (SELECT count(*) FROM check_ins) FROM occurrences"
    before = await events.rows(figures)
    wrong = await me.post(f"{ME}/erase", json={"code": "000000"})
    unproved = await me.post(f"{ME}/erase", json={})
    asked = await me.post(f"{ME}/erase", json={"code": await code_for(gateway)})
    assert (wrong.status_code, unproved.status_code, asked.status_code) == (401, 422, 202)
    assert (await me.get(ME)).status_code == 401
    seen = await done(gateway, asked.json()["receipt"])
    assert [(part["service"], part["state"]) for part in seen["services"]] == [
        ("gateway", "done"),
        ("events", "done"),
        ("venues", "done"),
    ]
    kept = {k["holding"]: k["reason"] for part in seen["services"] for k in part["kept"]}
    assert kept["registrations"].startswith("Figures of attendance stay")
    assert await events.rows(figures) == before
    # Nothing in either database says who it was; the other two people are untouched.
    rows = await events.rows(
        "SELECT m.name_masked, m.phone_masked, m.phone_index IS NULL, m.account_id::text"
        " FROM members m ORDER BY m.phone_index IS NULL DESC, m.id"
    )
    assert [row[:3] for row in rows[:2]] == [("已注销", None, True)] * 2
    assert [row[1] for row in rows[2:]] == ["138****0000"] * 2
    everything = {}
    for running, tables in (
        (events, ("registrations", "members", "check_ins", "idempotency_keys")),
        (gateway.running, ("sessions", "messages", "rights_requests", "sign_in_codes")),
    ):
        for table in tables:
            found = await running.rows(f"SELECT t::text FROM {table} t")
            everything[table] = [row for row in found if account in row[0] or PHONE in row[0]]
    assert everything == {table: [] for table in everything}
    left = await gateway.running.rows(
        "SELECT state, num_nonnulls(phone_sealed, phone_index, name_sealed) FROM accounts"
        " WHERE id = :id",
        id=account,
    )
    assert left == [("erased", 0)]
    # The same phone is a new person from here on.
    await gateway.running.rows("DELETE FROM throttles RETURNING 1")
    anew = await gateway.citizen(PHONE)
    assert (await anew.get(ME)).json()["account"]["id"] != account
    assert (await anew.get(f"{ME}/data")).json()["services"]["events"]["held"] == {
        name: [] for name in seen["services"][1]["touched"]
    }


async def test_a_service_that_is_down_gets_it_later(
    gateway: RunningGateway,
    events: Running,
    sockets: Path,
    key_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    me, _ = await with_me(gateway, events)
    reaching = gateway.parts.upstreams
    away = GatewaySettings(events_url=f"unix://{sockets}/nobody", venues_url="", volunteers_url="")
    gateway.parts.upstreams = Upstreams(away, Signer(key_folder))
    gateway.parts.courier._upstreams = gateway.parts.upstreams
    monkeypatch.setattr(courier, "LOOK_S", 0.1)
    asked = await me.post(f"{ME}/erase", json={"code": await code_for(gateway)})
    receipt = asked.json()["receipt"]

    async def tried() -> Any:
        return await gateway.running.scalar(
            "SELECT attempts FROM rights_parts WHERE done_at IS NULL"
        )

    assert await until(tried) == 1
    async with gateway.client() as nobody:
        waiting = (await nobody.get(f"{ME}/requests/{receipt.lower()}")).json()
        unknown = await nobody.get(f"{ME}/requests/{'2' * 5}-{'3' * 5}-{'4' * 5}-{'5' * 5}")
    assert [(p["service"], p["state"]) for p in waiting["services"]] == [
        ("gateway", "done"),
        ("events", "waiting"),
    ]
    assert (waiting["state"], unknown.status_code) == ("running", 404)
    assert await events.scalar("SELECT count(*) FROM members WHERE name_masked = '已注销'") == 0
    await gateway.parts.upstreams.close()
    gateway.parts.upstreams = gateway.parts.courier._upstreams = reaching
    await gateway.running.rows("UPDATE rights_parts SET due_at = now() RETURNING 1")
    gateway.parts.courier.wake()
    assert (await done(gateway, receipt))["services"][1]["touched"]["registrations"] == 2


async def test_a_phone_finds_what_staff_made_for_it_before_and_nothing_of_others(
    events: Running,
) -> None:
    ids = await published_activity(events, "630123101")
    async with events.as_(staff("informant", "630123101")) as informant:
        await register(informant, {**ids.party(party=somebody(PHONE)), "on_behalf": True}, "")
    async with events.as_(citizen()) as relative:  # who gives the same number, in their own name
        await register(relative, ids.party(party=somebody(PHONE)), "")
    touched = []
    async with events.as_(named(uuid7())) as gateway:
        for asked_at in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
            body = {"phone": PHONE, "pseudonym": str(uuid7()), "asked_at": asked_at}
            answer = await gateway.post("/holdings/erase", json=body)
            touched.append(answer.json()["touched"]["registrations"])
    assert touched == [0, 1, 0]
    assert await events.scalar("SELECT count(*) FROM members WHERE phone_index IS NOT NULL") == 1


async def test_staff_are_erased_only_when_no_log_needs_their_name_any_more(
    lone_gateway: RunningGateway,
) -> None:
    officer = await lone_gateway.staff("officer", "630123")
    proof = {"password": PASSWORD}
    held = await officer.post(f"{ME}/erase", json=proof)
    await lone_gateway.running.rows("UPDATE grants SET ended_at = now() RETURNING 1")
    lately = await officer.post(f"{ME}/erase", json=proof)
    await lone_gateway.running.rows(
        "UPDATE grants SET ended_at = now() - interval '184 days' RETURNING 1"
    )
    wrong = await officer.post(f"{ME}/erase", json={"password": "wrong"})
    gone = await officer.post(f"{ME}/erase", json=proof)
    assert [answer.status_code for answer in (held, lately, wrong, gone)] == [409, 409, 401, 202]
    assert held.json()["type"] == "/api/v1/problems/posts-held"
    async with lone_gateway.client() as nobody:
        again = await nobody.post("/api/v1/sessions", json={"username": "officer-630123", **proof})
    assert again.status_code == 401
    assert "officer-630123" not in json.dumps(
        await lone_gateway.running.rows("SELECT a::text FROM audit a")
    )


async def test_nobody_reaches_the_services_own_interface(
    gateway: RunningGateway, events: Running
) -> None:
    me = await gateway.citizen(PHONE)
    body = {"pseudonym": str(uuid7()), "asked_at": "2026-11-21T00:00:00Z"}
    paths = ("/holdings/erase", "/api/v1/holdings/erase", "/api/v1/registrations/../holdings/erase")
    async with gateway.client() as nobody:
        outside = [
            (await each.post(path, json=body)).status_code
            for path in paths
            for each in (me, nobody)
        ]
    assert outside == [404] * 6
    for caller in (None, citizen(), staff("administrator", "63")):
        async with events.as_(caller) as client:
            answer = await client.post("/holdings/copy", json=body)
        assert answer.status_code == 404, caller


async def test_requests_stand_behind_a_wall(
    lone_gateway: RunningGateway, postgres: TestCluster
) -> None:
    me = await lone_gateway.citizen(PHONE)
    assert (await me.post(f"{ME}/withdraw")).status_code == 202
    role = postgres.environ("gateway", lone_gateway.running.database_name)["GATEWAY_DATABASE_URL"]
    connection = await asyncpg.connect(role)
    found = [
        await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("rights_requests", "second_factors", "recovery_codes")
    ]
    await connection.close()
    assert found == [0, 0, 0]
