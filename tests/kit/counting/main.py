"""The app: jobs that count, on the database of services/events."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Response
from pydantic import BaseModel
from sqlalchemy import text

from services.kit.access import P
from services.kit.app import KitDep, Service, build
from services.kit.db import Db, run
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.jobs.routes import JobOut, accepted
from services.kit.jobs.routes import router as jobs
from services.kit.jobs.rules import Job
from services.kit.jobs.start import CONSTRAINTS, start_job
from services.kit.jobs.work import Task
from services.kit.problems import Conflict
from services.kit.routing import Router

TABLE = "CREATE TABLE counted (job uuid NOT NULL, number integer NOT NULL)"
_ADD = text(
    "INSERT INTO counted SELECT CAST(:job AS uuid), generate_series(CAST(:first AS int), CAST(:last AS int))"
)
_TAKE_BACK = text("DELETE FROM counted WHERE job = :job AND number > :after")


STALLED: set[UUID] = set()


class Overflowed(Conflict):
    """A number that does not go any further."""


class Count(BaseModel):
    """Count to `total` in steps, with a pause between them; fail before `fails_at`."""

    total: int = 20
    step: int = 5
    pause_s: float = 0.0
    fails_at: int | None = None
    breaks: bool = False
    dies: bool = False
    stalls: bool = False


async def count(task: Task) -> dict[str, Any]:
    given: Count = task.given
    if given.dies:
        # As a process that ends while it has the job: neither an end nor a word.
        await run_elsewhere(task)
    while task.done < given.total:
        async with task.batch() as db:
            task.phase, task.total = "numbers", given.total
            first = task.done + 1
            task.done = task.cursor["at"] = min(task.done + given.step, given.total)
            await run(db, _ADD, {"job": task.id, "first": first, "last": task.done})
            if given.stalls and task.id not in STALLED:
                # As a process that stops for longer than its lease, in the middle of a batch.
                STALLED.add(task.id)
                await run_elsewhere(task)
                await asyncio.sleep(1.5)
            if given.fails_at is not None and task.done >= given.fails_at:
                raise Overflowed(number=given.fails_at)
            if given.breaks and first > 1:
                raise KeyError("a number that nobody foresaw")
        await asyncio.sleep(given.pause_s)
    return {"counted": task.cursor["at"], "by": task.caller.subject}


async def run_elsewhere(task: Task) -> None:
    """Leave the row as a killed process leaves it: taken, and its lease run out."""
    async with task.kit.database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE jobs SET worker = NULL, lease_until = NULL WHERE id = :id"),
            {"id": task.id},
        )


async def uncount(task: Task) -> dict[str, Any]:
    while task.done > 0:
        async with task.batch() as db:
            task.done = max(0, task.done - task.given.step)
            await run(db, _TAKE_BACK, {"job": task.id, "after": task.done})
    return {"left": 0}


JOBS = {
    "count": Job("count", Count, count, reach=P.ACTIVITY_EDIT),
    "uncount": Job("uncount", Count, count, reach=P.ACTIVITY_EDIT, undo=uncount),
    "endure": Job("endure", Count, count, cancellable=False),
}

router = Router(prefix="/counts", tags=["counts"])


@router.post("/{division}/{name}", status_code=202)
async def start(
    db: Db,
    kit: KitDep,
    caller: CallerDep,
    division: DivisionCode,
    name: str,
    given: Count,
    response: Response,
    key: str | None = None,
) -> JobOut:
    """Start counting."""
    job_id = await start_job(db, JOBS[name], caller, given, division=division, key=key)
    if given.total == 0:
        raise Overflowed(number=0)
    return await accepted(db, kit, caller, job_id, response)


SERVICE = Service(
    name="events",
    package="tests.kit.counting",
    routers=(router, jobs),
    jobs=tuple(JOBS.values()),
    constraints=CONSTRAINTS,
    publishes=False,
)


def create_app() -> FastAPI:
    return build(SERVICE)
