"""HTTP for jobs: the list, one of them, its events as they come, and the end of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, RowMapping, and_, func, or_
from sqlmodel.ext.asyncio.session import AsyncSession
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.answers import problem_body
from services.kit.app import Kit, KitDep
from services.kit.context import current
from services.kit.db import Db, run
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.jobs.rules import (
    ENDED,
    JobEnded,
    JobNotCancellable,
    JobState,
    UnknownJob,
    may_cancel,
    problem_of,
)
from services.kit.jobs.tables import jobs
from services.kit.languages import DEFAULT, WORDS, say
from services.kit.pages import Page, PagingDep, keyset, page_of
from services.kit.routing import Router

router = Router(prefix="/jobs", tags=["jobs"])

LOOK_S = 0.5
ALIVE_S = 15
LONGEST_S = 300
"""A watcher comes back after this, with a token of then and its Last-Event-ID."""
RECONNECT_MS = 2000


class JobOut(BaseModel):
    """A job as it stands. `done` of `total` (null: not known yet) in the units of its work."""

    id: str
    name: str
    title: str
    state: JobState
    phase: str | None
    phase_title: str | None
    done: int
    total: int | None
    division_code: str
    owner: UUID
    created_at: datetime
    started_at: datetime | None
    cancel_asked_at: datetime | None
    ended_at: datetime | None
    note: str | None
    """What an end before the end left behind, in the caller's language."""
    undone: bool
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    """Why it failed: RFC 9457, in the caller's language."""
    allowed_actions: list[str]


async def _job_id(kit: KitDep, job_id: Annotated[str, Path(max_length=80)]) -> UUID:
    service, _, number = job_id.partition("-")
    # One spelling only: what UUID() also takes (braces, urn:) is somebody's mistake.
    if service != kit.service.name or not re.fullmatch(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", number
    ):
        raise UnknownJob()
    return UUID(number)


JobId = Annotated[UUID, Depends(_job_id)]


def location(kit: Kit, job_id: UUID) -> str:
    """Where a job is found: `/jobs/events-0191…`."""
    return f"/jobs/{kit.service.name}-{job_id}"


def visible(kit: Kit, caller: Caller) -> ColumnElement[bool]:
    """One's own, and those of divisions where the caller holds what the job asks for."""
    reaches = {job.reach for job in kit.service.jobs if job.reach is not None}
    return or_(
        mine(jobs.c.owner, caller),
        *(_reached(caller, permission) for permission in sorted(reaches)),
    )


def _reached(caller: Caller, permission: P) -> ColumnElement[bool]:
    return and_(jobs.c.reach == permission.value, within(jobs.c.division_code, caller, permission))


async def accepted(
    db: AsyncSession, kit: Kit, caller: Caller, job_id: UUID, response: Response
) -> JobOut:
    """What a route that started a job (`status_code=202`) answers: where it is, how it stands."""
    response.headers["Location"] = location(kit, job_id)
    return out(await _job(db, kit, caller, job_id), kit)


async def _job(
    db: AsyncSession, kit: Kit, caller: Caller, job_id: UUID, *, lock: bool = False
) -> RowMapping:
    statement = jobs.select().where(jobs.c.id == job_id, visible(kit, caller))
    found = (await run(db, statement.with_for_update() if lock else statement)).mappings().first()
    if found is None:
        raise UnknownJob()
    return found


@router.get("")
async def list_jobs(
    db: Db,
    kit: KitDep,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    state: Annotated[JobState | None, Query()] = None,
    name: Annotated[str | None, Query(max_length=40)] = None,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
) -> Page[JobOut]:
    """One's own jobs, and those of divisions within reach; the newest first."""
    caller.known()
    statement = jobs.select().where(visible(kit, caller))
    if state is not None:
        statement = statement.where(jobs.c.state == state.value)
    if name is not None:
        statement = statement.where(jobs.c.name == name)
    if division is not None:
        statement = statement.where(at_or_below(jobs.c.division_code, division))
    found = (await run(db, keyset(statement, paging, jobs.c.id, descending=True))).mappings().all()
    _private(response)
    return page_of(found, paging, lambda row: (row["id"],), lambda row: out(row, kit), response)


