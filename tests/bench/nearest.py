"""Nearest venues among 100,000 against Starlette + asyncpg + json_agg on the same statement.

The statement itself answers in about a millisecond; what is measured beside it is what the service
adds: routing, the caller, filters, cursor and tag.
"""

from services.venues.registry.nearest import statement
from tests.bench.load import get, shoot
from tests.bench.report import Figure, ratio
from tests.bench.stage import Stage, stage, wait_for
from tests.engines import free_port

ROWS = 100_000
GOAL = 0.5
CONNECTIONS = 16
XINING = ("101.778", "36.617")

# A third of them around the capital, the others all over the province; an honour for every fifth.
FILL = (
    f"""INSERT INTO venues (id, name, kind, division_code, recorded_code, longitude, latitude,
        altitude_m, state, version, created_by)
    SELECT uuidv7(), '科普教育基地 ' || n, 'base', '630102', '630102',
        CASE n % 3 WHEN 0 THEN 101.778 + (random() - 0.5) / 3 ELSE 89.5 + random() * 13.5 END,
        CASE n % 3 WHEN 0 THEN 36.617 + (random() - 0.5) / 3 ELSE 31.7 + random() * 7.5 END,
        2261, 'published', 1, uuidv7()
    FROM generate_series(1, {ROWS}) n""",
    """INSERT INTO honours (id, venue_id, division_code, recorded_code, title, issuer, state,
        version, created_by)
    SELECT uuidv7(), id, division_code, division_code, '青海省科普教育基地', '青海省科协', 'valid', 1,
        uuidv7() FROM venues WHERE hashtext(id::text) % 5 = 0""",
    "VACUUM ANALYZE",
)


def fill(on: Stage) -> None:
    """A register of a whole country's size."""
    on.database("services.venues")
    on.run_sql("venues", *FILL)


def bench(seconds: float = 4, rounds: int = 3) -> list[Figure]:
    """Alternating rounds of both, the same number of connections."""
    with stage() as on:
        fill(on)
        port = on.serve("services.venues")
        bare = free_port()
        sql = statement((), following=False)
        for name, value in zip(("$2", "$3"), XINING, strict=True):
            sql = sql.replace(name, f"{value}::float8")
        dsn = on.environ["VENUES_DATABASE_URL"]
        on.spawn("-m", "tests.bench.ceilings", "list", dsn, str(bare), stdin=sql)
        wait_for(f"http://127.0.0.1:{bare}/list")
        path = f"/venues?limit=20&near={','.join(XINING)}"
        ours, ceiling = [], []
        for _ in range(rounds):
            for found, at, asked in ((ceiling, bare, "/list?limit=20"), (ours, port, path)):
                shot = shoot([[get(asked)]] * CONNECTIONS, seconds=seconds, port=at)
                assert set(shot.statuses) == {"200"}, shot.statuses
                found.append(shot.per_second)
        return [ratio("nearest 20 of 100,000 venues", ours, ceiling, GOAL, "req/s")]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
