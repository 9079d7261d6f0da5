"""HTTP for registrations: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.events.draws.entering import register as register_party
from services.events.registrations import actions, queries, tickets
from services.events.registrations.attendance_schemas import TicketTokenOut
from services.events.registrations.queries import Entry
from services.events.registrations.rules import (
    LIFECYCLE,
    AlreadyRegistered,
    CapacityReached,
    ClientIdReused,
    NotConfirmed,
    RegistrationState,
    allowed_actions,
)
from services.events.registrations.schemas import (
    AcceptIn,
    MemberOut,
    OfferOut,
    OpenIn,
    PartyOpened,
    PhoneIn,
    PositionOut,
    ReduceIn,
    RegistrationIn,
    RegistrationOut,
)
from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, Paging, PagingDep, page_of
from services.kit.problems import Forbidden, NotHeld
from services.kit.routing import Router
from services.kit.versions import tag

CONSTRAINTS = {
    "pools_capacity": CapacityReached,
    "registrations_once": AlreadyRegistered,
    "registrations_client_id": ClientIdReused,
}
PERSONAL = {"Cache-Control": "private, no-store"}


async def personal(response: Response) -> None:
    """Answers about people are kept by nobody on the way."""
    response.headers.update(PERSONAL)


router = Router(prefix="/registrations", tags=["registrations"], dependencies=[Depends(personal)])


def _now() -> datetime:
    return datetime.now(UTC)


def _out(entry: Entry, caller: Caller, now: datetime) -> RegistrationOut:
    row = entry.registration
    offer = None
    if row.offer_expires_at is not None:
        offer = OfferOut(places=row.offered_places, expires_at=row.offer_expires_at)
    position = None
    if entry.ahead is not None:
        position = PositionOut(parties_ahead=entry.ahead[0], people_ahead=entry.ahead[1])
    return RegistrationOut(
        id=row.id,
        client_id=row.client_id,
        occurrence_id=row.occurrence_id,
        activity_id=entry.activity_id,
        starts_at=entry.starts_at,
        pool_id=row.pool_id,
        ticket_id=row.ticket_id,
        ticket=entry.ticket,
        division_code=row.division_code,
        state=row.state,
        party_size=row.party_size,
        split_ok=row.split_ok,
        on_behalf=row.account_id is None,
        position=position,
        offer=offer,
        party=[
            MemberOut(
                id=member.id,
                number=member.position,
                name=member.name_masked,
                phone=member.phone_masked,
                age=member.age,
                guardian_consented=member.guardian_consent_at is not None,
                dropped_at=member.dropped_at,
                checked_in_at=came,
            )
            for member, came in entry.members
        ],
        version=row.version,
        created_at=row.created_at,
        allowed_actions=allowed_actions(
            row.state,
            row.party_size,
            actions.holds_of(caller, row),
            **actions.circumstances(entry, now),
        ),
    )


def _page(
    found: list[Entry], paging: Paging, caller: Caller, response: Response
) -> Page[RegistrationOut]:
    now = _now()
    return page_of(
        found,
        paging,
        lambda entry: (entry.registration.id,),
        lambda entry: _out(entry, caller, now),
        response,
    )


async def _answer(
    db: Db, caller: Caller, registration_id: UUID, now: datetime, response: Response
) -> RegistrationOut:
    entry = await queries.entry(db, caller, registration_id)
    tag(response, entry.registration.version)
    return _out(entry, caller, now)


@router.post("", status_code=201, repeats=True, direct=True)
async def register(
    db: Db, caller: CallerDep, kit: KitDep, given: RegistrationIn, response: Response
) -> RegistrationOut:
    """Register a party: confirmed, on the waiting list with its position, or into a draw."""
    now = _now()
    entry, is_new = await register_party(db, caller, kit.vault, given, now)
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"/registrations/{entry.registration.id}"
    tag(response, entry.registration.version)
    return _out(entry, caller, now)


@router.get("")
async def list_registrations(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    occurrence: Annotated[UUID | None, Query()] = None,
    state: Annotated[RegistrationState | None, Query()] = None,
    division: Annotated[DivisionCode | None, Query()] = None,
) -> Page[RegistrationOut]:
    """My registrations; for staff also those within reach. Masked, newest first."""
    caller.known()
    found = await queries.entries(
        db, caller, paging, occurrence=occurrence, state=state, division=division
    )
    return _page(found, paging, caller, response)


@router.post("/find", keyed=False)
async def find_by_phone(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    paging: PagingDep,
    given: PhoneIn,
    response: Response,
) -> Page[RegistrationOut]:
    """Registrations with a member of this phone, for staff; masked, newest first."""
    caller.known()
    if not caller.reach(P.REGISTRATION_READ):
        raise NotHeld(permission=P.REGISTRATION_READ.value)
    index = kit.vault.index(given.phone, "members.phone")
    found = await queries.by_phone(db, caller, paging, index, given.occurrence_id)
    return _page(found, paging, caller, response)


@router.get("/{registration_id}")
async def read_registration(
    db: Db, caller: CallerDep, registration_id: UUID, response: Response
) -> RegistrationOut:
    """One registration, masked."""
    return await _answer(db, caller, registration_id, _now(), response)


@router.post("/{registration_id}/accept")
async def accept(
    db: Db,
    caller: CallerDep,
    registration_id: UUID,
    response: Response,
    given: AcceptIn | None = None,
) -> RegistrationOut:
    """Take the offered places; of a bigger party the named members, or the first ones, come."""
    now = _now()
    await actions.accept(db, caller, registration_id, given.members if given else None, now)
    return await _answer(db, caller, registration_id, now, response)


@router.post("/{registration_id}/decline")
async def decline(
    db: Db, caller: CallerDep, registration_id: UUID, response: Response
) -> RegistrationOut:
    """Refuse the offered places: they go to the next on the list."""
    now = _now()
    await actions.end(db, caller, registration_id, "decline", now)
    return await _answer(db, caller, registration_id, now, response)


@router.post("/{registration_id}/cancel")
async def cancel(
    db: Db, caller: CallerDep, registration_id: UUID, response: Response
) -> RegistrationOut:
    """End a registration before the start: its places go to the waiting list."""
    now = _now()
    await actions.end(db, caller, registration_id, "cancel", now)
    return await _answer(db, caller, registration_id, now, response)


@router.post("/{registration_id}/reduce")
async def reduce(
    db: Db, caller: CallerDep, registration_id: UUID, given: ReduceIn, response: Response
) -> RegistrationOut:
    """Take members off the party."""
    now = _now()
    await actions.reduce(db, caller, registration_id, given.members, now)
    return await _answer(db, caller, registration_id, now, response)


@router.post("/{registration_id}/open", keyed=False)
async def open_party(
    db: Db, caller: CallerDep, kit: KitDep, registration_id: UUID, given: OpenIn
) -> PartyOpened:
    """The party unmasked, for a stated purpose that is written down."""
    return await actions.open_party(db, caller, kit.vault, registration_id, given.purpose)


@router.get(
    "/{registration_id}/ticket",
    response_model=TicketTokenOut,
    responses={200: {"content": {"image/svg+xml": {}, "image/png": {}}}},
)
async def read_ticket(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    request: Request,
    registration_id: UUID,
    format: Annotated[str | None, Query(pattern="^(json|svg|png)$")] = None,
) -> TicketTokenOut | Response:
    """The signed ticket of a confirmed party: JSON, or a QR code by `Accept` or `?format=`."""
    entry = await queries.entry(db, caller, registration_id)
    row = entry.registration
    may = actions.holds_of(caller, row)
    if not any(may(need) for need in LIFECYCLE.steps["cancel"].needs):
        raise Forbidden(permission=P.REGISTRATION_MANAGE.value, division=row.division_code)
    if row.state is not RegistrationState.CONFIRMED:
        raise NotConfirmed(state=row.state.value)
    claims = tickets.TicketClaims(
        row.id, row.occurrence_id, tuple(member.position for member in entry.party)
    )
    token = tickets.sign(kit.keys, claims, _now())
    accepted = request.headers.get("accept", "")
    form = format or next((f for f in ("svg", "png") if f"image/{f}" in accepted), "json")
    if form == "json":
        return TicketTokenOut(token=token)
    media = "image/svg+xml" if form == "svg" else "image/png"
    return Response(tickets.picture(token, form), headers=PERSONAL, media_type=media)
