"""Starting a job: one row in the caller's transaction, so it begins when that commits or never."""

from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.context import current, new_traceparent
from services.kit.db import run
from services.kit.ids import uuid7
from services.kit.jobs.rules import Job, JobRunning, JobState, caller_row
from services.kit.jobs.tables import jobs
from services.kit.languages import DEFAULT
from services.kit.problems import Problem

CONSTRAINTS: dict[str, type[Problem]] = {"jobs_one_at_a_time": JobRunning}


async def start_job(
    db: AsyncSession,
    job: Job,
    caller: Caller,
    given: BaseModel,
    *,
    division: str,
    key: str | None = None,
) -> UUID:
    """Put `job` in the queue and answer its id. What the caller may do was decided before.

    Two jobs of one name and `key` do not run at once: the second raises JobRunning. `given` holds
    no personal data (ids, codes, choices): it is shown to nobody, but it stands in the clear.
    """
    if not isinstance(given, job.given):
        raise TypeError(f"{job.name} is given a {job.given.__name__}")
    work = current()
    values: dict[str, Any] = {
        "id": uuid7(),
        "name": job.name,
        "key": key,
        "owner": caller.known(),
        "caller": caller_row(caller),
        "division_code": division,
        "recorded_code": division,
        "reach": job.reach.value if job.reach else None,
        "language": work.language if work else DEFAULT,
        "traceparent": work.traceparent if work else new_traceparent(),
        "given": orjson.loads(given.model_dump_json()),
        "state": JobState.QUEUED.value,
    }
    await run(db, jobs.insert().values(**values))
    db.info["jobs"] = True
    job_id: UUID = values["id"]
    return job_id


async def start_again(db: AsyncSession, job_id: UUID) -> None:
    """Let a job that failed, or was cancelled before it began, go on where it was.

    Raises JobRunning for any other. For a job that must reach its end: nothing of it was undone.
    """
    reopened = await run(
        db,
        jobs.update()
        .where(jobs.c.id == job_id, jobs.c.state.in_((JobState.FAILED, JobState.CANCELLED)))
        .values(
            state=JobState.QUEUED.value,
            problem=None,
            result=None,
            undone=False,
            takes=0,
            cancel_asked_at=None,
            worker=None,
            lease_until=None,
            ended_at=None,
            version=jobs.c.version + 1,
        ),
    )
    if reopened.rowcount != 1:
        raise JobRunning()
    db.info["jobs"] = True
