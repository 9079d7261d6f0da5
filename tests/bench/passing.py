"""Pass-through of the gateway against a bare aiohttp proxy before a service that does nothing."""

from tests.bench.load import get, shoot
from tests.bench.report import Figure, ratio
from tests.bench.stage import stage, wait_for
from tests.engines import free_port

GOAL = 0.6
CONNECTIONS = 16
PATH = "/api/v1/divisions/630123"


def bench(seconds: float = 4, rounds: int = 3) -> list[Figure]:
    """Alternating rounds of both, the same path."""
    with stage() as on:
        on.database("gateway")
        socket = on.folder / "events.sock"
        on.spawn("-m", "tests.bench.ceilings", "answer", str(socket), "0")
        on.environ["EVENTS_URL"] = f"unix://{socket}"
        port = on.serve("gateway")
        bare = free_port()
        on.spawn("-m", "tests.bench.ceilings", "proxy", str(socket), str(bare))
        wait_for(f"http://127.0.0.1:{bare}{PATH}")
        wait_for(f"http://127.0.0.1:{port}{PATH}")
        ours, ceiling = [], []
        for _ in range(rounds):
            for found, at in ((ceiling, bare), (ours, port)):
                shot = shoot([[get(PATH)]] * CONNECTIONS, seconds=seconds, port=at)
                assert set(shot.statuses) == {"200"}, shot.statuses
                found.append(shot.per_second)
        return [ratio("pass-through of 1 kB", ours, ceiling, GOAL, "req/s")]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
