"""Passing a request through to its service, as a stream both ways, in the caller's name only."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import ClientConnectorError, ClientError, ClientResponse
from multidict import CIMultiDict
from starlette.types import Receive, Scope, Send
from yarl import URL

from gateway.segments import PREFIX
from gateway.upstreams import ServiceDown, ServiceSlow, Target, away
from services.kit.answers import DATABASE_ERRORS, from_database
from services.kit.context import child_traceparent, current
from services.kit.problems import TooLarge

if TYPE_CHECKING:
    from gateway.parts import Gateway

WHOLE = 64 * 1024
"""Bodies up to this size travel in one piece."""
WATCH_AFTER_S = 0.05
"""Most answers are quicker than this, and are not worth a watcher."""

# What a client may tell a service; anything else (identity, forwarding, hop-by-hop) stays outside.
_PASSED = """accept accept-encoding accept-language content-type content-length content-encoding
    idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since
    kepu-device last-event-id prefer range tus-resumable upload-offset user-agent"""
PASSED = {name.encode(): name for name in _PASSED.split()}
# What a service's answer does not tell a client. (The request id is added by our telemetry.)
_KEPT_BACK = """connection keep-alive proxy-authenticate proxy-connection te trailer
    transfer-encoding upgrade set-cookie server x-request-id access-control-allow-origin
    access-control-allow-credentials"""
_DROPPED = frozenset(name.encode() for name in _KEPT_BACK.split())
_BODYLESS = ("GET", "HEAD")
Body = bytes | AsyncIterator[bytes] | None


class ClientGone(Exception):
    """The client hung up: nobody is left to answer."""


async def pass_through(
    gateway: "Gateway", service: str, path: str, scope: Scope, receive: Receive, send: Send
) -> None:
    """One request to `service` and its answer back.

    Raises Problem only before the first byte of an answer: TooLarge, ServiceDown, ServiceSlow, or
    what is wrong with the caller (Busy while nobody can say who it is).
    """
    scope["kepu_route"] = f"{PREFIX}/{path.split('/', 4)[3]}/*"
    targets = gateway.upstreams.targets(service)
    settings = gateway.settings
    headers: CIMultiDict[str] = CIMultiDict()
    chunked = False
    for name, value in scope["headers"]:
        if name in PASSED:
            headers[PASSED[name]] = value.decode("utf-8", "ignore")
        elif name == b"transfer-encoding":
            chunked = True
    size = int(headers.get("content-length", 0))
    if size > settings.gateway_max_body:
        raise TooLarge()
    try:
        speaker = await gateway.callers.speaker(scope)
    except DATABASE_ERRORS as error:  # no exception handler of the app stands this far out
        raise from_database(error, {}) from error
    if speaker.caller.subject is not None:
        headers["authorization"] = gateway.upstreams.token(speaker.caller, service)
    seconds = settings.gateway_deadline_s
    if chunked or size > WHOLE:
        seconds = max(seconds, settings.gateway_upload_deadline_s)
    _mark(headers, seconds)
    upload = Upload(receive, settings.gateway_max_body, whole=not chunked and size <= WHOLE)
    passage = Passage(targets, scope, upload, headers, seconds)
    try:
        await passage.run(path, send)
    except ClientGone:
        return


def _mark(headers: "CIMultiDict[str]", seconds: float) -> None:
    headers["kepu-deadline-ms"] = str(int(seconds * 1000))
    work = current()
    if work is not None:
        headers["x-request-id"] = work.request_id
        headers["traceparent"] = child_traceparent(work.traceparent)


class Upload:
    """The body of the request, counted while it passes."""

    def __init__(self, receive: Receive, limit: int, *, whole: bool) -> None:
        self.receive = receive
        self.whole = whole
        self.ended = False
        self.failure: Exception | None = None
        self._limit = limit

    async def pieces(self) -> AsyncIterator[bytes]:
        """Piece by piece, as fast as the service takes them."""
        size = 0
        while not self.ended:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                self.failure = ClientGone()
                raise self.failure
            body = message.get("body", b"")
            size += len(body)
            if size > self._limit:
                # aiohttp tells of a failed upload in its own words: we remember ours.
                self.failure = TooLarge()
                raise self.failure
            self.ended = not message.get("more_body", False)
            if body:
                yield body

    async def all(self) -> bytes:
        """In one piece."""
        return b"".join([piece async for piece in self.pieces()])


class Passage:
    """One request on its way."""

    def __init__(
        self,
        targets: tuple[Target, ...],
        scope: Scope,
        upload: Upload,
        headers: "CIMultiDict[str]",
        seconds: float,
    ) -> None:
        self._targets = targets
        self._target = targets[0]
        self._scope = scope
        self._upload = upload
        self._headers = headers
        self._seconds = seconds
        self._answering = False

    async def run(self, path: str, send: Send) -> None:
        """Send it, and answer what comes back."""
        watcher: Watcher | None = None
        try:
            async with asyncio.timeout(None) as limit:
                watcher = Watcher(self._upload, limit, self._seconds)
                response = await self._head(path)
                try:
                    await self._answer(response, watcher, send)
                finally:
                    # Closes a connection with unread bytes; one that was read to its end is kept.
                    response.close()
        except TimeoutError:
            if watcher is not None and watcher.gone:
                raise ClientGone() from None
            if self._answering:
                raise
            raise ServiceSlow(service=self._target.service) from None
        except (ClientError, OSError) as error:
            if self._answering:
                raise
            if self._upload.failure is not None:
                raise self._upload.failure from None
            raise ServiceDown(service=self._target.service) from error
        finally:
            if watcher is not None:
                watcher.stop()

    async def _head(self, path: str) -> ClientResponse:
        upload = self._upload
        body: Body = (await upload.all() or None) if upload.whole else upload.pieces()
        *others, last = self._targets
        for target in others:
            try:
                return await self._ask(target, path, body)
            except ClientConnectorError:  # it has not heard anything: another process may
                away(target)
        return await self._ask(last, path, body)

    async def _ask(self, target: Target, path: str, body: Body) -> ClientResponse:
        scope = self._scope
        self._target = target
        method = scope["method"]
        query = scope["query_string"].decode("latin-1")
        url = f"{target.base}{path[len(PREFIX) :]}{query and f'?{query}'}"
        session = target.reading if method in _BODYLESS else target.writing
        return await session.request(
            method, URL(url, encoded=True), headers=self._headers, data=body, allow_redirects=False
        )

    async def _answer(self, response: ClientResponse, watcher: "Watcher", send: Send) -> None:
        headers = []
        whole = False
        for name, value in response.raw_headers:
            low = name.lower()
            if low in _DROPPED:
                continue
            if low == b"location":
                value = self._location(value)
            elif low == b"content-length":
                whole = int(value) <= WHOLE
            headers.append((low, value))
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        if whole:
            # Read first: when the service breaks off now, we can still say so.
            body = await response.read()
            self._answering = True
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        self._answering = True
        watcher.lift_deadline()
        await send(start)
        async for piece in response.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    def _location(self, value: bytes) -> bytes:
        """`/jobs/…` as the client reaches it; another site's address stays as it is."""
        value = value.removeprefix(self._target.base.encode())
        if value.startswith(b"/") and not value.startswith(b"//"):
            return PREFIX.encode() + value
        return value


