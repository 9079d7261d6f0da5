"""What every request passes first: deadline, CORS, the size of its body, and the way it goes."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.parts import Gateway
from gateway.proxy import pass_through
from gateway.segments import service_of
from services.kit.answers import NotFound, answer
from services.kit.context import current
from services.kit.languages import DEFAULT
from services.kit.problems import Problem, TooLarge

Headers = list[tuple[bytes, bytes]]
_ALLOWED = (
    b"authorization, content-type, accept-language, if-match, if-none-match, idempotency-key,"
    b" last-event-id, range, tus-resumable, upload-offset"
)
_EXPOSED = (
    b"content-language, etag, link, location, ratelimit, ratelimit-policy, retry-after,"
    b" x-request-id, accept-ranges, content-range, tus-resumable, upload-length, upload-offset"
)


class Door:
    """Plain ASGI, inside telemetry. A service's path goes there, the rest to our routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        gateway: Gateway = scope["app"].state.gateway
        work = current()
        if work is not None:
            # Whatever deadline a client claims: ours is ours.
            work.deadline = time.monotonic() + gateway.settings.gateway_deadline_s
        try:
            origin = gateway.settings.allowed_origins and _allowed_origin(scope, gateway)
            if origin:
                send = _with_cors(send, origin)
                if _is_preflight(scope):
                    await send({"type": "http.response.start", "status": 204, "headers": []})
                    await send({"type": "http.response.body"})
                    return
            send, too_many = gateway.limiter.count(scope, send)
            if too_many is not None:
                raise too_many
            await self._let_in(gateway, scope, receive, send)
        except Problem as problem:
            await answer(problem, work.language if work else DEFAULT)(scope, receive, send)

    async def _let_in(self, gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            path = scope["raw_path"].decode("ascii")
        except UnicodeDecodeError:
            raise NotFound() from None
        service = service_of(path)
        if service is not None:
            await pass_through(gateway, service, path, scope, receive, send)
        else:
            limit = gateway.settings.gateway_max_body
            await self._app(scope, await _measured(scope, receive, limit), send)


async def _measured(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive` for one of our own routes, whose bodies are small; TooLarge above `limit` bytes."""
    headers = dict(scope["headers"])
    if int(headers.get(b"content-length", b"0")) > limit:
        raise TooLarge()
    if b"transfer-encoding" not in headers:
        return receive
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > limit:
            raise TooLarge()
        if not message.get("more_body"):
            break
    messages.reverse()

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _allowed_origin(scope: Scope, gateway: Gateway) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"origin":
            known = value.decode("latin-1").lower() in gateway.settings.allowed_origins
            return bytes(value) if known else None
    return None


def _is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


def _with_cors(send: Send, origin: bytes) -> Send:
    # Never with credentials: another site's page speaks with a token of its own, or as nobody.
    added: Headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
        (b"access-control-allow-headers", _ALLOWED),
        (b"access-control-expose-headers", _EXPOSED),
        (b"access-control-max-age", b"600"),
        (b"vary", b"Origin"),
    ]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return sending
