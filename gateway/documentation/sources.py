"""What services say of themselves: fetched together, kept a while, stale rather than lost."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.documentation.settings import documentation
from gateway.segments import SERVICES
from gateway.upstreams import Upstreams
from services.kit.access import ANONYMOUS
from services.kit.logs import log
from services.kit.problems import Problem

Answer = dict[str, Any]


@dataclass
class Source:
    """One internal path of every service (`/openapi.json`, `/problems`, `/facts`)."""

    path: str
    accepts: Callable[[Any], bool]
    """Is this the kind of answer that was asked for? What is not counts as no answer."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """By service, in the order of the segment table; the last known of one that is away."""
    unavailable: tuple[str, ...] = ()
    """Services of this installation that did not answer the last time."""
    _asked_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self, upstreams: Upstreams) -> None:
        """Ask again, unless that was done a moment ago."""
        async with self._lock:
            age = time.monotonic() - self._asked_at
            # One that is away is looked for sooner than one that was there is asked again.
            if age < min(documentation().max_age_s, 1 if self.unavailable else float("inf")):
                return
            services = [service for service in SERVICES if upstreams.has(service)]
            found = await asyncio.gather(*(self._ask(upstreams, each) for each in services))
            fresh = {
                service: answer
                for service, answer in zip(services, found, strict=True)
                if answer is not None
            }
            known = {**self.answers, **fresh}
            self.answers = {service: known[service] for service in services if service in known}
            self.unavailable = tuple(service for service in services if service not in fresh)
            self._asked_at = time.monotonic()

    async def _ask(self, upstreams: Upstreams, service: str) -> Answer | None:
        try:
            answer = await upstreams.ask(
                service, self.path, ANONYMOUS, within_s=documentation().deadline_s
            )
        except Problem as problem:
            log.warning("undocumented", service=service, path=self.path, error=repr(problem))
            return None
        try:
            found: Answer = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            found = {}
        if answer.status != 200 or not self.accepts(found):
            log.warning("undocumented", service=service, path=self.path, status=answer.status)
            return None
        return found


class Documents:
    """The three sources of this process."""

    def __init__(self) -> None:
        self.openapi = Source("/openapi.json", _is_openapi)
        self.problems = Source("/problems", lambda found: _all_have(found, "words"))
        self.facts = Source("/facts", lambda found: _all_have(found, "properties"))


def _is_openapi(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and str(found.get("openapi", "")).startswith("3.1.")
        and isinstance(found.get("paths"), dict)
    )


def _all_have(found: Any, key: str) -> bool:
    return isinstance(found, dict) and all(
        isinstance(each, dict) and key in each for each in found.values()
    )
