"""One open connection: what is sent on it, and when it ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import anyio
from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from gateway.live.hub import Client
from gateway.live.settings import live
from services.kit.app import Kit
from services.kit.problems import Problem

RECONNECT_MS = 3000
DEAD_S = 30
"""A client that takes nothing off the wire for this long is gone."""


class LiveStream(EventSourceResponse):
    """Sends a client's queue until it ends; says `bye` when this process drains."""

    def __init__(
        self, request: Request, kit: Kit, client: Client, over: Callable[[], None]
    ) -> None:
        draining = anyio.Event()

        async def farewell() -> None:
            await draining.wait()
            client.end(ServerSentEvent("{}", event="bye"))

        super().__init__(
            _events(request, kit, client),
            ping=live().heartbeat_s,
            ping_message_factory=lambda: ServerSentEvent(comment="alive"),
            data_sender_callable=farewell,
            send_timeout=DEAD_S,
            shutdown_event=draining,
            shutdown_grace_period=1,
        )
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


async def _events(request: Request, kit: Kit, client: Client) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=RECONNECT_MS, comment="kepu")
    look_at = time.monotonic() + live().heartbeat_s
    while True:
        try:
            # When it is time to look, this times out at once, also for a queue that is never empty.
            event = await asyncio.wait_for(client.queue.get(), max(0.0, look_at - time.monotonic()))
        except TimeoutError:
            if not await _still_here(request, kit, client):
                yield ServerSentEvent("{}", event="signed_out", id="")
                return
            look_at = time.monotonic() + live().heartbeat_s
            continue
        if event is None:
            return
        yield event


async def _still_here(request: Request, kit: Kit, client: Client) -> bool:
    """Is the session what it was? New and withdrawn grants take effect from here on."""
    if client.caller.subject is None:
        return True
    try:
        found = await kit.service.authenticate(request)
    except (Problem, DBAPIError, PoolTimeout, OSError):
        return False  # who cannot be known is not shown anything
    if found.subject != client.caller.subject:
        return False
    client.caller = found
    return True
