"""How PostgreSQL answers the hot list when there is much: by index, in order, no more than asked."""

from datetime import datetime
from typing import Any

import asyncpg
import orjson
import pytest

from services.events.activities import upcoming
from services.events.activities.queries import begin_of
from services.events.activities.rules import SHANGHAI
from services.events.activities.times_and_places import LONGEST
from services.kit.pages import Paging
from tests.engines import TestCluster
from tests.support.apps import Running

FILL = """
INSERT INTO activities (id, division_code, recorded_code, title, summary, form, state, version,
    created_by, published_at)
SELECT gen_random_uuid(), code, code, '活动', '', (ARRAY['lecture', 'contest'])[1 + n % 2],
    'published', 1, gen_random_uuid(), now()
FROM (SELECT code, row_number() OVER () AS n FROM divisions WHERE length(code) >= 9) d LIMIT 4000;
INSERT INTO occurrences (id, activity_id, division_code, recorded_code, place, starts_at, ends_at,
    state, sequence, list_rule, offer_minutes, verified, version)
SELECT gen_random_uuid(), id, division_code, division_code, '广场', at, at + INTERVAL '2 hours',
    'scheduled', 0, 'strict', 120, 0, 1
FROM activities, generate_series(1, 5) s, LATERAL (
    SELECT now() + (hashtext(id::text || s) % 300) * INTERVAL '1 day' AS at) t;
INSERT INTO known_venues SELECT gen_random_uuid(), '馆' || n, false, 1 FROM generate_series(1, 3000) n;
INSERT INTO known_halls SELECT gen_random_uuid(), '厅' || n, 1 FROM generate_series(1, 3000) n;
UPDATE occurrences SET venue_id = v.id, hall_id = h.id, hall_hold = 'confirmed'
FROM (SELECT id, row_number() OVER () AS n FROM known_venues) v
JOIN (SELECT id, row_number() OVER () AS n FROM known_halls) h USING (n)
WHERE v.n = 1 + abs(hashtext(occurrences.id::text)) % 3000;
ANALYZE known_venues; ANALYZE known_halls; ANALYZE activities; ANALYZE occurrences; ANALYZE pools; ANALYZE divisions"""


@pytest.fixture
async def much(events_with_register: Running, postgres: TestCluster) -> Running:
    """20,000 occurrences of 4,000 activities over twenty months."""
    connection = await asyncpg.connect(postgres.dsn(events_with_register.database_name))
    await connection.execute(FILL)
    await connection.close()
    return events_with_register


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for below in plan.get("Plans", []) for node in _nodes(below))]


async def test_each_division_is_read_by_an_index_and_no_further_than_asked(
    much: Running,
) -> None:
    begin = begin_of(datetime.now(SHANGHAI).date())
    pool = await much.kit.database.hot()
    read: dict[str, Any] = {}
    for division in (None, "63", "6301", "630123", "630123101", "630123101201"):
        conditions = upcoming.Asked(division, None, None, None, None).conditions(Paging())
        statement = upcoming.hot_list(tuple(sql for sql, _ in conditions))._sql
        values = [value for _, values in conditions for value in values]
        async with pool.acquire() as connection:
            (plan,) = await connection.fetchrow(
                f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {statement}",
                20,
                "bo",
                begin,
                begin - LONGEST,
                *values,
            )
        scans = [
            node
            for node in _nodes(orjson.loads(plan)[0]["Plan"])
            if node.get("Relation Name") == "occurrences"
        ]
        read[str(division)] = (
            {node["Node Type"] for node in scans} & {"Seq Scan"},
            max(node["Actual Rows"] for node in scans) <= 21 + 1,
            # The names of venues and halls: looked up for the page, row by row.
            {
                (node["Node Type"], node["Actual Loops"] <= 2 * 21)
                for node in _nodes(orjson.loads(plan)[0]["Plan"])
                if node.get("Relation Name") in ("known_venues", "known_halls")
            },
        )
    assert read == dict.fromkeys(read, (set(), True, {("Index Scan", True)}))
