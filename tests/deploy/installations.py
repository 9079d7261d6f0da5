"""An installation under test: its home, its port, and the `kepu` commands run on it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.engines.process import PROJECT, engine_account
from deploy.home import Home
from tests.engines import free_port
from tests.support.folders import tails


@dataclass
class Installation:
    """A home with a port of its own, and the `kepu` commands run on it."""

    home: Home
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    """Every suite that was told to start here."""

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a command."""
        told = {key: value for key, value in os.environ.items() if "DATABASE_URL" not in key}
        told.pop("NATS_URL", None)
        return (
            told
            | {"KEPU_HOME": str(self.home.folder), "KEPU_PORT": str(self.port)}
            | self.more
            | more
        )

    def kepu(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *arguments],
            cwd=PROJECT,
            env=self.environ(**more),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def up(self) -> "Running":
        """Start the suite; returns when it says that all is ready."""
        began = time.monotonic()
        process = self.starting()
        assert process.stdout is not None
        said = []
        is_ready = False
        try:
            for line in process.stdout:
                said.append(line)
                if "Ctrl-C" in line:
                    is_ready = True
                    return Running(process, "".join(said), time.monotonic() - began)
            pytest.fail(f"the suite did not start: {''.join(said)}\n{tails(self.home)}")
        finally:
            if not is_ready:
                end(process)

    def starting(self) -> subprocess.Popen[str]:
        """A suite that has just been told to start."""
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up"],
            cwd=PROJECT,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Stop whatever was started and still runs: a test that failed may have left it."""
        for process in self.started:
            end(process)


@dataclass
class Running:
    """A suite that said it is ready."""

    process: subprocess.Popen[str]
    said: str
    took_s: float


def end(process: subprocess.Popen[str]) -> None:
    """Stop a suite, however it stands; one that does not drain in time is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()  # whatever it started ends with it
        process.wait()


def gone(processes: Callable[[], list[int]], seconds: float = 20) -> bool:
    """Whether all of `processes` ended within `seconds`."""
    deadline = time.monotonic() + seconds
    while processes():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def uid_of(pid: int) -> int:
    """The user that a process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


def engine_uid() -> int:
    """The user that engines are to run as."""
    return engine_account().uid


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[None]:
    """A real file system of a few megabytes."""
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "kepu-test", str(place)],
        check=True,
    )
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def may_mount() -> bool:
    """Whether this user may mount: root, outside an unprivileged container."""
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "kepu-test", "/mnt"]
    return (
        os.geteuid() == 0
        and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    )
