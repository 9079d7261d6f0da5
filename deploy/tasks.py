"""Work on an installation whether its suite runs or not: migrate, load, any use of a database."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.engines.databases import ensure_service
from deploy.engines.postgres import Postgres
from deploy.home import Secrets
from deploy.problems import CannotStart
from deploy.suite import NAMES, SERVICES, Suite
from deploy.supervisor import run_kit
from services.kit.keys import create_keys


@dataclass(frozen=True)
class AtHand:
    """Databases that can be used now; `engine` is None when they are the operator's."""

    environ: dict[str, str]
    engine: Postgres | None


@contextmanager
def databases_at_hand(suite: Suite) -> Iterator[AtHand]:
    """The databases of the running suite, or of an engine started for this work alone."""
    suite.home.prepare()
    create_keys(suite.keys)
    secrets = suite.home.secrets(NAMES)
    environ = suite.environ(secrets)
    if not suite.own_postgres:
        yield AtHand(environ, None)
        return
    engine = suite.postgres(secrets)
    if suite.home.is_locked():
        if not (engine.sockets / ".s.PGSQL.5432").exists():
            raise CannotStart("The suite is starting or stopping: try again in some seconds.")
        yield AtHand(environ, engine)
        return
    with suite.home.lock():
        engine.start()
        try:
            asyncio.run(ensure_all(engine, secrets))
            yield AtHand(environ, engine)
        finally:
            engine.stop()


async def ensure_all(engine: Postgres, secrets: Secrets) -> None:
    """The roles and databases of all services."""
    for name in NAMES:
        await ensure_service(engine, name, secrets.roles)


def run_for_all(suite: Suite, verb: str, say: Callable[[str], None]) -> None:
    """Run `migrate` or `load` of every service, one after the other."""
    with databases_at_hand(suite) as at_hand:
        for service in SERVICES:
            say(f"{service.name} · {verb}")
            asyncio.run(run_kit(verb, service, at_hand.environ, lambda line: say(f"    {line}")))
