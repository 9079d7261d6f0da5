"""HTTP for closing a venue: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Response

from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.venues.closing import actions, queries
from services.venues.closing.models import Closing
from services.venues.closing.schemas import CloseIn, ClosingOut
from services.venues.registry.routes import answer
from services.venues.registry.schemas import VenueOut

router = Router(prefix="/venues/{venue_id}", tags=["venues"])


def _out(row: Closing) -> ClosingOut:
    return ClosingOut(**row.model_dump(include=set(ClosingOut.model_fields)))


@router.post("/close")
async def close_venue(
    db: Db, caller: CallerDep, venue_id: UUID, response: Response, given: CloseIn | None = None
) -> VenueOut:
    """It no longer receives the public; who has reserved is told why, and never a no-show."""
    await actions.close(db, caller, venue_id, given or CloseIn(), datetime.now(UTC))
    return await answer(db, caller, venue_id, response)


@router.post("/reopen")
async def reopen_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """It receives the public again; reservations that were called off do not come back."""
    await actions.reopen(db, caller, venue_id, datetime.now(UTC))
    return await answer(db, caller, venue_id, response)


@router.get("/closings")
async def list_closings(
    db: Db, caller: CallerDep, venue_id: UUID, paging: PagingDep, response: Response
) -> Page[ClosingOut]:
    """When it was closed and why, and how much was called off so far; newest first."""
    found = await queries.closings(db, caller, venue_id, paging)
    return page_of(found, paging, lambda row: (row.id,), _out, response)
