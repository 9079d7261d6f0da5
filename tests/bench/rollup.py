"""Figures at full size: the real register, five years, a million activities; `python -m tests.bench.rollup`.

Prepares a database of services/events on a throwaway cluster, asks GET /reports/rollup at each
tier, and shows the time in milliseconds and PostgreSQL's plan. With `fold`, it also measures how
many facts a second one consumer folds.
"""

import argparse
import asyncio
import os
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import asyncpg

from deploy.engines.nats import Nats
from deploy.engines.postgres import Postgres
from services.events.load import load
from services.events.reporting import queries
from services.events.reporting.consumer import CONSUMER
from services.events.reporting.rules import Period, spread
from services.kit import keys, migrations, settings
from services.kit.access import SERVICE
from services.kit.context import new_traceparent
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from services.kit.inbox import BATCH, apply
from tests.engines import PASSWORD, TestCluster, free_port
from tests.support.apps import Running, run_app
from tests.support.folders import throwaway

FIRST, LAST = date(2022, 1, 1), date(2026, 12, 31)
ACTIVITIES = 1_000_000
TIERS = {"province": 2, "prefecture": 4, "county": 6, "township": 9}
YEAR = Period(date(2026, 1, 1), LAST)
FIVE_YEARS = Period(FIRST, LAST)
PERIODS = {"1 year": YEAR, "5 years": FIVE_YEARS, "ragged": Period(date(2024, 3, 17), LAST)}

# Every activity stands in its village on a day of its own; one in ten is held with a second one.
FILL = """
INSERT INTO tallies (division_code, grain, day, share, activities, occurrences, attended, verified,
    counted, estimated, online)
SELECT place.code, 'day', made.day, sum(place.share), count(*), sum(made.occurrences), count(*),
    sum(made.n % 40), sum(made.n % 25), sum(made.n % 60), sum(made.n % 300)
FROM (
    SELECT n, $1::date + (hashint4(n) & 1073741823) % $2 AS day, 1 + n % 3 AS occurrences,
        (hashint4(n + 7) & 1073741823) % $4 AS host
    FROM generate_series(1, $3::int) AS n) made
JOIN places place ON place.host = made.host AND place.together = (made.n % 10 = 0)
GROUP BY place.code, made.day
ORDER BY made.day, hashtext(place.code || made.day)  -- as facts come: day by day, mixed
"""
MONTHS = """
INSERT INTO tallies
SELECT division_code, 'month', date_trunc('month', day), sum(activities), sum(share),
    sum(occurrences), sum(attended), sum(verified), sum(counted), sum(estimated), sum(online)
FROM tallies GROUP BY 1, 3
"""


