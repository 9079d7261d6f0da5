"""The fold over facts: whatever their order, and however often they come, the totals are the same.

A batch is three statements at most: the contributions take the newer states and answer the old
ones, the differences go to the tallies, and cells that fell to nothing go.
"""

from collections.abc import Callable
from datetime import date
from typing import Any
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
    Placed,
    Source,
    differences,
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


def _held(body: _Activity) -> Added:
    return Added(activities=1, occurrences=body.occurrences)


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


READS: dict[str, tuple[Source, type[_Hosted], Callable[[Any], Added]]] = {
    "events.activity_published.v1": (Source.ACTIVITY, _Activity, _held),
    "events.activity_rescheduled.v1": (Source.ACTIVITY, _Activity, _held),
    "events.activity_completed.v1": (Source.ACTIVITY, _Activity, _held),
    "events.activity_cancelled.v1": (Source.ACTIVITY, _Hosted, _cancelled),
    "events.attendance_changed.v1": (Source.ATTENDANCE, _Attendance, _attended),
}

_NUMBERS = ", ".join(Added._fields)

TAKE_NEWER = text(f"""
INSERT INTO contributions AS c (source, id, version, day, hosts, {_NUMBERS})
SELECT source, id, version, day, hosts, {_NUMBERS}
FROM json_to_recordset(CAST(:rows AS json)) AS given (
    source text, id uuid, version integer, day date, hosts text[],
    {", ".join(f"{name} integer" for name in Added._fields)})
ORDER BY source, id
ON CONFLICT (source, id) DO UPDATE SET version = excluded.version, day = excluded.day,
    hosts = excluded.hosts, {", ".join(f"{name} = excluded.{name}" for name in Added._fields)}
WHERE c.version < excluded.version
RETURNING old.day AS old_day, old.hosts AS old_hosts,
    {", ".join(f"old.{name} AS old_{name}" for name in Added._fields)},
    new.day, new.hosts, {", ".join(f"new.{name}" for name in Added._fields)}
""")

_SHARE_AND_NUMBERS = ", ".join(COLUMNS)
_CELL = 'division_code varchar(12) COLLATE "C", grain varchar(40), day date'

ADD = text(f"""
INSERT INTO tallies AS t (division_code, grain, day, {_SHARE_AND_NUMBERS})
SELECT division_code, grain, day, {_SHARE_AND_NUMBERS}
FROM json_to_recordset(CAST(:rows AS json)) AS given (
    {_CELL}, {", ".join(f"{name} bigint" for name in COLUMNS)})
ORDER BY division_code, grain, day
ON CONFLICT (division_code, grain, day) DO UPDATE SET
    {", ".join(f"{name} = t.{name} + excluded.{name}" for name in COLUMNS)}
""")

DROP_EMPTY = text(f"""
DELETE FROM tallies AS t USING json_to_recordset(CAST(:rows AS json)) AS given ({_CELL})
WHERE t.division_code = given.division_code AND t.grain = given.grain AND t.day = given.day
    AND {" AND ".join(f"t.{name} = 0" for name in COLUMNS)}
""")


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
    await _add_to_tallies(db, [_change(row._mapping) for row in taken])


def _change(row: Any) -> tuple[Placed | None, Placed]:
    new = Placed(row["day"], tuple(row["hosts"]), Added(*(row[name] for name in Added._fields)))
    if row["old_day"] is None:
        return None, new
    old = Added(*(row[f"old_{name}"] for name in Added._fields))
    return Placed(row["old_day"], tuple(row["old_hosts"]), old), new


async def _add_to_tallies(db: AsyncSession, changes: list[tuple[Placed | None, Placed]]) -> None:
    cells = differences(changes)
    if not cells:
        return
    rows = [
        _key(cell) | dict(zip(COLUMNS, difference, strict=True))
        for cell, difference in cells.items()
    ]
    await run(db, ADD, {"rows": orjson.dumps(rows).decode()})
    less = [_key(cell) for cell, difference in cells.items() if may_empty(difference)]
    if less:
        await run(db, DROP_EMPTY, {"rows": orjson.dumps(less).decode()})


def _key(cell: Cell) -> dict[str, Any]:
    return {"division_code": cell.division_code, "grain": cell.grain, "day": cell.day}


async def reset(db: AsyncSession) -> None:
    """Empty the projection, for a rebuild."""
    await run(db, delete(Tally))
    await run(db, delete(Contribution))


CONSUMER = Consumer(
    "reporting",
    {fact_type: Reads(body) for fact_type, (_, body, _) in READS.items()},
    fold=fold,
    reset=reset,
)
