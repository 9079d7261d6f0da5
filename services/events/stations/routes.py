"""HTTP for stations: parse, call one action or query, return."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.events.registrations.routes import PERSONAL
from services.events.registrations.schemas import OpenIn
from services.events.stations import actions, queries
from services.events.stations.queries import Standing, WantedStations
from services.events.stations.rules import (
    SECTOR_NAMES,
    STATION_LIFECYCLE,
    HeadTaken,
    PostHandedOver,
    PostHeldAlready,
    Sector,
    StationExists,
    StationKind,
    StationState,
)
from services.events.stations.schemas import (
    CloseIn,
    ContactOut,
    PersonOpened,
    StationIn,
    StationOut,
    StationPatch,
)
from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.days import Day
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

CONSTRAINTS: dict[str, type[Problem]] = {
    "stations_once": StationExists,
    "posts_one_head": HeadTaken,
    "posts_once": PostHeldAlready,
    "posts_one_successor": PostHandedOver,
}


async def in_chinese(response: Response) -> None:
    """Names of divisions and sectors have no official translation here, and none is invented."""
    response.headers["Content-Language"] = DEFAULT


router = Router(prefix="/stations", tags=["stations"], dependencies=[Depends(in_chinese)])


def _out(found: Standing, caller: Caller) -> StationOut:
    row, contact = found.row, found.contact
    return StationOut(
        **row.model_dump(exclude={"recorded_code", "created_by"}),
        division_name=found.division_name,
        sector_name=SECTOR_NAMES[row.sector] if row.sector else None,
        contact=ContactOut(name=contact.name_masked, phone=contact.phone_masked)
        if contact
        else None,
        allowed_actions=STATION_LIFECYCLE.allowed(
            row.state, lambda need: caller.may(P(need), at=row.division_code)
        ),
    )


async def _answer(db: Db, caller: Caller, station_id: UUID, response: Response) -> StationOut:
    found = await queries.station(db, caller, station_id)
    if found.contact is not None:
        response.headers.update(PERSONAL)
    tag(response, found.row.version)
    return _out(found, caller)


async def _wanted(
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    kind: StationKind | None = None,
    sector: Sector | None = None,
    state: StationState | None = None,
    held_on: Annotated[Day | None, Query(description="There on that day")] = None,
) -> WantedStations:
    return WantedStations(division, kind, sector, state, held_on)


@router.get("")
async def list_stations(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[WantedStations, Depends(_wanted)],
    response: Response,
) -> Page[StationOut]:
    """Stations by division; public but for whom to ask."""
    found = await queries.stations(db, caller, paging, wanted)
    if any(each.contact for each in found):
        response.headers.update(PERSONAL)
    return page_of(
        found,
        paging,
        lambda each: (each.row.division_code, each.row.id),
        lambda each: _out(each, caller),
        response,
    )


@router.post("", status_code=201)
async def open_station(
    db: Db, caller: CallerDep, kit: KitDep, given: StationIn, response: Response
) -> StationOut:
    """Open a station at a division."""
    row = await actions.open_station(db, caller, kit.vault, given)
    response.headers["Location"] = f"/stations/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{station_id}")
async def read_station(
    db: Db, caller: CallerDep, station_id: UUID, response: Response
) -> StationOut:
    """One station."""
    return await _answer(db, caller, station_id, response)


@router.patch("/{station_id}")
async def edit_station(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    station_id: UUID,
    given: StationPatch,
    version: IfMatch,
    response: Response,
) -> StationOut:
    """Change an open station; its division stays: close it and open another one instead."""
    await actions.edit(db, caller, kit.vault, station_id, given, version)
    return await _answer(db, caller, station_id, response)


@router.post("/{station_id}/close")
async def close_station(
    db: Db, caller: CallerDep, station_id: UUID, given: CloseIn, response: Response
) -> StationOut:
    """Close it; 409 while somebody holds a post there."""
    await actions.close(db, caller, station_id, given, queries.today())
    return await _answer(db, caller, station_id, response)


@router.post("/{station_id}/reopen")
async def reopen_station(
    db: Db, caller: CallerDep, station_id: UUID, response: Response
) -> StationOut:
    """It is there again."""
    await actions.reopen(db, caller, station_id)
    return await _answer(db, caller, station_id, response)


@router.post("/{station_id}/open")
async def open_contact(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    station_id: UUID,
    given: OpenIn,
    response: Response,
) -> PersonOpened:
    """Whom to ask, unmasked, for a stated purpose that is written down."""
    response.headers.update(PERSONAL)
    return await actions.open_contact(db, caller, kit.vault, station_id, given.purpose)
