"""The gateway with the real register behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.events.load import load
from tests.gateway.conftest import RunningGateway, running_gateway
from tests.gateway.servers import served

if TYPE_CHECKING:
    from tests.engines import TestCluster


@pytest.fixture(scope="session")
def register_template(postgres: "TestCluster", events_template: str) -> str:
    """A database of services/events with the shipped register, made once a worker."""
    name: str = asyncio.run(postgres.create_database("events", template=events_template))
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("KEPU_REGISTER", raising=False)
        for variable, value in postgres.environ("events", name).items():
            environment.setenv(variable, value)
        asyncio.run(load(lambda _: None))
    return name


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
