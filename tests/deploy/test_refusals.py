"""What stops `kepu up` is said in one sentence, with exit code 1 and no traceback."""

import os
import shutil
import socket
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

from deploy.checks import check_disk, check_python
from deploy.home import Home
from deploy.problems import CannotStart
from deploy.suite import Suite
from tests.deploy.installations import Installation


def refused(installation: Installation, **more: str) -> str:
    """What `kepu up` says when it does not start."""
    answer = installation.kepu("up", **more)
    assert answer.returncode == 1
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_taken_port_is_said_in_one_sentence(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port)):
        assert refused(installation) == (
            f"Error: Port {installation.port} (KEPU_PORT) is taken by another program: "
            "choose another with KEPU_PORT (NATS uses the port after it)."
        )


def test_a_taken_nats_port_is_said_in_one_sentence(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port + 1)):
        assert refused(installation) == (
            f"Error: Port {installation.port + 1} (NATS) is taken by another program: "
            "choose another with KEPU_PORT (NATS uses the port after it)."
        )


def test_a_port_that_is_no_number_is_said_in_one_sentence(installation: Installation) -> None:
    assert refused(installation, KEPU_PORT="abc") == (
        "Error: KEPU_PORT is 'abc'; it must be a number from 1 to 65534."
    )


def test_a_home_that_is_a_file_is_said_in_one_sentence(
    installation: Installation, folder: Path
) -> None:
    file = folder / "file"
    file.touch()
    assert refused(installation, KEPU_HOME=str(file / "home")) == (
        f"Error: {file / 'home'} cannot be used (Not a directory): "
        "set KEPU_HOME to a folder that you may write."
    )


def test_a_second_suite_on_one_home_is_refused(folder: Path) -> None:
    held = Installation(Home(folder / "held"))
    held.home.prepare()
    with held.home.lock():
        assert refused(held) == (
            f"Error: A suite is already running on {held.home.folder} (process {os.getpid()}): "
            "stop it first, or set KEPU_HOME to another folder."
        )
    assert not held.home.is_locked()


def test_databases_of_the_operator_have_to_be_named_completely(installation: Installation) -> None:
    assert refused(installation, EVENTS_DATABASE_URL="postgresql://x@y/z") == (
        "Error: You named databases of your own, so these are needed too: "
        "EVENTS_OWNER_DATABASE_URL, VENUES_DATABASE_URL, VENUES_OWNER_DATABASE_URL, "
        "GATEWAY_DATABASE_URL, GATEWAY_OWNER_DATABASE_URL "
        "(the owner's address is used to migrate, the other one to serve)."
    )


def suite_at(home: Home) -> Suite:
    return Suite(home=home, host="127.0.0.1", port=28_000, given={})


def test_a_nearly_full_disk_is_said_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**33, 2**33, 50 * 2**20))
    home = Home(folder / "disk")
    with pytest.raises(CannotStart) as full:
        check_disk(suite_at(home))
    assert str(full.value) == (
        f"The disk of {home.folder} has 50 MB left and 600 MB are needed: "
        "make room, or set KEPU_HOME to a folder on another disk."
    )


def test_a_wrong_python_is_said_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(CannotStart) as wrong:
        check_python(suite_at(Home(folder / "python")))
    assert str(wrong.value) == "This is Python 3.9; the suite needs Python 3.11 to 3.13."


@pytest.mark.parametrize("name", ["很长的路径" * 8, "a,b"])
def test_a_home_unfit_for_sockets_has_them_elsewhere(folder: Path, name: str) -> None:
    home = Home(folder / name)
    home.prepare()
    assert len(os.fsencode(home.socket("volunteers"))) <= 107
    assert home.run.parent == Path(tempfile.gettempdir())
    assert home.run.stat().st_uid == os.geteuid()
    assert (home.run / "http").stat().st_mode & 0o777 == 0o700
    shutil.rmtree(home.run)


def test_secrets_are_made_once_and_readable_by_us_alone(folder: Path) -> None:
    home = Home(folder / "secrets")
    home.prepare()
    first = home.secrets(("events",))
    again = home.secrets(("events", "venues"))
    assert (first.postgres, first.nats) == (again.postgres, again.nats)
    assert sorted(again.roles) == [
        "kepu_events", "kepu_events_owner", "kepu_venues", "kepu_venues_owner"
    ]  # fmt: skip
    assert home.secrets_file.stat().st_mode & 0o777 == 0o600


def test_logs_of_the_last_three_runs_are_kept(folder: Path) -> None:
    home = Home(folder / "logs")
    home.prepare()
    for run in range(6):
        home.rotate_logs(("events",))
        home.log("events").write_text(str(run))
    kept = {path.name: path.read_text() for path in home.logs.iterdir()}
    assert kept == {
        "events.log": "5",
        "events.log.1": "4",
        "events.log.2": "3",
        "events.log.3": "2",
    }


@pytest.mark.parametrize(
    ("variable", "given", "said"),
    [
        ("EVENTS_PROCESSES", "0", "EVENTS_PROCESSES is '0'; it must be from 1 to 32."),
        ("VENUES_PROCESSES", "two", "VENUES_PROCESSES is 'two'; it must be from 1 to 32."),
        ("GATEWAY_PROCESSES", "2", "GATEWAY_PROCESSES is 2; the gateway is one process."),
    ],
)
def test_a_number_of_processes_that_cannot_be_is_said(
    installation: Installation, variable: str, given: str, said: str
) -> None:
    assert refused(installation, **{variable: given}) == f"Error: {said}"