@router.get("/{job_id}")
async def read_job(
    db: Db, kit: KitDep, caller: CallerDep, job_id: JobId, response: Response
) -> JobOut:
    """How far it is, and what came of it."""
    _private(response)
    return out(await _job(db, kit, caller, job_id), kit)


@router.post("/{job_id}/cancel")
async def cancel_job(
    db: Db, kit: KitDep, caller: CallerDep, job_id: JobId, response: Response
) -> JobOut:
    """End it after the batch in hand. What was done is taken back where the job can do that."""
    row = await _job(db, kit, caller, job_id, lock=True)
    state = JobState(row["state"])
    if state in ENDED:
        raise JobEnded()
    if row["cancel_asked_at"] is None and state is not JobState.UNDOING:
        if not may_cancel(_declared(kit, row), state, asked=False):
            raise JobNotCancellable()
        values: dict[str, Any] = {"cancel_asked_at": func.now(), "version": jobs.c.version + 1}
        if state is JobState.QUEUED:
            values |= {"state": JobState.CANCELLED.value, "ended_at": func.now()}
        await run(db, jobs.update().where(jobs.c.id == job_id).values(**values))
    _private(response)
    return out(await _job(db, kit, caller, job_id), kit)


@router.get(
    "/{job_id}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        204: {"description": "It has ended, and Last-Event-ID says that this was seen"},
    },
)
async def watch_job(
    db: Db,
    kit: KitDep,
    caller: CallerDep,
    job_id: JobId,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """The job as it moves (SSE): `progress` with each batch, `end` when it has ended.

    Each event is the whole job and carries its version as id. A client that comes back with the
    Last-Event-ID of the end is told 204, so that a browser stops asking.
    """
    row = await _job(db, kit, caller, job_id)
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    if JobState(row["state"]) in ENDED and seen >= row["version"]:
        return Response(status_code=204)
    work = current()
    if work is not None:
        work.deadline = None  # it stays open: the deadline of ordinary requests is not for it
    return EventSourceResponse(
        _events(kit, caller, job_id, seen),
        ping=ALIVE_S,
        ping_message_factory=lambda: ServerSentEvent(comment="alive"),
        send_timeout=30,
    )


async def _events(
    kit: Kit, caller: Caller, job_id: UUID, seen: int
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RECONNECT_MS, comment="kepu")
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST_S
    while loop.time() < until:
        try:
            # A short transaction for each look: nothing is held while this waits.
            async with kit.database.transaction(caller) as db:
                row = await _job(db, kit, caller, job_id)
        except UnknownJob:
            return
        ended = JobState(row["state"]) in ENDED
        if row["version"] > seen or ended:
            seen = row["version"]
            yield ServerSentEvent(
                out(row, kit).model_dump_json(), event="end" if ended else "progress", id=str(seen)
            )
        if ended:
            return
        await asyncio.sleep(LOOK_S)


def _private(response: Response) -> None:
    response.headers["Cache-Control"] = "private, no-store"


def _declared(kit: Kit, row: RowMapping) -> Any:
    return next((job for job in kit.service.jobs if job.name == row["name"]), None)


def out(row: RowMapping, kit: Kit) -> JobOut:
    """A row as others see it; its texts in the language of whoever asks."""
    work = current()
    language = work.language if work else DEFAULT
    state = JobState(row["state"])
    problem = None
    if row["problem"] is not None:
        problem, _ = problem_body(problem_of(row["problem"]), language)
        problem["instance"] = location(kit, row["id"])
    stopped = state in (JobState.FAILED, JobState.CANCELLED)
    note = "job-undone" if row["undone"] else "job-kept" if row["done"] else "job-nothing-done"
    asked = row["cancel_asked_at"] is not None
    return JobOut(
        **{name: row[name] for name in JobOut.model_fields if name in row and name not in _SAID},
        id=location(kit, row["id"]).removeprefix("/jobs/"),
        title=_title(f"job-{row['name']}", language) or row["name"],
        phase_title=_title(f"job-phase-{row['phase']}", language),
        note=(_title(note, language) or "").format(done=row["done"]) if stopped else None,
        problem=problem,
        allowed_actions=["cancel"] if may_cancel(_declared(kit, row), state, asked=asked) else [],
    )


_SAID = frozenset({"id", "problem"})


def _title(slug: str, language: str) -> str | None:
    return say(WORDS.get(slug, {}).get("title", {}), language)[0] or None
