"""HTTP for the live stream: one request that stays open."""

from typing import Annotated

from fastapi import Header, Query, Request, Response
from sse_starlette import EventSourceResponse

from gateway.identity.callers import address_of
from gateway.live.connections import Connections
from gateway.live.feed import follow, streams
from gateway.live.hub import Client, Hub
from gateway.live.stream import LiveStream
from gateway.parts import GatewayDep
from services.kit.app import Kit, KitDep
from services.kit.context import current
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.routing import Router

router = Router(prefix="/api/v1/live", tags=["live"])


async def start_feed(kit: Kit) -> None:
    """For the gateway's `on_start`: follow every publisher's stream."""
    hub = kit.parts[Hub] = Hub()
    kit.parts[Connections] = Connections()
    for stream, subjects in streams().items():
        kit.spawn(follow(kit.nats, hub, stream, subjects), f"live@{stream}")


@router.get(
    "",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def watch(
    request: Request,
    kit: KitDep,
    gateway: GatewayDep,
    caller: CallerDep,
    division: Annotated[
        DivisionCode | None, Query(description="Only what happens at it or below")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=400)] = None,
) -> Response:
    """Facts as they happen (SSE): public ones, one's own, and for staff what waits for them.

    Events: `ready` (connected), `fact` (type, subject, division, time, data), `reset` (something
    was missed: load afresh), `signed_out` and `bye` (the connection ends). A client that comes back
    with Last-Event-ID gets what it missed.
    """
    work = current()
    if work is not None:
        work.deadline = None  # it stays open: the deadline of ordinary requests is not for it
    hub: Hub = kit.parts[Hub]
    connections: Connections = kit.parts[Connections]
    leave = connections.enter(caller, address_of(request.scope, gateway.settings))
    client = Client(caller, division or "")
    hub.join(client, last_event_id)

    def over() -> None:
        hub.leave(client)
        leave()

    return LiveStream(request, kit, client, over)
