"""The outermost layer of every process: request id, trace, deadline, log line, metric."""

import time
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.answers import InternalError, answer
from services.kit.context import Work, begin, child_traceparent, new_traceparent
from services.kit.ids import uuid7
from services.kit.languages import choose
from services.kit.logs import log, request_line
from services.kit.metrics import IN_FLIGHT, requests_of

REQUEST_ID = b"x-request-id"
DEADLINE = b"kepu-deadline-ms"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Telemetry:
    """Plain ASGI: BaseHTTPMiddleware breaks contextvars and leaks connections."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        work = _work_of(dict(scope["headers"]))
        if scope["method"] not in _READING:
            work.today = scope["app"].state.kit.codes.today
        begin(work)
        status, ended = 0, False
        request_id = work.request_id.encode()

        async def sending(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request_id)]
            else:
                ended = not message.get("more_body", False)
            await send(message)

        started = time.perf_counter()
        IN_FLIGHT.inc()
        try:
            await self._app(scope, receive, sending)
        except Exception:
            log.exception("request_crashed", method=scope["method"], route=route_of(scope))
            if not status:
                await answer(InternalError(), work.language)(scope, receive, sending)
            elif not ended:
                raise  # the server cuts the connection: a half answer must not look whole
        finally:
            IN_FLIGHT.dec()
            seconds = time.perf_counter() - started
            route = route_of(scope)
            requests_of(scope["method"], route, status or 499).observe(seconds)
            request_line(scope["method"], route, status or 499, round(seconds * 1000, 2))


def route_of(scope: Scope) -> str:
    """The route's template, never the raw path: paths carry ids, and metrics need few labels."""
    route = scope.get("route")
    return str(getattr(route, "path", None) or scope.get("kepu_route", "unmatched"))


def _work_of(headers: dict[bytes, bytes]) -> Work:
    parent = headers.get(b"traceparent")
    milliseconds = headers.get(DEADLINE, b"")
    return Work(
        request_id=_request_id(headers.get(REQUEST_ID)),
        traceparent=child_traceparent(parent.decode("latin-1")) if parent else new_traceparent(),
        deadline=time.monotonic() + int(milliseconds) / 1000 if milliseconds.isdigit() else None,
        language=choose(headers.get(b"accept-language", b"").decode("latin-1")),
    )


def _request_id(given: bytes | None) -> str:
    if given:
        try:
            return str(UUID(given.decode("ascii")))
        except ValueError:
            pass
    return str(uuid7())
