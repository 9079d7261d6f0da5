"""What is known of the request or fact being worked on, for logs, deadlines and trace ids."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import getrandbits


@dataclass(slots=True)
class Work:
    """One piece of work. `deadline` is in seconds of `time.monotonic()`; None means no limit."""

    request_id: str
    traceparent: str
    deadline: float | None = None
    actor: str | None = None
    division: str | None = None
    language: str = "zh-CN"
    facts: int = field(default=0)
    today: Callable[[str], str] | None = None
    """Today's code for a division that a change names; None for what only reads."""

    def remaining(self) -> float | None:
        """Seconds left before the deadline, never negative."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


_current: ContextVar[Work | None] = ContextVar("kepu_work", default=None)


def current() -> Work | None:
    """The work in hand, or None outside of any."""
    return _current.get()


def begin(work: Work) -> None:
    """Make `work` the work in hand for the running task."""
    _current.set(work)


def new_traceparent() -> str:
    """A fresh W3C traceparent, sampled."""
    return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-01"


def child_traceparent(parent: str) -> str:
    """The same trace with a span of our own; a malformed parent starts a new trace."""
    parts = parent.split("-")
    if len(parts) == 4 and len(parts[1]) == 32 and len(parts[2]) == 16 and parts[0] == "00":
        return f"00-{parts[1]}-{getrandbits(64):016x}-{parts[3]}"
    return new_traceparent()
