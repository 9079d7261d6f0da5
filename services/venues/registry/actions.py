"""What people do with venues: load, decide, write, record the fact."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.facts import Fact, record
from services.venues.facts import VenueClosed, VenuePublished
from services.venues.registry import queries
from services.venues.registry.models import Venue
from services.venues.registry.rules import LIFECYCLE, VenueState
from services.venues.registry.schemas import VenueIn


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
