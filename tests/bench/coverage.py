"""Coverage at ten times a province: 51,911 divisions, half of them with stations and posts;
`python -m tests.bench.coverage`.

Each of the eight prefectures stands there ten times, nine of them at codes that no prefecture has.
Prints p50 and p95 at each tier, the number of queries, and how long counting anew takes.
"""

import argparse
import asyncio
import os
import secrets
import statistics
import time
from typing import Any

import asyncpg

from services.events.coverage.counting import rebuild, refresh
from services.events.load import load
from services.kit import migrations
from services.kit.access import SERVICE
from tests.bench.rollup import engines
from tests.engines import TestCluster
from tests.support.apps import Running, run_app
from tests.support.queries import counted

TIERS = {"province": 2, "prefecture": 4, "county": 6, "township": 9, "village": 12}
COPIES = 9
PATHS = {
    "coverage": "",
    "coverage by sector": "?sector=02",
    "sectors": "/sectors",
    "who lacks people": "/lacking?have=people&tier=village",
}

COPY = """
INSERT INTO divisions (code, name, short_name, tier, kind, parent_code, official, edition)
SELECT m.copy || substr(code, 5), name, short_name, tier, kind,
    CASE WHEN length(code) = 4 THEN '63' ELSE m.copy || substr(parent_code, 5) END,
    official, edition
FROM divisions JOIN unnest($1::text[], $2::text[]) m (real, copy) ON left(code, 4) = m.real
WHERE abolished_on IS NULL AND length(code) >= 4
"""
STATIONS = """
INSERT INTO stations (id, division_code, recorded_code, kind, name, sector, lead_department,
    responsible_unit, state, version, created_by)
SELECT gen_random_uuid(), code, code,
    CASE WHEN n % 7 = 0 THEN 'activity_venue' ELSE 'science_station' END, '科普站' || n,
    (ARRAY['01','02','03','05','06','07','09','11','12','13','14','15','16','17','18','20','21',
        '22','30'])[1 + (n + hashtext(code) & 1023) % 19],
    CASE WHEN n % 2 = 0 THEN '科协' END, CASE WHEN n % 3 = 0 THEN '乡政府' END, 'open', 1,
    gen_random_uuid()
FROM divisions, generate_series(1, 2) n
WHERE abolished_on IS NULL AND hashtext(code) % 2 = 0
"""
POSTS = """
INSERT INTO posts (id, division_code, recorded_code, role, sector, name_sealed, name_masked,
    begins_on, version, created_by)
SELECT gen_random_uuid(), code, code, 'informant', '02', '', '*', '2020-01-01', 1,
    gen_random_uuid()
FROM divisions WHERE abolished_on IS NULL AND hashtext(code) % 3 = 0
"""


async def fill(cluster: TestCluster, database: str) -> None:
    """Nine more copies of every division below the province, stations and posts."""
    connection = await asyncpg.connect(cluster.dsn(database))
    try:
        real = [
            row["code"]
            for row in await connection.fetch(
                "SELECT code FROM divisions WHERE tier = 'prefecture' AND abolished_on IS NULL"
            )
        ]
        free = [code for code in (f"63{n:02}" for n in range(1, 100)) if code not in real]
        await connection.execute("DELETE FROM divisions WHERE abolished_on IS NOT NULL")
        await connection.execute(COPY, real * COPIES, free[: len(real) * COPIES])
        await connection.execute(STATIONS)
        await connection.execute(POSTS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def prepare(cluster: TestCluster) -> None:
    """A migrated database with ten times the register."""
    database = await cluster.create_database("events", name=f"coverage_{secrets.token_hex(4)}")
    os.environ.update(cluster.environ("events", database))
    await asyncio.to_thread(
        migrations.upgrade,
        "services.events",
        os.environ["EVENTS_OWNER_DATABASE_URL"],
        os.environ["EVENTS_DATABASE_URL"],
    )
    await load(lambda _: None)
    await fill(cluster, database)


async def count(running: Running) -> tuple[float, float]:
    """Seconds to count everything anew, and milliseconds to count one village."""
    taken = []
    for work in (rebuild, lambda db: refresh(db, ["630123101201"])):
        started = time.perf_counter()
        async with running.kit.database.transaction(SERVICE) as db:
            await work(db)
        taken.append(time.perf_counter() - started)
    async with running.kit.database.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE coverage_counts")
    return taken[0], taken[1] * 1000


async def measure(running: Running, path: str, length: int, times: int) -> dict[str, float]:
    """Milliseconds of one read at the divisions of a tier with the most below them."""
    codes = [
        row[0]
        for row in await running.rows(
            "SELECT division_code FROM coverage_counts WHERE length(division_code) = :length"
            " AND sector = '' GROUP BY 1 ORDER BY sum(divisions) DESC LIMIT 10",
            length=length,
        )
    ]
    taken = []
    async with running.as_() as public:
        for turn in range(times + 5):
            started = time.perf_counter()
            answer = await public.get(f"/coverage/{codes[turn % len(codes)]}{path}")
            taken.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.text
        async with counted(running) as statements:
            await public.get(f"/coverage/{codes[0]}{path}")
    warm = sorted(taken[5:])
    return {
        "p50": statistics.median(warm),
        "p95": warm[int(len(warm) * 0.95)],
        "queries": len(statements),
    }


async def _run(cluster: TestCluster, times: int) -> None:
    await prepare(cluster)
    async with run_app("services.events") as running:
        anew, one = await count(running)
        known = await running.scalar("SELECT count(*) FROM divisions WHERE abolished_on IS NULL")
        print(f"{known} divisions: counted anew in {anew:.1f} s, one village in {one:.0f} ms")
        for label, path in PATHS.items():
            for tier, length in TIERS.items():
                found = await measure(running, path, length, times)
                print(
                    f"{label:20} {tier:11} p50 {found['p50']:6.1f}  p95 {found['p95']:6.1f} ms"
                    f"  {found['queries']:.0f} queries"
                )


async def measured(times: int = 100) -> dict[str, dict[str, float]]:
    """p95 in milliseconds and the number of queries of GET /coverage at each tier."""
    with engines() as (cluster, _):
        await prepare(cluster)
        async with run_app("services.events") as running:
            await count(running)
            return {
                tier: await measure(running, "", length, times) for tier, length in TIERS.items()
            }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=100, help="requests at each tier")
    given: Any = parser.parse_args()
    with engines() as (cluster, _):
        asyncio.run(_run(cluster, given.times))


if __name__ == "__main__":
    main()
