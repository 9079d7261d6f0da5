"""Throw-away folders with short paths: gone afterwards, also those of runs that were killed."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.home import Home

KINDS = ("test", "p", "t", "s", "safeguard", "bench")
"""What the folders are called: /tmp/kepu-KIND-…; nothing else is ever swept."""
UNTOUCHED_S = 1800
"""A folder so young is left alone: it may be one that somebody is about to lock."""


@contextmanager
def throwaway(kind: str) -> Iterator[Path]:
    """A folder that any user may pass through (engines may run as another one). It is removed
    however the block ends; what killed runs left is swept first."""
    assert kind in KINDS, kind
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"kepu-{kind}-"))
    lock = _locked(folder)
    assert lock is not None
    try:
        folder.chmod(0o711)
        yield folder
        shutil.rmtree(folder)  # it says so when something still writes in it
    finally:
        _remove(folder)
        os.close(lock)


def _remove(folder: Path) -> None:
    """The folder, and the sockets of its home, which stand elsewhere where its path is too long."""
    shutil.rmtree(Home(folder / "home").run, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def sweep(older_than_s: float = UNTOUCHED_S) -> None:
    """Remove the folders of runs that were killed: nobody holds them, and no suite runs there."""
    for kind in KINDS:
        for left in Path(tempfile.gettempdir()).glob(f"kepu-{kind}-*"):
            try:
                found = left.stat()
                if found.st_uid != os.getuid() or time.time() - found.st_mtime < older_than_s:
                    continue
                lock = _locked(left)
            except FileNotFoundError:  # another worker was quicker
                continue
            if lock is not None:
                if not Home(left / "home").is_locked():
                    _remove(left)
                os.close(lock)


def _locked(folder: Path) -> int | None:
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def tails(home: Home, lines: int = 30) -> str:
    """The last lines of every log of an installation, for whoever has to find out why."""
    parts = []
    for log in sorted(home.logs.glob("*.log")):
        last = log.read_text("utf-8", "replace").splitlines()[-lines:]
        parts.append("\n".join([f"--- {log.name}, its last {len(last)} lines", *last]))
    return "\n".join(parts)
