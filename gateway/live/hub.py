"""The hub: keeps this process's latest facts, and hands each to the clients that may see it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import orjson
from sse_starlette import ServerSentEvent

from gateway.live.positions import Positions, event_id, positions_of
from gateway.live.rules import may_see, shown
from services.kit.access import Caller
from services.kit.facts import Envelope

REMEMBERED = 1000
"""Facts that a client which was away for a moment can still get."""
QUEUED = 100
"""Facts that may wait for one client. A client that reads more slowly starts again."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact ready to be sent: its text is made once and shared by all clients."""

    stream: str
    sequence: int
    fact: Envelope
    event: ServerSentEvent


@dataclass(eq=False)
class Client:
    """One open connection. `caller` is looked at for every fact, and kept fresh by the route."""

    caller: Caller
    division: str
    queue: asyncio.Queue[ServerSentEvent | None] = field(
        default_factory=lambda: asyncio.Queue(QUEUED)
    )

    ended: bool = False

    def offer(self, event: ServerSentEvent) -> None:
        """Queue an event; a queue that is full gives way to one `reset`, and ends."""
        if self.ended:
            return
        if self.queue.full():
            self.end(reset("slow"))
        else:
            self.queue.put_nowait(event)

    def end(self, last: ServerSentEvent) -> None:
        """Forget what waits, say `last`, and end the connection."""
        self.ended = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(last)
        self.queue.put_nowait(None)


def reset(reason: str) -> ServerSentEvent:
    """Facts were missed (gone, too slow, a new stream): load afresh. Clears the client's id."""
    return ServerSentEvent(orjson.dumps({"reason": reason}).decode(), event="reset", id="")


class Hub:
    """All clients of one process, and the ring of facts that they may have missed."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self.positions: Positions = {}
        self._floor: Positions = {}
        """Stream → everything after this sequence is in the ring."""
        self._ring: deque[Shown] = deque()

    def begin(self, stream: str, sequence: int) -> None:
        """The stream is followed from here on; what came before is unknown to this process."""
        if self.positions.get(stream) == sequence:
            return
        known = stream in self.positions
        self._ring = deque(item for item in self._ring if item.stream != stream)
        self.positions[stream] = self._floor[stream] = sequence
        if known:
            self._drop_everybody("stream")

    def take(self, stream: str, sequence: int, fact: Envelope) -> None:
        """A fact came: remember it, and hand it to those who may see it."""
        if sequence <= self.positions.get(stream, 0):
            return
        self.positions[stream] = sequence
        event = ServerSentEvent(
            orjson.dumps(shown(fact)).decode(), event="fact", id=event_id(self.positions)
        )
        self._ring.append(Shown(stream, sequence, fact, event))
        if len(self._ring) > REMEMBERED:
            oldest = self._ring.popleft()
            self._floor[oldest.stream] = oldest.sequence
        for client in self.clients:
            if may_see(client.caller, fact, client.division):
                client.offer(event)

    def join(self, client: Client, last_event_id: str | None) -> None:
        """Let a client in: first what it missed, or `reset`; then whatever comes."""
        ready = ServerSentEvent("{}", event="ready", id=event_id(self.positions))
        missed = [] if not last_event_id else self._missed(client, last_event_id)
        if missed is None or len(missed) >= QUEUED:
            client.offer(reset("gone"))
            missed = []
        for event in missed:
            client.offer(event)
        client.offer(ready)
        self.clients.add(client)

    def leave(self, client: Client) -> None:
        """The connection is over."""
        self.clients.discard(client)

    def _missed(self, client: Client, last_event_id: str) -> list[ServerSentEvent] | None:
        """What the client may see of what came after its id; None when that is not all here."""
        stands = positions_of(last_event_id)
        if stands is None or stands.keys() != self.positions.keys():
            return None
        for stream, sequence in stands.items():
            if not self._floor[stream] <= sequence <= self.positions[stream]:
                return None
        return [
            item.event
            for item in self._ring
            if item.sequence > stands[item.stream]
            and may_see(client.caller, item.fact, client.division)
        ]

    def _drop_everybody(self, reason: str) -> None:
        for client in self.clients:
            client.end(reset(reason))
