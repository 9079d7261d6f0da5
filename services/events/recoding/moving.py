"""Rows that follow: how many stand at the old codes, and their way to the new ones in batches."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.follows import FOLLOWS
from services.kit.db import run
from services.kit.recoding import Follows

BATCH = 2000
"""Rows that a batch looks at: a table is walked once, by its key."""

_AT_OLD = "EXISTS (SELECT FROM unnest(CAST(:tops AS text[])) top WHERE starts_with({column}, top))"
_TYPE = text(
    "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = CAST(:table AS regclass) AND attname = :key"
)
# Where a row goes, by the order's own list: also before the order is announced.
_GOES_TO = """COALESCE((SELECT c.new_code FROM division_change_codes c WHERE c.change_id = :change
    AND c.old_code = ANY (ARRAY[{code}, left({code}, 9), left({code}, 6), left({code}, 4)])
    ORDER BY length(c.old_code) DESC LIMIT 1), {code})"""
# Hosts of one activity whose divisions become one: the lead stays, else the first that accepted.
_JOINED = f"""SELECT *, row_number() OVER (PARTITION BY activity_id, goes_to
        ORDER BY role <> 'lead', accepted_at NULLS LAST, recorded_code) AS place
    FROM (SELECT h.*, {_GOES_TO.format(code="h.division_code")} AS goes_to
        FROM activity_hosts h WHERE {{which}}) placed"""
_COUNT_JOINED = text(
    "SELECT count(*) FROM ("
    + _JOINED.format(
        which="h.activity_id IN (SELECT activity_id FROM activity_hosts WHERE "
        + _AT_OLD.format(column="division_code")
        + ")"
    )
    + ") ranked WHERE place > 1"
)


@dataclass(frozen=True)
class Moved:
    """What a batch did: rows that went to another code, rows that became one, where it stopped."""

    rows: int
    joined: int
    last: str | None
    """None: the table is through."""


async def count(db: AsyncSession, change: UUID, tops: list[str]) -> dict[str, dict[str, int]]:
    """The rows at the old codes, table by table; of hosts also how many become one."""
    found = {}
    for each in FOLLOWS:
        at_old = _AT_OLD.format(column=each.column)
        statement = text(f"SELECT count(*) FROM {each.table} WHERE {at_old}")
        found[each.table] = {
            "rows": (await run(db, statement, {"tops": tops})).scalar_one(),
            "joined": 0,
        }
    values = {"change": change, "tops": tops}
    found["activity_hosts"]["joined"] = (await run(db, _COUNT_JOINED, values)).scalar_one()
    return found


async def move(
    db: AsyncSession, follows: Follows, change: UUID, tops: list[str], last: str | None
) -> Moved:
    """One batch of a table. The trigger that keeps writers right takes the rows along too."""
    kind = (await run(db, _TYPE, {"table": follows.table, "key": follows.key})).scalar_one()
    statements = _statements(follows, kind)
    until = (await run(db, statements.bound, {"last": last, "batch": BATCH})).scalar()
    if until is None:
        return Moved(0, 0, None)
    values = {"last": last, "until": until}
    joined = moved = 0
    if follows.table == "activity_hosts":
        found = (await run(db, statements.join, {**values, "change": change})).one()
        joined, moved = found.joined, found.moved
    rows = (await run(db, statements.move, {**values, "tops": tops})).rowcount
    return Moved(rows + moved, joined, until)


@dataclass(frozen=True)
class _Statements:
    bound: TextClause
    move: TextClause
    join: TextClause


@cache
def _statements(follows: Follows, kind: str) -> _Statements:
    table, key, column = follows.table, follows.key, follows.column
    after = f"(CAST(:last AS text) IS NULL OR {key} > CAST(CAST(:last AS text) AS {kind}))"
    within = f"{after} AND {key} <= CAST(CAST(:until AS text) AS {kind})"
    return _Statements(
        bound=text(
            f"SELECT CAST(at AS text) FROM (SELECT {key} AS at FROM {table} WHERE {after}"
            f" ORDER BY {key} LIMIT :batch) batch ORDER BY at DESC LIMIT 1"
        ),
        move=text(
            f"UPDATE {table} SET {column} = {column}"
            f" WHERE {within} AND {_AT_OLD.format(column=column)}"
        ),
        join=text(f"""WITH ranked AS MATERIALIZED ({_JOINED.format(which=within)}),
        gone AS (
            DELETE FROM activity_hosts h USING ranked r
            WHERE (h.activity_id, h.division_code) = (r.activity_id, r.division_code)
                AND r.place > 1
            RETURNING h.activity_id, h.division_code, r.goes_to, h.accepted_at, h.recorded_code,
                h.absorbed),
        kept AS (
            UPDATE activity_hosts h SET absorbed = h.absorbed || (
                SELECT COALESCE(array_agg(code ORDER BY code), '{{}}')
                FROM gone g CROSS JOIN unnest(g.absorbed || g.recorded_code::text) code
                WHERE (g.activity_id, g.goes_to) = (r.activity_id, r.goes_to)
                    AND g.accepted_at IS NOT NULL)
            FROM ranked r
            WHERE (h.activity_id, h.division_code) = (r.activity_id, r.division_code)
                AND r.place = 1 AND (r.activity_id, r.goes_to) IN
                    (SELECT activity_id, goes_to FROM gone))
        SELECT count(*) AS joined, count(*) FILTER (WHERE division_code <> goes_to) AS moved
        FROM gone"""),
    )


async def left(db: AsyncSession, tops: list[str]) -> dict[str, Any]:
    """Tables with rows that still stand at the old codes: none, when all is well."""
    counts = {}
    for each in FOLLOWS:
        at_old = _AT_OLD.format(column=each.column)
        statement = text(f"SELECT count(*) FROM {each.table} WHERE {at_old}")
        if number := (await run(db, statement, {"tops": tops})).scalar_one():
            counts[each.table] = number
    return counts
