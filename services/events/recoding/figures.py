"""Figures that follow: what counted at the old codes counts at the new ones."""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.reporting.consumer import count as add_to_tallies
from services.events.reporting.consumer import counted
from services.events.reporting.rules import Added
from services.kit.db import run

BATCH = 1000

_TOUCHED = """EXISTS (SELECT FROM unnest(today) host, unnest(CAST(:tops AS text[])) top
    WHERE starts_with(host, top))"""
_COUNT = text(f"SELECT count(*) FROM contributions WHERE {_TOUCHED}")
_BOUND = text(
    """SELECT CAST(id AS text) FROM (SELECT id FROM contributions
        WHERE CAST(:last AS text) IS NULL OR id > CAST(CAST(:last AS text) AS uuid)
        ORDER BY id LIMIT :batch) batch ORDER BY id DESC LIMIT 1"""
)
_MOVE = text(
    f"""UPDATE contributions SET today = ARRAY(SELECT today_at(h.host)
        FROM unnest(today) WITH ORDINALITY AS h (host, n) ORDER BY h.n)
    WHERE (CAST(:last AS text) IS NULL OR id > CAST(CAST(:last AS text) AS uuid))
        AND id <= CAST(CAST(:until AS text) AS uuid) AND {_TOUCHED}
    RETURNING old.today AS old_today, new.today, hosts, day, {", ".join(Added._fields)}"""
)


async def count(db: AsyncSession, tops: list[str]) -> int:
    """The contributions that count at the old codes."""
    found: int = (await run(db, _COUNT, {"tops": tops})).scalar_one()
    return found


async def move(db: AsyncSession, tops: list[str], last: str | None) -> tuple[int, str | None]:
    """One batch: how many contributions went, and where it stopped (None: through)."""
    until = (await run(db, _BOUND, {"last": last, "batch": BATCH})).scalar()
    if until is None:
        return 0, None
    rows = (await run(db, _MOVE, {"last": last, "until": until, "tops": tops})).mappings().all()
    await add_to_tallies(db, [_change(row) for row in rows])
    return len(rows), until


def _change(row: Any) -> Any:
    added = Added(*(row[name] for name in Added._fields))
    return (
        counted(row["day"], row["hosts"], row["old_today"], added),
        counted(row["day"], row["hosts"], row["today"], added),
    )
