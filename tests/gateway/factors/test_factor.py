"""The second factor from enrolment to reset, over HTTP."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pyotp
import pytest

from gateway.factors.settings import factor
from services.kit.access import Role
from tests.gateway.conftest import PASSWORD, RunningGateway

MINE = "/api/v1/me/second_factor"
SESSIONS = "/api/v1/sessions"
WHY = {"reason": "手机遗失"}


def code(secret: str, steps: int = 0) -> str:
    """The code of this moment, or of a step beside it; not at the very end of one."""
    while time.time() % 30 > 28.5:
        time.sleep(0.1)
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * steps))


async def enrol(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Enrol whoever the client speaks for; answers the secret and the recovery codes."""
    begun = await client.post(MINE, json={"password": PASSWORD})
    assert begun.status_code == 201, begun.text
    secret = str(begun.json()["secret"])
    # A step back, so that the present code is still to be had.
    done = await client.post(f"{MINE}/confirm", json={"code": code(secret, -1)})
    assert done.status_code == 200, done.text
    return secret, done.json()["codes"]


async def sign_in(gateway: RunningGateway, username: str, **given: Any) -> httpx.Response:
    async with gateway.client() as nobody:
        return await nobody.post(
            SESSIONS, json={"username": username, "password": PASSWORD, **given}
        )


async def anew(gateway: RunningGateway, account: str) -> None:
    """As if no code had been taken yet and nothing were remembered of the account."""
    await gateway.running.rows(
        "UPDATE second_factors SET last_step = 0 WHERE account_id = :id RETURNING 1", id=account
    )
    gateway.parts.callers.forget(UUID(account))


async def test_enrolling_says_everything_once_and_keeps_it_sealed(
    lone_gateway: RunningGateway,
) -> None:
    officer = await lone_gateway.staff("officer", "630123")
    elsewhere = lone_gateway.client(await lone_gateway.sign_in("officer-630123"))
    wrong = await officer.post(MINE, json={"password": "wrong"})
    begun = await officer.post(MINE, json={"password": PASSWORD})
    secret = begun.json()["secret"]
    assert (wrong.status_code, begun.status_code) == (401, 201)
    assert begun.json()["uri"].startswith("otpauth://totp/")
    assert begun.json()["qr"].startswith("data:image/svg+xml")
    # Not confirmed yet: nobody is asked for it.
    assert (await sign_in(lone_gateway, "officer-630123")).status_code == 201
    bad = await officer.post(f"{MINE}/confirm", json={"code": code(secret, 20)})
    digits = code(secret)
    both = await asyncio.gather(
        *(officer.post(f"{MINE}/confirm", json={"code": digits}) for _ in range(2))
    )
    done, late = sorted(both, key=lambda answer: answer.status_code)
    assert (bad.status_code, done.status_code, late.status_code) == (401, 200, 409)
    assert len(done.json()["codes"]) == 10
    again = await officer.post(MINE, json={"password": PASSWORD})
    assert (again.status_code, again.json()["type"]) == (409, "/api/v1/problems/factor-exists")
    state = (await officer.get(MINE)).json()
    assert (state["enrolled"], state["recovery_codes_left"], state["needed_by"]) == (True, 10, None)
    async with elsewhere:
        assert (await elsewhere.get("/api/v1/me")).status_code == 401
    for table in ("second_factors", "recovery_codes", "audit"):
        text = str(await lone_gateway.running.rows(f"SELECT t::text FROM {table} t"))
        assert [each for each in (secret, *done.json()["codes"]) if each in text] == []


