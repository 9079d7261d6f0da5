"""HTTP for venues: parse, call one action or query, return."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.kit.access import Caller, P
from services.kit.app import Kit, KitDep
from services.kit.context import current
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT, WORDS, say
from services.kit.pages import Page, Paging, PagingDep, page_of
from services.kit.problems import BrokenRule, FieldError, Problem, broken
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.registry import actions, queries
from services.venues.registry.coordinates import Point, to_wgs84
from services.venues.registry.finding import Wanted
from services.venues.registry.nearest import nearest
from services.venues.registry.places import point_errors
from services.venues.registry.queries import Standing
from services.venues.registry.representatives import today
from services.venues.registry.rules import (
    LIFECYCLE,
    Datum,
    Editable,
    RepresentsAlready,
    VenueKind,
    VenueState,
)
from services.venues.registry.schemas import Remark, VenueIn, VenueLine, VenueOut, VenuePatch

CONSTRAINTS: dict[str, type[Problem]] = {"venue_representatives_once": RepresentsAlready}

router = Router(prefix="/venues", tags=["venues"])

Text = Annotated[str | None, Query(min_length=1, max_length=60)]


async def _wanted(
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    kind: VenueKind | None = None,
    state: VenueState | None = None,
    q: Annotated[Text, Query(description="Part of a name, an alias or a former name")] = None,
    honour: Annotated[Text, Query(description="Part of the title of an honour it holds")] = None,
    in_force: Annotated[bool, Query(description="Only with an honour in force today")] = False,
    represented: Annotated[bool, Query(description="Only those that you represent")] = False,
) -> Wanted:
    return Wanted(division, kind, state, q, honour, in_force, represented)


def _point(given: str, datum: Datum) -> Point:
    """`101.778,36.617` in WGS-84; BrokenRule says what is wrong with it."""
    try:
        longitude, latitude = (float(part) for part in given.split(","))
    except ValueError:
        raise broken("/near", "point-unreadable") from None
    # Anywhere in China: people look from beyond the border of a province.
    errors = [one for one in point_errors(longitude, latitude) if "outside" not in one.rule]
    if errors:
        raise BrokenRule(errors=tuple(FieldError("/near", e.rule, e.values) for e in errors))
    return to_wgs84((longitude, latitude), datum)


async def _nearest(
    request: Request, kit: Kit, paging: Paging, wanted: Wanted, point: Point, km: float | None
) -> Response:
    asked = wanted.asked(today())
    if km is not None:
        asked["radius"] = {"lon": point[0], "lat": point[1], "metres": km * 1000}
    after = paging.after(int, UUID) or ()
    values = (value for each in asked.values() for value in each.values())
    found = nearest(tuple(asked), following=bool(after))
    return await found.answer(request, kit.database, paging.limit, *point, *after, *values)


@router.get("")
async def list_venues(
    request: Request,
    kit: KitDep,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    response: Response,
    near: Annotated[
        str | None, Query(max_length=60, description="Longitude,latitude: published, nearest first")
    ] = None,
    datum: Datum = Datum.WGS84,
    within_km: Annotated[float | None, Query(gt=0, le=2000, description="With `near`")] = None,
) -> Page[VenueLine]:
    """Venues by name, or with `near` the published ones by their distance from a point."""
    if near is not None:
        point = _point(near, datum)
        # The hot list's answer is the page itself; no transaction is begun for it.
        return await _nearest(request, kit, paging, wanted, point, within_km)  # type: ignore[return-value]
    async with kit.database.transaction(caller) as db:
        rows = await queries.list_venues(db, caller, paging, wanted)
    return page_of(
        rows,
        paging,
        lambda row: (row["name"], row["id"]),
        VenueLine.model_validate,
        response,
    )


def _remark(one: FieldError) -> Remark:
    work = current()
    words, _ = say(WORDS.get(one.rule, {}).get("title", {}), work.language if work else DEFAULT)
    return Remark(pointer=one.pointer, rule=one.rule, detail=words.format(**dict(one.values)))


def _out(found: Standing, caller: Caller) -> VenueOut:
    row = found.row
    allowed = LIFECYCLE.allowed(row.state, lambda need: caller.may(P(need), at=row.division_code))
    if row.state is VenueState.DRAFT and caller.may(P.VENUE_EDIT, at=row.division_code):
        allowed.append("delete")
    keeps = found.editable is not Editable.NOTHING
    return VenueOut(
        **row.model_dump(exclude={"recorded_code", "created_by"}),
        honours=found.honours,
        names=found.names,
        counties=found.counties,
        warnings=[_remark(one) for one in actions.remarks(row, found.counties)] if keeps else [],
        editable=found.editable,
        allowed_actions=allowed,
    )


async def answer(db: Db, caller: Caller, venue_id: UUID, response: Response) -> VenueOut:
    """The venue as this caller is shown it, with its version."""
    found = await queries.standing(db, caller, venue_id)
    tag(response, found.row.version)
    return _out(found, caller)


@router.post("", status_code=201)
async def enter_venue(db: Db, caller: CallerDep, given: VenueIn, response: Response) -> VenueOut:
    """Enter a venue as a draft; what is doubtful stands in `warnings`."""
    row = await actions.enter(db, caller, given)
    response.headers["Location"] = f"/venues/{row.id}"
    return await answer(db, caller, row.id, response)


@router.get("/{venue_id}")
async def read_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """One venue with its honours, names and exhibits."""
    return await answer(db, caller, venue_id, response)


@router.patch("/{venue_id}")
async def edit_venue(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    given: VenuePatch,
    version: IfMatch,
    response: Response,
) -> VenueOut:
    """Change what is given; a representative the description only."""
    await actions.edit(db, caller, venue_id, given, version)
    return await answer(db, caller, venue_id, response)


@router.post("/{venue_id}/publish")
async def publish_venue(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> VenueOut:
    """Let the public find it."""
    await actions.publish(db, caller, venue_id)
    return await answer(db, caller, venue_id, response)
