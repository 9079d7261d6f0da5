"""One suite for all stories; the village lecture comes first, since it counts whole divisions."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.support.province import Province, province


@pytest.fixture(scope="session")
def qinghai() -> Iterator[Province]:
    """The suite as `make up` starts it, on the real register."""
    with province() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections for everybody in a story."""
    connector = aiohttp.TCPConnector(limit=250)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
