"""What a benchmark stands on: engines as they run in earnest, migrated databases, real processes."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deploy.engines.nats import Nats
from deploy.engines.postgres import Postgres
from services.kit import keys, migrations
from services.kit.tokens import Signer
from tests.engines import PASSWORD, TestCluster, free_port
from tests.support.folders import throwaway


@dataclass
class Stage:
    """Engines, databases by service, and the environment of every process."""

    folder: Path
    cluster: TestCluster
    environ: dict[str, str]
    stack: ExitStack
    databases: dict[str, str] = field(default_factory=dict)

    @property
    def signer(self) -> Signer:
        """Signs callers as the gateway would."""
        return Signer(self.folder / "keys")

    def database(self, package: str) -> str:
        """A migrated database for a package; its address is in the environment from now on."""
        service = package.rpartition(".")[2]
        name = asyncio.run(self.cluster.create_database(service))
        own = self.cluster.environ(service, name)
        self.environ.update(own)
        prefix = service.upper()
        migrations.upgrade(
            package, own[f"{prefix}_OWNER_DATABASE_URL"], own[f"{prefix}_DATABASE_URL"]
        )
        self.databases[service] = name
        return name

    def owner_dsn(self, service: str) -> str:
        """The address of a service's database for its owner."""
        return self.environ[f"{service.upper()}_OWNER_DATABASE_URL"]

    def run_sql(self, service: str, *statements: str) -> None:
        """Run statements as the superuser, who no wall stops."""

        async def run() -> None:
            connection = await asyncpg.connect(self.cluster.dsn(self.databases[service]))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def spawn(self, *command: str, stdin: str | None = None) -> subprocess.Popen[str]:
        """A process that ends with the stage."""
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **self.environ},
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        if stdin is not None:
            assert process.stdin is not None
            process.stdin.write(stdin)
            process.stdin.close()
        self.stack.callback(_end, process)
        return process

    def serve(self, package: str) -> int:
        """Serve a package on a port of its own; answers the port once it is ready."""
        port = free_port()
        self.spawn("-m", "services.kit", "serve", package, "--port", str(port))
        wait_for(f"http://127.0.0.1:{port}/health/ready")
        return port

    def wait_for_published(self, service: str) -> None:
        """Wait until every fact of a service is on the wire."""

        async def unsent() -> int:
            connection = await asyncpg.connect(self.cluster.dsn(self.databases[service]))
            try:
                found = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
                return int(await connection.fetchval(found))
            finally:
                await connection.close()

        while asyncio.run(unsent()):
            time.sleep(0.2)

    def serve_socket(self, package: str) -> str:
        """Serve a package on a unix socket; answers its path, and tells the gateway of it."""
        service = package.rpartition(".")[2]
        path = self.folder / f"{service}.sock"
        self.spawn("-m", "services.kit", "serve", package, "--uds", str(path))
        self.environ[f"{service.upper()}_URL"] = f"unix://{path}"
        until = time.monotonic() + 30
        while not path.exists():
            if time.monotonic() > until:
                raise SystemExit(f"{package} did not start")
            time.sleep(0.05)
        return str(path)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(url: str, seconds: float = 30) -> None:
    """Wait until `url` answers 200."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > until:
                raise SystemExit(f"{url} does not answer") from None
            time.sleep(0.05)


@contextmanager
def stage(*, durable: bool = True) -> Iterator[Stage]:
    """Engines for one benchmark, gone afterwards."""
    with throwaway("bench") as folder, ExitStack() as stack:
        postgres = Postgres(
            folder / "postgres", folder / "pg", folder / "postgres.log", PASSWORD, durable=durable
        )
        postgres.start()
        stack.callback(postgres.stop)
        nats = Nats(folder / "nats", folder / "nats.log", free_port(), PASSWORD, durable=durable)
        nats.start()
        stack.callback(nats.stop)
        keys.create_keys(folder / "keys")
        environ = {
            "KEPU_HOME": str(folder),
            "KEPU_KEYS": str(folder / "keys"),
            "NATS_URL": nats.url,
            "KEPU_LOG_LEVEL": "info",
        }
        yield Stage(folder, TestCluster(postgres), environ, stack)