class Watcher:
    """Ends the wait for a slow service: at the deadline, or once the client has gone.

    Most answers are back before it begins; then one timer was all it cost.
    """

    def __init__(self, upload: Upload, limit: asyncio.Timeout, seconds: float) -> None:
        self.gone = False
        self._upload = upload
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._deadline: float | None = self._loop.time() + seconds
        self._task: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(min(WATCH_AFTER_S, seconds), self._begin)

    def _begin(self) -> None:
        if self._limit.when() is None and self._deadline is not None:
            self._limit.reschedule(self._deadline)
        # Until its end, the upload itself hears of it: two may not listen.
        if self._upload.ended:
            self._task = self._loop.create_task(self._watch())
        else:
            self._timer = self._loop.call_later(WATCH_AFTER_S, self._begin)

    async def _watch(self) -> None:
        while (await self._upload.receive())["type"] != "http.disconnect":
            continue
        self.gone = True
        self._limit.reschedule(self._loop.time())

    def lift_deadline(self) -> None:
        """A long answer may take its time; only silence, or the client's going, ends it."""
        if self.gone:
            # The end of the wait is due, but has not come yet: lifting it would lose it.
            raise ClientGone()
        self._deadline = None
        self._limit.reschedule(None)

    def stop(self) -> None:
        """No longer needed."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
