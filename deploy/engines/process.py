"""Children that never outlive us: how a command is bound to this process, started and stopped."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.problems import EngineFailed

CHILD = Path(__file__).with_name("child.py")
# Where this package was imported from, so that children import the same tree.
PROJECT = Path(__file__).resolve().parents[2]
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """The user that an engine runs as: ourselves, or `nobody` when we are root."""

    name: str | None
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Hand `path` over to this account."""
        if self.name is not None:
            os.chown(path, self.uid, self.gid)

    def folder(self, path: Path) -> Path:
        """A private folder of this account, made when missing.

        Raises EngineFailed for one of another user: taking it over would lock that user out.
        """
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = path.stat().st_uid
        if owner not in (self.uid, os.geteuid()):
            raise EngineFailed(
                f"{path} belongs to the user {user_name(owner)}, and the engines would run as "
                f"{user_name(self.uid)}: start the suite as it was started before."
            )
        self.own(path)
        return path

    def can_reach(self, path: Path) -> bool:
        """Whether this account may walk to `path` with no special right."""
        if self.name is None:
            return True
        for folder in path.resolve().parents:
            found = folder.stat()
            bit = 0o100 if found.st_uid == self.uid else 0o001
            if not found.st_mode & bit:
                return False
        return True


def user_name(uid: int) -> str:
    """The name of a user, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def engine_account() -> Account:
    """Ourselves, or the unprivileged account when we are root, as PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return Account(None, os.geteuid(), os.getegid())
    try:
        found = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise EngineFailed(
            f"PostgreSQL refuses to run as root and this system has no user `{UNPRIVILEGED}`: "
            "add it, or start the suite as an ordinary user."
        ) from None
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def bound(
    command: Sequence[str | Path],
    *,
    on_parent_death: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    paths: Sequence[Path] = (),
) -> list[str]:
    """The command line that runs `command` so that it gets a signal when this process dies.

    The kernel sends it when the *thread* that starts the child ends: start from the main thread.
    `paths` are what `account` must be able to reach; a right to enter is handed on only when it
    must be.
    """
    user = account.name if account is not None else None
    needed = (Path(command[0]), *paths)
    reach = account is not None and not all(account.can_reach(path) for path in needed)
    order = {"parent": os.getpid(), "signal": int(on_parent_death), "user": user, "reach": reach}
    interpreter = [sys.executable, "-I", "-S", str(CHILD), json.dumps(order)]
    return [*interpreter, *(str(part) for part in command)]


class Child(ABC):
    """A process of ours: made ready, spawned, watched and stopped.

    Sockets, folders and the like are made by `prepare`; it may be called again and again.
    """

    gently = signal.SIGTERM
    patience = 10.0  # seconds that a process has to end by itself

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @abstractmethod
    def prepare(self) -> None:
        """Make what the process needs before it is spawned; may wait, so not in an event loop."""

    @abstractmethod
    def command(self) -> list[str]:
        """The bound command line."""

    @abstractmethod
    def environ(self) -> Mapping[str, str]:
        """The environment of the process."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it does its work now."""

    def spawn(self) -> None:
        """Start it in a session of its own, away from Ctrl-C; from the main thread, see `bound`."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environ()),
                cwd=PROJECT,
                start_new_session=True,
            )

    def exited(self) -> bool:
        """Whether it has ended."""
        return self.process is not None and self.process.poll() is not None

    def is_worth_repeating(self) -> bool:
        """Whether a start that failed fails for a reason that passes by itself."""
        return False

    def failure(self) -> EngineFailed:
        """Why it did not start."""
        told = self.last_words() or "it said nothing"
        return EngineFailed(f"{self.name} did not start: {told} (see {self.log})")

    def start(self, seconds: float = 60) -> None:
        """Start it and wait until it is ready. Raises EngineFailed."""
        deadline = time.monotonic() + seconds
        while True:
            self.prepare()
            self.spawn()
            wait_until(lambda: self.is_ready() or self.exited(), deadline - time.monotonic())
            if self.is_ready():
                return
            if not self.is_worth_repeating() or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        self.stop()
        raise self.failure()

    def stop(self) -> None:
        """Ask it to end; after `patience` seconds, end it."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.gently)
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def said(self) -> str:
        """All it wrote since it was spawned."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as written:
            written.seek(self._log_start)
            return written.read().decode(errors="replace")

    def last_words(self) -> str:
        """The last line it wrote: its sentence, or the end of a traceback."""
        lines = [line.strip() for line in self.said().splitlines() if line.strip()]
        return lines[-1] if lines else ""


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether `true` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def plain_environ() -> dict[str, str]:
    """The environment of an engine: nothing of ours, and no PG* variable that would steer it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC"}
