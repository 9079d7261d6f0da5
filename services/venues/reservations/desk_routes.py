"""HTTP for penalties, visits and halls: parse, call one action or query, return."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.days import Day
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.reservations import halls, no_shows, queries, visits
from services.venues.reservations.hall_schemas import HallIn, HallOut, HallPatch, HoldIn, HoldOut
from services.venues.reservations.halls import HallNameTaken
from services.venues.reservations.models import Hall, HallHold, Penalty
from services.venues.reservations.queries import may_of
from services.venues.reservations.routes import now, personal
from services.venues.reservations.rules import PENALTY_LIFECYCLE, PenaltyState
from services.venues.reservations.schemas import (
    AppealIn,
    AppealOpened,
    DecisionIn,
    PenaltyOut,
    PurposeIn,
)
from services.venues.reservations.visit_schemas import (
    HeadCountIn,
    HeadCountOut,
    VisitDayOut,
    VisitsOut,
)

CONSTRAINTS = {"halls_name": HallNameTaken}

penalties = Router(
    prefix="/reservations/penalties", tags=["reservations"], dependencies=[Depends(personal)]
)
router = Router(prefix="/venues/{venue_id}", tags=["halls and visits"])


# ── Penalties ────────────────────────────────────────────────────────────────────────────────────


def _penalty(row: Penalty, venue: str, caller: Caller) -> PenaltyOut:
    may = may_of(caller, row, is_represented=False)
    kept = {"account_id", "recorded_code", "appeal_sealed", "decided_by", "decided_at"}
    return PenaltyOut(
        **row.model_dump(exclude=kept),
        venue=venue,
        mine=caller.is_(row.account_id),
        allowed_actions=PENALTY_LIFECYCLE.allowed(row.state, may),
    )


async def _answer(db: Db, caller: Caller, penalty_id: UUID, response: Response) -> PenaltyOut:
    row, venue = await queries.penalty(db, caller, penalty_id)
    tag(response, row.version)
    return _penalty(row, venue, caller)


@penalties.get("")
async def list_penalties(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    state: Annotated[PenaltyState | None, Query()] = None,
    venue: Annotated[UUID | None, Query()] = None,
) -> Page[PenaltyOut]:
    """My penalties; for staff also those within reach. Newest first."""
    caller.known()
    found = await queries.penalties(db, caller, paging, state, venue)
    return page_of(
        found,
        paging,
        lambda each: (each[0].id,),
        lambda each: _penalty(each[0], each[1], caller),
        response,
    )


@penalties.post("/{penalty_id}/appeal", keyed=False)
async def appeal(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    penalty_id: UUID,
    given: AppealIn,
    response: Response,
) -> PenaltyOut:
    """Say what speaks against a penalty; staff decide."""
    await no_shows.appeal(db, caller, kit.vault, penalty_id, given.text, now())
    return await _answer(db, caller, penalty_id, response)


@penalties.post("/{penalty_id}/lift")
async def lift(
    db: Db, caller: CallerDep, penalty_id: UUID, given: DecisionIn, response: Response
) -> PenaltyOut:
    """The penalty holds no more; with a reason that the person reads."""
    await no_shows.decide(db, caller, penalty_id, "lift", given.reason, now())
    return await _answer(db, caller, penalty_id, response)


@penalties.post("/{penalty_id}/uphold")
async def uphold(
    db: Db, caller: CallerDep, penalty_id: UUID, given: DecisionIn, response: Response
) -> PenaltyOut:
    """The appeal is refused; with a reason that the person reads."""
    await no_shows.decide(db, caller, penalty_id, "uphold", given.reason, now())
    return await _answer(db, caller, penalty_id, response)


@penalties.post("/{penalty_id}/open", keyed=False)
async def open_appeal(
    db: Db, caller: CallerDep, kit: KitDep, penalty_id: UUID, given: PurposeIn
) -> AppealOpened:
    """What the appeal says, for a stated purpose that is written down."""
    return await no_shows.open_appeal(db, caller, kit.vault, penalty_id, given.purpose)


# ── Visits ───────────────────────────────────────────────────────────────────────────────────────


@router.get("/visits")
async def read_visits(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    first: Annotated[Day, Query()],
    last: Annotated[Day, Query()],
) -> VisitsOut:
    """Who came, day by day: the count of a day, or the parties that were checked in."""
    found = await visits.read_days(db, caller, venue_id, first, last)
    return VisitsOut(
        first=first,
        last=last,
        people=sum(each.people for each in found),
        children=sum(each.children for each in found),
        days=[
            VisitDayOut(
                day=each.day,
                people=each.people,
                children=each.children,
                free=each.free,
                counted=each.counted,
                checked_in=each.checked_in,
                version=each.version,
            )
            for each in found
        ],
    )


@router.put("/visits/{day}")
async def head_count(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    day: Day,
    given: HeadCountIn,
    version: IfMatch,
    response: Response,
) -> HeadCountOut:
    """Count everybody of a day; the first time with `If-Match: "v0"`, then with a reason."""
    row = await visits.head_count(db, caller, venue_id, day, given, version, now())
    tag(response, row.version)
    kept = {"source", "reservation_id", "recorded_by", "recorded_at"}
    return HeadCountOut(**row.model_dump(exclude=kept))


# ── Halls ────────────────────────────────────────────────────────────────────────────────────────


def _hall(row: Hall) -> HallOut:
    return HallOut(**row.model_dump())


def _hold(row: HallHold) -> HoldOut:
    values = row.model_dump(include=set(HoldOut.model_fields))
    return HoldOut(**values, starts_at=row.during.lower, ends_at=row.during.upper)


@router.get("/halls")
async def list_halls(
    db: Db, caller: CallerDep, venue_id: UUID, paging: PagingDep, response: Response
) -> Page[HallOut]:
    """The halls of a venue, by name."""
    found = await halls.halls(db, caller, venue_id, paging)
    return page_of(found, paging, lambda row: (row.name, row.id), _hall, response)


@router.post("/halls", status_code=201)
async def enter_hall(
    db: Db, caller: CallerDep, venue_id: UUID, given: HallIn, response: Response
) -> HallOut:
    """One more hall."""
    row = await halls.enter_hall(db, caller, venue_id, given)
    response.headers["Location"] = f"/venues/{venue_id}/halls/{row.id}"
    tag(response, row.version)
    return _hall(row)


@router.get("/halls/{hall_id}")
async def read_hall(
    db: Db, caller: CallerDep, venue_id: UUID, hall_id: UUID, response: Response
) -> HallOut:
    """One hall."""
    row = await halls.hall(db, caller, venue_id, hall_id)
    tag(response, row.version)
    return _hall(row)


@router.patch("/halls/{hall_id}")
async def edit_hall(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    hall_id: UUID,
    given: HallPatch,
    version: IfMatch,
    response: Response,
) -> HallOut:
    """Change what is given of a hall, or give it out no more."""
    row = await halls.edit_hall(db, caller, venue_id, hall_id, given, version)
    tag(response, row.version)
    return _hall(row)


@router.get("/halls/{hall_id}/holds")
async def list_holds(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    hall_id: UUID,
    paging: PagingDep,
    response: Response,
) -> Page[HoldOut]:
    """What holds a hall, newest first."""
    found = await halls.holds_of(db, caller, venue_id, hall_id, paging)
    return page_of(found, paging, lambda row: (row.id,), _hold, response)


@router.post("/halls/{hall_id}/holds", status_code=201)
async def hold_hall(
    db: Db, caller: CallerDep, venue_id: UUID, hall_id: UUID, given: HoldIn, response: Response
) -> HoldOut:
    """Hold a hall; times that overlap another hold are refused, and named."""
    row = await halls.hold_hall(db, caller, venue_id, hall_id, given)
    response.headers["Location"] = f"/venues/{venue_id}/halls/{hall_id}/holds"
    tag(response, row.version)
    return _hold(row)


@router.post("/halls/{hall_id}/holds/{hold_id}/release")
async def release_hold(
    db: Db, caller: CallerDep, venue_id: UUID, hall_id: UUID, hold_id: UUID, response: Response
) -> HoldOut:
    """Give the hall back before its time."""
    row = await halls.release_hold(db, caller, venue_id, hall_id, hold_id, now())
    tag(response, row.version)
    return _hold(row)
