"""What a job is: its declaration, its lifecycle, and what can go wrong with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from pydantic import BaseModel

from services.kit.access import Caller, Grant, Kind, P, Role
from services.kit.problems import Conflict, FieldError, Missing, Problem, all_problems, slug_of

if TYPE_CHECKING:
    from services.kit.jobs.work import Task

KEPT_DAYS = 30
MOST_TAKES = 5
"""A job that was taken up so often without finishing a batch ends its process each time."""


class JobState(StrEnum):
    """Waiting, being worked on, being taken back; then one of three ends."""

    QUEUED = "queued"
    RUNNING = "running"
    UNDOING = "undoing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


class JobRunning(Conflict):
    """The same work is being done already."""


class JobEnded(Conflict):
    """It has ended: there is nothing to cancel."""


class JobNotCancellable(Conflict):
    """It runs to its end: half of it would be worse than none."""


class UnknownJob(Missing):
    """Not there for this caller, or forgotten after KEPT_DAYS."""


class JobKeepsStopping(Problem):
    """Its process ended every time that it was taken up."""


class JobBroke(Problem):
    """Something broke on our side; the job's id finds it in the logs."""


Handler = Callable[["Task"], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True)
class Job:
    """What a service declares: the job's name, what it is given, and who does it.

    `run` works in batches (`async with task.batch() as db`) and answers the result. It is called
    again with the stored `task.cursor` when its process ended, so it begins where that points.
    `undo`, where there is one, takes back what the batches did, after a cancel or a failure.
    """

    name: str
    given: type[BaseModel]
    run: Handler
    reach: P | None = None
    """Staff who hold it at the job's division see and cancel the job too, not only its owner."""
    undo: Handler | None = None
    cancellable: bool = True


def may_cancel(job: Job | None, state: JobState, *, asked: bool) -> bool:
    """Can it (still) be cancelled? What has not begun always can."""
    if state is JobState.QUEUED:
        return True
    return state is JobState.RUNNING and not asked and job is not None and job.cancellable


# -- What stands in the row -------------------------------------------------------------


def caller_row(caller: Caller) -> dict[str, Any]:
    """A caller as JSON: the reach that they had when they started the job."""
    return {
        "kind": caller.kind.value,
        "subject": str(caller.known()),
        "grants": [[grant.role.value, grant.division] for grant in caller.grants],
    }


def caller_of(row: dict[str, Any]) -> Caller:
    """The caller again."""
    return Caller(
        Kind(row["kind"]),
        UUID(row["subject"]),
        tuple(Grant(Role(role), division) for role, division in row["grants"]),
    )


def problem_row(problem: Problem) -> dict[str, Any]:
    """A problem as JSON: it is said later, in the language of whoever asks."""
    row = {
        "slug": slug_of(type(problem)),
        "values": problem.values,
        "errors": [[error.pointer, error.rule, dict(error.values)] for error in problem.errors],
    }
    stored: dict[str, Any] = orjson.loads(orjson.dumps(row, default=str))
    return stored


def problem_of(row: dict[str, Any]) -> Problem:
    """The problem again; JobBroke for one that this version does not know."""
    kinds = {slug_of(kind): kind for kind in all_problems()}
    errors = tuple(
        FieldError(pointer, rule, tuple(values.items())) for pointer, rule, values in row["errors"]
    )
    return kinds.get(row["slug"], JobBroke)(errors=errors, **row["values"])
