"""Objects in an S3-compatible bucket: for several machines, or an operator's own storage."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from services.kit.objects.port import PIECE, ObjectGone, StoreAway, StoreFull, checked

if TYPE_CHECKING:
    from obstore.store import S3Config

# What full means in the words of AWS, MinIO, Ceph and rclone.
_FULL = ("QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "no space left on device")
_PATIENCE_S = 20


class Bucket:
    """The store in a bucket, beneath `prefix`. An empty `endpoint` is AWS itself."""

    def __init__(
        self, name: str, prefix: str, *, endpoint: str, region: str, key_id: str, secret: str
    ) -> None:
        # One DELETE an object: not every server knows how to delete many at once.
        config: S3Config = {"region": region, "disable_bulk_delete": True}
        if endpoint:
            config["endpoint"] = endpoint
        if key_id:  # without: what the machine or the pod may do (instance role, web identity)
            config["access_key_id"], config["secret_access_key"] = key_id, secret
        self._store = S3Store(
            name,
            prefix=prefix or None,
            config=config,
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": "60s"},
            retry_config={
                "max_retries": 3,
                "retry_timeout": timedelta(seconds=_PATIENCE_S),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=3),
                    "base": 2,
                },
            },
        )

    async def put(self, key: str, content: bytes | Path) -> None:
        """In parts when it is large; it appears when the last one is there."""
        with _said(key):
            await obstore.put_async(self._store, checked(key), content)

    async def read(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Piece by piece, from the asked range."""
        options: Any = None
        if length is not None:
            options = {"range": (start, start + length)}
        elif start:
            options = {"range": {"offset": start}}
        checked(key)
        with _said(key):
            try:
                found = await obstore.get_async(self._store, key, options=options)
            except BaseError as error:
                # A server may ignore a Range and say 200 (RFC 9110, 14.2): then read past.
                if options is None or "NotPartial" not in repr(error):
                    raise
                found = await obstore.get_async(self._store, key)
                return _cut(_stream(key, found), start, length)
        return _stream(key, found)

    async def delete(self, key: str) -> None:
        """One request."""
        with _said(key):
            try:
                await obstore.delete_async(self._store, checked(key))
            except (NotFoundError, FileNotFoundError):
                return

    async def keys(self, prefix: str) -> list[str]:
        """Page by page, in order."""
        with _said(prefix):
            pages = obstore.list(self._store, checked(prefix))
            return sorted([meta["path"] async for page in pages for meta in page])


async def _stream(key: str, found: Any) -> AsyncIterator[bytes]:
    with _said(key):
        async for piece in found.stream(min_chunk_size=PIECE):
            yield bytes(piece)


async def _cut(
    pieces: AsyncIterator[bytes], start: int, length: int | None
) -> AsyncIterator[bytes]:
    position, end = 0, None if length is None else start + length
    async for piece in pieces:
        wanted = piece[max(0, start - position) : None if end is None else max(0, end - position)]
        position += len(piece)
        if wanted:
            yield wanted
        if end is not None and position >= end:
            break


@contextmanager
def _said(key: str) -> Iterator[None]:
    """The client's errors, in one sentence of ours; its own words may name hosts and keys."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise ObjectGone(key=key) from error
    except BaseError as error:
        if any(word in str(error) for word in _FULL):
            raise StoreFull() from error
        raise StoreAway(reason=type(error).__name__) from error
