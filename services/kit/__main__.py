"""How a process starts: `python -m services.kit serve|prepare|migrate|load|facts PACKAGE`."""

import asyncio
import gc
import signal
import sys
from importlib import import_module
from pathlib import Path

import click
import uvicorn

from services.kit import migrations
from services.kit.one_write import OneWrite
from services.kit.settings import database_of


@click.group()
def main() -> None:
    """One service's process; `kepu up` starts them all."""


def _name(package: str) -> str:
    return package.rpartition(".")[2]


@main.command()
@click.argument("package")
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this unix socket.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int)
def serve(package: str, uds: Path | None, host: str, port: int | None) -> None:
    """Serve until SIGTERM, then drain for at most ten seconds."""
    # What is made now stays: looking through it again and again is a fifth of the time to start.
    gc.disable()
    app = import_module(f"{package}.main").create_app()
    gc.freeze()
    # Nor what a request makes: nearly all of it goes by itself. Every 700 objects, as Python would
    # have it, is every request, and a twelfth of its time.
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    where: dict[str, object] = {"uds": str(uds)} if uds else {"host": host, "port": port or 8000}
    # uvicorn drains, then raises the signal again for whoever was there before: that is a good end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        **where,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        # Longer than any client of ours keeps an idle connection: it closes first, never we.
        timeout_keep_alive=75,
        loop="uvloop",
        http=OneWrite,
        lifespan="on",
        backlog=2048,
    )


@main.command()
@click.argument("package")
def migrate(package: str) -> None:
    """Bring the service's database to the newest schema, as its owner."""
    _migrate(package)


def _migrate(package: str) -> None:
    own = database_of(_name(package))
    if not own.owner_database_url:
        name = f"{_name(package).upper()}_OWNER_DATABASE_URL"
        sys.exit(f"{name} is not set: migrations run as the owner of the tables.")
    migrations.upgrade(package, own.owner_database_url, own.database_url)


@main.command()
@click.argument("package")
def load(package: str) -> None:
    """Load what the service needs to begin with; a second time it changes nothing."""
    _load(package)


def _load(package: str) -> None:
    asyncio.run(import_module(f"{package}.load").load(click.echo))


@main.command()
@click.argument("package")
def prepare(package: str) -> None:
    """Migrate, then load, in one process: a second of imports less at a first start."""
    _migrate(package)
    click.echo("表结构已更新 · migrated")
    _load(package)


@main.group()
def facts() -> None:
    """Look after facts: dead letters, republishing, projections."""


@facts.command("replay")
@click.argument("package")
def replay(package: str) -> None:
    """Try every dead letter again."""
    from services.kit import upkeep

    replayed, dead = asyncio.run(upkeep.replay(import_module(f"{package}.main").SERVICE))
    click.echo(f"{replayed} replayed, {dead} still dead")


@facts.command("rebuild")
@click.argument("package")
@click.argument("consumer")
def rebuild(package: str, consumer: str) -> None:
    """Empty a projection; the running service folds every fact again."""
    from services.kit import upkeep

    asyncio.run(upkeep.rebuild(import_module(f"{package}.main").SERVICE, consumer))
    click.echo(f"{consumer} is emptied; it fills again from the first fact")


if __name__ == "__main__":
    main(prog_name=f"{Path(sys.executable).name} -m services.kit")
