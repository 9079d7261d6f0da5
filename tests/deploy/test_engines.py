"""PostgreSQL and NATS as children: they start anywhere, survive kills, and never outlive us."""

import os
import signal
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.errors import NoServersError

from deploy.engines import postgres as postgres_module
from deploy.engines.databases import ensure_service, owner_of, role_of
from deploy.engines.nats import Nats
from deploy.engines.postgres import Postgres
from deploy.engines.process import PROJECT, alive, user_name
from deploy.home import Home
from deploy.problems import EngineFailed
from tests.deploy.installations import Installation, engine_uid, gone, may_mount, small_disk, uid_of
from tests.engines import free_port

IS_ROOT = os.geteuid() == 0


def cluster(folder: Path, *, durable: bool = True) -> Postgres:
    folder.mkdir(parents=True, exist_ok=True)
    return Postgres(folder / "data", folder / "pg", folder / "log", "secret", durable=durable)


def broker(folder: Path) -> Nats:
    folder.mkdir(parents=True, exist_ok=True)
    return Nats(folder / "nats", folder / "nats.log", free_port(), "secret")


@contextmanager
def running(engine: Postgres) -> Iterator[Postgres]:
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


async def setting(engine: Postgres, name: str) -> str:
    connection = await asyncpg.connect(engine.dsn())
    try:
        return str(await connection.fetchval("SELECT current_setting($1)", name))
    finally:
        await connection.close()


async def test_a_durable_cluster_waits_for_the_disk_and_opens_no_port(folder: Path) -> None:
    with running(cluster(folder / "durable")) as engine:
        assert engine.process is not None
        assert uid_of(engine.process.pid) == engine_uid()
        names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
        assert [await setting(engine, name) for name in names] == ["on", "on", "on", ""]


async def test_a_service_role_may_enter_its_own_database_alone(folder: Path) -> None:
    passwords = {
        f(name): f"pw-{name}" for name in ("events", "venues") for f in (role_of, owner_of)
    }
    with running(cluster(folder / "roles", durable=False)) as engine:
        for service in ("events", "venues", "events"):  # twice is as good as once
            await ensure_service(engine, service, passwords)
        own = postgres_module.dsn(engine.sockets, "kepu_events", "kepu_events", "pw-events")
        connection = await asyncpg.connect(own)
        powers = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        extensions = await connection.fetch("SELECT extname FROM pg_extension ORDER BY extname")
        await connection.close()
        assert tuple(powers or ()) == (False, False, False)
        assert [row[0] for row in extensions] == ["btree_gist", "ltree", "pg_trgm", "plpgsql"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(own.replace("/kepu_events?", "/kepu_venues?"))


async def test_a_killed_cluster_starts_again_with_what_was_committed(folder: Path) -> None:
    engine = cluster(folder / "killed")
    engine.start()
    connection = await asyncpg.connect(engine.dsn())
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.execute("INSERT INTO kept VALUES (1)")
    assert engine.process is not None
    engine.process.kill()
    engine.process.wait()
    connection.terminate()
    with running(cluster(folder / "killed")) as again:
        connection = await asyncpg.connect(again.dsn())
        assert await connection.fetchval("SELECT count(*) FROM kept") == 1
        await connection.close()


def test_a_process_number_taken_by_another_program_is_no_obstacle(folder: Path) -> None:
    engine = cluster(folder / "stale", durable=False)
    engine.prepare()
    with subprocess.Popen(["sleep", "60"], **({"user": engine_uid()} if IS_ROOT else {})) as other:  # type: ignore[call-overload]
        pid_file = engine.data / "postmaster.pid"
        pid_file.write_text(f"{other.pid}\n{engine.data}\n{int(time.time())}\n5432\n\n\n\n")
        engine.account.own(pid_file)
        with running(engine):
            assert other.poll() is None
        other.kill()


async def test_spaces_and_chinese_in_a_path_are_fine(folder: Path) -> None:
    place = folder / "科普 馆"
    with running(cluster(place, durable=False)) as engine:
        assert await setting(engine, "data_directory") == str(engine.data)
    server = broker(place)
    server.start()
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name="kept", subjects=["kept"])
    await client.close()
    server.stop()
    assert [path.name for path in (place / "nats/store/jetstream/$G/streams").iterdir()] == ["kept"]


