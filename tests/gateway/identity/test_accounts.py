"""Accounts: who sees them, who may lock them, first passwords, what is put on record."""

import asyncio

import pytest
from sqlalchemy import text

from services.kit.access import ANONYMOUS, Caller, Kind
from services.kit.db import run
from tests.gateway.conftest import PASSWORD, RunningGateway
from tests.support.apps import staff

ACCOUNTS = "/api/v1/accounts"
NEW = {"username": "drolma", "name": "卓玛", "phone": "13897000001", "home_code": "630123101"}
WHY = {"reason": "调离岗位"}


async def test_a_first_password_opens_nothing_until_it_is_changed(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    made = await administrator.post(ACCOUNTS, json=NEW)
    assert made.status_code == 201
    assert made.json()["account"]["name"] == "卓*"
    password = made.json()["password"]
    account = made.json()["account"]["id"]
    await lone_gateway.running.scalar(
        "INSERT INTO grants (id, account_id, role, division_code, recorded_code, from_day, reason)"
        " VALUES (gen_random_uuid(), :id, 'officer', '630123101', '630123101', '2020-01-01', '-')"
        " RETURNING 1",
        id=account,
    )
    async with lone_gateway.client(await lone_gateway.sign_in("drolma", password)) as client:
        before = (await client.get("/api/v1/me")).json()
        weak = await client.post(
            "/api/v1/me/password", json={"current": password, "new": "drolma-2026"}
        )
        wrong = await client.post(
            "/api/v1/me/password", json={"current": "wrong", "new": "湟源的第一场雪下了"}
        )
        changed = await client.post(
            "/api/v1/me/password", json={"current": password, "new": "湟源的第一场雪下在九月"}
        )
        after = (await client.get("/api/v1/me")).json()
    assert (before["password_change_needed"], before["permissions"]) == (True, {})
    assert (weak.status_code, wrong.status_code, changed.status_code) == (422, 401, 204)
    assert after["password_change_needed"] is False
    assert after["permissions"]["activity_edit"] == ["630123101"]
    assert after["account"]["name"] == "卓玛"


async def test_changing_the_password_signs_out_everywhere_else(
    lone_gateway: RunningGateway,
) -> None:
    await lone_gateway.account("sonam", "630123")
    other = await lone_gateway.sign_in("sonam")
    given = {"current": PASSWORD, "new": "湟源的第一场雪下在九月"}
    async with (
        lone_gateway.client(await lone_gateway.sign_in("sonam")) as here,
        lone_gateway.client(other) as there,
    ):
        assert (await there.get("/api/v1/me")).status_code == 200
        assert (await here.post("/api/v1/me/password", json=given)).status_code == 204
        assert (await here.get("/api/v1/me")).status_code == 200
        assert (await there.get("/api/v1/me")).status_code == 401


async def test_a_locked_account_is_out_at_once_and_stays_out(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", "6301")
    officer = await lone_gateway.staff("officer", "630123")
    account = (await officer.get("/api/v1/me")).json()["account"]["id"]
    locked = await administrator.post(f"{ACCOUNTS}/{account}/lock", json=WHY)
    assert (locked.json()["state"], locked.json()["allowed_actions"]) == (
        "locked",
        ["unlock", "reset_password", "reset_second_factor"],
    )
    assert (await officer.get("/api/v1/volunteers")).status_code == 401
    async with lone_gateway.client() as client:
        given = {"username": "officer-630123", "password": PASSWORD}
        assert (await client.post("/api/v1/sessions", json=given)).status_code == 401
        await administrator.post(f"{ACCOUNTS}/{account}/unlock", json=WHY)
        assert (await client.post("/api/v1/sessions", json=given)).status_code == 201


async def test_unlocking_also_ends_a_lock_out(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", "6301")
    account = await lone_gateway.account("sonam", "630123")
    async with lone_gateway.client() as client:
        for _ in range(6):
            await client.post("/api/v1/sessions", json={"username": "sonam", "password": "wrong"})
    await administrator.post(f"{ACCOUNTS}/{account}/unlock", json=WHY)
    assert await lone_gateway.sign_in("sonam")


async def test_a_reset_password_ends_the_old_one_and_every_session(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", "6301")
    account = await lone_gateway.account("sonam", "630123", ("officer", "630123"))
    old = await lone_gateway.sign_in("sonam")
    reset = await administrator.post(f"{ACCOUNTS}/{account}/reset_password", json=WHY)
    async with lone_gateway.client(old) as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    async with lone_gateway.client(
        await lone_gateway.sign_in("sonam", reset.json()["password"])
    ) as client:
        assert (await client.get("/api/v1/me")).json()["password_change_needed"] is True


async def test_nobody_becomes_more_by_setting_somebody_elses_password(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    seconded = await lone_gateway.account("seconded", "630123", ("approver", "63"))
    peer = await lone_gateway.account("peer", "630123", ("administrator", "630123"))
    below = await lone_gateway.account("below", "630123", ("administrator", "630123101"))
    outcomes = [
        (await administrator.post(f"{ACCOUNTS}/{account}/{action}", json=WHY)).status_code
        for account in (seconded, peer, below)
        for action in ("reset_password", "lock")
    ]
    assert outcomes == [403, 403, 403, 403, 200, 200]


async def test_accounts_elsewhere_are_missing_and_ones_own_is_not_ones_to_lock(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    neighbour = await lone_gateway.account("neighbour", "630121")
    own = (await administrator.get("/api/v1/me")).json()["account"]["id"]
    citizen = await lone_gateway.citizen()
    phone_owner = (await citizen.get("/api/v1/me")).json()["account"]["id"]
    for account in (neighbour, phone_owner):
        assert (await administrator.get(f"{ACCOUNTS}/{account}")).status_code == 404
        locked = await administrator.post(f"{ACCOUNTS}/{account}/lock", json=WHY)
        assert locked.status_code == 404
    refused = await administrator.post(f"{ACCOUNTS}/{own}/lock", json=WHY)
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/v1/problems/own-account")
    outside = await administrator.post(ACCOUNTS, json={**NEW, "home_code": "630121"})
    assert outside.status_code == 403


async def test_the_list_shows_staff_below_and_nobody_else(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", "6301")
    officer = await lone_gateway.staff("officer", "630123")
    await lone_gateway.account("far", "6302")
    await lone_gateway.citizen()
    seen = [item["username"] for item in (await administrator.get(ACCOUNTS)).json()["items"]]
    assert seen == ["administrator-6301", "officer-630123"]
    below = await administrator.get(f"{ACCOUNTS}?division=630123")
    assert [item["username"] for item in below.json()["items"]] == ["officer-630123"]
    paged = await administrator.get(f"{ACCOUNTS}?limit=1")
    following = await administrator.get(f"{ACCOUNTS}?cursor={paged.json()['next']}")
    assert [item["username"] for item in following.json()["items"]] == ["officer-630123"]
    assert (await officer.get(ACCOUNTS)).status_code == 403
    async with lone_gateway.client() as nobody:
        assert (await nobody.get(ACCOUNTS)).status_code == 401


async def test_a_taken_username_is_a_named_conflict(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    assert (await administrator.post(ACCOUNTS, json=NEW)).status_code == 201
    again = await administrator.post(ACCOUNTS, json={**NEW, "username": "DROLMA"})
    assert (again.status_code, again.json()["type"]) == (409, "/api/v1/problems/username-taken")


async def test_an_opening_is_put_on_record_with_its_purpose(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    made = (await administrator.post(ACCOUNTS, json=NEW)).json()["account"]
    opened = await administrator.post(
        f"{ACCOUNTS}/{made['id']}/open", json={"reason": "通知值班安排"}
    )
    assert opened.json() == {"name": "卓玛", "phone": "13897000001"}
    rows = await lone_gateway.running.rows("SELECT subject, fields, purpose FROM openings")
    assert rows == [(f"accounts/{made['id']}", "name, phone", "通知值班安排")]
    record = (await administrator.get(f"/api/v1/audit?subject={made['id']}")).json()["items"]
    assert [row["action"] for row in record] == ["personal_opened", "account_created"]


async def test_citizens_correct_their_own_name(lone_gateway: RunningGateway) -> None:
    citizen = await lone_gateway.citizen()
    me = await citizen.get("/api/v1/me")
    patched = await citizen.patch(
        "/api/v1/me", json={"name": "才让"}, headers={"If-Match": me.headers["etag"]}
    )
    stale = await citizen.patch(
        "/api/v1/me", json={"name": "别名"}, headers={"If-Match": me.headers["etag"]}
    )
    assert (patched.json()["account"]["name"], stale.status_code) == ("才让", 412)


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (ANONYMOUS, 0),
        (staff("administrator", "630123"), 1),
        (staff("administrator", "6301"), 2),
        (staff("approver", "6301"), 0),
    ],
)
async def test_the_wall_around_accounts_holds_under_plain_sql(
    lone_gateway: RunningGateway, caller: Caller, seen: int
) -> None:
    await lone_gateway.account("here", "630123")
    own = await lone_gateway.account("there", "630121")
    await lone_gateway.citizen()
    database = lone_gateway.running.kit.database
    async with database.transaction(caller) as db:
        assert (await run(db, text("SELECT count(*) FROM accounts"))).scalar_one() == seen
        assert (await run(db, text("SELECT count(*) FROM sessions"))).scalar_one() == 0
    async with database.transaction(Caller(Kind.STAFF, own)) as db:
        assert (await run(db, text("SELECT count(*) FROM accounts"))).scalar_one() == 1


async def test_a_hundred_requests_with_one_token_ask_the_database_once(
    lone_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lone_gateway.account("sonam", "630123")
    token = await lone_gateway.sign_in("sonam")
    callers, asked = lone_gateway.parts.callers, []
    look_up = callers._look_up

    async def counting(key: bytes) -> object:
        asked.append(key)
        return await look_up(key)

    monkeypatch.setattr(callers, "_look_up", counting)
    async with lone_gateway.client(token) as client:
        answers = await asyncio.gather(*(client.get("/api/v1/volunteers") for _ in range(100)))
    assert ({answer.status_code for answer in answers}, len(asked)) == ({200}, 1)
