"""HTTP for places, check-in and attendance: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request, Response

from services.events.activities.models import Occurrence
from services.events.registrations import attendance, check_in, places, queries, tickets
from services.events.registrations.attendance_schemas import (
    AttendanceIn,
    AttendanceOut,
    CheckInIn,
    CheckInOut,
    CorrectionOut,
    KeysOut,
)
from services.events.registrations.models import Pool
from services.events.registrations.routes import PERSONAL
from services.events.registrations.rules import ListRule
from services.events.registrations.schemas import (
    PlacesDrawOut,
    PlacesOut,
    PoolOut,
    PoolPatch,
    TicketOut,
)
from services.kit.access import P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.hot import tagged
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

router = Router()
PLACES_MAX_AGE_S = 2


def _now() -> datetime:
    return datetime.now(UTC)


def _pool(row: Pool) -> PoolOut:
    return PoolOut(**row.model_dump(exclude={"occurrence_id", "next_number", "open"}))


def _closes(occurrence: Occurrence) -> datetime:
    return min(occurrence.registration_closes_at or occurrence.starts_at, occurrence.starts_at)


@router.get("/occurrences/{occurrence_id}/places", tags=["places"], response_model=PlacesOut)
async def read_places(
    db: Db, caller: CallerDep, request: Request, response: Response, occurrence_id: UUID
) -> Response | PlacesOut:
    """What is left, the ticket kinds, the rule of the waiting list, and a draw that is on."""
    occurrence, public, draw, pools, kinds = await queries.places(db, caller, occurrence_id)
    answer = PlacesOut(
        occurrence_id=occurrence.id,
        list_rule=ListRule(occurrence.list_rule),
        offer_minutes=occurrence.offer_minutes,
        opens_at=occurrence.registration_opens_at,
        closes_at=_closes(occurrence),
        draw=draw and PlacesDrawOut(state=draw.state, closes_at=draw.closes_at),
        pools=[_pool(pool) for pool in pools],
        tickets=[TicketOut(**kind.model_dump(exclude={"occurrence_id"})) for kind in kinds],
    )
    if not public:
        response.headers.update(PERSONAL)
        return answer
    return tagged(answer.model_dump_json().encode(), request, PLACES_MAX_AGE_S)


@router.patch("/occurrences/{occurrence_id}/places/{pool_id}", tags=["places"])
async def set_capacity(
    db: Db,
    caller: CallerDep,
    occurrence_id: UUID,
    pool_id: UUID,
    given: PoolPatch,
    version: IfMatch,
    response: Response,
) -> PoolOut:
    """Change a pool's capacity: more places go to the waiting list, fewer only while free."""
    row = await places.set_capacity(
        db, caller, occurrence_id, pool_id, given.capacity, version, _now()
    )
    tag(response, row.version)
    return _pool(row)


@router.get("/check-ins/keys", tags=["check-ins"])
async def read_keys(kit: KitDep, response: Response) -> KeysOut:
    """The public keys that a device at the door verifies tickets with, without network."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    return KeysOut(keys=tickets.public_keys(kit.keys))


@router.post("/check-ins", status_code=201, repeats=True, tags=["check-ins"])
async def check_people_in(
    db: Db, caller: CallerDep, kit: KitDep, given: CheckInIn, response: Response
) -> CheckInOut:
    """Check members in by ticket or by hand; a second scan answers 200 with when they came."""
    answer = await check_in.check_in(db, caller, kit.keys, given, _now())
    if answer.already:
        response.status_code = 200
    response.headers.update(PERSONAL)
    response.headers["Location"] = f"/registrations/{answer.registration_id}"
    return answer


@router.get("/occurrences/{occurrence_id}/attendance", tags=["attendance"])
async def read_attendance(
    db: Db, caller: CallerDep, occurrence_id: UUID, response: Response
) -> AttendanceOut:
    """Who came, by how it is known; the grades overlap, so nothing adds them."""
    at = await attendance.door(db, occurrence_id)
    at.require(caller, P.REPORT_READ, P.REGISTRATION_CHECK_IN)
    response.headers.update(PERSONAL)
    tag(response, at.occurrence.version)
    return await attendance.attendance(db, at)


@router.put("/occurrences/{occurrence_id}/attendance", tags=["attendance"])
async def record_attendance(
    db: Db,
    caller: CallerDep,
    occurrence_id: UUID,
    given: AttendanceIn,
    version: IfMatch,
    response: Response,
) -> AttendanceOut:
    """Record the numbers that were not checked in; a grade left out is not known."""
    answer = await attendance.record_attendance(db, caller, occurrence_id, given, version, _now())
    tag(response, answer.version)
    return answer


@router.get("/occurrences/{occurrence_id}/attendance/corrections", tags=["attendance"])
async def list_corrections(
    db: Db, caller: CallerDep, occurrence_id: UUID, paging: PagingDep, response: Response
) -> Page[CorrectionOut]:
    """What was changed in the recorded numbers, the latest first."""
    at = await attendance.door(db, occurrence_id)
    at.require(caller, P.REPORT_READ, P.ATTENDANCE_RECORD)
    response.headers.update(PERSONAL)
    rows = await attendance.corrections(db, occurrence_id, paging)
    return page_of(
        rows,
        paging,
        lambda row: (row.id,),
        lambda row: CorrectionOut(**row.model_dump(exclude={"occurrence_id"})),
        response,
    )
