"""Whether the databases were migrated and loaded by this very code: then a start need not do it.

The note lies beside the cluster and goes with it; an edit, an update, another setting or a
restore makes the next start migrate and load again.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from deploy.engines.process import PROJECT
from deploy.home import Home

CODE = ("services", "gateway")


def fingerprint(given: Mapping[str, str]) -> str:
    """A hash of all code and data in the packages, and of our settings."""
    digest = hashlib.sha256()
    for name in sorted(given):
        if name.startswith("KEPU_"):
            digest.update(f"{name}={given[name]}\0".encode(errors="surrogateescape"))
    for package in CODE:
        for path in sorted((PROJECT / package).rglob("*")):
            if path.is_file() and path.parent.name != "__pycache__":
                digest.update(f"{path.relative_to(PROJECT)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_prepared(home: Home, service: str, code: str) -> bool:
    """Whether `service` was migrated and loaded by `code`."""
    note = _note(home, service)
    return note.exists() and note.read_text() == code


def note_prepared(home: Home, service: str, code: str) -> None:
    """Remember that `service` was migrated and loaded by `code`."""
    _note(home, service).write_text(code)


def _note(home: Home, service: str) -> Path:
    return home.postgres / f"prepared-{service}"
