"""S3-compatible servers from packages, for tests: each with one bucket in a folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from services.kit.objects import ObjectStore
from services.kit.objects.settings import ObjectSettings, store_of
from tests.engines import free_port

KEY_ID, SECRET = "kepu-test", "a-secret-of-the-test"


@dataclass
class Server:
    """An S3-compatible server with one bucket; its objects lie in `folder`."""

    process: subprocess.Popen[bytes]
    endpoint: str
    folder: Path

    def store(self, secret: str = SECRET) -> ObjectStore:
        """A store in its bucket."""
        given = ObjectSettings(
            url="s3://kepu/in/here", endpoint=self.endpoint, key_id=KEY_ID, secret=secret
        )
        return store_of(given, Path("/nowhere"))


def _start(command: list[str], port: int, folder: Path) -> Server:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(endpoint, timeout=1)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    return Server(process, endpoint, folder)


def _rclone() -> str:
    # rclone itself (a Go program that checks signatures), as a wheel brings it.
    places = find_spec("rclone_api")
    assert places is not None
    assert places.submodule_search_locations is not None
    return str(Path(next(iter(places.submodule_search_locations))) / "bin" / "rclone")


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`rclone serve s3`."""
    folder, port = tmp_path_factory.mktemp("rclone"), free_port()
    (folder / "kepu").mkdir()
    address = f"127.0.0.1:{port}"
    auth = f"{KEY_ID},{SECRET}"
    command = [_rclone(), "serve", "s3", "--addr", address, "--auth-key", auth, str(folder)]
    server = _start([*command, "--config", os.devnull], port, folder)
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture(scope="module")
def localbucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """localbucket: answers a Range with 206, which rclone 1.75 does not."""
    folder, port = tmp_path_factory.mktemp("localbucket"), free_port()
    (folder / "kepu").mkdir()
    command = [sys.executable, "-m", "localbucket", "--port", str(port), str(folder)]
    server = _start(command, port, folder)
    yield server
    server.process.kill()
    server.process.wait()
