"""What every object store does, and what can go wrong with one."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from services.kit.problems import Missing, Unavailable

PIECE = 256 * 1024
"""Objects are read and copied in pieces of about this many bytes."""

_PART = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}(\.[a-z0-9]{1,10})?")
_LONGEST = 300


class ObjectGone(Missing):
    """Nothing lies under this key."""


class StoreFull(Unavailable):
    """The disk or bucket takes no more."""

    retry_after = 60


class StoreAway(Unavailable):
    """The store does not answer, or refuses us."""

    retry_after = 5


class ObjectStore(Protocol):
    """A folder or a bucket."""

    async def put(self, key: str, content: bytes | Path) -> None:
        """Keep `content` (or a file's) under `key`; it is safe on the disk when this returns."""

    async def read(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """The object, or `length` bytes of it from `start`; ObjectGone before the first piece."""

    async def delete(self, key: str) -> None:
        """Let go of it; one that is not there is no error."""

    async def keys(self, prefix: str) -> list[str]:
        """Every key beneath `prefix` (a key itself, without its end)."""


def checked(key: str) -> str:
    """The key itself. ValueError for one that could lead elsewhere: keys are ours, never a name
    that somebody typed."""
    if len(key) > _LONGEST or not all(_PART.fullmatch(part) for part in key.split("/")):
        raise ValueError(f"not a key of an object: {key!r}")
    return key


async def whole(store: ObjectStore, key: str) -> bytes:
    """A small object at once."""
    return b"".join([piece async for piece in await store.read(key)])
