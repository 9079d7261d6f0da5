"""A gateway in a process of its own, with open live streams, told to stop."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.gateway.live.test_stream import Watching
from tests.support.apps import until

if TYPE_CHECKING:
    from tests.engines import TestCluster


async def test_open_streams_say_bye_and_do_not_hold_up_the_end(
    postgres: "TestCluster",
    gateway_template: str,
    environment: pytest.MonkeyPatch,
    sockets: Path,
) -> None:
    database = await postgres.create_database("gateway", template=gateway_template)
    socket = sockets / "gateway.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.kit", "serve", "gateway", "--uds", str(socket)),
        env={**os.environ, **postgres.environ("gateway", database)},
    )
    transport = httpx.AsyncHTTPTransport(uds=str(socket), verify=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://kepu.test") as client:

        async def up() -> bool:
            try:
                return (await client.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        await until(up, within_s=30)
        async with client.stream("GET", "/api/v1/live") as response:
            watching = Watching(response)
            assert (await watching.next())[0] == "ready"
            began = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            assert (await watching.next())[0] == "bye"
            assert (await watching.next())[0] == "end"
        assert await process.wait() == 0
        assert time.perf_counter() - began < 4
    await postgres.drop_database(database)