async def test_a_code_is_asked_for_and_works_once(lone_gateway: RunningGateway) -> None:
    officer = await lone_gateway.staff("officer", "630123")
    secret, recovery = await enrol(officer)
    asked = await sign_in(lone_gateway, "officer-630123")
    assert (asked.status_code, asked.json()["type"]) == (
        401,
        "/api/v1/problems/factor-code-needed",
    )
    digits = code(secret)
    answers = await asyncio.gather(
        *(sign_in(lone_gateway, "officer-630123", factor=digits) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401]
    for _ in range(2):
        last = await sign_in(lone_gateway, "officer-630123", factor=recovery[0])
        answers.append(last)
    assert [answer.status_code for answer in answers[3:]] == [201, 401]
    left = (await officer.get(MINE)).json()["recovery_codes_left"]
    assert left == 9


async def test_wrong_codes_bar_the_name_like_wrong_passwords(lone_gateway: RunningGateway) -> None:
    officer = await lone_gateway.staff("officer", "630123")
    secret, _ = await enrol(officer)
    # The right password in between does not buy further tries.
    tries: list[dict[str, str]] = [{"factor": "000000"}, {}, {"factor": "000001"}, {}, {}]
    answers = [await sign_in(lone_gateway, "officer-630123", **each) for each in tries]
    barred = await sign_in(lone_gateway, "officer-630123", factor=code(secret))
    assert [answer.status_code for answer in answers] == [401] * 5
    assert (barred.status_code, barred.json()["type"]) == (429, "/api/v1/problems/too-many-tries")
    step_up = await officer.post(f"{SESSIONS}/current/factor", json={"code": code(secret)})
    assert step_up.status_code == 429


async def test_dangerous_actions_need_it_given_lately(
    lone_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator = await lone_gateway.staff("administrator", "6301")
    other = await lone_gateway.account("sonam", "630123", phone="13897000001")
    path, why = f"/api/v1/accounts/{other}/open", {"reason": "核对报名信息"}
    assert (await administrator.post(path, json=why)).status_code == 200  # optional: none needed
    secret, _ = await enrol(administrator)
    me = (await administrator.get("/api/v1/me")).json()["account"]["id"]
    assert (await administrator.post(path, json=why)).status_code == 200
    await lone_gateway.running.rows(
        "UPDATE sessions SET factor_at = factor_at - interval '16 minutes' RETURNING 1"
    )
    await anew(lone_gateway, me)
    refused = await administrator.post(path, json=why)
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "/api/v1/problems/step-up-needed",
    )
    # Also where another service answers, and however the path is spelt.
    opened = [
        await administrator.post(f"/api/v1/volunteers/1/{last}", json=why)
        for last in ("open", "%6Fpen", "open/")
    ]
    assert [answer.status_code for answer in opened] == [403] * 3
    assert lone_gateway.strange.requests == []
    assert (await administrator.get("/api/v1/accounts")).status_code == 200
    given = await administrator.post(f"{SESSIONS}/current/factor", json={"code": code(secret)})
    assert given.status_code == 204
    assert (await administrator.post(path, json=why)).status_code == 200


async def test_a_role_that_needs_one_has_days_of_grace_and_is_then_told_what_to_do(
    lone_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date()
    monkeypatch.setattr(factor(), "roles", frozenset({Role.OFFICER}))
    monkeypatch.setattr(factor(), "since", today - timedelta(days=13))
    officer = await lone_gateway.staff("officer", "630123")
    observer = await lone_gateway.staff("observer", "630123")
    me = (await officer.get("/api/v1/me")).json()
    needed = date.fromisoformat(me["second_factor"]["needed_by"])
    assert needed - (today - timedelta(days=13)) == timedelta(days=14)
    assert (await officer.get("/api/v1/messages")).status_code == 200
    monkeypatch.setattr(factor(), "since", today - timedelta(days=20))
    lone_gateway.parts.callers.forget(UUID(me["account"]["id"]))
    refused = await officer.get("/api/v1/messages", headers={"Accept-Language": "en"})
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "/api/v1/problems/second-factor-needed",
    )
    assert "/api/v1/me/second_factor" in refused.json()["detail"]
    assert (await officer.get("/api/v1/volunteers")).status_code == 403
    assert (await observer.get("/api/v1/messages")).status_code == 200
    secret, _ = await enrol(officer)
    assert (await officer.get("/api/v1/messages")).status_code == 200
    kept = await officer.post(f"{MINE}/remove", json={"code": code(secret)})
    assert (kept.status_code, kept.json()["type"]) == (409, "/api/v1/problems/factor-required")


async def test_an_administrator_above_resets_a_lost_one_and_nobody_below_does(
    lone_gateway: RunningGateway,
) -> None:
    county = await lone_gateway.staff("administrator", "630123")
    city = await lone_gateway.staff("administrator", "6301")
    await enrol(county)
    of_county = (await county.get("/api/v1/me")).json()["account"]["id"]
    of_city = (await city.get("/api/v1/me")).json()["account"]["id"]
    reset = "/api/v1/accounts/{}/reset_second_factor"
    outcomes = {
        "one's superior": (await county.post(reset.format(of_city), json=WHY)).status_code,
        "oneself": (await county.post(reset.format(of_county), json=WHY)).status_code,
        "from above": (await city.post(reset.format(of_county), json=WHY)).status_code,
        "again": (await city.post(reset.format(of_county), json=WHY)).status_code,
    }
    assert outcomes == {
        "one's superior": 404,
        "oneself": 403,
        "from above": 200,
        "again": 409,
    }
    assert (await county.get("/api/v1/me")).status_code == 401
    assert (await sign_in(lone_gateway, "administrator-630123")).status_code == 201
    told = await lone_gateway.running.rows(
        "SELECT actor::text, subject FROM audit WHERE action = 'second_factor_reset'"
    )
    assert told == [(of_city, of_county)]


async def test_a_peer_who_holds_more_is_not_reset(lone_gateway: RunningGateway) -> None:
    county = await lone_gateway.staff("administrator", "630123")
    # At home in the county, with a post in the city above it.
    await lone_gateway.account("sonam", "630123", ("officer", "6301"))
    async with lone_gateway.client(await lone_gateway.sign_in("sonam")) as sonam:
        await enrol(sonam)
        theirs = (await sonam.get("/api/v1/me")).json()["account"]["id"]
    answer = await county.post(f"/api/v1/accounts/{theirs}/reset_second_factor", json=WHY)
    assert answer.status_code == 403


async def test_citizens_have_nothing_to_enrol_and_a_factor_is_laid_down_with_its_code(
    lone_gateway: RunningGateway,
) -> None:
    someone = await lone_gateway.citizen()
    refused = await someone.post(MINE, json={"password": "x"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/v1/problems/staff-only")
    officer = await lone_gateway.staff("officer", "630123")
    secret, old = await enrol(officer)
    fresh = await officer.post(f"{MINE}/recovery_codes", json={"code": code(secret)})
    gone = await officer.post(f"{MINE}/remove", json={"code": old[0]})
    removed = await officer.post(f"{MINE}/remove", json={"code": fresh.json()["codes"][0]})
    assert (fresh.status_code, gone.status_code, removed.status_code) == (200, 401, 204)
    assert (await sign_in(lone_gateway, "officer-630123")).status_code == 201
