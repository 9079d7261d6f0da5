"""Reads of coverage: one statement, whatever the division and its depth."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from services.events.coverage.rules import Have
from services.kit.db import Database
from services.kit.divisions import Tier, upper
from services.kit.hot import HotList

_COUNTS = ("institution", "people", "lead_department", "responsible_unit", "all_four", "venue")

# A line for each division asked for, each tier that it has, and each sector ('' is all of them).
# The line of a division's own tier is the division itself.
LINES = f"""
SELECT d.code, d.name, d.tier, d.abolished_on, d.today, counted.day, part.sector,
    whole.tier AS of_tier, whole.divisions,
    (whole.institution + whole.people + whole.lead_department + whole.responsible_unit
        + whole.venue) > 0 AS recorded,
    {", ".join(f"COALESCE(c.{name}, 0) AS {name}" for name in _COUNTS)}
FROM divisions d
LEFT JOIN coverage_day counted ON true
LEFT JOIN coverage_counts whole ON whole.division_code = d.code AND whole.sector = ''
    AND whole.divisions > 0
CROSS JOIN unnest($2::text[]) part (sector)
LEFT JOIN coverage_counts c ON c.division_code = d.code AND c.tier = whole.tier
    AND c.sector = part.sector
WHERE d.code = $1 OR ($3 AND d.parent_code = $1 AND d.abolished_on IS NULL)
ORDER BY d.code, part.sector
"""


@dataclass(frozen=True)
class Line:
    """How many divisions of a tier have what, within one sector or in all."""

    tier: Tier
    divisions: int
    recorded: bool
    """Is anything recorded at that tier, in any sector?"""
    counts: dict[str, int]


@dataclass(frozen=True)
class Counted:
    """A division and its lines by sector."""

    division: dict[str, Any]
    day: Any
    lines: dict[str, list[Line]]


async def counted(
    database: Database, code: str, sectors: list[str], *, children: bool
) -> list[Counted]:
    """The division, and with `children` those directly below it, by code; [] for an unknown one."""
    pool = await database.hot()
    async with pool.acquire() as connection:
        rows: list[Any] = await connection.fetch(LINES, code, sectors, children)
    found: dict[str, Counted] = {}
    for row in rows:
        one = {name: row[name] for name in ("code", "name", "tier", "abolished_on", "today")}
        of = found.setdefault(row["code"], Counted(one, row["day"], {s: [] for s in sectors}))
        if row["of_tier"] is not None:
            line = Line(
                Tier(row["of_tier"]),
                row["divisions"],
                row["recorded"],
                {name: row[name] for name in _COUNTS},
            )
            of.lines[row["sector"]].append(line)
    return list(found.values())


@cache
def _lacking(have: Have) -> HotList:
    return HotList(
        f"""SELECT d.code, d.name, d.tier, d.kind,
            CASE WHEN p.code IS NOT NULL
                THEN json_build_object('code', p.code, 'name', p.name) END AS parent
        FROM divisions d LEFT JOIN divisions p ON p.code = d.parent_code
        WHERE d.tier = $2 AND d.code >= $3 AND d.code < $4 AND d.code > $5
            AND d.abolished_on IS NULL
            -- A look at each by its key, in order: a join would read all of `haves` for one page.
            AND NOT COALESCE((SELECT h.{have.value} FROM haves h
                WHERE h.division_code = d.code AND h.sector = $6), false)
        ORDER BY d.code LIMIT $1 + 1""",
        key=("code",),
    )


def lacking(
    code: str, have: Have, tier: Tier, sector: str, after: str
) -> tuple[HotList, tuple[Any, ...]]:
    """The list of divisions without it, by code, and the values behind its limit."""
    return _lacking(have), (tier.value, code, upper(code), after, sector)
