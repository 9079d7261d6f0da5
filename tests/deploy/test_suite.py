"""The life of an installation: first start, deaths, a kill, a warm start, backup and restore."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import asyncpg
import pytest

from deploy import status
from deploy.engines.databases import role_of
from deploy.engines.postgres import Postgres
from deploy.engines.process import alive
from deploy.home import Home
from deploy.leftovers import leftovers
from deploy.suite import NAMES, Suite
from tests.deploy.installations import Installation, Running, gone


def suite_of(installation: Installation) -> Suite:
    return Suite(installation.home, "127.0.0.1", installation.port, given={})


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Running]:
    """The suite after its first start. The tests of this module follow one another."""
    suite = installation.up()
    yield suite
    if suite.process.poll() is None:
        suite.process.terminate()
        suite.process.wait(40)


def pids(installation: Installation) -> dict[str, int]:
    return {line.name: line.pid for line in status.read(suite_of(installation))}


async def counts(engine: Postgres) -> dict[str, int]:
    """Rows of every table of every database."""
    found = {}
    for name in NAMES:
        connection = await asyncpg.connect(engine.dsn(role_of(name)))
        tables = await connection.fetch(
            "SELECT schemaname || '.' || quote_ident(tablename) AS name FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for table in tables:
            query = f"SELECT count(*) FROM {table['name']}"
            found[f"{name}.{table['name']}"] = await connection.fetchval(query)
        await connection.close()
    return found


def test_the_first_start_says_where_to_go(installation: Installation, running: Running) -> None:
    assert f"http://127.0.0.1:{installation.port}/api/v1/docs" in running.said
    assert running.took_s < 90
    assert not installation.home.demo_accounts.exists()


def test_every_process_is_ready_and_small(installation: Installation, running: Running) -> None:
    lines = status.read(suite_of(installation))
    assert {line.name: line.ready for line in lines} == dict.fromkeys(
        ("supervisor", "NATS", "PostgreSQL", *NAMES), True
    )
    assert sum(line.memory_mb for line in lines) < 900
    answer = installation.kepu("status")
    assert answer.returncode == 0


@pytest.mark.parametrize("name", ["NATS", "PostgreSQL", "events", "gateway"])
def test_a_process_that_dies_comes_back(
    installation: Installation, running: Running, name: str
) -> None:
    before = pids(installation)
    os.kill(before[name], signal.SIGKILL)

    def not_yet() -> list[int]:
        lines = status.read(suite_of(installation))
        is_back = any(line.name == name and line.pid != before[name] for line in lines)
        return [] if is_back and all(line.ready for line in lines) else [before[name]]

    assert gone(not_yet, seconds=30)
    after = pids(installation)
    others = [other for other in before if other != name]
    assert [after[other] for other in others] == [before[other] for other in others]


def test_a_backup_of_a_running_suite_restores_every_row(
    installation: Installation, running: Running
) -> None:
    file = installation.home.folder.parent / "saved.kepu"
    saved = installation.kepu("backup", str(file))
    assert (saved.returncode, saved.stderr) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    secrets = installation.home.secrets(NAMES)
    expected = asyncio.run(counts(suite_of(installation).postgres(secrets)))

    other = Installation(Home(installation.home.folder.parent / "恢复 home"))
    other.home.prepare()  # as `kepu doctor` does
    restored = other.kepu("restore", str(file))
    assert (restored.returncode, restored.stderr) == (0, "")
    engine = suite_of(other).postgres(other.home.secrets(NAMES))
    assert other.home.secrets(NAMES) == secrets
    engine.start()
    try:
        assert asyncio.run(counts(engine)) == expected
        assert asyncio.run(waiting_facts(engine)) == []
        # Transaction ids go on beyond those of the old cluster, so no old fact waits for them.
        assert asyncio.run(epoch(engine)) == 1
    finally:
        engine.stop()
    keys = [(path.name, path.read_bytes()) for path in sorted(installation.home.keys.iterdir())]
    assert [(path.name, path.read_bytes()) for path in sorted(other.home.keys.iterdir())] == keys

    again = other.kepu("restore", str(file))
    assert (again.returncode, again.stderr) == (
        1,
        f"Error: {other.home.folder} is not empty: set KEPU_HOME to a new folder.\n",
    )


async def epoch(engine: Postgres) -> int:
    connection = await asyncpg.connect(engine.dsn())
    newest = await connection.fetchval("SELECT pg_current_xact_id()::text")
    await connection.close()
    return int(newest) >> 32


async def waiting_facts(engine: Postgres) -> list[str]:
    """Databases with facts that are marked as sent, or that the relay would not come to."""
    found = []
    for name in NAMES:
        connection = await asyncpg.connect(engine.dsn(role_of(name)))
        if await connection.fetchval("SELECT to_regclass('outbox')") is not None:
            stuck = await connection.fetchval(
                "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL "
                "OR xid >= pg_snapshot_xmin(pg_current_snapshot())"
            )
            found += [name] * bool(stuck)
        await connection.close()
    return found


def test_a_killed_supervisor_leaves_nothing_and_starts_again_quickly(
    installation: Installation, running: Running
) -> None:
    before = [pid for name, pid in pids(installation).items() if name != "supervisor"]
    running.process.kill()
    running.process.wait()
    again = installation.up()
    try:
        assert [pid for pid in before if alive(pid)] == []
        assert again.took_s < 40
    finally:
        again.process.terminate()
        assert again.process.wait(40) == 0


def test_a_stop_during_the_start_leaves_nothing(installation: Installation) -> None:
    process = installation.starting()
    assert process.stdout is not None
    while "数据库就绪" not in process.stdout.readline():
        assert process.poll() is None
    process.terminate()
    assert process.wait(40) == 0
    assert leftovers(installation.home) == []
    assert not (installation.home.postgres / "18" / "postmaster.pid").exists()


def test_a_warm_start_is_quick_and_a_stop_leaves_nothing(installation: Installation) -> None:
    suite = installation.up()
    # Ten on an idle machine; here other tests run beside it.
    assert suite.took_s < 20
    assert [name for name in NAMES if f"{name} 无变化" in suite.said] == list(NAMES)
    ours = list(pids(installation).values())
    began = time.monotonic()
    suite.process.send_signal(signal.SIGINT)
    assert suite.process.wait(40) == 0
    assert time.monotonic() - began < 20
    assert [pid for pid in ours if alive(pid)] == []
    assert leftovers(installation.home) == []
    assert not installation.home.is_locked()


def test_a_stopped_suite_can_be_saved_too(installation: Installation) -> None:
    file = installation.home.folder.parent / "stopped.kepu"
    saved = installation.kepu("backup", str(file))
    assert (saved.returncode, saved.stderr) == (0, "")
    assert not (installation.home.postgres / "18" / "postmaster.pid").exists()


def test_what_is_no_backup_is_said_in_one_sentence(installation: Installation) -> None:
    file = installation.home.folder.parent / "no-backup"
    file.write_text("hello")
    other = Installation(Home(installation.home.folder.parent / "nothing"))
    answer = other.kepu("restore", str(file))
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert not other.home.folder.exists()
