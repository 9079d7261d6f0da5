"""Structured logs: one JSON object a line, with request id, trace and actor, no personal data."""

import asyncio
import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from services.kit.context import current

FLUSH_S = 0.05
_PERSONAL = re.compile(
    r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)|(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)"
)


def without_personal_data(text: str) -> str:
    """Mobile and ID-card numbers masked: the last wall, since no code should log them at all."""
    return _PERSONAL.sub(lambda m: f"{m[1] or m[3]}****{m[2] or m[4]}", text)


def _work(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    work = current()
    if work is not None:
        event["request_id"] = work.request_id
        event["trace_id"] = work.traceparent[3:35]
        if work.actor:
            event["actor"] = work.actor
        if work.division:
            event["division"] = work.division
    return event


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if (
            isinstance(value, str)
            and len(value) > 10
            and key not in ("request_id", "trace_id", "actor")
        ):
            event[key] = without_personal_data(value)
    return event


class _Lines:
    """Standard output, flushed a moment later: under load one system call for many lines."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._due: asyncio.TimerHandle | None = None
        self.write = self._out.write

    def flush(self) -> None:
        """At once where no loop runs; else within FLUSH_S."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._out.flush()
            return
        if self._due is None or self._due.when() < loop.time():
            self._due = loop.call_later(FLUSH_S, self._out.flush)


_lines: _Lines | None = None
"""Where `request_line` writes; None while requests are logged in another form, or not at all."""


def request_line(method: str, route: str, status: int, ms: float) -> None:
    """The line that every request writes, in the form of `log.info("request", …)`.

    It goes by no processors: they were a seventh of the gateway's time, and there is nothing here
    to mask (the route is a template).
    """
    if _lines is None:
        log.info("request", method=method, route=route, status=status, ms=ms)
        return
    event: dict[str, Any] = {
        "event": "request",
        "method": method,
        "route": route,
        "status": status,
        "ms": ms,
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    _work(None, "", event)
    _lines.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
    _lines.flush()


def configure(service: str, form: str = "json", level: str = "info") -> None:
    """Set up logging for a process; libraries that use `logging` come out in the same form."""
    threshold = getattr(logging, level.upper())
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _work,
        _mask,
        # Without the frames' variables: they hold tokens, phones and names.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        if form == "json"
        else structlog.dev.set_exc_info,
    ]
    global _lines
    lines = _Lines()
    _lines = lines if form == "json" and threshold <= logging.INFO else None
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.JSONRenderer(
                serializer=lambda o, **_: orjson.dumps(o, default=str)
            )
            if form == "json"
            else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(lines)  # type: ignore[arg-type]
        if form == "json"
        else structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))


log = structlog.get_logger()
