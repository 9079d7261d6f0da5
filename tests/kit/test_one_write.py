"""An answer arrives whole and in order, however it was written, and in one piece when it is small."""

import asyncio
import socket

import uvicorn
from starlette.types import Receive, Scope, Send

from services.kit.one_write import OneWrite


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """`/small` in one piece, `/streamed` in five, `/large` with three megabytes."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    pieces = {
        "/small": [b"small"],
        "/streamed": [b"a", b"b", b"c", b"d"],
        "/large": [b"x" * 3_000_000],
    }
    for piece in pieces[scope["path"]]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        if scope["path"] == "/streamed":
            await asyncio.sleep(0.02)
    await send({"type": "http.response.body"})


async def _answers(*paths: str) -> list[bytes]:
    """What the server writes for these requests, as it comes, over one connection that it closes."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=OneWrite, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    head = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths[:-1])
    last = f"GET {paths[-1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write((head + last).encode())
    pieces = []
    while piece := await reader.read(4_000_000):
        pieces.append(piece)
    writer.close()
    server.should_exit = True
    await serving
    return pieces


async def test_a_small_answer_leaves_in_one_piece() -> None:
    (whole,) = await _answers("/small")
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\n5\r\nsmall\r\n0\r\n\r\n")


async def test_a_stream_is_not_held_back() -> None:
    pieces = await _answers("/streamed")
    assert len(pieces) >= 4
    assert b"".join(pieces).endswith(b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n")


async def test_a_large_answer_and_those_behind_it_come_whole_and_in_order() -> None:
    found = b"".join(await _answers("/large", "/small", "/small"))
    assert found.count(b"HTTP/1.1 200 OK") == 3
    assert found.count(b"x") == 3_000_000
    assert found.index(b"x" * 3_000_000) < found.index(b"small")
