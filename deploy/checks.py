"""What must be true before the suite can start; each check says what to do."""

import errno
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

from deploy.engines import nats, postgres
from deploy.engines.process import Account, bound, engine_account
from deploy.problems import CannotStart
from deploy.suite import Suite

OLDEST, NEWEST = (3, 11), (3, 13)
FIRST_START_MB = 600  # the cluster, its journal and the first data
LATER_START_MB = 200


def check_python(_: Suite) -> str:
    """The interpreter is one that the project is tested on."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        raise CannotStart(
            f"This is Python {version[0]}.{version[1]}; "
            f"the suite needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}."
        )
    return f"Python {version[0]}.{version[1]}"


def check_home(suite: Suite) -> str:
    """The home can be written."""
    suite.home.prepare()
    return str(suite.home.folder)


def check_disk(suite: Suite) -> str:
    """There is room for the data."""
    free = shutil.disk_usage(suite.home.folder).free // 2**20
    needed = LATER_START_MB if suite.home.postgres.exists() else FIRST_START_MB
    if free < needed:
        raise CannotStart(
            f"The disk of {suite.home.folder} has {free} MB left and {needed} MB are needed: "
            "make room, or set KEPU_HOME to a folder on another disk."
        )
    return f"{free} MB"


def check_engines(suite: Suite) -> str:
    """The programs of the engines are there, and may be run by the account they run as."""
    used = []
    if suite.own_postgres:
        used.append(str(postgres.binaries()))
    if suite.own_nats:
        used.append(str(nats.binary()))
    account = engine_account()
    if account.name is not None:
        _check_account(suite, account)
    return ", ".join(used + ([f"→ {account.name}"] if account.name else [])) or "yours"


def _check_account(suite: Suite, account: Account) -> None:
    """As root, our way of becoming the engines' account works on this system."""
    program = postgres.binaries() / "postgres" if suite.own_postgres else nats.binary()
    tried = subprocess.run(
        bound([program, "--version"], account=account, paths=(suite.home.folder / "postgres",)),
        capture_output=True,
        check=False,
    )
    if tried.returncode != 0:
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        raise CannotStart(
            f"{said[-1] if said else program} As root the engines run as {account.name}: "
            "put the project and KEPU_HOME where every user may enter, or start the suite as an "
            "ordinary user."
        )


def check_ports(suite: Suite) -> str:
    """Nobody else listens where we will."""
    ports = {"KEPU_PORT": (suite.host, suite.port)}
    if suite.own_nats:
        ports["NATS"] = ("127.0.0.1", suite.nats_port)
    for name, (host, port) in ports.items():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CannotStart(_why_not(error, name, host, port)) from None
    return ", ".join(str(port) for _, port in ports.values())


def _why_not(error: OSError, name: str, host: str, port: int) -> str:
    advice = "choose another with KEPU_PORT (NATS uses the port after it)"
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} ({name}) is taken by another program: {advice}."
    if error.errno == errno.EACCES:
        return f"Port {port} ({name}) may not be opened by this user: {advice}."
    return f"{host}:{port} ({name}) cannot be listened on ({error.strerror}): {advice}."


CHECKS: dict[str, Callable[[Suite], str]] = {
    "Python": check_python,
    "目录 home": check_home,
    "磁盘 disk": check_disk,
    "引擎 engines": check_engines,
    "端口 ports": check_ports,
}


def check_all(suite: Suite) -> None:
    """Raise CannotStart for the first thing that stands in the way."""
    for check in CHECKS.values():
        check(suite)
