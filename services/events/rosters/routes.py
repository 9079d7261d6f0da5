"""HTTP for rosters: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Depends, Response

from services.events.registrations import check_in as door
from services.events.registrations.attendance_schemas import CheckInIn, CheckInOut
from services.events.registrations.queries import Entry
from services.events.registrations.routes import personal
from services.events.registrations.schemas import MemberOut, OpenIn
from services.events.rosters import actions, queries
from services.events.rosters.models import Roster
from services.events.rosters.queries import Listed
from services.events.rosters.rules import cut_off
from services.events.rosters.schemas import (
    PresentIn,
    RosterIn,
    RosterLine,
    RosterOut,
    RosterPatch,
    RosterSheet,
)
from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

router = Router(tags=["rosters"], dependencies=[Depends(personal)])


def _now() -> datetime:
    return datetime.now(UTC)


def _line(listed: Listed) -> RosterLine:
    roster, row = listed.roster, listed.registration
    return RosterLine(
        registration_id=row.id,
        occurrence_id=row.occurrence_id,
        class_name=roster.class_name,
        school=roster.school,
        contact=roster.contact_masked,
        contact_phone=roster.contact_phone_masked,
        state=row.state,
        party_size=row.party_size,
        came=listed.came,
        version=roster.version,
    )


def _out(roster: Roster, entry: Entry) -> RosterOut:
    came = sum(at is not None for _, at in entry.members)
    line = _line(Listed(roster, entry.registration, came))
    return RosterOut(
        **line.model_dump(),
        editable_until=cut_off(entry.starts_at),
        party=[
            MemberOut(
                id=member.id,
                number=member.position,
                name=member.name_masked,
                phone=member.phone_masked,
                age=member.age,
                guardian_consented=member.guardian_consent_at is not None,
                dropped_at=member.dropped_at,
                checked_in_at=at,
            )
            for member, at in entry.members
        ],
    )


async def _answer(db: Db, caller: Caller, registration_id: UUID, response: Response) -> RosterOut:
    roster, entry = await queries.roster(db, caller, registration_id)
    tag(response, roster.version)
    return _out(roster, entry)


@router.post("/registrations/rosters", status_code=201, repeats=True)
async def register_roster(
    db: Db, caller: CallerDep, kit: KitDep, given: RosterIn, response: Response
) -> RosterOut:
    """Register a class or group as one party: confirmed whole, or on the waiting list whole."""
    entry, is_new = await actions.register_roster(db, caller, kit.vault, given, _now())
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"/registrations/{entry.registration.id}/roster"
    return await _answer(db, caller, entry.registration.id, response)


@router.get("/occurrences/{occurrence_id}/rosters")
async def list_rosters(
    db: Db, caller: CallerDep, paging: PagingDep, occurrence_id: UUID, response: Response
) -> Page[RosterLine]:
    """The rosters of an occurrence that I registered or that are within reach, newest first."""
    caller.known()
    return page_of(
        await queries.rosters(db, caller, paging, occurrence_id),
        paging,
        lambda listed: (listed.registration.id,),
        _line,
        response,
    )


@router.get("/registrations/{registration_id}/roster")
async def read_roster(
    db: Db, caller: CallerDep, registration_id: UUID, response: Response
) -> RosterOut:
    """One roster with its list, masked."""
    return await _answer(db, caller, registration_id, response)


@router.patch("/registrations/{registration_id}/roster")
async def edit_roster(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    registration_id: UUID,
    given: RosterPatch,
    version: IfMatch,
    response: Response,
) -> RosterOut:
    """Correct, exchange or take off children until the cut-off; staff until it begins."""
    await actions.edit_roster(db, caller, kit.vault, registration_id, given, version, _now())
    return await _answer(db, caller, registration_id, response)


@router.post("/registrations/{registration_id}/roster/check-in", status_code=201, repeats=True)
async def check_in_by_list(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    registration_id: UUID,
    given: PresentIn,
    response: Response,
) -> CheckInOut:
    """Check in those of the list who came; a second time answers 200 with when they came."""
    named = CheckInIn(registration_id=registration_id, members=given.present)
    answer = await door.check_in(db, caller, kit.keys, named, _now())
    if answer.already:
        response.status_code = 200
    return answer


@router.post("/registrations/{registration_id}/roster/open", keyed=False)
async def open_roster(
    db: Db, caller: CallerDep, kit: KitDep, registration_id: UUID, given: OpenIn
) -> RosterSheet:
    """The roster to print, unmasked, for a stated purpose that is written down."""
    return await actions.sheet(db, caller, kit.vault, registration_id, given.purpose)
