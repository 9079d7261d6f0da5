"""The services as the gateway reaches them: one pool each, for passing through and for asking."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import (
    BaseConnector,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
    UnixConnector,
)
from yarl import URL

from gateway.segments import SERVICES
from gateway.settings import GatewaySettings
from services.kit.access import Caller
from services.kit.context import child_traceparent, current
from services.kit.problems import TooSlow, Unavailable
from services.kit.tokens import Signer

CONNECTIONS = 256
# A service closes what was idle for 5 s: we let go first, so that no POST meets a closing door.
KEEP_ALIVE_S = 4.0
CONNECT_S = 2.0
# Between two pieces of an answer; a service's event stream says something more often than this.
SILENCE_S = 60.0
# How long a process that did not let us in comes last: it starts again within seconds.
AWAY_S = 1.0
_SKIP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class ServiceDown(Unavailable):
    """The service that the request belongs to does not answer."""

    retry_after = 2


class ServiceSlow(TooSlow):
    """The service that the request belongs to did not answer before the deadline."""


@dataclass(slots=True)
class Target:
    """One process of a service: its address, and two sessions on one pool of connections."""

    service: str
    base: str
    reading: ClientSession
    """For GET: sends once more when a kept connection turns out to be closed."""
    writing: ClientSession
    """For the rest: never sends twice by itself."""
    away_until: float = 0
    """It did not let us in: until then (`time.monotonic`) others are asked first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said to a question of the gateway's own, read to its end."""

    status: int
    headers: Mapping[str, str]
    """By name in any case."""
    content: bytes

    def json(self) -> Any:
        """The body as Python has it."""
        return orjson.loads(self.content)


Params = Mapping[str, str | int] | Iterable[tuple[str, str | int]]


class Replicas:
    """The processes of one service, asked in turn."""

    def __init__(self, targets: tuple[Target, ...]) -> None:
        self.targets = targets
        self._turn = 0

    def in_turn(self) -> tuple[Target, ...]:
        """Every process, in the order to try them: whoever is next, and who was away last."""
        targets = self.targets
        if len(targets) == 1:
            return targets
        self._turn = turn = (self._turn + 1) % len(targets)
        now = time.monotonic()
        found = targets[turn:] + targets[:turn]
        return tuple(sorted(found, key=lambda target: target.away_until > now))


class Upstreams:
    """Every configured service. Made inside the running loop; `close` lets go."""

    def __init__(self, settings: GatewaySettings, signer: Signer) -> None:
        self._signer = signer
        self._replicas = {
            service: Replicas(tuple(_target(service, url) for url in settings.urls_of(service)))
            for service in SERVICES
            if settings.urls_of(service)
        }

    def targets(self, service: str) -> tuple[Target, ...]:
        """How to reach `service`, in the order to try; ServiceDown when it is not installed.

        The next is tried only when one did not let us in: then it has not heard anything.
        """
        try:
            return self._replicas[service].in_turn()
        except KeyError:
            raise ServiceDown(service=service) from None

    def has(self, service: str) -> bool:
        """Whether `service` is part of this installation."""
        return service in self._replicas

    def token(self, caller: Caller, service: str) -> str:
        """The Authorization value that `service` believes."""
        return f"Bearer {self._signer.sign(caller, service)}"

    async def ask(
        self,
        service: str,
        path: str,
        caller: Caller,
        *,
        within_s: float,
        method: str = "GET",
        params: Params = (),
        json: Any = None,
    ) -> Answer:
        """The gateway's own question, in the caller's name and language, whole or not at all.

        Raises ServiceDown, ServiceSlow.
        """
        targets = self.targets(service)
        work = current()
        remaining = work.remaining() if work else None
        seconds = within_s if remaining is None else min(within_s, remaining)
        headers: dict[str, str] = {"kepu-deadline-ms": str(int(seconds * 1000))}
        if work is not None:
            headers["x-request-id"] = work.request_id
            headers["traceparent"] = child_traceparent(work.traceparent)
            headers["accept-language"] = work.language
        if caller.subject is not None:
            headers["authorization"] = self.token(caller, service)
        body = None
        if json is not None:
            body, headers["content-type"] = orjson.dumps(json), "application/json"
        query = urlencode(list(params.items() if isinstance(params, Mapping) else params))
        what = f"{path}{query and f'?{query}'}"
        *others, last = targets
        try:
            async with asyncio.timeout(seconds):
                for target in others:
                    with suppress(ClientConnectorError, ConnectionTimeoutError):
                        return await _ask(target, method, what, headers, body)
                    away(target)
                return await _ask(last, method, what, headers, body)
        except ConnectionTimeoutError as error:
            raise ServiceDown(service=service) from error
        except TimeoutError as error:
            raise ServiceSlow(service=service) from error
        except (ClientError, OSError) as error:
            raise ServiceDown(service=service) from error

    def open_connections(self, service: str) -> int:
        """Connections in use now, for tests and metrics."""
        connectors: list[Any] = [each.reading.connector for each in self.targets(service)]
        return sum(len(connector._acquired) for connector in connectors)

    async def close(self) -> None:
        """Close every connection."""
        for target in (each for found in self._replicas.values() for each in found.targets):
            await target.writing.close()
            await target.reading.close()


async def _ask(
    target: Target, method: str, what: str, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    session = target.reading if method == "GET" else target.writing
    async with session.request(
        method,
        URL(f"{target.base}{what}", encoded=True),
        headers=headers,
        data=body,
        allow_redirects=False,
    ) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


def away(target: Target) -> None:
    """Remember that a process did not let us in."""
    target.away_until = time.monotonic() + AWAY_S


def _target(service: str, url: str) -> Target:
    connector: BaseConnector
    if url.startswith("unix://"):
        connector = UnixConnector(
            url.removeprefix("unix://"), limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S
        )
        base = f"http://{service}"
    else:
        connector = TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S)
        base = url.rstrip("/")
    reading, writing = (_session(connector, owner=owner) for owner in (True, False))
    # aiohttp repeats PUT and DELETE too; whether to repeat a change is the client's to decide.
    writing._retry_connection = False
    return Target(service, base, reading, writing)


def _session(connector: BaseConnector, *, owner: bool) -> ClientSession:
    return ClientSession(
        connector=connector,
        connector_owner=owner,
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_SKIP,
        timeout=ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
    )
