"""HTTP for whom to ask at a venue and who represents it: parse, call one thing, return."""

from uuid import UUID

from fastapi import Depends, Response

from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.db import Db, as_service
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import tag
from services.venues.registry import people, queries
from services.venues.registry.models import Representative, VenueContact
from services.venues.registry.representatives import holds_or_will, today
from services.venues.registry.schemas import (
    ContactIn,
    ContactOut,
    EndIn,
    OpenIn,
    PersonOpened,
    RepresentativeIn,
    RepresentativeOut,
)


async def _personal(response: Response) -> None:
    """Answers about people are kept by nobody on the way."""
    response.headers["Cache-Control"] = "private, no-store"


router = Router(prefix="/venues", tags=["venues"], dependencies=[Depends(_personal)])


def _contact(row: VenueContact) -> ContactOut:
    return ContactOut(
        id=row.id,
        duty=row.duty,
        name=row.name_masked,
        phone=row.phone_masked,
        written_at=row.written_at,
    )


@router.get("/{venue_id}/contacts")
async def list_contacts(
    db: Db, caller: CallerDep, venue_id: UUID, paging: PagingDep, response: Response
) -> Page[ContactOut]:
    """Whom to ask at a venue, masked; for those who keep it."""
    await people.kept(db, caller, venue_id)
    async with as_service(db):
        rows = await queries.contacts(db, paging, venue_id)
    return page_of(rows, paging, lambda row: (row.id,), _contact, response)


@router.post("/{venue_id}/contacts", status_code=201)
async def add_contact(
    db: Db, caller: CallerDep, kit: KitDep, venue_id: UUID, given: ContactIn, response: Response
) -> ContactOut:
    """Write down whom to ask; sealed at once."""
    row = await people.add_contact(db, caller, kit.vault, venue_id, given)
    response.headers["Location"] = f"/venues/{venue_id}/contacts/{row.id}"
    return _contact(row)


@router.delete("/{venue_id}/contacts/{contact_id}", status_code=204)
async def forget_contact(db: Db, caller: CallerDep, venue_id: UUID, contact_id: UUID) -> None:
    """They are not to be asked any more."""
    await people.forget_contact(db, caller, venue_id, contact_id)


@router.post("/{venue_id}/contacts/{contact_id}/open", keyed=False)
async def open_contact(
    db: Db, caller: CallerDep, kit: KitDep, venue_id: UUID, contact_id: UUID, given: OpenIn
) -> PersonOpened:
    """Whom to ask, unmasked, for a stated purpose that is written down."""
    return await people.open_contact(db, caller, kit.vault, venue_id, contact_id, given.purpose)


def _appointment(row: Representative, caller: Caller) -> RepresentativeOut:
    day = today()
    stands = holds_or_will(row, day)
    ends = stands and caller.may(P.VENUE_EDIT, at=row.division_code)
    return RepresentativeOut(
        **row.model_dump(include=set(RepresentativeOut.model_fields)),
        in_office=stands and row.from_on <= day,
        allowed_actions=["end"] if ends else [],
    )


@router.get("/{venue_id}/representatives")
async def list_representatives(
    db: Db, caller: CallerDep, venue_id: UUID, paging: PagingDep, response: Response
) -> Page[RepresentativeOut]:
    """Who acts for a venue, did or will; a representative sees their own appointments."""
    await queries.venue(db, caller, venue_id)
    caller.known()
    rows = await queries.appointments(db, caller, paging, venue_id)
    return page_of(
        rows, paging, lambda row: (row.id,), lambda row: _appointment(row, caller), response
    )


@router.post("/{venue_id}/representatives", status_code=201)
async def appoint_representative(
    db: Db, caller: CallerDep, venue_id: UUID, given: RepresentativeIn, response: Response
) -> RepresentativeOut:
    """Let an account act for a venue."""
    row = await people.appoint(db, caller, venue_id, given, today())
    response.headers["Location"] = f"/venues/{venue_id}/representatives/{row.id}"
    tag(response, row.version)
    return _appointment(row, caller)


@router.post("/{venue_id}/representatives/{appointment_id}/end")
async def end_representative(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    appointment_id: UUID,
    given: EndIn,
    response: Response,
) -> RepresentativeOut:
    """End an appointment, at once or on a day to come."""
    row = await people.end(db, caller, venue_id, appointment_id, given, today())
    tag(response, row.version)
    return _appointment(row, caller)
