"""Throw-away folders: gone after a failed start, after an interruption, and after a kill."""

import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deploy.engines.process import PROJECT
from deploy.home import Home
from tests.deploy.installations import Installation
from tests.support import folders
from tests.support.folders import sweep, tails, throwaway
from tests.support.province import province

HOLD = """import sys
from tests.support.folders import throwaway
with throwaway("p") as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where throw-away folders are made, for this test only."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # of the processes it starts, too
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(folders, "UNTOUCHED_S", 0)
    return tmp_path


def test_a_suite_that_does_not_start_leaves_no_folder_and_says_why(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(pytest.fail.Exception, match=port), province(KEPU_PORT=port):
            pytest.fail("it started on a taken port")
    assert list(place.iterdir()) == []


def test_an_interruption_leaves_no_folder(place: Path) -> None:
    def interrupted() -> None:
        with throwaway("p") as folder:
            (folder / "home").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(place.iterdir()) == []


def test_what_a_killed_run_left_is_swept_and_what_somebody_holds_is_not(place: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=PROJECT,
        env={"TMPDIR": str(place), "PATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    held = Path(holder.stdout.readline().strip())
    (place / "kepu-other").mkdir()
    sweep(0)
    assert held.exists()
    holder.kill()
    holder.communicate()
    sweep(0)
    assert [left.name for left in place.iterdir()] == ["kepu-other"]


def test_the_last_lines_of_the_logs_are_told(place: Path) -> None:
    home = Home(place / "home")
    home.logs.mkdir(parents=True)
    home.log("venues").write_text("first\nsecond\nthird\n")
    assert tails(home, 2) == "--- venues.log, its last 2 lines\nsecond\nthird"


def test_what_a_failed_test_left_running_is_ended(place: Path) -> None:
    left = Installation(Home(place / "home"))
    left.started.append(subprocess.Popen(["sleep", "60"], text=True))
    left.end()
    assert [process.returncode for process in left.started] == [-signal.SIGTERM]
