"""Granting and ending: downwards only, for days, at divisions that stand."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from gateway.grants.rules import may_grant
from gateway.identity.rules import today
from services.kit.access import Role
from tests.gateway.conftest import RunningGateway
from tests.support.apps import staff

GRANTS = "/api/v1/grants"
HUANGYUAN = "630123"
WHY = {"reason": "换届"}


def day(offset: int) -> str:
    return (today(datetime.now(UTC)) + timedelta(days=offset)).isoformat()


def grant(account: UUID | str, role: str, division: str, **more: Any) -> dict[str, Any]:
    given = {"account_id": str(account), "role": role, "division_code": division}
    return {**given, "from_day": day(0), "reason": "任命", **more}


async def permissions(gateway: RunningGateway, username: str) -> dict[str, list[str]]:
    async with gateway.client(await gateway.sign_in(username)) as client:
        told: dict[str, list[str]] = (await client.get("/api/v1/me")).json()["permissions"]
    return told


async def test_a_granted_role_counts_at_once_and_an_ended_one_no_more(
    registered: RunningGateway,
) -> None:
    administrator = await registered.staff("administrator", HUANGYUAN)
    sonam = await registered.account("sonam", HUANGYUAN)
    async with registered.client(await registered.sign_in("sonam")) as client:
        assert (await client.get("/api/v1/me")).json()["permissions"] == {}
        made = await administrator.post(GRANTS, json=grant(sonam, "officer", "630123101000"))
        assert (made.status_code, made.json()["division_code"]) == (201, "630123101")
        assert (made.json()["valid_today"], made.json()["allowed_actions"]) == (True, ["end"])
        reach = (await client.get("/api/v1/me")).json()["permissions"]
        assert reach["activity_edit"] == ["630123101"]
        ended = await administrator.post(f"{made.headers['location']}/end", json=WHY)
        assert (ended.json()["valid_today"], ended.json()["allowed_actions"]) == (False, [])
        assert (await client.get("/api/v1/me")).json()["permissions"] == {}
        twice = await administrator.post(f"{made.headers['location']}/end", json=WHY)
    assert (twice.status_code, twice.json()["type"]) == (409, "/api/v1/problems/grant-ended")


@pytest.mark.parametrize(
    ("holder", "role", "division", "may"),
    [
        (("administrator", "630123"), "approver", "630123", True),
        (("administrator", "630123"), "checker", "630123101200", True),
        (("administrator", "630123"), "officer", "630121", False),
        (("administrator", "630123"), "officer", "6301", False),
        (("administrator", "630123"), "administrator", "630123", False),
        (("administrator", "630123"), "administrator", "630123101", True),
        (("administrator", "63"), "administrator", "6301", True),
        (("administrator", "63"), "administrator", "63", False),
        (("approver", "63"), "checker", "630123", False),
    ],
)
def test_who_may_grant_what_where(
    holder: tuple[str, str], role: str, division: str, may: bool
) -> None:
    assert may_grant(staff(*holder), Role(role), division) is may


async def test_grants_beyond_reach_are_refused(registered: RunningGateway) -> None:
    administrator = await registered.staff("administrator", HUANGYUAN)
    officer = await registered.staff("officer", HUANGYUAN)
    own = (await administrator.get("/api/v1/me")).json()["account"]["id"]
    sonam = await registered.account("sonam", HUANGYUAN)
    neighbour = await registered.account("neighbour", "630121")
    citizen = await registered.citizen()
    phone_owner = (await citizen.get("/api/v1/me")).json()["account"]["id"]
    outcomes = [
        (answer.status_code, answer.json()["type"].rsplit("/", 1)[1])
        for answer in (
            await administrator.post(GRANTS, json=grant(sonam, "officer", "630121")),
            await administrator.post(GRANTS, json=grant(sonam, "administrator", HUANGYUAN)),
            await administrator.post(GRANTS, json=grant(own, "approver", HUANGYUAN)),
            await administrator.post(GRANTS, json=grant(neighbour, "officer", HUANGYUAN)),
            await administrator.post(GRANTS, json=grant(phone_owner, "officer", HUANGYUAN)),
            await officer.post(GRANTS, json=grant(sonam, "checker", HUANGYUAN)),
            await citizen.post(GRANTS, json=grant(sonam, "checker", HUANGYUAN)),
        )
    ]
    assert outcomes == [
        (403, "forbidden"),
        (403, "beyond-reach"),
        (403, "own-grant"),
        (404, "missing"),
        (404, "missing"),
        (403, "forbidden"),
        (403, "forbidden"),
    ]


async def test_a_division_must_stand(registered: RunningGateway) -> None:
    administrator = await registered.staff("administrator", "63")
    sonam = await registered.account("sonam", "63")
    unknown = await administrator.post(GRANTS, json=grant(sonam, "officer", "630199"))
    assert (unknown.status_code, unknown.json()["errors"][0]["rule"]) == (
        422,
        "unknown-division-code",
    )
    abolished = await administrator.post(
        GRANTS, json=grant(sonam, "officer", "630122"), headers={"Accept-Language": "zh-CN"}
    )
    assert (abolished.status_code, abolished.json()["type"]) == (
        422,
        "/api/v1/problems/abolished-division",
    )
    assert abolished.json()["errors"][0]["detail"] == "已撤销，现为：湟中区（630106）"


async def test_a_silent_register_is_a_503_and_leaves_nothing(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", HUANGYUAN)
    sonam = await lone_gateway.account("sonam", HUANGYUAN)
    answer = await administrator.post(GRANTS, json=grant(sonam, "officer", HUANGYUAN))
    assert (answer.status_code, answer.json()["detail"]) == (503, "没有回应的服务：events")
    rows = "SELECT count(*) FROM grants WHERE account_id = :id"
    assert await lone_gateway.running.scalar(rows, id=sonam) == 0


async def test_a_grant_counts_from_its_first_day_to_its_last(registered: RunningGateway) -> None:
    administrator = await registered.staff("administrator", HUANGYUAN)
    sonam = await registered.account("sonam", HUANGYUAN)
    later = grant(sonam, "officer", HUANGYUAN, from_day=day(1), until_day=day(3))
    made = await administrator.post(GRANTS, json=later)
    assert (made.status_code, made.json()["valid_today"]) == (201, False)
    assert await permissions(registered, "sonam") == {}
    for first, last, counts in ((-3, -1, False), (-3, 0, True), (0, 0, True), (0, 5, True)):
        await registered.running.scalar(
            "UPDATE grants SET from_day = :first, until_day = :last WHERE id = :id RETURNING 1",
            first=today(datetime.now(UTC)) + timedelta(days=first),
            last=today(datetime.now(UTC)) + timedelta(days=last),
            id=UUID(made.json()["id"]),
        )
        assert bool(await permissions(registered, "sonam")) is counts


@pytest.mark.parametrize(
    ("days", "pointer"),
    [
        ({"from_day": day(-1)}, "/from_day"),
        ({"from_day": day(2), "until_day": day(1)}, "/until_day"),
    ],
)
async def test_days_that_cannot_be_are_refused(
    registered: RunningGateway, days: dict[str, str], pointer: str
) -> None:
    administrator = await registered.staff("administrator", HUANGYUAN)
    sonam = await registered.account("sonam", HUANGYUAN)
    answer = await administrator.post(GRANTS, json=grant(sonam, "officer", HUANGYUAN, **days))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_the_same_role_twice_is_a_conflict_also_at_once(registered: RunningGateway) -> None:
    administrator = await registered.staff("administrator", HUANGYUAN)
    sonam = await registered.account("sonam", HUANGYUAN)
    given = grant(sonam, "officer", HUANGYUAN)
    answers = await asyncio.gather(*(administrator.post(GRANTS, json=given) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 4
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"] == "/api/v1/problems/grant-exists"


async def test_the_list_shows_ones_own_and_those_below(registered: RunningGateway) -> None:
    administrator = await registered.staff("administrator", "6301")
    officer = await registered.staff("officer", HUANGYUAN)
    await registered.staff("officer", "6302")
    account = (await officer.get("/api/v1/me")).json()["account"]["id"]

    async def seen(client: Any, query: str = "") -> list[tuple[str, str]]:
        items = (await client.get(f"{GRANTS}{query}")).json()["items"]
        return [(item["role"], item["division_code"]) for item in items]

    both = [("administrator", "6301"), ("officer", HUANGYUAN)]
    assert await seen(administrator) == both
    assert await seen(administrator, f"?division={HUANGYUAN}") == both[1:]
    assert await seen(administrator, f"?account={account}&valid_on={day(0)}") == both[1:]
    assert await seen(officer) == both[1:]
    async with registered.client() as nobody:
        assert (await nobody.get(GRANTS)).status_code == 401
