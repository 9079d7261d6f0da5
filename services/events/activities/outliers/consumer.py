"""Weighs the occurrences that facts tell of, and keeps what is usual up to date.

A fact only says where to look: the numbers are read as they are now, so a fact that comes late or
twice changes nothing. There is no reset: a rebuild weighs everything again, and what was dismissed
stays dismissed.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import func, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.outliers.rules import (
    Finding,
    Norm,
    Numbers,
    OutlierSettings,
    findings,
)
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from services.kit.inbox import Consumer, Reads
from services.kit.schedules import Schedule

NUMBERS = text("""
SELECT o.id, o.activity_id, o.verified, p.capacity, t.counted, t.estimated,
    h.occurrences AS headcounts, h.median AS headcount,
    c.occurrences AS capacities, c.median AS capacity_median
FROM occurrences o
JOIN activities a ON a.id = o.activity_id
LEFT JOIN LATERAL (
    SELECT sum(capacity)::int AS capacity FROM pools WHERE occurrence_id = o.id) p ON true
LEFT JOIN LATERAL (
    SELECT max(number) FILTER (WHERE grade = 'counted') AS counted,
        max(number) FILTER (WHERE grade = 'estimated') AS estimated
    FROM attendance WHERE occurrence_id = o.id) t ON true
LEFT JOIN headcount_norms h ON h.form = a.form AND h.digits = length(a.division_code)
    AND h.measure = 'headcount'
LEFT JOIN headcount_norms c ON c.form = a.form AND c.digits = length(a.division_code)
    AND c.measure = 'capacity'
WHERE (o.id = ANY(CAST(:ids AS uuid[])) OR o.activity_id = ANY(CAST(:ids AS uuid[])))
    AND o.state <> 'cancelled' AND a.state IN ('published', 'ongoing', 'completed', 'archived')
""")

KEEP = text("""
INSERT INTO outliers AS r (id, occurrence_id, activity_id, rule, number, compared)
SELECT id, occurrence_id, activity_id, rule, number, compared
FROM json_to_recordset(CAST(:rows AS json)) AS given (
    id uuid, occurrence_id uuid, activity_id uuid, rule text, number integer, compared integer)
ORDER BY occurrence_id, rule
ON CONFLICT ON CONSTRAINT outliers_once DO UPDATE SET number = excluded.number,
    compared = excluded.compared, state = 'open', reason = NULL, dismissed_by = NULL,
    dismissed_at = NULL, raised_at = now(), version = r.version + 1
-- What it is compared with may drift (a median does): that alone asks nobody again.
WHERE r.number <> excluded.number
""")

DROP = text("""
DELETE FROM outliers r USING occurrences o
WHERE o.id = r.occurrence_id
    AND (o.id = ANY(CAST(:ids AS uuid[])) OR o.activity_id = ANY(CAST(:ids AS uuid[])))
    AND NOT EXISTS (
        SELECT FROM json_to_recordset(CAST(:rows AS json)) AS given (
            occurrence_id uuid, rule text)
        WHERE given.occurrence_id = r.occurrence_id AND given.rule = r.rule)
""")

NORMS_FRESH = text(
    "SELECT EXISTS (SELECT FROM headcount_norms WHERE computed_at > now() - INTERVAL '6 hours')"
)
NORMS = text("""
INSERT INTO headcount_norms (form, digits, measure, occurrences, median)
SELECT a.form, length(a.division_code), m.measure, count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY m.number)
FROM occurrences o
JOIN activities a ON a.id = o.activity_id
LEFT JOIN LATERAL (
    SELECT max(number) AS number FROM attendance
    WHERE occurrence_id = o.id AND grade <> 'online') t ON true
LEFT JOIN LATERAL (
    SELECT sum(capacity) AS capacity FROM pools WHERE occurrence_id = o.id) p ON true
CROSS JOIN LATERAL (VALUES
    ('headcount', NULLIF(GREATEST(o.verified, t.number), 0)), ('capacity', p.capacity)
) AS m (measure, number)
WHERE o.starts_at BETWEEN now() - INTERVAL '2 years' AND now() AND o.state <> 'cancelled'
    AND a.state IN ('published', 'ongoing', 'completed', 'archived') AND m.number IS NOT NULL
GROUP BY 1, 2, 3
ON CONFLICT (form, digits, measure) DO UPDATE SET occurrences = excluded.occurrences,
    median = excluded.median, computed_at = now()
""")


@cache
def settings() -> OutlierSettings:
    """The limits, read once."""
    return OutlierSettings()


class _Told(BaseModel):
    """The subject says which occurrence, or which activity; nothing more is read."""


async def fold(db: AsyncSession, facts: list[tuple[Envelope, Any]]) -> None:
    """Weigh the occurrences that these facts are about."""
    await weigh(db, {UUID(envelope.subject) for envelope, _ in facts})


async def weigh(db: AsyncSession, ids: Iterable[UUID]) -> None:
    """Weigh these occurrences, and those of these activities, by their present numbers."""
    given = {"ids": sorted(ids)}
    # One at a time: of two that read the same numbers in turn, the later reading stays.
    await run(db, select(func.pg_advisory_xact_lock(func.hashtextextended("outliers", 0))))
    rows = [
        {
            "id": uuid7(),
            "occurrence_id": row.id,
            "activity_id": row.activity_id,
            **finding._asdict(),
        }
        for row in (await run(db, NUMBERS, given)).all()
        for finding in _findings(row)
    ]
    told = {"rows": orjson.dumps(rows, default=str).decode()}
    await run(db, DROP, given | told)
    if rows:
        await run(db, KEEP, told)


def _findings(row: Any) -> list[Finding]:
    seen = Numbers(
        capacity=row.capacity,
        verified=row.verified,
        counted=row.counted,
        estimated=row.estimated,
        headcounts=Norm(row.headcounts, row.headcount) if row.headcounts else None,
        capacities=Norm(row.capacities, row.capacity_median) if row.capacities else None,
    )
    return list(findings(seen, settings()))


async def renew_norms(db: AsyncSession) -> int:
    """Compute what is usual, every six hours, from the last two years; 0: there is no more."""
    if not (await run(db, NORMS_FRESH)).scalar_one():
        await run(db, NORMS)
    return 0


CONSUMER = Consumer(
    "outliers",
    {
        f"events.{fact}.v1": Reads(_Told)
        for fact in (
            "attendance_changed",
            "activity_published",
            "activity_rescheduled",
            "activity_completed",
            "activity_cancelled",
        )
    },
    fold=fold,
)
SCHEDULE = Schedule("headcount_norms", 3600, renew_norms)
