"""Reads of venues, always within the caller's reach; published ones are public."""

from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.registry.models import Venue
from services.venues.registry.rules import VenueState


def visible(caller: Caller):  # type: ignore[no-untyped-def]
    """Open to everybody once published; before that, to those who may edit at its division."""
    return or_(
        col(Venue.state) != VenueState.DRAFT,
        within(col(Venue.division_code), caller, P.VENUE_EDIT),
    )


async def list_venues(
    db: AsyncSession, caller: Caller, paging: Paging, division: str | None
) -> list[Venue]:
    """Venues at or below `division`, by name."""
    statement = select(Venue).where(visible(caller))
    if division is not None:
        statement = statement.where(at_or_below(col(Venue.division_code), division))
    return list((await db.exec(keyset(statement, paging, col(Venue.name), col(Venue.id)))).all())


async def venue(db: AsyncSession, caller: Caller, venue_id: UUID, *, lock: bool = False) -> Venue:
    """One venue; Missing for those who cannot see it."""
    statement = select(Venue).where(Venue.id == venue_id, visible(caller))
    if lock:
        statement = statement.with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found
