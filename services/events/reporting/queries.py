"""Reads of the totals: one statement, whatever the division, its depth and the period."""

from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from services.events.reporting.rules import Period
from services.kit.db import Database

SUMS = (
    "activities",
    "share",
    "occurrences",
    "attended",
    "verified",
    "counted",
    "estimated",
    "online",
    "answers",
    "satisfied",
)

# A sub-select for each division and part: always ranges of the key, never a scan of the table.
_FIGURES = f"""
SELECT d.code, d.name, d.tier, d.abolished_on, part.step,
    {", ".join(f"sum(of_part.{name})::bigint AS {name}" for name in SUMS)}
FROM divisions d
CROSS JOIN json_to_recordset($2::json) AS part (step integer, grain text, first date, last date)
CROSS JOIN LATERAL (
    SELECT {", ".join(f"COALESCE(sum({name}), 0) AS {name}" for name in SUMS)}
    FROM {{tallies}} t
    WHERE t.division_code = d.code AND t.grain = part.grain
        AND t.day BETWEEN part.first AND part.last) of_part
WHERE d.code = $1 OR ($3 AND d.parent_code = $1)
GROUP BY d.code, part.step
ORDER BY d.code, part.step
"""

Map = Literal["now", "then"]
_CELLS = ", ".join(("division_code", "grain", "day", *SUMS))
FIGURES: dict[Map, str] = {
    "now": _FIGURES.format(tallies="tallies"),
    "then": _FIGURES.format(
        tallies=f"(SELECT {_CELLS} FROM tallies UNION ALL SELECT {_CELLS} FROM tallies_then)"
    ),
}
"""On today's map, and as it was: every record where it was made."""


@dataclass
class Counted:
    """A division and its sums, one dict for each period asked for."""

    division: dict[str, Any]
    sums: list[dict[str, int]] = field(default_factory=list)


def arguments(division: str, periods: list[Period], *, children: bool) -> tuple[Any, ...]:
    """The values of FIGURES."""
    parts = [
        {"step": step, "grain": grain, "first": first, "last": last}
        for step, period in enumerate(periods)
        for grain, first, last in period.parts()
    ]
    return division, orjson.dumps(parts).decode(), children


async def figures(
    database: Database,
    division: str,
    periods: list[Period],
    *,
    children: bool = False,
    on: Map = "now",
) -> list[Counted]:
    """The division, and with `children` those below it, by code; nothing for an unknown code."""
    pool = await database.hot()
    async with pool.acquire() as connection:
        rows: list[Any] = await connection.fetch(
            FIGURES[on], *arguments(division, periods, children=children)
        )
    found: dict[str, Counted] = {}
    for row in rows:
        one = {name: row[name] for name in ("code", "name", "tier", "abolished_on")}
        counted = found.setdefault(row["code"], Counted(one))
        counted.sums.append({name: row[name] for name in SUMS})
    return list(found.values())
