"""HTTP for opening hours: parse, call one action or query, return."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel

from services.kit.days import Day
from services.kit.db import Db
from services.kit.hot import tagged
from services.kit.identity import CallerDep
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.opening import actions, queries
from services.venues.opening.rules import (
    Opening,
    OpeningNotSet,
    days,
    require_range,
    today,
)
from services.venues.opening.schemas import (
    DayOut,
    DaysOut,
    ExceptedOut,
    ExceptionIn,
    ExceptionOut,
    OpeningIn,
    OpeningOut,
    RuleOut,
    SeasonIn,
    SpanIn,
    spans_out,
)
from services.venues.registry.models import Venue
from services.venues.registry.queries import venue as find_venue
from services.venues.registry.rules import VenueState

router = Router(prefix="/venues/{venue_id}/opening", tags=["opening"])
MAX_AGE_S = 60
SHOWN_DAYS = 14


def shown(body: BaseModel, request: Request, venue: Venue, max_age: int) -> Response:
    """A public answer with its tag; of a venue that is not public yet, one that nobody keeps."""
    answer = tagged(body.model_dump_json().encode(), request, max_age)
    if venue.state is VenueState.DRAFT:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _now() -> datetime:
    return datetime.now(UTC)


async def _answer(db: Db, venue_id: UUID, response: Response) -> OpeningOut:
    rows = await queries.rules(db, venue_id)
    if not rows:
        raise OpeningNotSet()
    present = today(_now())
    # The one that holds today, and those that are still to come.
    holding = max((row.version for row in rows if row.from_on <= present), default=rows[0].version)
    tag(response, rows[-1].version)
    return OpeningOut(
        venue_id=venue_id,
        version=rows[-1].version,
        rules=[
            RuleOut(
                from_on=row.from_on,
                version=row.version,
                seasons=[SeasonIn.model_validate(each) for each in row.seasons],
            )
            for row in rows
            if row.version >= holding or row.from_on > present
        ],
    )


@router.get("")
async def read_opening(db: Db, caller: CallerDep, venue_id: UUID, response: Response) -> OpeningOut:
    """The weekly hours of a venue, by season: those of today, and those that are to follow."""
    await find_venue(db, caller, venue_id)
    return await _answer(db, venue_id, response)


@router.put("")
async def set_opening(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    given: OpeningIn,
    version: IfMatch,
    response: Response,
) -> OpeningOut:
    """Say the weekly hours from a day on; the first time with `If-Match: "v0"`."""
    await actions.set_opening(db, caller, venue_id, given, version, _now())
    return await _answer(db, venue_id, response)


@router.get("/days", response_model=DaysOut)
async def read_days(
    db: Db,
    caller: CallerDep,
    request: Request,
    venue_id: UUID,
    first: Annotated[Day | None, Query()] = None,
    last: Annotated[Day | None, Query()] = None,
) -> Response:
    """Open on these days? Each day with its hours; the coming fortnight when none are named."""
    venue = await find_venue(db, caller, venue_id)
    begin = first or today(_now())
    end = last or begin + timedelta(days=SHOWN_DAYS - 1)
    require_range(begin, end)
    rows = await queries.rules(db, venue_id)
    excepted = await queries.exceptions(db, venue_id, begin, end)
    closed = await queries.shut(db, venue_id)
    if venue.state is VenueState.CLOSED:
        # Today too: nobody is let in any more.
        closed = (*closed, (today(_now()), None))
    opening = queries.opening_of(rows, excepted, closed)
    reasons = {row.day: row.reason for row in excepted}
    found = [_day(opening, day, reasons.get(day)) for day in days(begin, end)]
    answer = DaysOut(
        first=begin,
        last=end,
        open_days=sum(each.is_open for each in found),
        free_days=sum(each.is_open and each.free for each in found),
        days=found,
    )
    return shown(answer, request, venue, MAX_AGE_S)


def _day(opening: Opening, day: date, reason: str | None) -> DayOut:
    hours = opening.hours(day)
    return DayOut(
        day=day,
        is_open=hours.is_open,
        hours=spans_out(hours),
        free=hours.free,
        reason=reason,
    )


@router.post("/exceptions", status_code=201)
async def except_days(
    db: Db, caller: CallerDep, venue_id: UUID, given: ExceptionIn, response: Response
) -> ExceptedOut:
    """Close some days, or open at other hours; who has reserved for them is told.

    On days that are closed whole, halls are given back too, but where a hold goes beyond them.
    """
    called_off = await actions.except_days(db, caller, venue_id, given, _now())
    rows = await queries.exceptions(db, venue_id, given.first, given.last or given.first)
    response.headers["Location"] = (
        f"/venues/{venue_id}/opening/days?first={given.first}&last={given.last or given.first}"
    )
    return ExceptedOut(
        days=[
            ExceptionOut(
                day=row.day,
                hours=[SpanIn.model_validate(each) for each in row.hours],
                free=row.free,
                reason=row.reason,
            )
            for row in rows
        ],
        called_off=called_off.parties,
        holds_called_off=called_off.holds,
    )


@router.delete("/exceptions/{day}", status_code=204)
async def drop_exception(db: Db, caller: CallerDep, venue_id: UUID, day: Day) -> None:
    """The weekly hours hold on this day again; what was called off for it stays so."""
    await actions.drop_exception(db, caller, venue_id, day, _now())
