"""The table of processes: which there are, where each listens, what each is told."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.engines import postgres
from deploy.engines.databases import owner_of, role_of
from deploy.engines.nats import Nats
from deploy.engines.postgres import Postgres
from deploy.engines.process import Child, bound
from deploy.health import is_ready
from deploy.home import Home, Secrets, chosen_home
from deploy.problems import CannotStart

DEFAULT_PORT = 8000
MOST_PROCESSES = 32


@dataclass(frozen=True)
class Service:
    """A process started by the kit; the gateway is the one that people reach."""

    name: str
    package: str
    is_public: bool = False


SERVICES = (
    Service("events", "services.events"),
    Service("venues", "services.venues"),
    Service("gateway", "gateway", is_public=True),
)
NAMES = tuple(service.name for service in SERVICES)
ENGINE_LOGS = ("postgres", "nats")


@dataclass(frozen=True)
class Suite:
    """One installation as configured by the environment."""

    home: Home
    host: str
    port: int
    given: Mapping[str, str]  # the operator's environment

    @property
    def own_postgres(self) -> bool:
        """Whether PostgreSQL is ours to start: the operator named no databases."""
        return not any(f"{name.upper()}_DATABASE_URL" in self.given for name in NAMES)

    @property
    def own_nats(self) -> bool:
        """Whether NATS is ours to start: the operator named none."""
        return "NATS_URL" not in self.given

    @property
    def nats_port(self) -> int:
        """Where our NATS listens."""
        return self.port + 1

    @property
    def address(self) -> str:
        """Where people reach the gateway from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def processes(self, service: Service) -> tuple[str, ...]:
        """The names of a service's processes: events, events-2 … Raises CannotStart."""
        variable = f"{service.name.upper()}_PROCESSES"
        given = self.given.get(variable, "1")
        if not given.isdecimal() or not 1 <= int(given) <= MOST_PROCESSES:
            raise CannotStart(f"{variable} is {given!r}; it must be from 1 to {MOST_PROCESSES}.")
        if service.is_public and int(given) > 1:
            raise CannotStart(f"{variable} is {given}; the gateway is one process.")
        return (service.name, *(f"{service.name}-{n}" for n in range(2, int(given) + 1)))

    @property
    def process_names(self) -> tuple[str, ...]:
        """The processes of all services."""
        return tuple(name for service in SERVICES for name in self.processes(service))

    def url(self, service: Service, process: str) -> str:
        """Where a process of a service is reached: unix:///path or http://host:port."""
        return self.address if service.is_public else f"unix://{self.home.socket(process)}"

    def postgres(self, secrets: Secrets) -> Postgres:
        """The embedded PostgreSQL."""
        home = self.home
        return Postgres(
            home.postgres, home.postgres_sockets, home.log("postgres"), secrets.postgres
        )

    def nats(self, secrets: Secrets) -> Nats:
        """The embedded NATS."""
        home = self.home
        return Nats(home.nats, home.log("nats"), self.nats_port, secrets.nats)

    @property
    def keys(self) -> Path:
        """The folder with the key files."""
        return Path(self.given.get("KEPU_KEYS", self.home.keys))

    def environ(self, secrets: Secrets) -> dict[str, str]:
        """All that the processes of the kit are told together; each gets its part by `told_to`."""
        home, told = self.home, dict(self.given)
        told |= {
            "KEPU_HOME": str(home.folder),
            "KEPU_KEYS": str(self.keys),
            "KEPU_PUBLIC_URL": self.given.get("KEPU_PUBLIC_URL", self.address),
            "PYTHONUNBUFFERED": "1",
        }
        if self.own_nats:
            told["NATS_URL"] = self.nats(secrets).url
        for service in SERVICES:
            prefix = service.name.upper()
            if not service.is_public:
                told[f"{prefix}_URL"] = " ".join(
                    self.url(service, process) for process in self.processes(service)
                )
            if self.own_postgres:
                for variable, role in (
                    (f"{prefix}_DATABASE_URL", role_of(service.name)),
                    (f"{prefix}_OWNER_DATABASE_URL", owner_of(service.name)),
                ):
                    told[variable] = postgres.dsn(
                        home.postgres_sockets, role_of(service.name), role, secrets.roles[role]
                    )
        return told


class ServiceProcess(Child):
    """A process of a served service."""

    patience = 15.0  # a service finishes its requests in ten

    def __init__(
        self, suite: Suite, service: Service, name: str, environ: Mapping[str, str]
    ) -> None:
        super().__init__(name, suite.home.log(name))
        self.suite = suite
        self.service = service
        self._environ = told_to(service, "serve", environ)

    def prepare(self) -> None:
        """Clear the socket of a service that was killed."""
        if not self.service.is_public:
            self.suite.home.socket(self.name).unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The bound command line."""
        if self.service.is_public:
            place = ["--host", self.suite.host, "--port", str(self.suite.port)]
        else:
            place = ["--uds", str(self.suite.home.socket(self.name))]
        return kit("serve", self.service, *place)

    def environ(self) -> Mapping[str, str]:
        """What every process of the kit is told."""
        return self._environ

    def is_ready(self) -> bool:
        """Whether it says so itself."""
        return not self.exited() and is_ready(self.suite.url(self.service, self.name))


def told_to(service: Service, verb: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What one process is told: no other service's database, and the owner's only to prepare it."""
    own = {f"{service.name.upper()}_DATABASE_URL"}
    if verb != "serve":
        own.add(f"{service.name.upper()}_OWNER_DATABASE_URL")
    return {
        name: value
        for name, value in environ.items()
        if name in own or not name.endswith("_DATABASE_URL")
    }


def kit(verb: str, service: Service, *options: str) -> list[str]:
    """The bound command line of a verb of the kit: serve, prepare, migrate, load."""
    command = [sys.executable, "-m", "services.kit", verb, service.package, *options]
    return bound(command, on_parent_death=signal.SIGTERM)


def configured_suite() -> Suite:
    """The suite as the environment configures it. Raises CannotStart."""
    port = os.environ.get("KEPU_PORT", str(DEFAULT_PORT))
    if not port.isdigit() or not 1 <= int(port) < 65_535:
        raise CannotStart(f"KEPU_PORT is {port!r}; it must be a number from 1 to 65534.")
    suite = Suite(
        home=chosen_home(),
        host=os.environ.get("KEPU_HOST", "127.0.0.1"),
        port=int(port),
        given=dict(os.environ),
    )
    _ = suite.process_names  # says what is wrong with it now, before anything is touched
    if not suite.own_postgres:
        _check_all_databases_are_named(suite.given)
    return suite


def _check_all_databases_are_named(given: Mapping[str, str]) -> None:
    needed = [
        f"{name.upper()}_{kind}"
        for name in NAMES
        for kind in ("DATABASE_URL", "OWNER_DATABASE_URL")
    ]
    missing = [variable for variable in needed if not given.get(variable)]
    if missing:
        raise CannotStart(
            f"You named databases of your own, so these are needed too: {', '.join(missing)} "
            "(the owner's address is used to migrate, the other one to serve)."
        )
