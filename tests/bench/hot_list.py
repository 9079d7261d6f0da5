"""The hot list of 20 occurrences against Starlette + asyncpg + json_agg on the same rows."""

import os
import subprocess
import sys

from services.events.activities import upcoming
from tests.bench.load import get, shoot
from tests.bench.report import Figure, ratio
from tests.bench.stage import Stage, stage, wait_for
from tests.engines import free_port

ROWS = 100_000
GOAL = 0.7
CONNECTIONS = 16
PATH = "/occurrences?limit=20"

FILL = (
    f"""INSERT INTO activities (id, division_code, recorded_code, title, summary, form, languages,
        state, version, created_by, published_at)
    SELECT uuidv7(), d.code, d.code, '高原生态科普讲座第' || n || '讲', '青海湖鸟类与湿地', 'lecture',
        '{{zh,bo}}', 'published', 1, uuidv7(), now()
    FROM generate_series(1, {ROWS}) n
    JOIN (SELECT code, row_number() OVER (ORDER BY code) AS place FROM divisions
          WHERE tier = 'village') d ON d.place = n % 4700 + 1""",
    """INSERT INTO activity_hosts (activity_id, division_code, recorded_code, role, accepted_at)
    SELECT id, division_code, division_code, 'lead', now() FROM activities""",
    """INSERT INTO occurrences (id, activity_id, division_code, recorded_code, place, starts_at,
        ends_at, state, sequence, list_rule, offer_minutes, verified, version)
    SELECT uuidv7(), id, division_code, division_code, '村文化活动室', t, t + interval '2 hours',
        'scheduled', 0, 'strict', 120, 0, 1
    FROM (SELECT id, division_code, now() + random() * interval '300 days' AS t FROM activities)""",
    """INSERT INTO pools (id, occurrence_id, name, capacity, confirmed, offered, waiting,
        next_number, version)
    SELECT uuidv7(), id, '普通', 100, 40, 0, 0, 41, 1 FROM occurrences""",
    "VACUUM ANALYZE",
)


def fill(on: Stage) -> None:
    """A province's register and a year of activities."""
    on.database("services.events")
    load = [sys.executable, "-m", "services.kit", "load", "services.events"]
    subprocess.run(load, env={**os.environ, **on.environ}, check=True, stdout=subprocess.DEVNULL)
    on.run_sql("events", *FILL)


def bench(seconds: float = 4, rounds: int = 3) -> list[Figure]:
    """Alternating rounds of both, the same number of connections."""
    with stage() as on:
        fill(on)
        port = on.serve("services.events")
        bare = free_port()
        statement = upcoming.hot_list(()).statement
        for name, value in (
            ("$4", "(date_trunc('day', now()) - interval '180 days')"),
            ("$3", "date_trunc('day', now())"),
            ("$2", "'zh-CN'::text"),
        ):
            statement = statement.replace(name, value)
        dsn = on.environ["EVENTS_DATABASE_URL"]
        on.spawn("-m", "tests.bench.ceilings", "list", dsn, str(bare), stdin=statement)
        wait_for(f"http://127.0.0.1:{bare}/list")
        ours, ceiling = [], []
        for _ in range(rounds):
            for found, at, path in ((ceiling, bare, "/list?limit=20"), (ours, port, PATH)):
                shot = shoot([[get(path)]] * CONNECTIONS, seconds=seconds, port=at)
                assert set(shot.statuses) == {"200"}, shot.statuses
                found.append(shot.per_second)
        return [ratio("hot list, 20 of 100,000 occurrences", ours, ceiling, GOAL, "req/s")]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
