"""A whole installation in one file, and back: databases, keys, secrets, the rest of the home.

What NATS holds is not in it: the outboxes are the record. After a restore the relays publish
every fact again, and the inboxes skip what they have taken.
"""

import asyncio
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from deploy.engines.databases import role_of
from deploy.engines.postgres import Postgres
from deploy.home import Home
from deploy.problems import CannotStart
from deploy.suite import NAMES, Suite
from deploy.tasks import databases_at_hand, ensure_all

FORMAT = 1
MANIFEST = "manifest.json"
# Made anew, or only of use to the running suite.
NOT_KEPT = {"postgres", "nats", "run", "logs", "lock", "demo-accounts.once"}
STAYS = {"logs", "run", "lock"}  # in a home where nothing was ever started

Say = Callable[[str], None]


def back_up(suite: Suite, file: Path, say: Say) -> None:
    """Write `file` (readable by us alone), whole or not at all. Raises CannotStart."""
    if not suite.own_postgres:
        raise CannotStart("The databases are yours: save them with your own tools, and the keys.")
    if not suite.home.postgres.exists():
        raise CannotStart(f"There is nothing to save in {suite.home.folder}.")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        with (
            databases_at_hand(suite) as at_hand,
            os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as out,
            tarfile.open(fileobj=out, mode="w") as tar,
        ):
            assert at_hand.engine is not None
            asyncio.run(_save_databases(at_hand.engine, tar, file.parent, say))
            _save_home(suite, tar)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    say(f"已备份 · saved in {file} ({file.stat().st_size // 1024} KB)")


async def _save_databases(engine: Postgres, tar: tarfile.TarFile, near: Path, say: Say) -> None:
    async with AsyncExitStack() as stack:
        connections = {}
        for name in NAMES:
            connection = await asyncpg.connect(engine.dsn(role_of(name)))
            stack.push_async_callback(connection.close)
            connections[name] = connection
        # Within a moment, so that no database knows a fact that its publisher's lacks.
        snapshots = {}
        for name, connection in connections.items():
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshots[name] = await connection.fetchval("SELECT pg_export_snapshot()")
        newest = await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(),
            "databases": list(NAMES),
            "transaction_epoch": int(newest) >> 32,
        }
        _add(tar, MANIFEST, json.dumps(manifest, indent=1).encode())
        for name, snapshot in snapshots.items():
            say(f"{name} · pg_dump")
            with tempfile.TemporaryFile(dir=near) as dump:
                await asyncio.to_thread(_dump, engine, role_of(name), snapshot, dump)
                entry = tarfile.TarInfo(f"{name}.dump")
                entry.size = dump.seek(0, os.SEEK_END)
                entry.mode = 0o600
                dump.seek(0)
                tar.addfile(entry, dump)


def _dump(engine: Postgres, database: str, snapshot: str, to: Any) -> None:
    done = engine.run("pg_dump", "--format=custom", f"--snapshot={snapshot}", database, to=to)
    if done.returncode != 0:
        raise CannotStart(f"pg_dump of {database}: {_last_line(done.stderr)}")


def _save_home(suite: Suite, tar: tarfile.TarFile) -> None:
    for path in sorted(suite.home.folder.iterdir()):
        is_elsewhere = path == suite.home.keys and suite.keys != path
        if path.name not in NOT_KEPT and not is_elsewhere:
            tar.add(path, arcname=f"home/{path.name}")
    if suite.keys != suite.home.keys:
        tar.add(suite.keys, arcname="home/keys")


def restore(suite: Suite, file: Path, say: Say) -> None:
    """Make an installation in an empty home from `file`. Raises CannotStart."""
    home = suite.home
    if not suite.own_postgres:
        raise CannotStart("The databases are yours: restore them with your own tools.")
    if home.folder.exists() and not _is_empty(home.folder):
        raise CannotStart(f"{home.folder} is not empty: set KEPU_HOME to a new folder.")
    with _opened(file) as tar:
        manifest = _manifest(tar, file)
        home.prepare()
        with home.lock():
            try:
                _fill_home(tar, home)
                _restore_databases(suite, manifest, tar, say)
            except BaseException:
                # It was empty before: half an installation is worse than none.
                for path in home.folder.iterdir():
                    if path.name not in STAYS:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
                raise
    say(f"已恢复 · restored into {home.folder}; start it with: kepu up")


def _is_empty(folder: Path) -> bool:
    """Whether nothing was ever started here; `kepu doctor` leaves empty folders."""
    return all(
        path.name in STAYS or (path.is_dir() and not any(path.iterdir()))
        for path in folder.iterdir()
    )


def _opened(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, "r:")
    except (OSError, tarfile.TarError) as error:
        raise CannotStart(f"{file} is no backup that can be read: {error}.") from None


def _manifest(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    manifest: dict[str, Any] = json.loads(content.read()) if content else {}
    if manifest.get("format") != FORMAT:
        raise CannotStart(f"{file} is not a backup made by `kepu backup`.")
    return manifest


def _fill_home(tar: tarfile.TarFile, home: Home) -> None:
    for member in tar.getmembers():
        if member.name.startswith("home/"):
            tar.extract(
                member.replace(name=member.name.removeprefix("home/")), home.folder, filter="data"
            )


def _restore_databases(
    suite: Suite, manifest: dict[str, Any], tar: tarfile.TarFile, say: Say
) -> None:
    secrets = suite.home.secrets(NAMES)
    engine = suite.postgres(secrets)
    engine.prepare()
    # Outbox rows are sent in the order of their transaction ids, below the oldest running one: the
    # new cluster must count on from beyond the old one, or old rows would wait for ever.
    epoch = manifest["transaction_epoch"] + 1
    reset = engine.run("pg_resetwal", f"--epoch={epoch}", str(engine.data))
    if reset.returncode != 0:
        raise CannotStart(f"pg_resetwal: {_last_line(reset.stderr)}")
    engine.start()
    try:
        asyncio.run(ensure_all(engine, secrets))
        for name in manifest["databases"]:
            say(f"{name} · pg_restore")
            _load(engine, role_of(name), tar, f"{name}.dump")
            asyncio.run(_send_again(engine, role_of(name)))
    finally:
        engine.stop()


def _load(engine: Postgres, database: str, tar: tarfile.TarFile, entry: str) -> None:
    content = tar.extractfile(entry)
    assert content is not None
    with tempfile.TemporaryFile() as dump:
        shutil.copyfileobj(content, dump)
        dump.seek(0)
        done = engine.run("pg_restore", "--exit-on-error", f"--dbname={database}", source=dump)
    if done.returncode != 0:
        raise CannotStart(f"pg_restore of {database}: {_last_line(done.stderr)}")


async def _send_again(engine: Postgres, database: str) -> None:
    connection = await asyncpg.connect(engine.dsn(database))
    try:
        if await connection.fetchval("SELECT to_regclass('outbox')") is not None:
            await connection.execute("UPDATE outbox SET sent_at = NULL")
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o600
    tar.addfile(entry, io.BytesIO(content))


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
