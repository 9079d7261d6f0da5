"""HTTP for reservations: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.days import Day
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, Paging, PagingDep, page_of
from services.kit.problems import Forbidden, NotHeld
from services.kit.routing import Router
from services.kit.versions import tag
from services.kit.workflow import Needs
from services.venues.opening.schemas import clock_of, minute_of
from services.venues.reservations import actions, check_in, codes, queries
from services.venues.reservations.booking import book
from services.venues.reservations.queries import Entry, may_of
from services.venues.reservations.rules import (
    LIFECYCLE,
    AlreadyReserved,
    HallHeld,
    OtherRequest,
    ReservationIdReused,
    ReservationNotConfirmed,
    ReservationState,
    SlotsOversold,
    allowed_actions,
)
from services.venues.reservations.schemas import (
    DecisionIn,
    PurposeIn,
    ReservationIn,
    ReservationOut,
    VisitCodeOut,
    VisitOfferOut,
    VisitorOpened,
    VisitorPhoneIn,
    VisitorsIn,
    VisitorsOut,
)

CONSTRAINTS = {
    "visit_days_capacity": SlotsOversold,
    "visit_buckets_capacity": SlotsOversold,
    "reservations_once": AlreadyReserved,
    "reservations_turn": OtherRequest,
    "reservations_client_id": ReservationIdReused,
    "hall_holds_apart": HallHeld,
}
PERSONAL = {"Cache-Control": "private, no-store"}


async def personal(response: Response) -> None:
    """Answers about people are kept by nobody on the way."""
    response.headers.update(PERSONAL)


router = Router(prefix="/reservations", tags=["reservations"], dependencies=[Depends(personal)])


def now() -> datetime:
    """The present moment; rules are told it."""
    return datetime.now(UTC)


def _out(found: Entry, caller: Caller, at: datetime) -> ReservationOut:
    row = found.row
    may = may_of(caller, row, is_represented=found.represented)
    expires_at = row.offer_expires_at
    return ReservationOut(
        id=row.id,
        client_id=row.client_id,
        venue_id=row.venue_id,
        venue=found.venue,
        day=row.day,
        starts=clock_of(row.starts),
        ends=clock_of(row.ends),
        starts_at=row.starts_at,
        division_code=row.division_code,
        state=row.state,
        is_group=row.is_group,
        group_name=row.group_name,
        party_size=row.party_size,
        children=row.children,
        on_behalf=row.account_id is None,
        name=row.name_masked,
        phone=row.phone_masked,
        parties_ahead=found.ahead,
        offer=VisitOfferOut(expires_at=expires_at) if expires_at else None,
        decision_reason=row.decision_reason,
        arrived=row.arrived,
        arrived_at=row.arrived_at,
        version=row.version,
        created_at=row.created_at,
        allowed_actions=allowed_actions(row.state, may, **actions.circumstances(row, at)),
    )


def _page(
    found: list[Entry], paging: Paging, caller: Caller, response: Response
) -> Page[ReservationOut]:
    at = now()
    return page_of(
        found,
        paging,
        lambda each: (each.row.id,),
        lambda each: _out(each, caller, at),
        response,
    )


async def _answer(
    db: Db, caller: Caller, reservation_id: UUID, at: datetime, response: Response
) -> ReservationOut:
    found = await queries.entry(db, caller, reservation_id)
    tag(response, found.row.version)
    return _out(found, caller, at)


@router.post("", status_code=201, repeats=True, direct=True)
async def reserve(
    db: Db, caller: CallerDep, kit: KitDep, given: ReservationIn, response: Response
) -> ReservationOut:
    """Reserve for a party: confirmed, on the waiting list, or for approval when it is a group."""
    at = now()
    caller.known()
    found = None
    if given.client_id is not None:
        found = await queries.by_client_id(db, caller, given.client_id)
    if found is not None:
        same = (found.row.venue_id, found.row.day, found.row.starts)
        if same != (given.venue_id, given.day, minute_of(given.starts)):
            raise ReservationIdReused()
        response.status_code = 200
    else:
        found = await book(db, caller, kit.vault, given, at)
    response.headers["Location"] = f"/reservations/{found.row.id}"
    tag(response, found.row.version)
    return _out(found, caller, at)


@router.get("")
async def list_reservations(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    venue: Annotated[UUID | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
    state: Annotated[ReservationState | None, Query()] = None,
    division: Annotated[DivisionCode | None, Query()] = None,
) -> Page[ReservationOut]:
    """My reservations, and those of venues that I act for or that are within my reach."""
    caller.known()
    found = await queries.entries(
        db, caller, paging, venue=venue, day=day, state=state, division=division
    )
    return _page(found, paging, caller, response)


@router.post("/find", keyed=False)
async def find_by_phone(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    paging: PagingDep,
    given: VisitorPhoneIn,
    response: Response,
) -> Page[ReservationOut]:
    """Reservations under this phone, for the desk of a venue; masked, newest first."""
    caller.known()
    if not caller.reach(P.RESERVATION_READ) and not await queries.acts_anywhere(db, caller):
        raise NotHeld(permission=P.RESERVATION_READ.value)
    index = kit.vault.index(given.phone, "reservations.phone")
    found = await queries.by_phone(db, caller, paging, index, given.venue_id)
    return _page(found, paging, caller, response)


@router.post("/check-in")
async def check_party_in(db: Db, caller: CallerDep, kit: KitDep, given: VisitorsIn) -> VisitorsOut:
    """Let a party in by its code, or by hand; two scans are one."""
    return await check_in.let_in(db, caller, kit.keys, given, now())


@router.get("/{reservation_id}")
async def read_reservation(
    db: Db, caller: CallerDep, reservation_id: UUID, response: Response
) -> ReservationOut:
    """One reservation, masked."""
    return await _answer(db, caller, reservation_id, now(), response)


@router.post("/{reservation_id}/accept")
async def accept(
    db: Db, caller: CallerDep, reservation_id: UUID, response: Response
) -> ReservationOut:
    """Take the places that are kept."""
    at = now()
    await actions.accept(db, caller, reservation_id, at)
    return await _answer(db, caller, reservation_id, at, response)


@router.post("/{reservation_id}/decline")
async def decline(
    db: Db, caller: CallerDep, reservation_id: UUID, response: Response
) -> ReservationOut:
    """Refuse the places that are kept: they go to the next on the list."""
    at = now()
    await actions.end(db, caller, reservation_id, "decline", at)
    return await _answer(db, caller, reservation_id, at, response)


@router.post("/{reservation_id}/cancel")
async def cancel(
    db: Db, caller: CallerDep, reservation_id: UUID, response: Response
) -> ReservationOut:
    """End a reservation before its slot begins: its places go to those who wait."""
    at = now()
    await actions.end(db, caller, reservation_id, "cancel", at)
    return await _answer(db, caller, reservation_id, at, response)


@router.post("/{reservation_id}/approve")
async def approve(
    db: Db, caller: CallerDep, reservation_id: UUID, response: Response
) -> ReservationOut:
    """Let a group come."""
    at = now()
    await actions.approve(db, caller, reservation_id, at)
    return await _answer(db, caller, reservation_id, at, response)


@router.post("/{reservation_id}/refuse")
async def refuse(
    db: Db, caller: CallerDep, reservation_id: UUID, given: DecisionIn, response: Response
) -> ReservationOut:
    """Refuse a group, with a reason."""
    at = now()
    await actions.refuse(db, caller, reservation_id, given.reason, at)
    return await _answer(db, caller, reservation_id, at, response)


@router.post("/{reservation_id}/open", keyed=False)
async def open_visitor(
    db: Db, caller: CallerDep, kit: KitDep, reservation_id: UUID, given: PurposeIn
) -> VisitorOpened:
    """Who reserved, unmasked, for a stated purpose that is written down."""
    return await actions.open_visitor(db, caller, kit.vault, reservation_id, given.purpose)


@router.get(
    "/{reservation_id}/code",
    response_model=VisitCodeOut,
    responses={200: {"content": {"image/svg+xml": {}, "image/png": {}}}},
)
async def read_code(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    request: Request,
    reservation_id: UUID,
    format: Annotated[str | None, Query(pattern="^(json|svg|png)$")] = None,
) -> VisitCodeOut | Response:
    """The signed code of a confirmed party: JSON, or a QR code by `Accept` or `?format=`."""
    found = await queries.entry(db, caller, reservation_id)
    row = found.row
    may = may_of(caller, row, is_represented=found.represented)
    needs: frozenset[Needs] = LIFECYCLE.steps["cancel"].needs
    if not any(may(need) for need in needs):
        raise Forbidden(permission=P.RESERVATION_MANAGE.value, division=row.division_code)
    if row.state is not ReservationState.CONFIRMED:
        raise ReservationNotConfirmed(state=row.state.value)
    code = codes.sign(kit.keys, codes.VisitClaims(row.id, row.venue_id), now())
    accepted = request.headers.get("accept", "")
    form = format or next((f for f in ("svg", "png") if f"image/{f}" in accepted), "json")
    if form == "json":
        return VisitCodeOut(code=code)
    media = "image/svg+xml" if form == "svg" else "image/png"
    return Response(codes.picture(code, form), headers=PERSONAL, media_type=media)
