"""The fold over facts: whatever their order, and however often they come, the totals are the same.

A batch is three statements at most: the contributions take the newer states and answer the old
ones, the differences go to the tallies, and cells that fell to nothing go. Where a host's division
has changed since, what the map of then has besides goes to `tallies_then` in the same way.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import delete, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.reporting.models import Contribution, Tally
from services.events.reporting.rules import (
    COLUMNS,
    Added,
    Cell,
    Difference,
    Placed,
    Source,
    differences,
    less,
    may_empty,
)
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Reads


class _Hosted(BaseModel):
    hosts: list[str] = Field(min_length=1)
    day: date


class _Activity(_Hosted):
    """The subject is the activity."""

    occurrences: int


class _Attendance(_Hosted):
    """The subject is the occurrence; the numbers are whole, not increments."""

    verified: int
    counted: int
    estimated: int
    online: int


class _Feedback(_Hosted):
    """The subject is the activity; the numbers are whole."""

    answers: int
    satisfied: int


def _held(body: _Activity) -> Added:
    # An umbrella without occurrences of its own, or one whose occurrences were all called off, is
    # no activity beside those held: it counts with its first occurrence.
    return Added(activities=int(body.occurrences > 0), occurrences=body.occurrences)


def _cancelled(_: _Hosted) -> Added:
    return Added()


def _attended(body: _Attendance) -> Added:
    return Added(
        attended=1,
        verified=body.verified,
        counted=body.counted,
        estimated=body.estimated,
        online=body.online,
    )


def _answered(body: _Feedback) -> Added:
    return Added(answers=body.answers, satisfied=body.satisfied)


READS: dict[str, tuple[Source, type[_Hosted], Callable[[Any], Added]]] = {
    "events.activity_published.v1": (Source.ACTIVITY, _Activity, _held),
    "events.activity_rescheduled.v1": (Source.ACTIVITY, _Activity, _held),
    "events.activity_completed.v1": (Source.ACTIVITY, _Activity, _held),
    "events.activity_cancelled.v1": (Source.ACTIVITY, _Hosted, _cancelled),
    "events.attendance_changed.v1": (Source.ATTENDANCE, _Attendance, _attended),
    "events.feedback_released.v1": (Source.FEEDBACK, _Feedback, _answered),
}

_NUMBERS = ", ".join(Added._fields)

# The hosts of the fact, wherever each of them is on today's map.
_TODAY = (
    "ARRAY(SELECT today_at(h.host) FROM unnest(hosts) WITH ORDINALITY AS h (host, n) ORDER BY h.n)"
)

TAKE_NEWER = text(f"""
INSERT INTO contributions AS c (source, id, version, day, hosts, today, {_NUMBERS})
SELECT source, id, version, day, hosts, {_TODAY}, {_NUMBERS}
FROM json_to_recordset(CAST(:rows AS json)) AS given (
    source text, id uuid, version integer, day date, hosts text[],
    {", ".join(f"{name} integer" for name in Added._fields)})
ORDER BY source, id
ON CONFLICT (source, id) DO UPDATE SET version = excluded.version, day = excluded.day,
    hosts = excluded.hosts, today = excluded.today,
    {", ".join(f"{name} = excluded.{name}" for name in Added._fields)}
WHERE c.version < excluded.version
RETURNING old.day AS old_day, old.hosts AS old_hosts, old.today AS old_today,
    {", ".join(f"old.{name} AS old_{name}" for name in Added._fields)},
    new.day, new.hosts, new.today, {", ".join(f"new.{name}" for name in Added._fields)}
""")

_SHARE_AND_NUMBERS = ", ".join(COLUMNS)
_CELL = 'division_code varchar(12) COLLATE "C", grain varchar(40), day date'

_ADD = f"""
INSERT INTO {{table}} AS t (division_code, grain, day, {_SHARE_AND_NUMBERS})
SELECT division_code, grain, day, {_SHARE_AND_NUMBERS}
FROM json_to_recordset(CAST(:rows AS json)) AS given (
    {_CELL}, {", ".join(f"{name} bigint" for name in COLUMNS)})
