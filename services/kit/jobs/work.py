"""The worker: takes jobs up, one batch one transaction, and takes up again what a death left.

A worker holds a lease on its job and renews it while the handler works. When the process dies the
lease runs out and another worker, or the next process, goes on at the stored cursor. A batch
commits its effects and the job's progress together, and only while the lease is still its own, so
whatever happens nothing is done twice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import RowMapping, func, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.answers import from_database
from services.kit.context import Work, begin, child_traceparent
from services.kit.db import Database, run
from services.kit.jobs.rules import (
    KEPT_DAYS,
    MOST_TAKES,
    Job,
    JobBroke,
    JobKeepsStopping,
    JobState,
    caller_of,
    problem_row,
)
from services.kit.jobs.tables import jobs
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS, is_away
from services.kit.problems import Problem
from services.kit.schedules import Schedule

if TYPE_CHECKING:
    from services.kit.app import Kit

IDLE_S = 1.0

_TAKE = text(
    """UPDATE jobs SET worker = :worker, lease_until = now() + :lease * interval '1 second',
        takes = takes + 1, version = version + 1, started_at = COALESCE(started_at, now()),
        state = CASE state WHEN 'queued' THEN 'running' ELSE state END
    WHERE id = (SELECT id FROM jobs WHERE ended_at IS NULL AND name = ANY(:names)
        AND (lease_until IS NULL OR lease_until < now()) ORDER BY id LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING *"""
)
_RENEW = text(
    "UPDATE jobs SET lease_until = now() + :lease * interval '1 second'"
    " WHERE id = :id AND worker = :worker AND ended_at IS NULL"
)
# Counted as taken only when it was worked on until its process died.
_LET_GO = text(
    "UPDATE jobs SET worker = NULL, takes = takes - 1,"
    " lease_until = now() + :after * interval '1 second'"
    " WHERE id = :id AND worker = :worker AND ended_at IS NULL"
)
_FIGURES = text(
    """SELECT (SELECT count(*) FROM jobs WHERE ended_at IS NULL) AS open,
        (SELECT count(*) FROM jobs
            WHERE ended_at > now() - interval '1 day' AND state = 'failed') AS failed"""
)
_FORGET = text(
    f"""DELETE FROM jobs WHERE id IN (SELECT id FROM jobs
        WHERE ended_at < now() - interval '{KEPT_DAYS} days' LIMIT 1000)"""
)


class Cancelled(Exception):
    """Somebody asked for the end: raised where the next batch would begin."""


class Lost(Exception):
    """The lease ran out and another worker has the job: what this one was doing is undone."""


class Task:
    """A job in hand, as its handler sees it.

    Set `done`, `total`, `phase` and `cursor` (JSON) inside a batch: they are stored with it.
    """

    def __init__(self, kit: "Kit", job: Job, worker: UUID, row: RowMapping) -> None:
        self.kit = kit
        self.job = job
        self.id: UUID = row["id"]
        self.given: Any = job.given.model_validate(row["given"])
        self.caller = kit.codes.widen(caller_of(row["caller"]))
        """Who started it, with the reach of that moment. A batch itself speaks as the service."""
        self.division: str = row["division_code"]
        self.language: str = row["language"]
        self.phase: str | None = row["phase"]
        self.done: int = row["done"]
        self.total: int | None = row["total"]
        self.cursor: dict[str, Any] = row["cursor"]
        self.result: dict[str, Any] | None = None
        """Set in the last batch, the job ends with it: nobody sees the one without the other."""
        self._worker = worker

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[AsyncSession]:
        """One transaction: its effects and the progress are stored together, or neither.

        Raises Cancelled instead of beginning; nothing is held between two batches.
        """
        async with self.kit.database.transaction(SERVICE) as db:
            row = (
                await run(
                    db,
                    jobs.select().where(jobs.c.id == self.id, jobs.c.worker == self._worker),
                )
            ).one_or_none()
            if row is None:
                raise Lost()
            if row.cancel_asked_at is not None and row.state == JobState.RUNNING:
                raise Cancelled()
            yield db
            await db.flush()
            ending = {} if self.result is None else _ending(JobState.DONE, result=self.result)
            await self.write(
                db,
                phase=self.phase,
                done=self.done,
                total=self.total,
                cursor=self.cursor,
                takes=1,
                **ending,
            )

    async def write(self, db: AsyncSession, **values: Any) -> None:
        """Change the job's row while it is still ours; Lost otherwise."""
        changed = await run(
            db,
            jobs.update()
            .where(jobs.c.id == self.id, jobs.c.worker == self._worker, jobs.c.ended_at.is_(None))
            .values(version=jobs.c.version + 1, **values),
        )
        if changed.rowcount != 1:
            raise Lost()


class Worker:
    """Does one job after another until it is cancelled. A process has a few of them."""

    def __init__(self, kit: "Kit", wake: asyncio.Event, lease_s: float) -> None:
        self.id = uuid4()
        self._kit = kit
        self._database: Database = kit.database
        self._jobs = {job.name: job for job in kit.service.jobs}
        self._wake = wake
        self._lease_s = lease_s

    async def run(self, *, look_at_once: bool = True) -> None:
        """Take jobs up until cancelled. While the database is away they wait."""
        if not look_at_once:
            await self._idle()
        while True:
            worked = False
            try:
                worked = await self._turn()
            except Lost:
                log.warning("job_lost", worker=str(self.id))
            except INTERRUPTIONS as error:
                log.warning("jobs_interrupted", error=repr(error)[:500])
                await asyncio.sleep(IDLE_S)
            if not worked:
                await self._idle()

    async def _idle(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        self._wake.clear()

    async def _turn(self) -> bool:
        """Take one job up and carry it as far as it goes; False when none waits."""
        async with self._database.transaction(SERVICE) as db:
            values = {"worker": self.id, "lease": self._lease_s, "names": list(self._jobs)}
            taken = (await run(db, _TAKE, values)).mappings().one_or_none()
        if taken is None:
            return False
        task = Task(self._kit, self._jobs[taken["name"]], self.id, taken)
        begin(
            Work(
                request_id=str(task.id),
                traceparent=child_traceparent(taken["traceparent"]),
                actor=str(taken["owner"]),
                division=task.division,
                language=task.language,
                today=self._kit.codes.today,
            )
        )
        renewing = asyncio.create_task(self._renew(task.id))
        try:
            is_undoing = taken["state"] == JobState.UNDOING
            if taken["takes"] > MOST_TAKES:
                await self._stop(task, JobKeepsStopping(), may_undo=not is_undoing)
            elif is_undoing:
                await self._take_back(task, taken["problem"])
            else:
                await self._carry(task)
        except asyncio.CancelledError:
            await self._let_go(task.id, after_s=0)
            raise
        except Exception as error:  # whatever it is, the job is not kept from others
            if is_away(error):
                await self._let_go(task.id, after_s=IDLE_S)
            raise
        finally:
            renewing.cancel()
        return True

    async def _carry(self, task: Task) -> None:
        try:
            result = await task.job.run(task)
        except Cancelled:
            await self._stop(task, None)
        except Lost:
            raise
        except Exception as error:  # a job that fails says so; the next one comes
            if is_away(error):
                raise
            await self._stop(task, self._problem_of(error))
        else:
            if task.result is None:
                await self._end(task, JobState.DONE, result=result)
            else:
                log.info("job_ended", job=task.job.name, state=JobState.DONE.value)

    def _problem_of(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, DBAPIError):
            return from_database(error, self._kit.service.constraints)
        log.exception("job_broke", error=repr(error)[:500])
        return JobBroke()

    async def _stop(self, task: Task, problem: Problem | None, *, may_undo: bool = True) -> None:
        """It does not go on: take back what was done where the job can, then end it."""
        stored = None if problem is None else problem_row(problem)
        if task.job.undo is None or not may_undo:
            await self._end(task, _ended(stored), problem=stored)
            return
        async with self._database.transaction(SERVICE) as db:
            await task.write(db, state=JobState.UNDOING.value, problem=stored)
            fresh = (await run(db, jobs.select().where(jobs.c.id == task.id))).mappings().one()
        # As it is stored: the batch that failed left its marks on the task in memory.
        await self._take_back(Task(self._kit, task.job, self.id, fresh), stored)

    async def _take_back(self, task: Task, problem: dict[str, Any] | None) -> None:
        assert task.job.undo is not None
        try:
            result = await task.job.undo(task)
        except Lost:
            raise
        except Exception as error:  # it could not be taken back: that is the worse problem
            if is_away(error):
                raise
            await self._end(task, JobState.FAILED, problem=problem_row(self._problem_of(error)))
            return
        await self._end(task, _ended(problem), problem=problem, result=result, undone=True)

    async def _end(self, task: Task, state: JobState, **values: Any) -> None:
        async with self._database.transaction(SERVICE) as db:
            await task.write(db, **_ending(state, **values))
        log.info("job_ended", job=task.job.name, state=state.value)

    async def _renew(self, job_id: UUID) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            with suppress(*INTERRUPTIONS):
                async with self._database.transaction(SERVICE) as db:
                    values = {"id": job_id, "worker": self.id, "lease": self._lease_s}
                    await run(db, _RENEW, values)

    async def _let_go(self, job_id: UUID, after_s: float) -> None:
        """Another worker may have it; when even that cannot be said, the lease runs out."""
        with suppress(*INTERRUPTIONS):
            async with self._database.transaction(SERVICE) as db:
                await run(db, _LET_GO, {"id": job_id, "worker": self.id, "after": after_s})


def _ending(state: JobState, **values: Any) -> dict[str, Any]:
    if "result" in values:
        values["result"] = orjson.loads(orjson.dumps(values["result"] or {}, default=str))
    return {"state": state.value, "ended_at": func.now(), "lease_until": None, **values}


def _ended(problem: dict[str, Any] | None) -> JobState:
    return JobState.CANCELLED if problem is None else JobState.FAILED


async def job_figures(connection: AsyncConnection) -> dict[str, int]:
    """For the operator: jobs that wait or run, and those that failed within a day."""
    row = (await connection.execute(_FIGURES)).one()
    return {"jobs_open": row.open, "jobs_failed_today": row.failed}


async def _forget(db: AsyncSession) -> int:
    return (await run(db, _FORGET)).rowcount


FORGET_JOBS = Schedule("forget_old_jobs", 3600, _forget)
