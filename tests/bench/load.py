"""A small HTTP/1.1 load generator in a process of its own: raw protocol on uvloop, keep-alive.

Python clients top out below what is measured here; this one does nothing but write prepared bytes
and find the end of each answer (Content-Length or the last chunk).
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle

import uvloop


@dataclass(frozen=True)
class Shot:
    """What a round of load found: answers a second, quantiles in ms, and statuses seen."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    statuses: dict[str, int]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Sequence[bytes], until: float, done: asyncio.Future[None]) -> None:
        self._requests = cycle(requests) if len(requests) == 1 else iter(requests)
        self._until = until
        self._done = done
        self._buffer = b""
        self._sent_at = 0.0
        self.times: list[float] = []
        self.statuses: dict[str, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None or time.perf_counter() > self._until:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at >= 0:
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
            if len(body) < length:
                return
        elif not body.endswith(b"0\r\n\r\n"):
            return
        self.times.append(time.perf_counter() - self._sent_at)
        status = head[9:12].decode()
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._buffer = b""
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def _run(plan: dict[str, object]) -> Shot:
    loop = asyncio.get_running_loop()
    seconds = float(str(plan["seconds"]))
    lists = [[text.encode() for text in each] for each in plan["requests"]]  # type: ignore[attr-defined]
    started = time.perf_counter()
    connections, waits = [], []
    ports = cycle(plan["ports"] or [0])  # type: ignore[call-overload]
    for requests, port in zip(lists, ports, strict=False):
        done: asyncio.Future[None] = loop.create_future()
        made = _Connection(requests, started + seconds, done)
        if plan.get("uds"):
            await loop.create_unix_connection(lambda made=made: made, str(plan["uds"]))  # type: ignore[misc]
        else:
            await loop.create_connection(lambda made=made: made, "127.0.0.1", port)  # type: ignore[misc]
        connections.append(made)
        waits.append(done)
    await asyncio.wait(waits, timeout=seconds + 10)
    took = min(seconds, time.perf_counter() - started)
    times = sorted(t for each in connections for t in each.times)
    statuses: dict[str, int] = {}
    for each in connections:
        for status, count in each.statuses.items():
            statuses[status] = statuses.get(status, 0) + count

    def quantile(q: float) -> float:
        return round(times[min(len(times) - 1, int(q * len(times)))] * 1000, 2) if times else 0.0

    return Shot(len(times) / took, quantile(0.5), quantile(0.95), quantile(0.99), statuses)


def shoot(
    requests: Sequence[Sequence[str]],
    *,
    seconds: float,
    uds: str | None = None,
    port: int | None = None,
    ports: Sequence[int] = (),
) -> Shot:
    """Load a server: one connection per list; a list of one request is repeated until the end.

    Of several `ports` the connections take one after another.
    """
    plan = json.dumps(
        {
            "requests": [list(each) for each in requests],
            "seconds": seconds,
            "uds": uds,
            "ports": [port] if port else list(ports),
        }
    )
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=plan,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return Shot(**json.loads(found.stdout))


def get(path: str, **headers: str) -> str:
    """The bytes of a GET."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{lines}\r\n"


def post(path: str, body: str, **headers: str) -> str:
    """The bytes of a POST with a JSON body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    length = len(body.encode())
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n{lines}\r\n{body}"
    )


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_run(json.load(sys.stdin))))))
