"""Asking all parts at once, under one deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.overviews.memory import Kept, Memory
from gateway.overviews.rules import (
    Part,
    PartStatus,
    ServiceNotInstalled,
    may_ask,
    reason_of,
    status_of_answer,
)
from gateway.overviews.settings import overview
from gateway.segments import GATEWAY
from gateway.upstreams import Answer, ServiceDown, ServiceSlow, Upstreams
from services.kit.access import ANONYMOUS, Caller
from services.kit.answers import DATABASE_ERRORS, from_database
from services.kit.context import current
from services.kit.languages import DEFAULT
from services.kit.problems import Problem, Unauthenticated, slug_of

Own = Mapping[str, Callable[[Caller], Awaitable[bytes]]]
"""The gateway's own parts by name: each answers JSON."""


class RequiredPartFailed(Exception):
    """Not a problem of its own: the service's answer, to be passed on as it is."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Question:
    """What the parts are asked about, by whom, and until when (loop time)."""

    code: str
    caller: Caller
    now: datetime
    deadline: float

    def remaining(self) -> float:
        return max(0.0, self.deadline - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Found:
    """One part as it is answered; `body` is JSON as the service wrote it."""

    status: PartStatus
    age_s: int | None = None
    reason: str | None = None
    body: bytes | None = None
    language: str | None = None
    failure: Exception | None = None
    """Why there is none, for a part that the whole cannot be without."""

    @property
    def data(self) -> Any:
        """The body as Python has it."""
        return None if self.body is None else orjson.loads(self.body)

    def json(self) -> dict[str, Any]:
        """As it goes into the answer, its body neither read nor written anew."""
        return {
            "status": self.status,
            "age_s": self.age_s,
            "reason": self.reason,
            "data": None if self.body is None else orjson.Fragment(self.body),
        }


async def gather(
    upstreams: Upstreams,
    memory: Memory,
    parts: tuple[Part, ...],
    question: Question,
    own: Own | None = None,
) -> dict[str, Found]:
    """Every part's answer, at the deadline at the latest.

    Raises what a required part's failure is: ServiceDown, ServiceSlow, or RequiredPartFailed.
    """
    asked = [part for part in parts if part.applies(question.code)]
    found: dict[str, Found] = {}
    tasks: dict[asyncio.Task[Found], Part] = {}
    mine: set[asyncio.Task[Found]] = set()
    try:
        for part in asked:
            known = _without_asking(upstreams, memory, part, question)
            if known is not None:
                found[part.name] = known
                continue
            ask = _ask(upstreams, memory, part, question, own or {})
            if part.public:
                task = memory.flight(_key(part, question), ask)
            else:
                task = asyncio.create_task(ask)
                mine.add(task)
            tasks[task] = part
        waiting = set(tasks)
        while waiting:
            done, waiting = await asyncio.wait(
                waiting, timeout=question.remaining(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            for task in done:
                found[tasks[task].name] = _required(tasks[task], task.result())
        for task in waiting:
            part = tasks[task]
            slow = _failed(
                memory, _key(part, question), PartStatus.SLOW, ServiceSlow(service=part.service)
            )
            found[part.name] = _required(part, slow)
    finally:
        # One that others wait for, too, goes on: it ends at its own deadline.
        for task in mine:
            task.cancel()
    return {part.name: found[part.name] for part in asked}


def _required(part: Part, found: Found) -> Found:
    # What was last known of it will do, too (stale-if-error).
    if part.required and found.failure is not None and found.body is None:
        raise found.failure
    return found


def _without_asking(
    upstreams: Upstreams, memory: Memory, part: Part, question: Question
) -> Found | None:
    """What is known of a part before anybody is asked; an older answer is asked for meanwhile."""
    if part.signed_in and question.caller.subject is None:
        return Found(PartStatus.FORBIDDEN, reason=slug_of(Unauthenticated))
    if not may_ask(part, question.caller, question.code):
        return Found(PartStatus.FORBIDDEN, reason="forbidden")
    if not part.public:
        return None
    key = _key(part, question)
    last = memory.find(key, overview().stale_s)
    if last is None:
        return None
    answer, age = last
    if age >= overview().fresh_s:
        memory.flight(key, _ask(upstreams, memory, part, question, {}))
    return Found(PartStatus.OK, age, None, answer.body, answer.language)


async def _ask(
    upstreams: Upstreams, memory: Memory, part: Part, question: Question, own: Own
) -> Found:
    """Never raises what a part may come to: nobody may be waiting for it any more."""
    key = _key(part, question)
    if part.service == GATEWAY:
        return await _ask_own(memory, part, question, own, key)
    try:
        answer = await upstreams.ask(
            part.service,
            part.path.format(code=question.code),
            ANONYMOUS if part.public else question.caller,
            within_s=question.remaining(),
            params=part.params(question.code, question.now),
        )
    except Problem as problem:
        if isinstance(problem, ServiceDown) and not upstreams.has(part.service):
            absent = ServiceNotInstalled(service=part.service)
            return _failed(memory, key, PartStatus.ABSENT, absent)
        slow = isinstance(problem, ServiceSlow)
        return _failed(memory, key, PartStatus.SLOW if slow else PartStatus.DOWN, problem)
    status = status_of_answer(answer.status)
    said = answer.headers.get("content-type", "")
    if status is PartStatus.OK and said.startswith("application/json"):
        language, age = answer.headers.get("content-language"), int(answer.headers.get("age", 0))
        memory.keep(key, Kept(answer.content, language), age)
        return Found(status, age, None, answer.content, language)
    if status is PartStatus.OK:
        status = PartStatus.DOWN
    return _failed(memory, key, status, RequiredPartFailed(answer), _reason(answer))


async def _ask_own(
    memory: Memory, part: Part, question: Question, own: Own, key: Hashable
) -> Found:
    try:
        body = await own[part.name](question.caller)
    except DATABASE_ERRORS as error:
        return _failed(memory, key, PartStatus.DOWN, from_database(error, {}))
    memory.keep(key, Kept(body, None), 0)
    return Found(PartStatus.OK, 0, None, body)


def _reason(answer: Answer) -> str:
    try:
        return reason_of(orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        return "unavailable"


def _key(part: Part, question: Question) -> Hashable:
    work = current()
    return (
        None if part.public else question.caller,
        work.language if work else DEFAULT,
        part.service,
        part.name,
        part.path.format(code=question.code),
        tuple(part.params(question.code, question.now).items()),
    )


def _failed(
    memory: Memory,
    key: Hashable,
    status: PartStatus,
    failure: Exception,
    reason: str | None = None,
) -> Found:
    """A part without an answer; what was last known stands in for one that is slow or down."""
    if reason is None:
        reason = slug_of(type(failure)) if isinstance(failure, Problem) else "unavailable"
    last = memory.find(key) if status in (PartStatus.SLOW, PartStatus.DOWN) else None
    if last is None:
        return Found(status, None, reason, failure=failure)
    answer, age = last
    return Found(status, age, reason, answer.body, answer.language, failure)
