"""The home overview against the slowest of its parts, both through the gateway, one at a time."""

from statistics import median

from tests.bench.hot_list import fill
from tests.bench.load import get, shoot
from tests.bench.report import Figure
from tests.bench.stage import Stage, stage, wait_for

GOAL = 1.3
VILLAGE = "630123101200"
HOME = f"/api/v1/overviews/home?division={VILLAGE}"
PARTS = (
    f"/api/v1/divisions/{VILLAGE}",
    f"/api/v1/occurrences?division={VILLAGE}&limit=10",
    "/api/v1/occurrences?division=630123&limit=10",
    f"/api/v1/venues?division={VILLAGE}&limit=10",
)


def times(port: int, path: str, seconds: float) -> float:
    """The middle of the times of one path, in milliseconds."""
    wait_for(f"http://127.0.0.1:{port}{path}")
    shot = shoot([[get(path)]], seconds=seconds, port=port)
    assert set(shot.statuses) == {"200"}, shot.statuses
    return shot.p50_ms


def serve(on: Stage, **settings: str) -> int:
    """A gateway with its own settings of overviews."""
    on.environ.update(settings)
    return on.serve("gateway")


def bench(seconds: float = 2, rounds: int = 3) -> list[Figure]:
    """Alternating rounds: each part alone, home that asks all of them, home that remembers."""
    with stage() as on:
        fill(on)
        on.database("services.venues")
        on.database("gateway")
        for package in ("services.events", "services.venues"):
            on.serve_socket(package)
        remembering = serve(on)
        asking = serve(on, GATEWAY_OVERVIEW_FRESH_S="-1", GATEWAY_OVERVIEW_STALE_S="-1")
        slowest, asked, remembered = [], [], []
        for _ in range(rounds):
            slowest.append(max(times(asking, path, seconds) for path in PARTS))
            asked.append(times(asking, HOME, seconds))
            remembered.append(times(remembering, HOME, seconds))
        return [
            _figure("home, every part asked, by its slowest part", asked, slowest),
            _figure("home, public parts remembered", remembered, slowest),
        ]


def _figure(name: str, ours: list[float], slowest: list[float]) -> Figure:
    mine, theirs = median(ours), median(slowest)
    found = mine / theirs
    return Figure(
        name,
        f"{mine:.2f} ms",
        f"{theirs:.2f} ms",
        f"{found:.2f}",
        f"≤ {GOAL}",
        found <= GOAL,
    )


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
