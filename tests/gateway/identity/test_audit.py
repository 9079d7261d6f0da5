"""The audit chain: no forks, and nothing changed behind its back stays unseen."""

import asyncio

import asyncpg
import pytest

from gateway.identity.audit import first_broken, note
from services.kit.access import SERVICE
from services.kit.ids import uuid7
from tests.engines import TestCluster
from tests.gateway.conftest import RunningGateway

AUDIT = "/api/v1/audit"


async def _write(gateway: RunningGateway, number: int) -> None:
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        await note(
            db,
            "tried",
            actor=uuid7(),
            subject=uuid7(),
            division="630123",
            number=number,
            name="湟源",
            share=0.1,
        )


async def _broken(gateway: RunningGateway) -> int | None:
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        return await first_broken(db)


async def test_forty_writers_at_once_make_one_chain(lone_gateway: RunningGateway) -> None:
    await asyncio.gather(*(_write(lone_gateway, number) for number in range(40)))
    rows = await lone_gateway.running.rows("SELECT number FROM audit ORDER BY number")
    assert rows == [(number,) for number in range(1, 41)]
    assert await _broken(lone_gateway) is None


@pytest.mark.parametrize(
    "crime",
    [
        "UPDATE audit SET details = '{\"number\": 9}' WHERE number = 3",
        "UPDATE audit SET actor = NULL WHERE number = 3",
        "UPDATE audit SET at = at + interval '1 microsecond' WHERE number = 3",
        "UPDATE audit SET division_code = '6301' WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit WHERE number <= 3",
    ],
)
async def test_a_changed_or_missing_row_is_found(
    lone_gateway: RunningGateway, postgres: TestCluster, crime: str
) -> None:
    for number in range(5):
        await _write(lone_gateway, number)
    assert await _broken(lone_gateway) is None
    owner = await asyncpg.connect(
        postgres.dsn(lone_gateway.running.database_name, "kepu_gateway_owner")
    )
    await owner.execute(crime)
    await owner.close()
    assert await _broken(lone_gateway) == (1 if "<=" in crime else 3)


@pytest.mark.parametrize("crime", ["UPDATE audit SET action = ''", "DELETE FROM audit"])
async def test_the_service_itself_cannot_rewrite_it(
    lone_gateway: RunningGateway, postgres: TestCluster, crime: str
) -> None:
    service = await asyncpg.connect(
        postgres.dsn(lone_gateway.running.database_name, "kepu_gateway")
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(crime)
    await service.close()


async def test_a_change_that_fails_leaves_no_row(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    new = {"username": "drolma", "name": "卓玛", "home_code": "630123"}
    assert (await administrator.post("/api/v1/accounts", json=new)).status_code == 201
    before = await lone_gateway.running.scalar("SELECT count(*) FROM audit")
    assert (await administrator.post("/api/v1/accounts", json=new)).status_code == 409
    assert await lone_gateway.running.scalar("SELECT count(*) FROM audit") == before


async def test_administrators_read_the_record_of_their_own_divisions(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", "630123")
    far = await lone_gateway.staff("administrator", "6302")
    officer = await lone_gateway.staff("officer", "630123")
    for number in range(3):
        await _write(lone_gateway, number)
    first = (await administrator.get(f"{AUDIT}?limit=2")).json()
    second = (await administrator.get(f"{AUDIT}?limit=9&cursor={first['next']}")).json()
    seen = [row["action"] for row in first["items"] + second["items"]]
    assert seen == ["tried", "tried", "tried", "signed_in", "signed_in"]
    assert [row["action"] for row in (await far.get(AUDIT)).json()["items"]] == ["signed_in"]
    assert (await officer.get(AUDIT)).status_code == 403
