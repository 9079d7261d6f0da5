"""The counts behind coverage: what each division has, and how many have it below each division.

`refresh` lets some divisions count anew, from the rows of stations and posts as they are; so facts
may come late, twice or in any order. `rebuild` counts everything, and runs every day.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.stations.queries import today
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Reads
from services.kit.schedules import Schedule

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('kepu coverage', 0))")

_STATION_IS_THERE = (
    "s.state = 'open' AND (s.opened_on IS NULL OR s.opened_on <= CAST(:day AS date))"
)
# A venue counts for the county that it lies in, wherever in it.
_MARKS = f"""
    SELECT s.division_code AS code, s.sector, true AS institution, false AS people,
        s.lead_department IS NOT NULL AS lead_department,
        s.responsible_unit IS NOT NULL AS responsible_unit, false AS venue
    FROM stations s WHERE {_STATION_IS_THERE} AND {{at_station}}
    UNION ALL
    SELECT p.division_code, p.sector, false, true, false, false, false
    FROM posts p WHERE p.begins_on <= CAST(:day AS date)
        AND (p.ends_on IS NULL OR p.ends_on >= CAST(:day AS date)) AND {{at_post}}
    UNION ALL
    SELECT left(s.division_code, 6), s.sector, false, false, false, false, true
    FROM stations s WHERE s.kind = 'activity_venue' AND length(s.division_code) >= 6
        AND {_STATION_IS_THERE} AND {{at_venue}}"""

_ABOVE = "(VALUES (2), (4), (6), (9), (12)) above (digits)"
_COUNTS = ("institution", "people", "lead_department", "responsible_unit", "all_four", "venue")
_FOUR = " AND ".join(_COUNTS[:4])
_SUMMED = f"""
    SELECT left(division_code, above.digits) AS division_code, sector, tier,
        {", ".join(f"count(*) FILTER (WHERE {name})::int AS {name}" for name in _COUNTS[:4])},
        count(*) FILTER (WHERE {_FOUR})::int AS all_four,
        count(*) FILTER (WHERE venue)::int AS venue
    FROM {{rows}} JOIN {_ABOVE} ON above.digits <= length(division_code)
    GROUP BY 1, 2, 3"""


def _add(**places: str) -> Any:
    return text(f"""
        WITH came AS (
            INSERT INTO haves (division_code, sector, tier, institution, people, lead_department,
                responsible_unit, venue)
            SELECT m.code, part.sector, d.tier, bool_or(m.institution), bool_or(m.people),
                bool_or(m.lead_department), bool_or(m.responsible_unit), bool_or(m.venue)
            FROM ({_MARKS.format(**places)}) m
            JOIN divisions d ON d.code = m.code AND d.abolished_on IS NULL
            CROSS JOIN LATERAL (SELECT '' AS sector UNION SELECT m.sector) part
            WHERE part.sector IS NOT NULL
            GROUP BY 1, 2, 3
            RETURNING *)
        INSERT INTO coverage_counts AS c (division_code, sector, tier, {", ".join(_COUNTS)})
        {_SUMMED.format(rows="came")}
        ON CONFLICT (division_code, sector, tier) DO UPDATE SET
            {", ".join(f"{name} = c.{name} + excluded.{name}" for name in _COUNTS)}""")


_ADD_SOME = _add(
    at_station="s.division_code = ANY(CAST(:codes AS text[]))",
    at_post="p.division_code = ANY(CAST(:codes AS text[]))",
    at_venue="left(s.division_code, 6) = ANY(CAST(:codes AS text[]))",
)
_ADD_ALL = _add(at_station="true", at_post="true", at_venue="true")

_TAKE_AWAY = text(f"""
    WITH gone AS (
        DELETE FROM haves WHERE division_code = ANY(CAST(:codes AS text[])) RETURNING *),
    less AS ({_SUMMED.format(rows="gone")})
    UPDATE coverage_counts c SET {", ".join(f"{name} = c.{name} - less.{name}" for name in _COUNTS)}
    FROM less WHERE (c.division_code, c.sector, c.tier)
        = (less.division_code, less.sector, less.tier)""")

_EMPTY = (text("DELETE FROM haves"), text("DELETE FROM coverage_counts"))
_DIVISIONS = text(f"""
    INSERT INTO coverage_counts (division_code, sector, tier, divisions)
    SELECT left(code, above.digits), '', tier, count(*)
    FROM divisions JOIN {_ABOVE} ON above.digits <= length(code)
    WHERE abolished_on IS NULL GROUP BY 1, 3""")
_COUNTED = text(
    "INSERT INTO coverage_day (day) VALUES (:day) ON CONFLICT (one) DO UPDATE SET day = :day"
)


async def refresh(db: AsyncSession, codes: Iterable[str], day: date | None = None) -> None:
    """Let these divisions count as their stations and posts are now. As the service principal."""
    wanted = {part for code in codes for part in (code, code[:6])}
    if not wanted:
        return
    await run(db, _ALONE)
    await run(db, _TAKE_AWAY, {"codes": sorted(wanted)})
    await run(db, _ADD_SOME, {"codes": sorted(wanted), "day": day or today()})


async def rebuild(db: AsyncSession, day: date | None = None) -> None:
    """Count everything: after the register changed, and every day. As the service principal."""
    await run(db, _ALONE)
    for statement in _EMPTY:
        await run(db, statement)
    await run(db, _DIVISIONS)
    await run(db, _ADD_ALL, {"day": day or today()})
    await run(db, _COUNTED, {"day": day or today()})


class _Anything(BaseModel):
    """Where it happened is in the envelope; what is true now is in the tables."""


class _Moved(BaseModel):
    code: str
    successors: list[str]


_MOVED = "events.division_changed.v1"
READS: dict[str, type[BaseModel]] = {
    "events.station_opened.v1": _Anything,
    "events.station_changed.v1": _Anything,
    "events.station_closed.v1": _Anything,
    "events.post_taken.v1": _Anything,
    "events.post_changed.v1": _Anything,
    "events.post_ended.v1": _Anything,
    _MOVED: _Moved,
}


async def fold(db: AsyncSession, facts: list[tuple[Envelope, Any]]) -> None:
    """Count the divisions anew that these facts tell of."""
    codes: set[str] = set()
    for envelope, body in facts:
        codes |= {body.code, *body.successors} if envelope.type == _MOVED else {envelope.division}
    await refresh(db, codes)


CONSUMER = Consumer(
    "coverage",
    {fact_type: Reads(body) for fact_type, body in READS.items()},
    fold=fold,
    reset=rebuild,
)


async def count_the_day(db: AsyncSession) -> int:
    """A turn of the schedule: once a day in Asia/Shanghai, posts and stations of that day count."""
    counted = (await run(db, text("SELECT day FROM coverage_day"))).scalar()
    if counted != today():
        await rebuild(db)
    return 0


SCHEDULE = Schedule("count_coverage", 300, count_the_day, soon=True)
