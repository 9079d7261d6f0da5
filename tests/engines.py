"""Throwaway engines for the test suite: one PostgreSQL and one NATS per worker.

Loaded with `pytest_plugins = ["tests.engines"]`. The fixture `postgres` is a `TestCluster`,
`nats_url` is an address. Both die with the worker, also when it is killed.
"""

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

import asyncpg
import pytest

from deploy.engines.databases import ensure_database, ensure_role, owner_of, quoted, role_of
from deploy.engines.nats import Nats
from deploy.engines.postgres import SUPERUSER, Postgres, dsn
from tests.support.folders import throwaway

PASSWORD = "throwaway"


class TestCluster:
    """A running throwaway cluster: databases are made and dropped in it by name."""

    __test__ = False

    def __init__(self, engine: Postgres) -> None:
        self.engine = engine

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The address of `database` for `user`: the superuser, or a role of `ensure_roles`."""
        return dsn(self.engine.sockets, database, user, PASSWORD)

    async def ensure_roles(self, service: str) -> None:
        """Make kepu_<service> and kepu_<service>_owner, as in production."""
        await ensure_role(self, owner_of(service), PASSWORD)
        await ensure_role(self, role_of(service), PASSWORD)

    async def create_database(
        self, service: str = "kit", *, name: str | None = None, template: str | None = None
    ) -> str:
        """Make a database of a service with its roles and extensions; answers its name.

        With `template`, a copy of that database (nobody may be connected to it).
        """
        await self.ensure_roles(service)
        name = name or f"test_{service}_{secrets.token_hex(6)}"
        await ensure_database(
            self, name, owner=owner_of(service), user=role_of(service), template=template
        )
        return name

    async def drop_database(self, name: str) -> None:
        """Drop a database, cutting its connections."""
        connection = await asyncpg.connect(self.dsn())
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        finally:
            await connection.close()

    def environ(self, service: str, database: str) -> dict[str, str]:
        """The variables that a process of `service` reads to use `database`."""
        prefix = service.upper()
        return {
            f"{prefix}_DATABASE_URL": self.dsn(database, role_of(service)),
            f"{prefix}_OWNER_DATABASE_URL": self.dsn(database, owner_of(service)),
        }


def free_port() -> int:
    """A port that nobody listens on, below the range that the kernel hands out by itself."""
    for _ in range(100):
        port = SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port between 20000 and 32000")


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    """A folder of this worker for its engines; what killed workers left is swept first."""
    with throwaway("test") as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(engine_folder: Path) -> Iterator[TestCluster]:
    """A throwaway PostgreSQL 18 of this worker."""
    engine = Postgres(
        engine_folder / "postgres",
        engine_folder / "pg",
        engine_folder / "postgres.log",
        PASSWORD,
        durable=False,
    )
    engine.start()
    yield TestCluster(engine)
    engine.stop()


@pytest.fixture(scope="session")
def nats_url(engine_folder: Path) -> Iterator[str]:
    """The address of a throwaway NATS with JetStream of this worker."""
    engine = Nats(
        engine_folder / "nats", engine_folder / "nats.log", free_port(), PASSWORD, durable=False
    )
    engine.start()
    yield engine.url
    engine.stop()
