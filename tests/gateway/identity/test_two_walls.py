"""Query scope and row-level security of accounts, each with the other switched off."""

import asyncpg
import pytest
from sqlalchemy import true

from gateway.identity import queries
from services.kit.access import Caller, Kind, P, Role
from services.kit.pages import Paging
from services.kit.problems import Missing
from tests.engines import TestCluster
from tests.gateway.conftest import RunningGateway
from tests.support.apps import citizen, staff

HOMES = ("63", "6301", "630123", "630123101", "6302")


async def fill(gateway: RunningGateway) -> dict[str, Caller]:
    """A member of staff at home in each division; answers them by home, without a grant."""
    made = {}
    for home in HOMES:
        subject = await gateway.account(f"staff-{home}", home)
        made[home] = Caller(Kind.STAFF, subject)
    return made


async def check(gateway: RunningGateway, made: dict[str, Caller]) -> int:
    """Everybody sees themselves and, as an administrator, those at home at or below."""
    cells = 0
    kit = gateway.running.kit
    callers = [
        *made.values(),
        citizen(),
        *(staff(role, home) for home in HOMES for role in (Role.ADMINISTRATOR, Role.OFFICER)),
    ]
    for caller in callers:
        reach = caller.reach(P.ACCOUNT_MANAGE)
        looked_after = {home for home in HOMES if any(home.startswith(code) for code in reach)}
        async with kit.database.transaction(caller) as db:
            listed = await queries.staff_accounts(db, caller, Paging(limit=100), None, None)
            assert {row.home_code for row in listed} == looked_after, caller
            for home, owner in made.items():
                assert owner.subject is not None
                try:
                    await queries.account(db, caller, owner.subject)
                    seen = True
                except Missing:
                    seen = False
                assert seen is (home in looked_after or owner is caller), (caller, home)
                cells += 1
    return cells


async def unwall(postgres: TestCluster, gateway: RunningGateway) -> None:
    connection = await asyncpg.connect(postgres.dsn(gateway.running.database_name))
    await connection.execute("ALTER TABLE accounts DISABLE ROW LEVEL SECURITY")
    await connection.close()


async def test_the_query_scope_of_accounts_alone_leaks_nothing(
    lone_gateway: RunningGateway, postgres: TestCluster
) -> None:
    made = await fill(lone_gateway)
    await unwall(postgres, lone_gateway)
    assert await check(lone_gateway, made) == 16 * len(HOMES)


async def test_row_level_security_of_accounts_alone_leaks_nothing_but_oneself(
    lone_gateway: RunningGateway, postgres: TestCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await fill(lone_gateway)
    for face in ("within", "mine"):
        monkeypatch.setattr(queries, face, lambda *_: true())
    kit = lone_gateway.running.kit
    for home, caller in made.items():
        async with kit.database.transaction(caller) as db:
            rows = await queries.staff_accounts(db, caller, Paging(limit=100), None, None)
        assert [row.home_code for row in rows] == [home]
    await unwall(postgres, lone_gateway)
    with pytest.raises(AssertionError):
        await check(lone_gateway, made)
