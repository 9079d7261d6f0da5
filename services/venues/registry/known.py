"""The real venues that public pages tell of, with their honours and other names: entered once."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.divisions import normalise
from services.kit.facts import Fact, record_all
from services.venues.facts import HonourGranted, VenuePublished
from services.venues.honours.rules import HonourState
from services.venues.registry.models import Venue, VenueName
from services.venues.registry.representatives import today
from services.venues.registry.rules import (
    LIFECYCLE,
    NameKind,
    PlaceEvidence,
    VenueKind,
    VenueState,
)

_KNOWN = UUID("6f1d2b1c-9f0e-5c55-9a63-6b6570750001")
SYSTEM = uuid5(_KNOWN, "system")
"""Who entered the venues that public pages tell of."""


@dataclass(frozen=True)
class Known:
    """A venue of the shipped file."""

    venue: Venue
    names: tuple[VenueName, ...]
    honours: tuple[dict[str, Any], ...]


def _rows(name: str) -> list[dict[str, str]]:
    given = files(__package__).joinpath(f"data/{name}").read_text("utf-8")
    return list(csv.DictReader(given.splitlines()))


def known() -> list[Known]:
    """What the shipped files hold; a venue and an honour have one id for ever.

    A row of venues.csv is an honour: the same venue stands there once for each.
    """
    by_name: dict[str, list[dict[str, str]]] = {}
    for row in _rows("venues.csv"):
        by_name.setdefault(row["name"], []).append(row)
    names: dict[str, list[dict[str, str]]] = {}
    for row in _rows("names.csv"):
        names.setdefault(row["name"], []).append(row)
    return [_known(name, rows, names.get(name, [])) for name, rows in sorted(by_name.items())]


def _known(name: str, rows: list[dict[str, str]], others: list[dict[str, str]]) -> Known:
    venue_id, first = uuid5(_KNOWN, name), rows[0]
    code = normalise(first["division_code"])
    host = next((row["host_name"] for row in rows if row["host_name"]), None)
    values: dict[str, Any] = {
        "id": venue_id,
        "name": name,
        "kind": VenueKind(first["kind"]),
        "division_code": code,
        "recorded_code": code,
        "source": first["source"],
        "place_evidence": PlaceEvidence(first["place_evidence"]),
        "host_name": host,
        "state": LIFECYCLE.next("publish", VenueState.DRAFT),
        "created_by": SYSTEM,
    }
    return Known(
        Venue(**values),
        tuple(_name(venue_id, row) for row in others),
        tuple(_honour(venue_id, name, code, row) for row in rows if row["honour"]),
    )


def _name(venue_id: UUID, row: dict[str, str]) -> VenueName:
    return VenueName(
        id=uuid5(venue_id, row["other"]),
        venue_id=venue_id,
        name=row["other"],
        kind=NameKind(row["kind"]),
        source=row["source"] or None,
    )


def _honour(venue_id: UUID, name: str, code: str, row: dict[str, str]) -> dict[str, Any]:
    issuer, _, others = row["honour_issuer"].partition("·")
    last = row["valid_until"]
    valid_until = date.fromisoformat(last) if last else None
    return {
        "id": uuid5(_KNOWN, f"{name} {row['honour']} {row['period']}"),
        "venue_id": venue_id,
        "division_code": code,
        "title": row["honour"],
        "issuer": issuer or "未注明",
        "co_issuers": others.replace("·", "\n"),
        "level": row["level"] or None,
        "host_name": row["host_name"] or None,
        "issued_on": None,
        "valid_until": valid_until,
        "state": state_of(row["honour_state"], valid_until),
        "source": row["source"],
        "period": row["period"] or None,
        "created_by": SYSTEM,
    }


def state_of(said: str, valid_until: date | None) -> str:
    """The state of an honour that was named elsewhere: over, once its last day is past."""
    if valid_until is not None and valid_until < today():
        return HonourState.EXPIRED.value
    return HonourState(said).value


ADD_HONOUR = text(
    """INSERT INTO honours (id, venue_id, division_code, recorded_code, title, issuer, co_issuers,
        level, host_name, issued_on, valid_until, state, source, period, version, created_by)
    SELECT :id, v.id, v.division_code, :division_code, :title, :issuer, :co_issuers, :level,
        :host_name, :issued_on, :valid_until, :state, :source, :period, 1, :created_by
    FROM venues v WHERE v.id = :venue_id
    ON CONFLICT (id) DO NOTHING"""
)


async def add_known(db: AsyncSession, wanted: Iterable[Known]) -> tuple[list[Venue], int]:
    """Add what is not there yet; what people changed stays. Answers the new venues, and how many
    honours are new."""
    await db.exec(select(func.pg_advisory_xact_lock(func.hashtextextended("kepu venues", 0))))
    given = {each.venue.id: each for each in wanted}
    there = set((await db.exec(select(Venue.id).where(col(Venue.id).in_(given)))).all())
    new = [each for venue_id, each in given.items() if venue_id not in there]
    db.add_all([each.venue for each in new])
    await db.flush()
    db.add_all([name for each in new for name in each.names])
    await db.flush()
    told: list[tuple[Fact, UUID, str, int]] = [
        (VenuePublished(kind=one.kind, name=one.name), one.id, one.division_code, one.version)
        for one in (each.venue for each in new)
    ]
    honours = 0
    for honour in (honour for each in given.values() for honour in each.honours):
        if (await run(db, ADD_HONOUR, honour)).rowcount:
            honours += 1
            told += entered(honour)
    await record_all(db, told)
    return [each.venue for each in new], honours


def entered(honour: dict[str, Any]) -> list[tuple[Fact, UUID, str, int]]:
    """The fact of an honour that was named elsewhere; none for one that is over."""
    if honour["state"] not in (HonourState.VALID, HonourState.PROVISIONAL):
        return []
    fact = HonourGranted(
        venue_id=honour["venue_id"],
        subject_code=None,
        programme_id=None,
        level=honour["level"],
        valid_until=honour["valid_until"],
    )
    return [(fact, honour["id"], honour["division_code"], 1)]
