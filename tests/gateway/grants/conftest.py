"""The gateway with the real register behind it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.conftest import RunningGateway, running_gateway
from tests.gateway.servers import served


@pytest.fixture
async def registered(
    start: Callable[[str, str], Any],
    register_template: str,
    gateway_template: str,
    environment: pytest.MonkeyPatch,
    sockets: Path,
    tmp_path: Path,
) -> AsyncIterator[RunningGateway]:
    """The gateway with services/events, which knows the province."""
    events = await start("services.events", register_template)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(events.app, sockets / "events.sock"))
        environment.setenv("EVENTS_URL", url)
        yield await stack.enter_async_context(
            running_gateway(start, gateway_template, environment, sockets, tmp_path)
        )
