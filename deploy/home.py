"""The folder of an installation: what lies where, its generated secrets, its lock."""

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.engines.databases import owner_of, role_of
from deploy.engines.postgres import LONGEST_SOCKET_PATH
from deploy.engines.process import PROJECT
from deploy.problems import CannotStart

LONGEST_SOCKET = "http/volunteers.sock"
KEPT_LOGS = 3


@dataclass(frozen=True)
class Secrets:
    """Generated passwords: PostgreSQL's superuser and roles, and the token of NATS."""

    postgres: str
    nats: str
    roles: dict[str, str]


class Home:
    """KEPU_HOME. Folders are made by `prepare`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.keys = self.folder / "keys"
        self.logs = self.folder / "logs"
        self.postgres = self.folder / "postgres"
        self.nats = self.folder / "nats"
        self.demo_accounts = self.folder / "demo-accounts.once"
        self.secrets_file = self.folder / "secrets.json"

    @property
    def run(self) -> Path:
        """Where sockets are: `run` in the home; a short private folder when its path is unfit."""
        folder = self.folder / "run"
        # In a database's address a comma would divide the path into two hosts.
        if (
            len(os.fsencode(folder / LONGEST_SOCKET)) <= LONGEST_SOCKET_PATH
            and "," not in folder.as_posix()
        ):
            return folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"kepu-{os.getuid()}-{name}"

    @property
    def postgres_sockets(self) -> Path:
        """Where PostgreSQL listens."""
        return self.run / "pg"

    @property
    def state(self) -> Path:
        """What the running supervisor tells `kepu status`."""
        return self.run / "suite.json"

    def socket(self, service: str) -> Path:
        """Where a service listens."""
        return self.run / "http" / f"{service}.sock"

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the folders. Raises CannotStart where that is refused."""
        # The engines run as another user when we are root, and have to pass through.
        open_to_pass = 0o711 if os.geteuid() == 0 else 0o700
        try:
            for folder, mode in (
                (self.folder, open_to_pass),
                (self.run, open_to_pass),
                (self.run / "http", 0o700),
                (self.keys, 0o700),
                (self.logs, 0o700),
            ):
                if not folder.exists():
                    folder.mkdir(mode=mode, parents=True)
            for folder in (self.folder, self.run, self.run / "http", self.keys, self.logs):
                self._check(folder)
        except OSError as error:
            raise CannotStart(
                f"{error.filename} cannot be used ({error.strerror}): "
                "set KEPU_HOME to a folder that you may write."
            ) from None

    def _check(self, folder: Path) -> None:
        found = folder.lstat() if folder == self.run else folder.stat()
        # A folder of that name in the shared temp folder may be somebody's trap.
        if folder == self.run and found.st_uid != os.geteuid():
            raise CannotStart(f"{folder} belongs to another user: remove it, or set TMPDIR.")
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise CannotStart(
                f"{folder} may not be read and written by you: "
                "set KEPU_HOME to another folder, or give it to this user."
            )

    def secrets(self, services: tuple[str, ...]) -> Secrets:
        """The generated secrets, made when missing."""
        stored: dict[str, object] = {}
        if self.secrets_file.exists():
            stored = json.loads(self.secrets_file.read_text())
        roles = dict(stored.get("roles", {}))  # type: ignore[call-overload]
        for service in services:
            for role in (role_of(service), owner_of(service)):
                roles.setdefault(role, secrets.token_urlsafe(24))
        found = Secrets(
            postgres=str(stored.get("postgres") or secrets.token_urlsafe(24)),
            nats=str(stored.get("nats") or secrets.token_urlsafe(24)),
            roles=roles,
        )
        if found.__dict__ != stored:
            write_private(self.secrets_file, json.dumps(found.__dict__, indent=1))
        return found

    def rotate_logs(self, names: tuple[str, ...]) -> None:
        """Put the logs of the last runs aside: name.log.1 is the newest of those kept."""
        for name in names:
            log = self.log(name)
            for number in range(KEPT_LOGS, 0, -1):
                newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
                if newer.exists():
                    newer.replace(log.with_name(f"{log.name}.{number}"))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this home for one suite; the kernel lets go when the holder dies."""
        file = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(file, 32, 0).decode() or "unknown"
                raise CannotStart(
                    f"A suite is already running on {self.folder} (process {holder}): "
                    "stop it first, or set KEPU_HOME to another folder."
                ) from None
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(file)

    def is_locked(self) -> bool:
        """Whether a suite runs on this home."""
        if not (self.folder / "lock").exists():
            return False
        try:
            with self.lock():
                return False
        except CannotStart:
            return True


def chosen_home() -> Home:
    """KEPU_HOME, or `.kepu` in the project (in the current folder for an installed package)."""
    chosen = os.environ.get("KEPU_HOME")
    if chosen:
        return Home(Path(chosen))
    root = PROJECT if (PROJECT / "pyproject.toml").exists() else Path.cwd()
    return Home(root / ".kepu")


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
