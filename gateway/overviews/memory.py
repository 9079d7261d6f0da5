"""The last good answers of parts, by who may see them; and the questions that are under way.

What is public is asked in nobody's name and kept for everybody; the rest is kept for the caller
who got it, never across principals.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Coroutine, Hashable
from dataclasses import dataclass
from typing import Any

KEPT = 2000
KEPT_S = 600
"""How long an answer may stand in for one that does not come (stale-if-error)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as the service wrote it, and the language that it came in."""

    body: bytes
    language: str | None


class Memory:
    """Part answers by (scope, language, question)."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[float, Kept]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}

    def keep(self, key: Hashable, answer: Kept, age_s: int) -> None:
        """Remember an answer that was `age_s` old when it came."""
        self._kept[key] = (time.monotonic() - age_s, answer)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def find(self, key: Hashable, within_s: float = KEPT_S) -> tuple[Kept, int] | None:
        """The answer and its age in seconds; None when there is none that is young enough."""
        found = self._kept.get(key)
        if found is None:
            return None
        age = time.monotonic() - found[0]
        return (found[1], int(age)) if age <= within_s else None

    def flight(self, key: Hashable, question: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """`question` under way, or the same one that is: a hundred who ask at once ask once."""
        task = self._flights.get(key)
        if task is not None:
            question.close()
            return task
        task = self._flights[key] = asyncio.create_task(question)
        task.add_done_callback(lambda _: self._flights.pop(key, None))
        return task
