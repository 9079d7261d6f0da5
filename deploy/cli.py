"""The `kepu` command."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import click

from deploy import backup as backups
from deploy import status as statuses
from deploy.checks import CHECKS
from deploy.problems import CannotStart
from deploy.suite import configured_suite
from deploy.supervisor import supervise
from deploy.tasks import databases_at_hand, run_for_all
from services.kit import draws, keys
from services.kit.draw_report import BadReport


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what stands in the way into one sentence and exit code 1."""
    try:
        yield
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    except (ConnectionError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"PostgreSQL does not answer: {error}.") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EDQUOT):
            raise
        raise click.ClickException(f"{error.filename or 'The disk'}: {error.strerror}.") from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """科普 · the suite of a province's science-popularization network.

    \b
    KEPU_HOME   folder of the installation (default: .kepu in the project)
    KEPU_PORT   where the gateway listens (default: 8000; NATS uses the port after it)
    KEPU_HOST   the address it listens on (default: 127.0.0.1)
    EVENTS_PROCESSES, VENUES_PROCESSES   how many processes share a service's work (1)
    KEPU_PG_BIN, KEPU_NATS_BIN   programs other than the packaged ones
    NATS_URL                     a NATS of yours instead of the embedded one
    EVENTS_DATABASE_URL, EVENTS_OWNER_DATABASE_URL, VENUES_…, GATEWAY_…
                                 databases of yours instead of the embedded ones
    """


@main.command()
def up() -> None:
    """Start everything and keep it running until Ctrl-C. 启动"""
    with plainly():
        supervise(configured_suite(), click.echo)


@main.command()
def doctor() -> None:
    """Check everything the suite needs, and say what to do. 检查"""
    failed = False
    with plainly():
        suite = configured_suite()
    running = suite.home.is_locked()
    for name, check in CHECKS.items():
        if running and "ports" in name:
            click.echo(f"✓ {name}: in use by the running suite")
            continue
        try:
            with plainly():
                click.echo(f"✓ {name}: {check(suite)}")
        except click.ClickException as error:
            failed = True
            click.echo(f"✗ {name}: {error.message}")
    sys.exit(1 if failed else 0)


@main.command()
def status() -> None:
    """Show what runs, whether it is ready, its memory and age. 状态"""
    with plainly():
        suite = configured_suite()
        lines = statuses.read(suite)
    if not lines and suite.home.is_locked():
        raise click.ClickException("The suite is starting or stopping.")
    if not lines:
        raise click.ClickException("The suite is not running: start it with kepu up.")
    click.echo(f"{'':12} {'ready':6} {'pid':>8} {'memory':>9} {'up':>9} {'restarts':>8}")
    for line in lines:
        click.echo(
            f"{line.name:12} {'✓' if line.ready else '✗':6} {line.pid:>8} "
            f"{line.memory_mb:>6.0f} MB {line.up_s:>7.0f} s {line.restarts:>8}"
        )
        for key, value in line.told.items():
            click.echo(f"    {key}: {value}")
    click.echo(f"{'total':12} {'':6} {'':8} {sum(line.memory_mb for line in lines):>6.0f} MB")
    sys.exit(0 if all(line.ready for line in lines) else 1)


@main.command()
def migrate() -> None:
    """Bring every database to the newest schema. 更新表结构"""
    with plainly():
        run_for_all(configured_suite(), "migrate", click.echo)


@main.command()
def load() -> None:
    """Load the first data of every service; what is there is left as it is. 载入数据"""
    with plainly():
        run_for_all(configured_suite(), "load", click.echo)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Save databases, keys and settings in FILE, from a running or a stopped suite. 备份

    The file holds every key of the installation: keep it as safe as the installation.
    """
    with plainly():
        backups.back_up(configured_suite(), file.absolute(), click.echo)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Make an installation in an empty KEPU_HOME from a backup FILE. 恢复"""
    with plainly():
        backups.restore(configured_suite(), file.absolute(), click.echo)


@main.command()
def rotate_honours() -> None:
    """Sign certificates of honours with a new key from now on. 更换荣誉证书签名密钥

    A running suite takes it up at once. The former public keys stay published, so that what they
    signed can be verified.
    """
    folder = configured_suite().keys
    if not (folder / keys.HONOURS).exists():
        raise click.ClickException(f"There is no key of honours in {folder}: start the suite once.")
    with plainly():
        kid = keys.rotate(folder, keys.HONOURS, keys.HONOURS_JWKS)
    click.echo(f"已更换 · rotated: {kid}")


@main.group()
def draw() -> None:
    """Draws, replayed from their published reports alone. 抽签"""


@draw.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--commitment", help="The commitment's hash as it was published before the draw.")
def verify(file: Path, commitment: str | None) -> None:
    """Replay the draw of a report FILE; nothing else is read. 核验抽签

    Without --commitment it is proved that the report is whole, not that its promise is the one that
    was published before: compare the hash that is shown with what you noted then.
    """
    try:
        report = draws.read(file.read_bytes())
        result = draws.verify(report)
    except BadReport as error:
        raise click.ClickException(str(error)) from None
    if commitment not in (None, report.commitment_sha256):
        raise click.ClickException(
            f"The report is of another commitment: {report.commitment_sha256}."
        )
    click.echo(f"{report.commitment.subject} · {len(report.pool)} 份 entries")
    click.echo(f"commitment {report.commitment_sha256}")
    click.echo(f"pool       {report.freeze.pool_sha256} · {report.freeze.frozen_at}")
    if report.foreseeable:
        click.echo("! 无公开随机源 no public source: it could be foreseen by the secret's holder")
    for name in result.strata:
        click.echo(f"✓ {name}: 结果一致 the same result")


class AccountCommands(click.Group):
    """The gateway's own commands, imported when they are used, with the databases at hand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the gateway's commands."""
        return self._theirs().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of the gateway's commands."""
        return self._theirs().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it where the gateway's database answers."""
        if {"-h", "--help"} & set(ctx.args):
            return super().invoke(ctx)
        with plainly(), databases_at_hand(configured_suite()) as at_hand:
            os.environ.update(at_hand.environ)
            return super().invoke(ctx)

    @staticmethod
    def _theirs() -> click.Group:
        group = import_module("gateway.identity.command").account
        assert isinstance(group, click.Group)
        return group


@main.group(cls=AccountCommands)
def account() -> None:
    """Staff accounts: add, list, lock, unlock, password. 账号"""


if __name__ == "__main__":
    main(prog_name="kepu")
