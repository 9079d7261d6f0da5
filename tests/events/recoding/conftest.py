"""The register as it was while 湟中县 stood, and records in it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from services.events.recoding import work
from services.kit import recoding
from tests.events.recoding.records import AS_BEFORE, RECORDS
from tests.support.apps import Running

if TYPE_CHECKING:
    from tests.engines import TestCluster


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the waiting, in the same proportion."""
    monkeypatch.setattr(recoding, "REFRESH_S", recoding.REFRESH_S / 10)
    monkeypatch.setattr(work, "KNOWN_S", work.KNOWN_S / 4)


async def _made(postgres: "TestCluster", template: str, statements: tuple[str, ...]) -> str:
    name = await postgres.create_database("events", template=template)
    connection = await asyncpg.connect(postgres.dsn(name))
    async with connection.transaction():
        await connection.execute("SELECT set_config('kepu.kind', 'service', true)")
        for statement in statements:
            await connection.execute(statement)
    await connection.execute("ANALYZE")
    await connection.close()
    return name


@pytest.fixture(scope="session")
def before_template(postgres: "TestCluster", register_template: str) -> str:
    """The shipped register, but 湟中 is still a county under its old codes."""
    return asyncio.run(_made(postgres, register_template, AS_BEFORE))


@pytest.fixture(scope="session")
def records_template(postgres: "TestCluster", before_template: str) -> str:
    """The same with more than ten thousand records in and around 湟中."""
    return asyncio.run(_made(postgres, before_template, RECORDS))


@pytest.fixture
async def before(start: Callable[[str, str], Any], before_template: str) -> Running:
    running: Running = await start("services.events", before_template)
    return running


@pytest.fixture
async def full(start: Callable[[str, str], Any], records_template: str) -> Running:
    running: Running = await start("services.events", records_template)
    return running
