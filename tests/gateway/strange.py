"""A service that does what services should not, standing where volunteers will be."""

import asyncio
from typing import Any

import orjson

Seen = dict[str, Any]


class Strange:
    """Plain ASGI. `requests` is what reached it; `open` counts requests being answered."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.open = 0
        self.hung_up = 0
        self.largest_piece = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        seen: Seen = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": {name.decode(): value.decode("utf-8") for name, value in scope["headers"]},
        }
        self.requests.append(seen)
        self.open += 1
        try:
            name = scope["path"].rsplit("/", 1)[-1].replace("-", "_")
            handler = getattr(self, f"do_{name}", self.do_echo)
            await handler(seen, receive, send)
        finally:
            self.open -= 1

    async def do_echo(self, seen: Seen, receive: Any, send: Any) -> None:
        """What was asked."""
        size = await self._read(receive)
        await _answer(send, 200, orjson.dumps({**seen, "size": size}))

    async def do_created(self, seen: Seen, receive: Any, send: Any) -> None:
        """A new resource, a cookie and hop-by-hop headers."""
        headers = [
            (b"Location", b"/volunteers/1?x=%2F"),
            (b"Set-Cookie", b"kepu_session=stolen"),
            (b"Server", b"strange"),
            (b"Keep-Alive", b"timeout=5"),
            (b"ETag", b'"v1"'),
        ]
        await _answer(send, 201, b"{}", headers)

    async def do_elsewhere(self, seen: Seen, receive: Any, send: Any) -> None:
        await _answer(send, 303, b"", [(b"location", b"https://example.org/a")])

    async def do_absolute(self, seen: Seen, receive: Any, send: Any) -> None:
        await _answer(send, 307, b"", [(b"location", b"http://volunteers/volunteers/2")])

    async def do_compressed(self, seen: Seen, receive: Any, send: Any) -> None:
        """Bytes that claim to be gzip and are not: whoever decompresses them fails."""
        await _answer(send, 200, b"not gzip", [(b"content-encoding", b"gzip")])

    async def do_teapot(self, seen: Seen, receive: Any, send: Any) -> None:
        body = b'{"type":"/api/v1/problems/capacity-reached","title":"full"}'
        await _answer(send, 409, body, [(b"content-type", b"application/problem+json")])

    async def do_slow(self, seen: Seen, receive: Any, send: Any) -> None:
        """Answers after ten seconds, unless whoever asked hangs up."""
        sleeper = asyncio.ensure_future(asyncio.sleep(10))
        listener = asyncio.ensure_future(_until_disconnect(receive))
        await asyncio.wait({sleeper, listener}, return_when=asyncio.FIRST_COMPLETED)
        self.hung_up += listener.done()
        sleeper.cancel()
        listener.cancel()
        if not listener.done():
            await _answer(send, 200, b"{}")

    async def do_stream(self, seen: Seen, receive: Any, send: Any) -> None:
        """Two pieces, a second apart."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.sleep(1)
        await send({"type": "http.response.body", "body": b"second"})

    async def do_endless(self, seen: Seen, receive: Any, send: Any) -> None:
        """Until whoever asked hangs up."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        listener = asyncio.ensure_future(_until_disconnect(receive))
        while not listener.done():
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await asyncio.sleep(0.005)
        self.hung_up += 1

    async def do_breaks_off(self, seen: Seen, receive: Any, send: Any) -> None:
        """Promises 10 MB and crashes after 100 kB."""
        headers = [(b"content-length", b"10000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        raise RuntimeError("broken off")

    async def _read(self, receive: Any) -> int:
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            self.largest_piece = max(self.largest_piece, len(message.get("body", b"")))
            if not message.get("more_body"):
                return size


async def _until_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _answer(
    send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    given = headers or []
    if not any(name == b"content-type" for name, _ in given):
        given = [*given, (b"content-type", b"application/json")]
    given = [*given, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body})
