"""A service of several processes: asked in turn, and none is missed while another answers."""

from contextlib import AsyncExitStack

import pytest

from gateway.settings import GatewaySettings
from gateway.upstreams import Replicas, _target
from services.kit.access import ANONYMOUS
from tests.gateway.conftest import RunningGateway
from tests.gateway.servers import served
from tests.gateway.strange import Strange


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("", ()),
        ("http://events:1", ("http://events:1",)),
        ("http://a:1 https://b", ("http://a:1", "https://b")),
        (" unix:///科 普/a  unix:///科 普/b ", ("unix:///科 普/a", "unix:///科 普/b")),
    ],
)
def test_addresses_are_divided_by_spaces(told: str, found: tuple[str, ...]) -> None:
    assert GatewaySettings(events_url=told).urls_of("events") == found


async def test_processes_are_asked_in_turn_and_one_that_is_gone_is_not_missed(
    lone_gateway: RunningGateway,
) -> None:
    sockets = [lone_gateway.socket.with_name(f"content-{n}.sock") for n in (1, 2)]
    upstreams = lone_gateway.parts.upstreams
    upstreams._replicas["content"] = Replicas(
        tuple(_target("content", f"unix://{socket}") for socket in sockets)
    )
    first, second = Strange(), Strange()
    async with AsyncExitStack() as stack, lone_gateway.client() as client:
        await stack.enter_async_context(served(first, sockets[0]))
        async with served(second, sockets[1]):
            for _ in range(4):
                assert (await client.get("/api/v1/works")).status_code == 200
            assert (len(first.requests), len(second.requests)) == (2, 2)
        for number in range(4):  # of these, two meet the closed door
            sent = await client.post("/api/v1/works", content=b"x" * (number + 1))
            assert (sent.status_code, sent.json()["size"]) == (200, number + 1)
        long = await client.post("/api/v1/works", content=b"x" * 100_000)
        assert (long.status_code, long.json()["size"]) == (200, 100_000)
        for _ in range(2):
            answer = await upstreams.ask("content", "/works", ANONYMOUS, within_s=5)
            assert answer.status == 200
        assert (len(first.requests), len(second.requests)) == (9, 2)
        await stack.aclose()
        assert (await client.get("/api/v1/works")).status_code == 503


async def test_one_that_did_not_let_us_in_comes_last_for_a_moment() -> None:
    here, gone = (_target("content", f"unix:///{name}") for name in ("here", "gone"))
    replicas = Replicas((here, gone))
    gone.away_until = float("inf")
    assert [replicas.in_turn() for _ in range(2)] == [(here, gone)] * 2
    gone.away_until = 0
    assert [replicas.in_turn()[0] is here for _ in range(4)] == [False, True] * 2
    for target in (here, gone):
        await target.writing.close()
        await target.reading.close()
