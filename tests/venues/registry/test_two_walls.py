"""Query scope and row-level security around representatives, each with the other switched off."""

import asyncpg
import pytest
from sqlalchemy import true

from services.kit.access import Role
from services.venues.registry import queries
from tests.engines import TestCluster
from tests.support.apps import Running, citizen, staff

VENUE = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": "630123"}
FORMER, PRESENT = citizen(), citizen()
CALLERS = {
    "officer": staff("officer", "630123"),
    "above": staff("officer", "63"),
    "neighbour": staff("officer", "630121"),
    "observer": staff("observer", "63"),
    "former": FORMER,
    "present": PRESENT,
    "stranger": citizen(),
}
SEEN = {
    "officer": 2,
    "above": 2,
    "former": 1,
    "present": 1,
    **dict.fromkeys(("neighbour", "observer", "stranger"), 0),
}


async def appointed(venues: Running) -> str:
    """A published venue with two who represent it; answers where they are listed."""
    async with venues.as_(staff(Role.APPROVER, "630123")) as approver:
        made = (await approver.post("/venues", json=VENUE)).json()
        await venues.scalar("UPDATE venues SET state = 'published' RETURNING 1")
        where = f"/venues/{made['id']}/representatives"
        for one in (FORMER, PRESENT):
            given = {"account_id": str(one.subject)}
            assert (await approver.post(where, json=given)).status_code == 201
    return where


async def look(venues: Running, where: str) -> dict[str, int]:
    """By person: how many appointments they see."""
    found = {}
    for name, caller in CALLERS.items():
        async with venues.as_(caller) as client:
            found[name] = len((await client.get(where)).json()["items"])
    return found


async def test_row_level_security_alone_leaks_no_representative(
    venues: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = await appointed(venues)
    for face in ("within", "mine"):
        monkeypatch.setattr(queries, face, lambda *_: true())
    assert await look(venues, where) == SEEN


async def test_the_query_scope_alone_leaks_no_representative(
    venues: Running, postgres: TestCluster
) -> None:
    where = await appointed(venues)
    connection = await asyncpg.connect(postgres.dsn(venues.database_name))
    await connection.execute("ALTER TABLE venue_representatives DISABLE ROW LEVEL SECURITY")
    await connection.close()
    assert await look(venues, where) == SEEN