async def test_a_home_that_others_may_not_enter_works(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with running(cluster(closed / "home", durable=False)) as engine:
        assert engine.process is not None
        assert uid_of(engine.process.pid) == engine_uid()
    server = broker(closed / "home")
    server.start()
    server.stop()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_socket_path_that_is_too_long_is_said_in_one_sentence(folder: Path) -> None:
    engine = cluster(folder / ("long" * 30), durable=False)
    with pytest.raises(EngineFailed, match=r"^The path .* is too long for a socket\.$"):
        engine.start()


def test_a_folder_of_another_user_is_not_taken_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = cluster(folder / "theirs", durable=False)
    theirs = folder / "theirs" / "data"
    theirs.mkdir()
    # Seen as if we were another user: giving a folder away takes root.
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(EngineFailed) as refused:
        replace(engine.account, uid=12_345).folder(theirs)
    assert str(refused.value) == (
        f"{theirs} belongs to the user {user_name(os.getuid())}, and the engines would run as "
        "12345: start the suite as it was started before."
    )


def test_an_older_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    old = folder / "old"
    old.mkdir()
    for name, says in (("postgres", "postgres (PostgreSQL) 15.18"), ("initdb", "")):
        (old / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (old / name).chmod(0o755)
    monkeypatch.setenv("KEPU_PG_BIN", str(old))
    with pytest.raises(EngineFailed) as refused:
        postgres_module.binaries()
    assert str(refused.value) == f"PostgreSQL in {old} is version 15, and 18 or newer is needed."


async def test_what_nats_acknowledged_survives_a_kill(folder: Path) -> None:
    server = broker(folder / "acknowledged")
    server.start()
    client = await nats.connect(server.url, allow_reconnect=False)
    await client.jetstream().add_stream(name="facts", subjects=["facts.>"])
    acknowledged = await client.jetstream().publish("facts.one", b"1")
    assert acknowledged.seq == 1
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    await client.close()
    server.start()
    client = await nats.connect(server.url)
    assert (await client.jetstream().stream_info("facts")).state.messages == 1
    await client.close()
    server.stop()


async def test_nats_refuses_who_has_no_token(folder: Path) -> None:
    server = broker(folder / "token")
    server.start()
    assert server.process is not None
    assert uid_of(server.process.pid) == engine_uid()
    with pytest.raises((NoServersError, nats.errors.Error)):
        await nats.connect(server.url.replace("secret@", ""), allow_reconnect=False)
    server.stop()


STARTER = """
import sys, time
from pathlib import Path
from deploy.engines.nats import Nats
from deploy.engines.postgres import Postgres
folder, port, durable = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "durable"
engine = Postgres(folder / "data", folder / "pg", folder / "log", "secret", durable=durable)
server = Nats(folder / "nats", folder / "nats.log", port, "secret", durable=durable)
engine.start()
server.start()
print(engine.process.pid, server.process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("tuning", ["durable", "throwaway"])
def test_engines_end_when_their_starter_is_killed(folder: Path, tuning: str) -> None:
    home = folder / f"orphans-{tuning}"
    home.mkdir()
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), str(free_port()), tuning],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    assert len(pids) == 2
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert gone(lambda: [pid for pid in pids if alive(pid)])


if may_mount():

    def test_a_full_disk_is_said_in_one_sentence(folder: Path) -> None:
        place = folder / "small"
        with small_disk(place, 20), pytest.raises(EngineFailed) as refused:
            cluster(place).start()
        assert str(refused.value) == (
            f"The disk of {place / 'data'} is full: PostgreSQL needs about 100 MB to begin."
        )

    def test_the_command_says_that_the_disk_is_too_small(folder: Path) -> None:
        place = folder / "tiny"
        with small_disk(place, 4):
            answer = Installation(Home(place / "home")).kepu("up")
        assert (answer.returncode, answer.stderr) == (
            1,
            f"Error: The disk of {place / 'home'} has 3 MB left and 600 MB are needed: "
            "make room, or set KEPU_HOME to a folder on another disk.\n",
        )

else:
    warnings.warn("the full disk is not tested: this user may not mount a tmpfs", stacklevel=1)
