"""What people do with venues: load, decide, write, record the fact."""

import csv
from collections.abc import Iterable
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.divisions import normalise
from services.kit.facts import Fact, record
from services.venues.facts import VenueClosed, VenuePublished
from services.venues.registry import queries
from services.venues.registry.models import Venue
from services.venues.registry.rules import LIFECYCLE, PlaceEvidence, VenueKind, VenueState
from services.venues.registry.schemas import VenueIn

_KNOWN = UUID("6f1d2b1c-9f0e-5c55-9a63-6b6570750001")
SYSTEM = uuid5(_KNOWN, "system")
"""Who entered the venues that public pages tell of."""


async def enter(db: AsyncSession, caller: Caller, given: VenueIn) -> Venue:
    """Enter a venue as a draft."""
    caller.require(P.VENUE_EDIT, at=given.division_code)
    row = Venue(**given.model_dump(), recorded_code=given.division_code, created_by=caller.known())
    db.add(row)
    await db.flush()
    return row


async def move(db: AsyncSession, caller: Caller, venue_id: UUID, action: str) -> Venue:
    """Take one step of the lifecycle, and record what it means for others."""
    row = await queries.venue(db, caller, venue_id, lock=True)
    step = LIFECYCLE.steps[action]
    for need in step.needs:
        caller.require(P(need), at=row.division_code)
    row.state = LIFECYCLE.next(action, row.state)
    row.version += 1
    fact: Fact = (
        VenuePublished(kind=row.kind) if row.state is VenueState.PUBLISHED else VenueClosed()
    )
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)
    return row


def known_venues() -> list[Venue]:
    """The real venues in the shipped file, published; a name has one id for ever.

    A row of the file is an honour: the same venue stands there once for each.
    """
    text = files(__package__).joinpath("data/venues.csv").read_text("utf-8")
    rows = {row["name"]: row for row in reversed(list(csv.DictReader(text.splitlines())))}
    return [_published(uuid5(_KNOWN, name), row) for name, row in sorted(rows.items())]


def _published(venue_id: UUID, row: dict[str, str]) -> Venue:
    code = normalise(row["division_code"])
    values: dict[str, Any] = {
        "id": venue_id,
        "name": row["name"],
        "kind": VenueKind(row["kind"]),
        "division_code": code,
        "recorded_code": code,
        "source": row["source"],
        "place_evidence": PlaceEvidence(row["place_evidence"]),
        "state": LIFECYCLE.next("publish", VenueState.DRAFT),
        "created_by": SYSTEM,
    }
    return Venue(**values)


async def add_known(db: AsyncSession, venues: Iterable[Venue]) -> list[Venue]:
    """Add those that are not there yet and record their facts; what people changed stays."""
    await db.exec(select(func.pg_advisory_xact_lock(func.hashtextextended("kepu venues", 0))))
    wanted = {venue.id: venue for venue in venues}
    there = set((await db.exec(select(Venue.id).where(col(Venue.id).in_(wanted)))).all())
    new = [venue for venue_id, venue in wanted.items() if venue_id not in there]
    db.add_all(new)
    await db.flush()
    for venue in new:
        fact = VenuePublished(kind=venue.kind)
        await record(
            db, fact, subject=venue.id, division=venue.division_code, version=venue.version
        )
    return new
