"""Asking all parts at once, under one deadline."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

import httpx
import orjson

from gateway.overviews.memory import Memory
from gateway.overviews.rules import Part, PartStatus, may_ask, reason_of, status_of_answer
from gateway.overviews.schemas import PartOut
from gateway.upstreams import ServiceDown, ServiceSlow, Upstreams
from services.kit.access import Caller
from services.kit.context import current
from services.kit.languages import DEFAULT
from services.kit.problems import Problem, slug_of


class RequiredPartFailed(Exception):
    """Not a problem of its own: the service's answer, to be passed on as it is."""

    def __init__(self, answer: httpx.Response) -> None:
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


async def gather(
    upstreams: Upstreams, memory: Memory, parts: tuple[Part, ...], question: Question
) -> dict[str, PartOut]:
    """Every part's answer, at the deadline at the latest.

    Raises what a required part's failure is: ServiceDown, ServiceSlow, or RequiredPartFailed.
    """
    tasks = {asyncio.create_task(_ask(upstreams, memory, part, question)): part for part in parts}
    found: dict[str, PartOut] = {}
    waiting = set(tasks)
    try:
        while waiting:
            done, waiting = await asyncio.wait(
                waiting, timeout=question.remaining(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            for task in done:
                found[tasks[task].name] = task.result()  # a required part's failure is raised here
        for task in waiting:
            part = tasks[task]
            if part.required:
                raise ServiceSlow(service=part.service)
            found[part.name] = _failed(
                memory, _key(part, question), PartStatus.SLOW, slug_of(ServiceSlow)
            )
    finally:
        for task in waiting:
            task.cancel()
    return {part.name: found[part.name] for part in parts}


async def _ask(upstreams: Upstreams, memory: Memory, part: Part, question: Question) -> PartOut:
    code, caller = question.code, question.caller
    if not may_ask(part, caller, code):
        return PartOut(status=PartStatus.FORBIDDEN, age_s=None, reason="forbidden", data=None)
    key = _key(part, question)
    try:
        answer = await upstreams.ask(
            part.service,
            part.path.format(code=code),
            caller,
            within_s=question.remaining(),
            params=part.params(code, question.now),
        )
    except Problem as problem:
        if part.required:
            raise
        slow = isinstance(problem, ServiceSlow)
        away = PartStatus.SLOW if slow else PartStatus.DOWN
        if isinstance(problem, ServiceDown) and not upstreams.has(part.service):
            away = PartStatus.ABSENT
        return _failed(memory, key, away, slug_of(type(problem)))
    status = status_of_answer(answer.status_code)
    if status is PartStatus.OK:
        data, age = orjson.loads(answer.content), int(answer.headers.get("age", 0))
        memory.keep(key, data, age)
        return PartOut(status=status, age_s=age, reason=None, data=data)
    if part.required:
        raise RequiredPartFailed(answer)
    return _failed(memory, key, status, _reason(answer))


def _reason(answer: httpx.Response) -> str:
    try:
        return reason_of(orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        return "unavailable"


def _key(part: Part, question: Question) -> Hashable:
    work = current()
    return (question.caller, work.language if work else DEFAULT, part.name, question.code)


def _failed(memory: Memory, key: Hashable, status: PartStatus, reason: str) -> PartOut:
    """A part without an answer; what was last known stands in for one that is slow or down."""
    last = memory.find(key) if status in (PartStatus.SLOW, PartStatus.DOWN) else None
    data, age = last if last else (None, None)
    return PartOut(status=status, age_s=age, reason=reason, data=data)
