"""Signing in and out: codes, passwords, lock-out, cookies; nothing tells who has an account."""

import asyncio
import stat

import httpx
import pytest

from tests.gateway.conftest import PASSWORD, RunningGateway

PHONE = "13897123456"
SESSIONS = "/api/v1/sessions"


async def _try(client: httpx.AsyncClient, **given: object) -> httpx.Response:
    return await client.post(SESSIONS, json=given)


async def test_a_citizen_signs_in_with_a_code_and_has_an_account_from_then_on(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        sent = await client.post(f"{SESSIONS}/codes", json={"phone": PHONE})
        assert (sent.status_code, sent.json()) == (202, {"expires_in_s": 300, "again_in_s": 60})
        code = lone_gateway.codes()[-1]["code"]
        first = await _try(client, phone=PHONE, code=code)
        again = await _try(client, phone=PHONE, code=code)
    assert (first.status_code, again.status_code) == (201, 401)
    assert first.json()["account"]["kind"] == "citizen"
    assert first.json()["account"]["phone"] == "138****3456"
    assert first.headers["cache-control"] == "private, no-store"
    async with lone_gateway.client(first.json()["token"]) as me:
        told = (await me.get("/api/v1/me")).json()
    assert (told["account"]["id"], told["permissions"]) == (first.json()["account"]["id"], {})
    assert await lone_gateway.running.scalar("SELECT count(*) FROM accounts") == 1


async def test_codes_and_tokens_are_stored_unreadable(lone_gateway: RunningGateway) -> None:
    await lone_gateway.citizen(PHONE)
    file = lone_gateway.home / "messages" / "codes.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code = lone_gateway.codes()[-1]["code"]
    for table in ("accounts", "sessions", "sign_in_codes", "throttles", "audit"):
        rows = await lone_gateway.running.rows(f"SELECT t::text FROM {table} t")
        assert rows
        assert [row for row in rows if PHONE in row[0] or PHONE.encode().hex() in row[0]] == []
        assert [row for row in rows if f",{code}," in row[0]] == []


async def test_the_answer_does_not_tell_who_has_an_account(lone_gateway: RunningGateway) -> None:
    await lone_gateway.citizen(PHONE)
    await lone_gateway.running.scalar("DELETE FROM throttles RETURNING 1")
    async with lone_gateway.client() as client:
        answers = [
            (
                await client.post(f"{SESSIONS}/codes", json={"phone": phone}),
                await _try(client, phone=phone, code="000000"),
            )
            for phone in (PHONE, "13900000000")
        ]
    known, unknown = (
        [(a.status_code, {k: v for k, v in a.json().items() if k != "instance"}) for a in pair]
        for pair in answers
    )
    assert known == unknown
    assert [status for status, _ in known] == [202, 401]


async def test_an_unknown_name_is_refused_like_a_wrong_password(
    lone_gateway: RunningGateway,
) -> None:
    await lone_gateway.account("sonam", "630123")
    async with lone_gateway.client() as client:
        outcomes = {}
        for username in ("sonam", "nobody"):
            answers = [await _try(client, username=username, password="wrong") for _ in range(6)]
            outcomes[username] = [
                (a.status_code, a.json()["type"], a.headers.get("retry-after")) for a in answers
            ]
    failed = (401, "/api/v1/problems/sign-in-failed", None)
    barred = (429, "/api/v1/problems/too-many-tries", "900")
    assert outcomes["sonam"] == [failed] * 5 + [barred]
    assert outcomes["nobody"] == outcomes["sonam"]


async def test_after_five_wrong_tries_the_right_password_waits_a_quarter_of_an_hour(
    lone_gateway: RunningGateway,
) -> None:
    await lone_gateway.account("sonam", "630123")
    right = {"username": "sonam", "password": PASSWORD}
    async with lone_gateway.client() as client:
        for _ in range(6):
            await _try(client, username="sonam", password="wrong")
        assert (await _try(client, **right)).status_code == 429
        await lone_gateway.running.scalar(
            "UPDATE throttles SET blocked_until = blocked_until - interval '15 minutes',"
            " began_at = began_at - interval '15 minutes' RETURNING 1"
        )
        assert (await _try(client, **right)).status_code == 201
    barred = await lone_gateway.running.rows("SELECT action FROM audit ORDER BY number")
    assert barred == [("sign_in_barred",), ("sign_in_barred",), ("signed_in",)]


async def test_thirty_guesses_at_once_are_counted_as_thirty(lone_gateway: RunningGateway) -> None:
    await lone_gateway.account("sonam", "630123")
    async with lone_gateway.client() as client:
        answers = await asyncio.gather(
            *(_try(client, username="sonam", password=f"guess {n}") for n in range(30))
        )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [401] * 5 + [429] * 25


async def test_a_code_is_tried_five_times_and_lives_five_minutes(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        await client.post(f"{SESSIONS}/codes", json={"phone": PHONE})
        code = lone_gateway.codes()[-1]["code"]
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        for _ in range(5):
            assert (await _try(client, phone=PHONE, code=wrong)).status_code == 401
        assert (await _try(client, phone=PHONE, code=code)).status_code == 401
        await lone_gateway.running.scalar("DELETE FROM throttles RETURNING 1")
        await client.post(f"{SESSIONS}/codes", json={"phone": PHONE})
        code = lone_gateway.codes()[-1]["code"]
        await lone_gateway.running.scalar("UPDATE sign_in_codes SET expires_at = now() RETURNING 1")
        assert (await _try(client, phone=PHONE, code=code)).status_code == 401


async def test_codes_are_rationed_by_phone(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client() as client:
        first, second, other = [
            await client.post(f"{SESSIONS}/codes", json={"phone": phone})
            for phone in (PHONE, PHONE, "13900000000")
        ]
    assert [first.status_code, second.status_code, other.status_code] == [202, 429, 202]
    assert second.headers["retry-after"] == "60"
    assert len(lone_gateway.codes()) == 2


async def test_many_phones_from_one_address_are_rationed_too(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        answers = [
            await client.post(f"{SESSIONS}/codes", json={"phone": f"138000{n:05d}"})
            for n in range(62)
        ]
    assert [answer.status_code for answer in answers] == [202] * 60 + [429] * 2


@pytest.mark.parametrize(
    "given",
    [
        {"phone": PHONE},
        {"username": "sonam"},
        {"phone": PHONE, "code": "123456", "username": "sonam", "password": "x"},
        {"phone": PHONE, "password": "x"},
        {},
    ],
)
async def test_one_way_of_signing_in_at_a_time(
    lone_gateway: RunningGateway, given: dict[str, str]
) -> None:
    async with lone_gateway.client() as client:
        answer = await client.post(SESSIONS, json=given)
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "sign-in-way")


async def test_signing_out_takes_effect_at_once(lone_gateway: RunningGateway) -> None:
    officer = await lone_gateway.staff("officer", "630123")
    assert (await officer.get("/api/v1/volunteers")).status_code == 200
    assert (await officer.delete(f"{SESSIONS}/current")).status_code == 204
    refused = await officer.get("/api/v1/volunteers")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_lost_phone_is_signed_out_from_another(lone_gateway: RunningGateway) -> None:
    await lone_gateway.account("sonam", "630123")
    await lone_gateway.account("tashi", "630123")
    phone, desk = await lone_gateway.sign_in("sonam"), await lone_gateway.sign_in("sonam")
    other = await lone_gateway.sign_in("tashi")
    async with (
        lone_gateway.client(phone) as lost,
        lone_gateway.client(desk) as at_desk,
        lone_gateway.client(other) as somebody,
    ):
        items = (await at_desk.get(SESSIONS)).json()["items"]
        assert [item["current"] for item in items] == [True, False]
        lost_id = items[1]["id"]
        assert (await somebody.delete(f"{SESSIONS}/{lost_id}")).status_code == 404
        assert (await lost.get("/api/v1/me")).status_code == 200
        assert (await at_desk.delete(f"{SESSIONS}/{lost_id}")).status_code == 204
        assert (await lost.get("/api/v1/me")).status_code == 401
        assert len((await at_desk.get(SESSIONS)).json()["items"]) == 1


async def test_a_session_ends_by_itself(lone_gateway: RunningGateway) -> None:
    await lone_gateway.account("sonam", "630123")
    token = await lone_gateway.sign_in("sonam")
    await lone_gateway.running.scalar("UPDATE sessions SET expires_at = now() RETURNING 1")
    async with lone_gateway.client(token) as client:
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_another_process_hears_of_a_sign_out_within_half_a_minute(
    lone_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.identity.callers.REMEMBERED_S", 0.3)
    await lone_gateway.account("sonam", "630123")
    async with lone_gateway.client(await lone_gateway.sign_in("sonam")) as client:
        assert (await client.get("/api/v1/me")).status_code == 200
        await lone_gateway.running.scalar("UPDATE sessions SET revoked_at = now() RETURNING 1")
        await asyncio.sleep(0.35)
        assert (await client.get("/api/v1/me")).status_code == 401


async def _with_cookie(gateway: RunningGateway) -> httpx.AsyncClient:
    await gateway.account("sonam", "630123", ("approver", "630123"))
    browser = await gateway.stack.enter_async_context(gateway.client())
    answer = await browser.post(
        SESSIONS,
        json={"username": "sonam", "password": PASSWORD, "cookie": True},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert (answer.status_code, answer.json()["token"]) == (201, None)
    cookie = answer.headers["set-cookie"].lower()
    assert [part in cookie for part in ("httponly", "samesite=strict", "path=/")] == [True] * 3
    return browser


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://kepu.test"}, 403),
        ({"Origin": "http://kepu.test"}, 200),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_a_change_with_a_cookie_must_come_from_a_page_of_ours(
    lone_gateway: RunningGateway, headers: dict[str, str], status: int
) -> None:
    browser = await _with_cookie(lone_gateway)
    assert (await browser.get("/api/v1/volunteers")).status_code == 200
    through = await browser.post("/api/v1/volunteers", json={}, headers=headers)
    assert through.status_code == status
    own = await browser.delete(f"{SESSIONS}/current", headers=headers)
    assert own.status_code == {200: 204, 403: 403}[status]


async def test_signing_in_with_a_cookie_must_come_from_a_page_of_ours(
    lone_gateway: RunningGateway,
) -> None:
    await lone_gateway.account("sonam", "630123")
    given = {"username": "sonam", "password": PASSWORD, "cookie": True}
    async with lone_gateway.client(Origin="http://evil.test") as browser:
        refused = await browser.post(SESSIONS, json=given)
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/v1/problems/cross-site")


async def test_an_old_cookie_is_nobody_and_an_old_token_is_refused(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client(Cookie="kepu_session=old") as browser:
        assert (await browser.get("/api/v1/volunteers")).status_code == 200
    async with lone_gateway.client("old") as phone:
        assert (await phone.get("/api/v1/volunteers")).status_code == 401


async def test_other_sites_pages_are_told_nothing_unless_allowed(
    lone_gateway: RunningGateway,
) -> None:
    asks = {"Origin": "https://partner.example", "Access-Control-Request-Method": "POST"}
    async with lone_gateway.client() as client:
        closed = await client.options("/api/v1/volunteers", headers=asks)
        lone_gateway.parts.settings.gateway_allowed_origins = "https://partner.example"
        opened = await client.options("/api/v1/volunteers", headers=asks)
        stranger = await client.get("/api/v1/volunteers", headers={"Origin": "https://x.example"})
    for answer, told in ((closed, None), (opened, asks["Origin"]), (stranger, None)):
        assert answer.headers.get("access-control-allow-origin") == told
    assert opened.headers.get("access-control-allow-credentials") is None
