"""Facts: what became true, recorded in the transaction that made it so.

A fact is a thin body (ids, divisions, numbers; no personal data) in a CloudEvents 1.0 envelope.
A publisher declares each with a class; a consumer redeclares the few fields that it reads.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.bare import Bare
from services.kit.context import current, new_traceparent
from services.kit.ids import uuid7

RECORD = """INSERT INTO outbox (id, type, subject, division, version, traceparent, data)
    SELECT id, type, subject, division, version, CAST(:fact_traceparent AS text), data
    FROM jsonb_to_recordset(CAST(:fact_rows AS jsonb))
        AS r(id uuid, type text, subject text, division text, version integer, data jsonb)"""
"""A statement of its own, or a part (`WITH told AS (…)`) of one that also makes the fact true."""
_RECORD = Bare(RECORD)


class Fact(BaseModel):
    """The body of a fact. Subclass with `type="events.activity_published.v1"`."""

    model_config = ConfigDict(frozen=True)

    type: ClassVar[str]
    published: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            cls.type = type
            Fact.published[type] = cls


class Envelope(BaseModel):
    """A fact on the wire: CloudEvents 1.0 in JSON, with division and aggregate version."""

    model_config = ConfigDict(frozen=True)

    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    division: str
    traceparent: str
    aggregateversion: int
    datacontenttype: str = "application/json"
    data: dict[str, Any]


async def record(
    db: AsyncSession, fact: Fact, *, subject: UUID | str, division: str, version: int
) -> UUID:
    """Write `fact` to the outbox in the caller's transaction; the relay publishes it after."""
    (fact_id,) = await record_all(db, [(fact, subject, division, version)])
    return fact_id


async def record_all(
    db: AsyncSession, told: Iterable[tuple[Fact, UUID | str, str, int]]
) -> list[UUID]:
    """Many facts in one statement: each with its subject, its division and its version."""
    rows = _rows(told)
    if rows:
        await _RECORD.rows(db, **_values(db, rows))
    return [row["id"] for row in rows]


def recorded(db: AsyncSession, told: Iterable[tuple[Fact, UUID | str, str, int]]) -> dict[str, str]:
    """The values of RECORD for a statement that has it as a part."""
    return _values(db, _rows(told))


def _rows(told: Iterable[tuple[Fact, UUID | str, str, int]]) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid7(),
            "type": fact.type,
            "subject": str(subject),
            "division": division,
            "version": version,
            "data": fact.model_dump(mode="json"),
        }
        for fact, subject, division, version in told
    ]


def _values(db: AsyncSession, rows: list[dict[str, Any]]) -> dict[str, str]:
    db.info["facts"] = True
    work = current()
    return {
        "fact_traceparent": work.traceparent if work else new_traceparent(),
        "fact_rows": orjson.dumps(rows).decode(),
    }


def stream_of(fact_type: str) -> str:
    """The JetStream stream of a fact's publisher: events.… → FACTS_EVENTS."""
    return f"FACTS_{fact_type.partition('.')[0].upper()}"


def subject_of(fact_type: str) -> str:
    """The NATS subject of a fact type."""
    return f"facts.{fact_type}"