async def fill(cluster: TestCluster, database: str, activities: int = ACTIVITIES) -> int:
    """Make the tallies of `activities` over the villages of the loaded register; answers the rows."""
    connection = await asyncpg.connect(cluster.dsn(database))
    try:
        villages = [
            row["code"]
            for row in await connection.fetch(
                "SELECT code FROM divisions WHERE tier = 'village' AND abolished_on IS NULL"
                " ORDER BY code"
            )
        ]
        await connection.execute(
            'CREATE TEMPORARY TABLE places (host integer, together boolean, code text COLLATE "C",'
            " share bigint)"
        )
        other = villages[len(villages) // 2 :] + villages[: len(villages) // 2]
        await connection.copy_records_to_table(
            "places",
            records=(
                (number, together, code, share)
                for number, pair in enumerate(zip(villages, other, strict=True))
                for together, hosts in ((False, pair[:1]), (True, pair))
                for code, share in spread(hosts).items()
            ),
        )
        await connection.execute("ANALYZE places; TRUNCATE tallies")
        days = (LAST - FIRST).days + 1
        await connection.execute(FILL, FIRST, days, activities, len(villages))
        await connection.execute(MONTHS)
        await connection.execute("VACUUM ANALYZE tallies")
        await connection.execute("ANALYZE divisions")
        return int(await connection.fetchval("SELECT count(*) FROM tallies"))
    finally:
        await connection.close()


async def measure(running: Running, length: int, asked: Period, times: int) -> dict[str, float]:
    """Milliseconds of GET /reports/rollup at the busiest divisions of one tier."""
    divisions = [
        row[0]
        for row in await running.rows(
            "SELECT division_code FROM tallies WHERE length(division_code) = :length AND grain = 'month'"
            " GROUP BY 1 ORDER BY sum(activities) DESC LIMIT 20",
            length=length,
        )
    ]
    taken = []
    async with running.as_() as public:
        for turn in range(times + 5):
            path = f"/reports/rollup?division={divisions[turn % len(divisions)]}"
            started = time.perf_counter()
            answer = await public.get(f"{path}&from={asked.first}&to={asked.last}")
            taken.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.text
    warm = sorted(taken[5:])
    return {"p50": statistics.median(warm), "p95": warm[int(len(warm) * 0.95)]}


async def plan(cluster: TestCluster, database: str, division: str, asked: Period) -> str:
    """How PostgreSQL answers the roll-up."""
    connection = await asyncpg.connect(cluster.dsn(database))
    try:
        rows = await connection.fetch(
            f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {queries.FIGURES['now']}",
            *queries.arguments(division, [asked, asked.a_year_earlier], children=True),
        )
        return "\n".join(row[0] for row in rows)
    finally:
        await connection.close()


async def folded_a_second(running: Running, facts: int = 6000) -> float:
    """Facts a second through the fold, in batches of the inbox, as one consumer takes them."""
    chance = Random(1)
    villages = [
        row[0] for row in await running.rows("SELECT code FROM divisions WHERE tier = 'village'")
    ]
    subjects = [uuid7() for _ in range(facts // 2)]
    made = []
    for number in range(facts):
        day = FIRST + timedelta(days=chance.randrange(1826))
        hosts = chance.sample(villages, 1 if chance.random() < 0.9 else 3)
        made.append(
            Envelope(
                id=uuid7(),
                source="/events",
                type="events.activity_rescheduled.v1",
                subject=str(chance.choice(subjects)),
                time=datetime.now(UTC),
                division=hosts[0],
                traceparent=new_traceparent(),
                aggregateversion=number,
                data={"hosts": hosts, "day": day.isoformat(), "occurrences": 1},
            )
        )
    started = time.perf_counter()
    for start in range(0, facts, BATCH):
        async with running.kit.database.transaction(SERVICE) as db:
            await apply(db, CONSUMER, made[start : start + BATCH])
    return facts / (time.perf_counter() - started)


@contextmanager
def engines() -> Iterator[tuple[TestCluster, str]]:
    """A throwaway PostgreSQL and NATS of this run."""
    with throwaway("bench") as folder:
        postgres = Postgres(
            folder / "postgres", folder / "pg", folder / "pg.log", PASSWORD, durable=False
        )
        nats = Nats(folder / "nats", folder / "nats.log", free_port(), PASSWORD, durable=False)
        postgres.start()
        nats.start()
        try:
            keys.create_keys(folder / "keys")
            os.environ.update(
                KEPU_HOME=str(folder), KEPU_KEYS=str(folder / "keys"), NATS_URL=nats.url
            )
            os.environ["KEPU_LOG_LEVEL"] = "error"
            settings.suite.cache_clear()
            yield TestCluster(postgres), str(folder)
        finally:
            nats.stop()
            postgres.stop()


async def prepare(cluster: TestCluster, activities: int = ACTIVITIES) -> str:
    """A migrated database with the register and the tallies; answers its name."""
    database = await cluster.create_database("events", name=f"rollup_{secrets.token_hex(4)}")
    os.environ.update(cluster.environ("events", database))
    await asyncio.to_thread(
        migrations.upgrade,
        "services.events",
        os.environ["EVENTS_OWNER_DATABASE_URL"],
        os.environ["EVENTS_DATABASE_URL"],
    )
    await load(lambda _: None)
    await fill(cluster, database, activities)
    return database


async def _run(cluster: TestCluster, given: argparse.Namespace) -> None:
    started = time.perf_counter()
    database = await prepare(cluster, given.activities)
    async with run_app("services.events") as running:
        rows = await running.scalar("SELECT count(*) FROM tallies")
        known = await running.scalar("SELECT count(*) FROM divisions WHERE abolished_on IS NULL")
        print(
            f"{given.activities} activities, {known} divisions, {rows} tallies,"
            f" made in {time.perf_counter() - started:.0f} s"
        )
        for tier, length in TIERS.items():
            for label, asked in PERIODS.items():
                found = await measure(running, length, asked, given.times)
                print(f"{tier:11} {label:8} p50 {found['p50']:6.1f}  p95 {found['p95']:6.1f} ms")
        if given.plans:
            for label, asked in PERIODS.items():
                print(f"\n{label} at the province:\n{await plan(cluster, database, '63', asked)}")
        if given.fold:
            print(f"fold: {await folded_a_second(running):.0f} facts/s")


async def p95_by_tier(times: int = 100) -> dict[str, float]:
    """p95 in milliseconds over five years at each tier, on a province of full size."""
    with engines() as (cluster, _):
        await prepare(cluster)
        async with run_app("services.events") as running:
            return {
                tier: (await measure(running, length, FIVE_YEARS, times))["p95"]
                for tier, length in TIERS.items()
            }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    parser.add_argument("--times", type=int, default=100, help="requests at each tier")
    parser.add_argument("--plans", action="store_true", help="show the query plans")
    parser.add_argument("--fold", action="store_true", help="measure the fold too")
    given: Any = parser.parse_args()
    with engines() as (cluster, _):
        asyncio.run(_run(cluster, given))


if __name__ == "__main__":
    main()
