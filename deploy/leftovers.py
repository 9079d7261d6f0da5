"""Processes of a run whose supervisor was killed: they are ending, and have to be waited for."""

import os
from pathlib import Path

from deploy.engines.process import wait_until
from deploy.home import Home
from deploy.problems import CannotStart

PATIENCE_S = 20.0  # a service drains in ten


def leftovers(home: Home) -> list[int]:
    """Services and NATS of this home that still run. (PostgreSQL is known by its own pid file.)"""
    ours = b"KEPU_HOME=" + os.fsencode(home.folder)
    nats = os.fsencode(home.nats / "nats.conf")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            is_service = b"services.kit" in command and ours in _environ(folder)
        except OSError:  # it has just ended, or is not ours to look at
            continue
        if is_service or nats in command:
            found.append(int(folder.name))
    return found


def _environ(folder: Path) -> list[bytes]:
    return (folder / "environ").read_bytes().split(b"\0")


def wait_for_leftovers(home: Home, seconds: float = PATIENCE_S) -> None:
    """Return when the last run has ended. A late one would remove the sockets of the new run."""
    if not wait_until(lambda: not leftovers(home), seconds):
        pids = ", ".join(str(pid) for pid in leftovers(home))
        raise CannotStart(f"Processes of the last run have not ended: {pids}; stop them first.")
