"""Pass-through of the gateway against a bare aiohttp proxy in front of the same service."""

import os
import subprocess
import sys

from tests.bench.load import get, shoot
from tests.bench.report import Figure, ratio
from tests.bench.stage import stage, wait_for
from tests.engines import free_port

GOAL = 0.6
CONNECTIONS = 16
PATH = "/api/v1/divisions/630123"


def bench(seconds: float = 4, rounds: int = 3) -> list[Figure]:
    """Alternating rounds of both, the same path, the same service behind them."""
    with stage() as on:
        for package in ("services.events", "services.venues", "gateway"):
            on.database(package)
        load = [sys.executable, "-m", "services.kit", "load", "services.events"]
        subprocess.run(
            load, env={**os.environ, **on.environ}, check=True, stdout=subprocess.DEVNULL
        )
        socket = on.serve_socket("services.events")
        on.serve_socket("services.venues")
        port = on.serve("gateway")
        bare = free_port()
        on.spawn("-m", "tests.bench.ceilings", "proxy", socket, str(bare))
        wait_for(f"http://127.0.0.1:{bare}{PATH}")
        wait_for(f"http://127.0.0.1:{port}{PATH}")
        ours, ceiling = [], []
        for _ in range(rounds):
            for found, at in ((ceiling, bare), (ours, port)):
                shot = shoot([[get(PATH)]] * CONNECTIONS, seconds=seconds, port=at)
                assert set(shot.statuses) == {"200"}, shot.statuses
                found.append(shot.per_second)
        return [ratio("pass-through of one division", ours, ceiling, GOAL, "req/s")]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
