"""Fixtures of services/events: databases with the real register in them."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from services.events.load import load
from tests.support.apps import Running

if TYPE_CHECKING:
    from tests.engines import TestCluster


@pytest.fixture(scope="session")
def register_template(postgres: "TestCluster", events_template: str) -> str:
    """The name of a database with the shipped register loaded, made once a worker."""
    name: str = asyncio.run(postgres.create_database("events", template=events_template))
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("KEPU_REGISTER", raising=False)
        for variable, value in postgres.environ("events", name).items():
            environment.setenv(variable, value)
        asyncio.run(load(lambda _: None))
    return name


@pytest.fixture
async def events_with_register(start: Callable[[str, str], Any], register_template: str) -> Running:
    """services/events, running on a copy of that database."""
    running: Running = await start("services.events", register_template)
    return running
