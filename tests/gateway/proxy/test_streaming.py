"""Streams, deadlines, sizes, hang-ups: what a connection costs and for how long."""

import asyncio
import resource
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.upstreams import Replicas, _target
from tests.gateway.conftest import RunningGateway
from tests.gateway.servers import served
from tests.support.apps import until

MB = 2**20


async def _pieces(total: int, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for _ in range(total // size):
        yield b"x" * size


async def test_a_large_upload_streams_with_flat_memory(lone_gateway: RunningGateway) -> None:
    lone_gateway.parts.settings.gateway_max_body = 512 * MB
    async with lone_gateway.client() as client:
        await client.post("/api/v1/volunteers", content=_pieces(8 * MB))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = await client.post("/api/v1/volunteers", content=_pieces(256 * MB))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert answer.json()["size"] == 256 * MB
    assert grown < 16 * MB
    assert lone_gateway.strange.largest_piece <= MB


async def test_an_upload_of_a_told_length_keeps_it(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client() as client:
        answer = await client.post("/api/v1/volunteers", content=b"x" * MB)
    assert answer.json()["headers"]["content-length"] == str(MB)
    assert (answer.json()["size"], answer.json()["headers"]["kepu-deadline-ms"]) == (MB, "300000")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_is_refused(
    lone_gateway: RunningGateway, chunked: bool
) -> None:
    lone_gateway.parts.settings.gateway_max_body = MB
    async with lone_gateway.client() as client:
        content = _pieces(4 * MB) if chunked else b"x" * (MB + 1)
        answer = await client.post("/api/v1/volunteers", content=content)
        again = await client.post("/api/v1/volunteers", content=_pieces(MB))
    assert (answer.status_code, answer.json()["type"]) == (413, "/api/v1/problems/too-large")
    assert again.json()["size"] == MB


@pytest.mark.parametrize("chunked", [False, True])
async def test_our_own_routes_hold_the_same_limit(
    lone_gateway: RunningGateway, chunked: bool
) -> None:
    lone_gateway.parts.settings.gateway_max_body = MB
    async with lone_gateway.client() as client:
        content = _pieces(4 * MB) if chunked else b"x" * (MB + 1)
        large = await client.post("/api/v1/sessions/codes", content=content)
        small = _bytes(b'{"phone": "13800000000"}')
        sent = await client.post(
            "/api/v1/sessions/codes", content=small, headers={"Content-Type": "application/json"}
        )
    assert (large.status_code, sent.status_code) == (413, 202)


async def _bytes(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def test_an_answer_streams_as_it_comes(lone_gateway: RunningGateway) -> None:
    loop = asyncio.get_running_loop()
    async with (
        lone_gateway.client() as client,
        client.stream("GET", "/api/v1/volunteers/stream") as answer,
    ):
        pieces = [(piece, loop.time()) async for piece in answer.aiter_raw()]
    assert [piece for piece, _ in pieces] == [b"first", b"second"]
    assert pieces[1][1] - pieces[0][1] > 0.5


async def test_a_service_slower_than_the_deadline_is_a_504(lone_gateway: RunningGateway) -> None:
    lone_gateway.parts.settings.gateway_deadline_s = 0.3
    async with lone_gateway.client(**{"Accept-Language": "en"}) as client:
        began = asyncio.get_running_loop().time()
        answer = await client.get("/api/v1/volunteers/slow")
        took = asyncio.get_running_loop().time() - began
    assert (answer.status_code, answer.json()["detail"]) == (
        504,
        "The service that took too long: volunteers",
    )
    assert 0.3 <= took < 5
    assert lone_gateway.strange.requests[0]["headers"]["kepu-deadline-ms"] == "300"


async def test_a_long_answer_outlives_the_deadline(lone_gateway: RunningGateway) -> None:
    lone_gateway.parts.settings.gateway_deadline_s = 0.3
    async with lone_gateway.client() as client:
        assert (await client.get("/api/v1/volunteers/stream")).text == "firstsecond"


async def test_an_answer_that_breaks_off_is_not_made_to_look_whole(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/v1/volunteers/breaks_off")


async def test_hundreds_of_hang_ups_leave_no_connection_behind(
    lone_gateway: RunningGateway,
) -> None:
    upstreams, strange = lone_gateway.parts.upstreams, lone_gateway.strange

    async def hang_up(number: int) -> None:
        _, writer = await asyncio.open_unix_connection(lone_gateway.socket)
        path = ("slow", "endless")[number % 2]
        writer.write(f"GET /api/v1/volunteers/{path} HTTP/1.1\r\nHost: kepu\r\n\r\n".encode())
        # Before, while and after the service hears of it.
        await asyncio.sleep(0.003 * (number % 100))
        writer.close()
        await writer.wait_closed()

    for start in range(0, 400, 100):
        await asyncio.gather(*(hang_up(start + number) for number in range(100)))

    async def quiet() -> bool:
        return upstreams.open_connections("volunteers") == 0 and strange.open == 0

    assert await until(quiet, within_s=5)
    assert strange.hung_up > 100
    async with lone_gateway.client() as client:
        answers = await asyncio.gather(*(client.get("/api/v1/volunteers") for _ in range(300)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_client_that_hangs_up_in_its_upload_leaves_nothing_behind(
    lone_gateway: RunningGateway,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    async with lone_gateway.client() as client:
        tasks = [
            asyncio.ensure_future(client.post("/api/v1/volunteers", content=endless()))
            for _ in range(20)
        ]
        await asyncio.sleep(0.3)
        assert lone_gateway.strange.open == 20
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def quiet() -> bool:
        return lone_gateway.parts.upstreams.open_connections("volunteers") == 0

    assert await until(quiet, within_s=5)


class Forgetful:
    """Answers the first request of each connection, and closes it at the second."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for first in (True, False):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heard.append(head.split(b" ", 1)[0].decode())
            if first:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()


@pytest.mark.parametrize(
    ("method", "status", "heard"),
    [("GET", 200, ["GET", "GET", "GET"]), ("DELETE", 503, ["GET", "DELETE"])],
)
async def test_only_a_get_is_sent_again_when_its_kept_connection_was_closed(
    lone_gateway: RunningGateway, method: str, status: int, heard: list[str]
) -> None:
    forgetful, socket = Forgetful(), lone_gateway.socket.with_name("content.sock")
    upstreams = lone_gateway.parts.upstreams
    upstreams._replicas["content"] = Replicas((_target("content", f"unix://{socket}"),))
    async with (
        await asyncio.start_unix_server(forgetful.talk, socket),
        lone_gateway.client() as client,
    ):
        assert (await client.get("/api/v1/works")).status_code == 200
        assert (await client.request(method, "/api/v1/works")).status_code == status
    assert forgetful.heard == heard


async def test_a_service_that_went_down_is_a_503_until_it_is_back(
    lone_gateway: RunningGateway,
) -> None:
    socket = lone_gateway.socket.with_name("content.sock")
    upstreams = lone_gateway.parts.upstreams
    upstreams._replicas["content"] = Replicas((_target("content", f"unix://{socket}"),))
    async with lone_gateway.client() as client:
        before = await client.get("/api/v1/works")
        async with served(lone_gateway.strange, socket):
            during = await client.get("/api/v1/works")
        after = await client.post("/api/v1/works", json={})
    assert [answer.status_code for answer in (before, during, after)] == [503, 200, 503]
    assert after.json()["detail"] == "没有回应的服务：content"
