"""A change that stops half way: it says why, goes on where it was, and comes to the same."""

from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from services.events.recoding import moving
from services.kit.jobs.work import Worker
from tests.events.recoding.records import NEW, OLD, ORDER, VILLAGE
from tests.events.recoding.story import activities, done, entered, folded, job_ended
from tests.support.activities import published_activity
from tests.support.apps import Running, staff

if TYPE_CHECKING:
    from tests.engines import TestCluster

MANAGER = staff("administrator", "6301")
OTHER = "630122101201"

NAMED = {**ORDER, "document": "二号", "kind": "rename"}
NAMED["lines"] = [{"code": "630121", "successor": "630121", "name": "大通县"}]
# At the second batch of the hosts: some rows have moved by then, others have not.
PLANT = f"""CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'planted'; END $$;
    CREATE TRIGGER planted BEFORE UPDATE ON activity_hosts FOR EACH ROW
    WHEN (OLD.recorded_code = '{OTHER}') EXECUTE FUNCTION planted()"""


async def as_owner(postgres: "TestCluster", running: Running, sql: str) -> None:
    """The service owns no table: a trigger is planted from outside."""
    connection = await asyncpg.connect(postgres.dsn(running.database_name))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def ended(manager: httpx.AsyncClient, where: str, action: str) -> dict[str, Any]:
    started = await manager.post(f"{where}/{action}")
    assert started.status_code == 202, started.text
    return await job_ended(manager, started.headers["location"])


async def test_a_change_that_failed_half_way_is_resumed_and_does_what_its_rehearsal_said(
    before: Running, postgres: "TestCluster", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH", 1)
    for village in (VILLAGE, OTHER):
        await published_activity(before, village)
    await folded(before)
    async with before.as_(MANAGER) as manager, before.as_() as public:
        where = await entered(manager, ORDER)
        early = await manager.post(f"{where}/resume")
        second = await entered(manager, NAMED)
        rehearsed = await done(manager, where, "rehearse")
        await as_owner(postgres, before, PLANT)
        failed = [await ended(manager, where, action) for action in ("apply", "resume")]
        order = (await manager.get(where)).json()
        # Rows of both kinds are found meanwhile, each where it stands, and nobody else begins.
        hosts = await before.rows("SELECT division_code FROM activity_hosts ORDER BY 1")
        other = await manager.post(f"{second}/apply")
        foreign = before.as_(staff("administrator", OLD))
        refused = await foreign.post(f"{where}/resume")
        await as_owner(postgres, before, "DROP FUNCTION planted CASCADE")
        applied = await ended(manager, where, "resume")
        late = await manager.post(f"{where}/resume")
        counted = [await activities(public, *of) for of in ((NEW, "now"), (OLD, "then"))]
    assert early.json()["type"] == "/api/v1/problems/wrong-state"
    assert [(job["state"], job["problem"]["type"]) for job in failed] == [
        ("failed", "/api/v1/problems/internal-error")
    ] * 2
    assert (order["state"], order["allowed_actions"]) == ("running", ["resume"])
    assert hosts == [(VILLAGE.replace(OLD, NEW),), (OTHER,)]
    assert other.json()["type"] == "/api/v1/problems/other-change-running"
    assert refused.status_code == 404
    assert applied["state"] == "done"
    assert applied["result"] == {**rehearsed, "left": {}}
    assert late.json()["type"] == "/api/v1/problems/wrong-state"
    assert counted == [2, 2]


async def test_a_change_whose_job_was_cancelled_before_it_began_is_resumed(
    before: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_: Worker) -> bool:
        return False

    async with before.as_(MANAGER) as manager:
        where = await entered(manager, ORDER)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Worker, "_turn", busy)
            job = (await manager.post(f"{where}/apply")).headers["location"]
            cancelled = await manager.post(f"{job}/cancel")
        resumed = await ended(manager, where, "resume")
    assert (cancelled.json()["state"], resumed["state"]) == ("cancelled", "done")
