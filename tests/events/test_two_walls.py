"""Query scope and row-level security, each with the other switched off, over a generated matrix.

Every route that shows or changes rows about people × every role at every tier, citizens, nobody.
What each caller may see comes from the records themselves, by a rule written here once more.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import true

from services.events.registrations import queries
from services.kit.access import ANONYMOUS, ROLES, Caller, P, Role
from services.kit.ids import uuid7
from tests.engines import TestCluster
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff

DIVISIONS = ("63", "630123", "630123101", "630123101201", "6302")
HOSTS = ("630123101", "630123101201", "630202100")
WALLED = ("registrations", "members", "check_ins")


@dataclass(frozen=True)
class Row:
    """One registration as it was made."""

    id: UUID
    division: str
    account: UUID
    member: str


def callers(rows: list[Row]) -> list[Caller]:
    """Every role at every division, the owners, a stranger, nobody."""
    return [
        *(staff(role, division) for role in Role for division in DIVISIONS),
        *(citizen(row.account) for row in rows),
        citizen(),
        ANONYMOUS,
    ]


def seen_by(caller: Caller, row: Row) -> bool:
    """The rule of visibility, said independently of the code under test."""
    return caller.subject == row.account or any(
        P.REGISTRATION_READ in ROLES[grant.role] and row.division.startswith(grant.division)
        for grant in caller.grants
    )


async def fill(events: Running) -> list[Row]:
    """A registration at each of the hosts."""
    rows = []
    for division in HOSTS:
        ids = await published_activity(events, division)
        account = uuid7()
        async with events.as_(citizen(account)) as client:
            answer = await client.post("/registrations", json=ids.party())
        assert answer.status_code == 201, answer.text
        body = answer.json()
        rows.append(Row(UUID(body["id"]), division, account, body["party"][0]["id"]))
    return rows


async def check(events: Running, rows: list[Row]) -> int:
    """Each caller through each route sees exactly their rows; answers how many cells were tried."""
    cells = 0
    for caller in callers(rows):
        expected = {str(row.id) for row in rows if seen_by(caller, row)}
        async with events.as_(caller if caller is not ANONYMOUS else None) as client:
            for query in ("", *(f"&division={code}" for code in DIVISIONS)):
                answer = await client.get(f"/registrations?limit=100{query}")
                cells += 1
                if caller is ANONYMOUS:
                    assert answer.status_code == 401
                    continue
                below = query.rpartition("=")[2] if query else ""
                assert {item["id"] for item in answer.json()["items"]} == {
                    str(row.id)
                    for row in rows
                    if str(row.id) in expected and row.division.startswith(below)
                }
            for row in rows:
                for method, path, body in (
                    ("GET", "", None),
                    ("GET", "/ticket", None),
                    ("POST", "/open", {"purpose": "核对报名信息"}),
                    ("POST", "/reduce", {"members": [row.member]}),
                    ("POST", "/accept", None),
                ):
                    answer = await client.request(
                        method, f"/registrations/{row.id}{path}", json=body
                    )
                    cells += 1
                    hidden = answer.status_code in (401, 404)
                    assert hidden is (str(row.id) not in expected), (caller, row, path, answer.text)
    return cells


async def unwall(postgres: TestCluster, events: Running) -> None:
    """Row-level security off, as only the superuser can."""
    connection = await asyncpg.connect(postgres.dsn(events.database_name))
    for table in WALLED:
        await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    await connection.close()


async def test_row_level_security_alone_leaks_nothing(
    events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await fill(events)
    for face in ("within", "mine"):
        monkeypatch.setattr(queries, face, lambda *_: true())
    assert await check(events, rows) == len(callers(rows)) * (len(DIVISIONS) + 1 + 5 * len(rows))


async def test_the_query_scope_alone_leaks_nothing(events: Running, postgres: TestCluster) -> None:
    rows = await fill(events)
    await unwall(postgres, events)
    await check(events, rows)


async def test_the_matrix_notices_when_both_are_off(
    events: Running, postgres: TestCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await fill(events)
    await unwall(postgres, events)
    for face in ("within", "mine"):
        monkeypatch.setattr(queries, face, lambda *_: true())
    with pytest.raises(AssertionError):
        await check(events, rows)
