"""One suite for every object store: a folder, and S3-compatible servers from packages."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from services.kit.objects import ObjectGone, ObjectStore, StoreAway, StoreFull, whole
from services.kit.objects import folder as folder_module
from services.kit.objects.folder import Folder
from services.kit.objects.port import PIECE
from services.kit.objects.settings import ObjectSettings, store_of
from tests.support.buckets import Server


@pytest.fixture(params=["folder", "rclone", "localbucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return Folder(tmp_path / "objects")
    server: Server = request.getfixturevalue(request.param)
    return server.store()


async def read(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in await store.read(key, start, length)])


async def test_what_was_put_is_read_whole_and_in_ranges(store: ObjectStore, tmp_path: Path) -> None:
    small = "青海湖的鸟 མཚོ་སྔོན་པོ".encode()
    large = os.urandom(6 * 2**20 + 17)  # more than one part of an upload in parts
    given = tmp_path / "given"
    given.write_bytes(large)
    await store.put("events/a/small.txt", small)
    await store.put("events/a/empty", b"")
    await store.put("events/b/large.bin", given)
    assert await whole(store, "events/a/small.txt") == small
    assert await whole(store, "events/a/empty") == b""
    assert await whole(store, "events/b/large.bin") == large
    assert await read(store, "events/b/large.bin", 5, 3) == large[5:8]
    assert (
        await read(store, "events/b/large.bin", PIECE - 1, PIECE + 2)
        == large[PIECE - 1 : 2 * PIECE + 1]
    )
    assert await read(store, "events/b/large.bin", len(large) - 9) == large[-9:]
    assert await store.keys("events/a") == ["events/a/empty", "events/a/small.txt"]
    assert await store.keys("events/none") == []


async def test_what_was_deleted_is_gone_and_a_second_time_changes_nothing(
    store: ObjectStore,
) -> None:
    await store.put("events/one/x.jpg", b"1")
    await store.put("events/one/y.jpg", b"2")
    for _ in range(2):
        await store.delete("events/one/x.jpg")
    with pytest.raises(ObjectGone):
        await store.read("events/one/x.jpg")
    assert await store.keys("events/one") == ["events/one/y.jpg"]
    await store.delete("events/one/y.jpg")
    assert await store.keys("events/one") == []


@pytest.mark.parametrize(
    "key",
    ["../secrets.json", "a/../../b", "/etc/passwd", "a//b", "", "a/.", ".incoming/x", "A/b", "a\0b",
     "图片.jpg", "a/b.", "x" * 81, "/".join(["x" * 70] * 5)],
)  # fmt: skip
async def test_a_key_leads_nowhere_else(store: ObjectStore, key: str) -> None:
    for ask in (store.read, store.delete, store.keys):
        with pytest.raises(ValueError, match="not a key"):
            await ask(key)
    with pytest.raises(ValueError, match="not a key"):
        await store.put(key, b"x")


async def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Folder(tmp_path / "objects")

    async def one(number: int) -> None:
        # Deleting empties the folder under the others' feet.
        await store.put(f"events/same/{number}", b"%d" % number)
        await store.delete(f"events/same/{number}")
        await store.put(f"events/same/{number}", b"%d" % number)

    await asyncio.gather(*(one(number) for number in range(40)))
    found = [await whole(store, f"events/same/{number}") for number in range(40)]
    assert found == [b"%d" % number for number in range(40)]
    assert list((tmp_path / "objects" / ".incoming").iterdir()) == []


async def test_only_the_owner_of_the_process_may_read_the_folder(tmp_path: Path) -> None:
    store = Folder(tmp_path / "objects")
    await store.put("events/a", b"x")
    modes = [path.stat().st_mode & 0o777 for path in (store.root, store.root / "events" / "a")]
    assert modes == [0o700, 0o600]


async def test_a_full_disk_is_said_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Folder(tmp_path / "objects")

    def full(given: object, out: object, size: int) -> None:
        out.write(b"half")  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder_module.shutil, "copyfileobj", full)
    given = tmp_path / "given"
    given.write_bytes(b"whole")
    with pytest.raises(StoreFull):
        await store.put("events/a", given)
    with pytest.raises(ObjectGone):
        await store.read("events/a")
    assert list((store.root / ".incoming").iterdir()) == []


async def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    root.write_text("a file")
    with pytest.raises(StoreAway) as refused:
        await Folder(root).put("events/a", b"x")
    assert refused.value.values == {"reason": "File exists"}


async def test_a_wrong_secret_and_a_dead_server_are_said_without_naming_either(
    rclone: Server,
) -> None:
    with pytest.raises(StoreAway) as refused:
        await rclone.store("another-secret").put("events/a", b"x")
    assert refused.value.values == {"reason": "PermissionDeniedError"}
    with pytest.raises(ObjectGone):
        await rclone.store().read("events/a")


async def test_the_setting_names_the_store(tmp_path: Path) -> None:
    by_default = store_of(ObjectSettings(url=""), tmp_path)
    other = store_of(ObjectSettings(url="file:///srv/kepu%20objects"), tmp_path)
    assert isinstance(by_default, Folder)
    assert isinstance(other, Folder)
    assert (by_default.root, other.root) == (tmp_path / "objects", Path("/srv/kepu objects"))
    for wrong in ("s3://", "ftp://x/y", "file://host/x", "folder"):
        with pytest.raises(ValueError, match="KEPU_OBJECTS_URL"):
            store_of(ObjectSettings(url=wrong), tmp_path)


async def test_objects_in_a_bucket_lie_beneath_its_prefix(rclone: Server) -> None:
    await rclone.store().put("events/prefix/a", b"x")
    assert (rclone.folder / "kepu" / "in" / "here" / "events" / "prefix" / "a").read_bytes() == b"x"
