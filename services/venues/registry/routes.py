"""HTTP for venues: parse, call one action or query, return."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.kit.access import Caller, P
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import tag
from services.venues.registry import actions, queries
from services.venues.registry.models import Venue
from services.venues.registry.rules import LIFECYCLE
from services.venues.registry.schemas import VenueIn, VenueOut

router = Router(prefix="/venues", tags=["venues"])


def _out(row: Venue, caller: Caller) -> VenueOut:
    allowed = LIFECYCLE.allowed(row.state, lambda need: caller.may(P(need), at=row.division_code))
    return VenueOut(
        **row.model_dump(exclude={"recorded_code", "created_by", "created_at"}),
        allowed_actions=allowed,
    )


@router.get("")
async def list_venues(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
) -> Page[VenueOut]:
    """Venues at or below a division, by name."""
    rows = await queries.list_venues(db, caller, paging, division)
    return page_of(
        rows, paging, lambda row: (row.name, row.id), lambda row: _out(row, caller), response
    )


@router.post("", status_code=201)
async def enter_venue(db: Db, caller: CallerDep, given: VenueIn, response: Response) -> VenueOut:
    """Enter a venue as a draft."""
    row = await actions.enter(db, caller, given)
    response.headers["Location"] = f"/venues/{row.id}"
    tag(response, row.version)
    return _out(row, caller)


@router.get("/{venue_id}")
async def read_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """One venue."""
    row = await queries.venue(db, caller, venue_id)
    tag(response, row.version)
    return _out(row, caller)


async def _move(
    db: Db, caller: CallerDep, venue_id: UUID, action: str, response: Response
) -> VenueOut:
    row = await actions.move(db, caller, venue_id, action)
    tag(response, row.version)
    return _out(row, caller)


@router.post("/{venue_id}/publish")
async def publish_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """Let the public find it."""
    return await _move(db, caller, venue_id, "publish", response)


@router.post("/{venue_id}/close")
async def close_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """It no longer receives the public."""
    return await _move(db, caller, venue_id, "close", response)


@router.post("/{venue_id}/reopen")
async def reopen_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """It receives the public again."""
    return await _move(db, caller, venue_id, "reopen", response)
