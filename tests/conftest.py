"""Fixtures for the whole suite: throw-away engines, migrated databases, running apps, callers."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from services.events.load import load
from services.kit import keys, migrations, settings
from tests.copies import Copies
from tests.support.apps import Running, run_app

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.engines import TestCluster

pytest_plugins = ["tests.engines"]

# Collecting makes millions of objects that stay: looking through them again and again is a fifth
# of the time it takes.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


class ByModule(LoadScopeScheduling):
    """A module's tests go to one worker, and all journeys to the same: they share a suite."""

    def _split_scope(self, nodeid: str) -> str:
        journeys = "tests/journeys/"
        scope: str = super()._split_scope(nodeid)
        return journeys if nodeid.startswith(journeys) else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> ByModule:
    """In place of `--dist loadscope`'s own."""
    return ByModule(config, log)


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One installation's keys for the whole worker."""
    folder = tmp_path_factory.mktemp("keys")
    keys.create_keys(folder)
    return folder


@pytest.fixture(scope="session")
def templates(postgres: "TestCluster") -> Callable[[str], str]:
    """The name of a database migrated for a package, made once a worker; tests get copies."""
    made: dict[str, str] = {}

    def template(package: str) -> str:
        if package not in made:
            service = package.rpartition(".")[2]
            name = asyncio.run(postgres.create_database(service))
            own = postgres.environ(service, name)
            prefix = service.upper()
            migrations.upgrade(
                package, own[f"{prefix}_OWNER_DATABASE_URL"], own[f"{prefix}_DATABASE_URL"]
            )
            made[package] = name
        return made[package]

    return template


@pytest.fixture(scope="session")
def copies(postgres: "TestCluster") -> Copies:
    """The databases of this worker."""
    return Copies(postgres)


@pytest.fixture(scope="session")
def venues_template(templates: Callable[[str], str]) -> str:
    return templates("services.venues")


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch, nats_url: str, key_folder: Path, tmp_path: Path
) -> Iterator[pytest.MonkeyPatch]:
    """The variables that every process of a suite has, for this test only."""
    for name, value in {
        "KEPU_HOME": str(tmp_path),
        "KEPU_KEYS": str(key_folder),
        "NATS_URL": nats_url,
        "KEPU_LOG_LEVEL": os.environ.get("KEPU_LOG_LEVEL", "error"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KEPU_REGISTER", raising=False)
    settings.suite.cache_clear()
    yield monkeypatch
    settings.suite.cache_clear()


@pytest.fixture
async def start(
    postgres: "TestCluster",
    copies: Copies,
    environment: pytest.MonkeyPatch,
    clean_streams: None,
) -> AsyncIterator[Callable[[str, str], Any]]:
    """`await start("services.venues", template)` runs a service on its own copy of a database."""
    async with AsyncExitStack() as stack:

        async def started(package: str, template: str) -> Running:
            service = package.rpartition(".")[2]
            database = await copies.take(service, template)
            for name, value in postgres.environ(service, database).items():
                environment.setenv(name, value)
            stack.push_async_callback(copies.give_back, template, database)
            running = await stack.enter_async_context(run_app(package))
            running.database_name = database
            return running

        yield started


@pytest.fixture
async def clean_streams(nats_url: str) -> None:
    """No facts of an earlier test on the wire."""
    import nats

    client = await nats.connect(nats_url)
    jetstream = client.jetstream()
    for info in await jetstream.streams_info():
        await jetstream.delete_stream(str(info.config.name))
    await client.close()


@pytest.fixture(scope="session")
def events_template(templates: Callable[[str], str]) -> str:
    """services/events, migrated, with no register."""
    return templates("services.events")


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
async def events(start: Callable[[str, str], Any], events_template: str) -> Running:
    """services/events, running on an empty database."""
    running: Running = await start("services.events", events_template)
    return running


@pytest.fixture
async def venues(start: Callable[[str, str], Any], venues_template: str) -> Running:
    """services/venues, running on an empty database."""
    running: Running = await start("services.venues", venues_template)
    return running
