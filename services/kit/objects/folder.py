"""Objects as files in a folder: the default, for one machine or a shared file system."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from services.kit.objects.port import PIECE, ObjectGone, StoreAway, StoreFull, checked

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_INCOMING = ".incoming"


class Folder:
    """The store in `root`, which is made when missing. Only we may read it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, key: str, content: bytes | Path) -> None:
        """Written aside, flushed to the disk, then moved into its place."""
        await asyncio.to_thread(self._put, self._path(key), content)

    async def read(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Piece by piece."""
        path = self._path(key)
        if not await asyncio.to_thread(path.is_file):
            raise ObjectGone(key=key)
        return _pieces(path, start, length)

    async def delete(self, key: str) -> None:
        """With the folders that it leaves empty."""
        await asyncio.to_thread(self._delete, self._path(key))

    async def keys(self, prefix: str) -> list[str]:
        """As they lie on the disk, in order."""
        return await asyncio.to_thread(self._keys, self._path(prefix))

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    def _put(self, target: Path, content: bytes | Path) -> None:
        aside = self.root / _INCOMING / uuid4().hex
        with _said():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # the mode is the last one's
            for folder in (aside.parent, target.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    if isinstance(content, Path):
                        with content.open("rb") as given:
                            shutil.copyfileobj(given, out, PIECE)
                    else:
                        out.write(content)
                    out.flush()
                    os.fsync(out.fileno())
                self._move(aside, target)
            finally:
                aside.unlink(missing_ok=True)

    def _move(self, aside: Path, target: Path) -> None:
        try:
            aside.replace(target)
        except FileNotFoundError:
            # Somebody deleted the last other object of the folder, and the folder with it.
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            aside.replace(target)
        # The name is on the disk only when its folder is, up to the first that was there before.
        for folder in (target.parent, *target.parent.parents):
            _flush(folder)
            if folder == self.root:
                break

    def _delete(self, path: Path) -> None:
        with _said():
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self.root:
                    break
                try:
                    folder.rmdir()
                except OSError:  # not empty, or gone already
                    break

    def _keys(self, folder: Path) -> list[str]:
        with _said():
            found = (path for path in folder.rglob("*") if path.is_file())
            return sorted(path.relative_to(self.root).as_posix() for path in found)


async def _pieces(path: Path, start: int, length: int | None) -> AsyncIterator[bytes]:
    with _said(), await asyncio.to_thread(path.open, "rb") as file:
        file.seek(start)
        left = length
        while left is None or left > 0:
            size = PIECE if left is None else min(PIECE, left)
            piece = await asyncio.to_thread(file.read, size)
            if not piece:
                break
            left = None if left is None else left - len(piece)
            yield piece


@contextmanager
def _said() -> Iterator[None]:
    """The disk's errors, in one sentence of ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectGone(key=Path(error.filename or "").name) from error
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull() from error
        raise StoreAway(reason=error.strerror or type(error).__name__) from error


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
