"""Row-level security by itself, under plain SQL as the service's own role."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from services.kit.access import ANONYMOUS, SERVICE, Caller
from services.kit.db import run
from services.kit.ids import uuid7
from tests.support.apps import Running, citizen, staff

ROWS = """
WITH a AS (
    INSERT INTO activities (id, division_code, recorded_code, title, summary, form, state, version, created_by)
    VALUES (:id, :code, :code, 't', '', 'lecture', 'published', 1, :id) RETURNING id),
o AS (
    INSERT INTO occurrences (id, activity_id, division_code, recorded_code, starts_at, ends_at, state,
        sequence, list_rule, offer_minutes, verified, version)
    SELECT id, id, :code, :code, now(), now() + interval '1 hour', 'scheduled', 0, 'strict', 60, 0, 1
    FROM a RETURNING id),
p AS (
    INSERT INTO pools (id, occurrence_id, name, capacity, confirmed, offered, waiting, next_number, version)
    SELECT id, id, 'p', 9, 0, 0, 0, 1, 1 FROM o RETURNING id),
t AS (
    INSERT INTO tickets (id, occurrence_id, pool_id, name, max_party) SELECT id, id, id, 't', 9 FROM p
    RETURNING id)
INSERT INTO registrations (id, occurrence_id, pool_id, ticket_id, division_code, recorded_code,
    account_id, party_size, split_ok, number, state, offered_places, version)
SELECT id, id, id, id, :code, :code, :owner, 1, false, 1, 'confirmed', 0, 1 FROM t
"""
OWNER = uuid7()


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (ANONYMOUS, 0),
        (citizen(), 0),
        (citizen(OWNER), 2),
        (staff("checker", "630123"), 1),
        (staff("checker", "6301"), 2),
        (staff("checker", "6302"), 0),
        (staff("administrator", "63"), 0),
        (SERVICE, 2),
    ],
)
async def test_the_wall_shows_each_caller_exactly_their_rows(
    events: Running, caller: Caller, seen: int
) -> None:
    async with events.kit.database.transaction(SERVICE) as db:
        for code in ("630123101", "630121"):
            await run(db, text(ROWS), {"id": uuid4(), "code": code, "owner": OWNER})
    async with events.kit.database.transaction(caller) as db:
        found = (await run(db, text("SELECT count(*) FROM registrations"))).scalar_one()
    assert found == seen