ORDER BY division_code, grain, day
ON CONFLICT (division_code, grain, day) DO UPDATE SET
    {", ".join(f"{name} = t.{name} + excluded.{name}" for name in COLUMNS)}
"""

_DROP_EMPTY = f"""
DELETE FROM {{table}} AS t USING json_to_recordset(CAST(:rows AS json)) AS given ({_CELL})
WHERE t.division_code = given.division_code AND t.grain = given.grain AND t.day = given.day
    AND {" AND ".join(f"t.{name} = 0" for name in COLUMNS)}
"""

TALLIES = ("tallies", "tallies_then")
"""On the map of today; and what is to be added for the map of then, little or nothing."""
ADD = {table: text(_ADD.format(table=table)) for table in TALLIES}
DROP_EMPTY = {table: text(_DROP_EMPTY.format(table=table)) for table in TALLIES}


async def fold(db: AsyncSession, facts: list[tuple[Envelope, Any]]) -> None:
    """Let the newest state of each activity and occurrence count, and what it replaces no more."""
    newest: dict[tuple[Source, UUID], tuple[int, Placed]] = {}
    for envelope, body in facts:
        source, _, adds = READS[envelope.type]
        key, version = (source, UUID(envelope.subject)), envelope.aggregateversion
        if key not in newest or newest[key][0] < version:
            newest[key] = (version, Placed(body.day, tuple(body.hosts), adds(body)))
    rows = [
        {
            "source": source,
            "id": subject,
            "version": version,
            "day": placed.day,
            "hosts": placed.hosts,
            **placed.added._asdict(),
        }
        for (source, subject), (version, placed) in newest.items()
    ]
    taken = (await run(db, TAKE_NEWER, {"rows": orjson.dumps(rows).decode()})).all()
    await count(db, [_change(row._mapping) for row in taken])


class Counted(NamedTuple):
    """A contribution's state, where it was recorded and where that is today."""

    then: Placed
    today: Placed


def _change(row: Any) -> tuple[Counted | None, Counted]:
    added = Added(*(row[name] for name in Added._fields))
    new = counted(row["day"], row["hosts"], row["today"], added)
    if row["old_day"] is None:
        return None, new
    added = Added(*(row[f"old_{name}"] for name in Added._fields))
    return counted(row["old_day"], row["old_hosts"], row["old_today"], added), new


def counted(day: date, then: list[str], today: list[str], added: Added) -> Counted:
    """The same numbers on both maps."""
    return Counted(Placed(day, tuple(then), added), Placed(day, tuple(today), added))


async def count(db: AsyncSession, changes: list[tuple[Counted | None, Counted]]) -> None:
    """Let the tallies follow what changed: those of today, and what the map of then has besides."""
    cells = differences((old and old.today, new.today) for old, new in changes)
    await _add(db, "tallies", cells, [cell for cell in cells if may_empty(cells[cell])])
    besides = [each for each in changes if any(one and one.then != one.today for one in each)]
    if besides:
        cells = less(
            differences((old and old.then, new.then) for old, new in besides),
            differences((old and old.today, new.today) for old, new in besides),
        )
        await _add(db, "tallies_then", cells, list(cells))


async def _add(
    db: AsyncSession, table: str, cells: dict[Cell, Difference], may_be_empty: list[Cell]
) -> None:
    if not cells:
        return
    rows = [
        _key(cell) | dict(zip(COLUMNS, difference, strict=True))
        for cell, difference in cells.items()
    ]
    await run(db, ADD[table], {"rows": orjson.dumps(rows).decode()})
    if may_be_empty:
        empty = [_key(cell) for cell in may_be_empty]
        await run(db, DROP_EMPTY[table], {"rows": orjson.dumps(empty).decode()})


def _key(cell: Cell) -> dict[str, Any]:
    return {"division_code": cell.division_code, "grain": cell.grain, "day": cell.day}


async def reset(db: AsyncSession) -> None:
    """Empty the projection, for a rebuild."""
    await run(db, delete(Tally))
    await run(db, text("DELETE FROM tallies_then"))
    await run(db, delete(Contribution))


CONSUMER = Consumer(
    "reporting",
    {fact_type: Reads(body) for fact_type, (_, body, _) in READS.items()},
    fold=fold,
    reset=reset,
)
