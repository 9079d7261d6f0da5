"""Steps that the tests of changes share."""

from typing import Any

import httpx

from services.events.reporting.consumer import CONSUMER, fold, reset
from services.kit.access import SERVICE
from services.kit.context import new_traceparent
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from tests.support.apps import Running, until

PERIOD = "from=2019-09-01&to=2019-09-30"


async def job_ended(client: httpx.AsyncClient, where: str, within_s: float = 120) -> dict[str, Any]:
    async def is_over() -> Any:
        found = (await client.get(where)).json()
        return found if found["ended_at"] else None

    found: dict[str, Any] = await until(is_over, within_s=within_s)
    return found


async def entered(client: httpx.AsyncClient, order: dict[str, Any]) -> str:
    answer = await client.post("/divisions/changes", json=order)
    assert answer.status_code == 201, answer.text
    where: str = answer.headers["location"]
    return where


async def done(client: httpx.AsyncClient, where: str, action: str) -> dict[str, Any]:
    """Rehearse or apply, to the end of the job; answers its result."""
    answer = await client.post(f"{where}/{action}")
    assert answer.status_code == 202, answer.text
    job = await job_ended(client, answer.headers["location"])
    assert job["state"] == "done", job
    result: dict[str, Any] = job["result"]
    return result


async def folded(running: Running) -> None:
    """The facts that the records of the template would have left: one for each activity."""
    rows = await running.rows(
        """SELECT a.id, ARRAY(SELECT unnest(h.recorded_code || h.absorbed) FROM activity_hosts h
            WHERE h.activity_id = a.id ORDER BY h.role <> 'lead', h.division_code)
        FROM activities a ORDER BY a.id"""
    )
    body = CONSUMER.handlers["events.activity_completed.v1"].body
    for first in range(0, len(rows), 1000):
        facts = [
            (
                Envelope(
                    id=uuid7(),
                    source="/events",
                    type="events.activity_completed.v1",
                    subject=str(activity),
                    time="2019-09-18T04:00:00Z",  # type: ignore[arg-type]
                    division=hosts[0],
                    traceparent=new_traceparent(),
                    aggregateversion=1,
                    data={},
                ),
                body.model_validate({"hosts": hosts, "day": "2019-09-18", "occurrences": 1}),
            )
            for activity, hosts in rows[first : first + 1000]
        ]
        async with running.kit.database.transaction(SERVICE) as db:
            await fold(db, facts)


async def emptied(running: Running) -> None:
    async with running.kit.database.transaction(SERVICE) as db:
        await reset(db)


async def figures(client: httpx.AsyncClient, division: str, on: str) -> dict[str, Any]:
    answer = await client.get(f"/reports/rollup?division={division}&{PERIOD}&map={on}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def activities(client: httpx.AsyncClient, division: str, on: str) -> int:
    number: int = (await figures(client, division, on))["figures"]["activities"]
    return number


async def tallies(running: Running) -> list[Any]:
    """Both maps, cell by cell."""
    cells = []
    for table in ("tallies", "tallies_then"):
        cells += await running.rows(f"SELECT '{table}', t.* FROM {table} t ORDER BY 2, 3, 4")
    return cells
