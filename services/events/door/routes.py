"""HTTP for lists, scans, the rotating code and check-ins taken back: parse, call one, return."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from services.events.activities.models import Activity, Occurrence
from services.events.door import queries, self_check_in, syncing
from services.events.door.identity import MaybeSpeakingDep, SpeakingDep
from services.events.door.models import Device, ScanRow
from services.events.door.packing import packed
from services.events.door.rules import Outcome
from services.events.door.schemas import (
    DoorCodeOut,
    KeptScanOut,
    PackOut,
    PackRegistrationOut,
    SelfCheckInIn,
    SyncIn,
    SyncOut,
    TakeBackIn,
)
from services.events.door.taking_back import take_back
from services.events.registrations import tickets
from services.events.registrations.attendance import door
from services.events.registrations.attendance_schemas import AttendanceOut, CheckInOut
from services.events.registrations.routes import personal
from services.events.registrations.rules import door_window
from services.events.settings import DoorSettings
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import tag

router = Router(prefix="/check-ins", tags=["check-ins"], dependencies=[Depends(personal)])
AHEAD = timedelta(days=2)
"""How long before its door opens a device may take an occurrence along."""


def _now() -> datetime:
    return datetime.now(UTC)


def _pack(occurrence: Occurrence, activity: Activity, keys: list[dict[str, str]]) -> PackOut:
    opens, closes = door_window(occurrence.starts_at, occurrence.ends_at)
    return PackOut(
        occurrence_id=occurrence.id,
        title=activity.title,
        place=occurrence.place,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        opens_at=opens,
        closes_at=closes,
        verified=occurrence.verified,
        keys=keys,
    )


@router.get("/packs", response_model=Page[PackOut])
async def list_packs(
    db: Db, kit: KitDep, speaking: SpeakingDep, paging: PagingDep, request: Request
) -> Response:
    """Occurrences of today and the next two days that this device may serve, the next first."""
    speaking.require_live()
    rows = await queries.packs(db, speaking.caller, paging, speaking.now, speaking.now + AHEAD)
    keys = tickets.public_keys(kit.keys)
    answer = Response()
    page = page_of(
        rows,
        paging,
        lambda row: (row[0].starts_at, row[0].id),
        lambda row: _pack(*row, keys),
        answer,
    )
    return packed(page, request, answer)


@router.get("/packs/{occurrence_id}", response_model=PackOut)
async def read_pack(
    db: Db, kit: KitDep, speaking: SpeakingDep, occurrence_id: UUID, request: Request
) -> Response:
    """One of them: what a device needs to know of its door, and the keys that verify tickets."""
    speaking.require_live()
    row = await queries.pack(db, speaking.caller, occurrence_id)
    return packed(_pack(*row, tickets.public_keys(kit.keys)), request)


@router.get("/packs/{occurrence_id}/registrations", response_model=Page[PackRegistrationOut])
async def list_pack_registrations(
    db: Db, speaking: SpeakingDep, occurrence_id: UUID, paging: PagingDep, request: Request
) -> Response:
    """The parties of a door by id: states, numbers, one masked name; page by page, each tagged."""
    speaking.require_live()
    await queries.pack(db, speaking.caller, occurrence_id)
    rows = await queries.parties(db, occurrence_id, paging)
    answer = Response()
    page = page_of(
        rows,
        paging,
        lambda row: (row[0].id,),
        lambda row: PackRegistrationOut(
            id=row[0].id,
            state=row[0].state,
            name=row[1].name,
            party_size=row[0].party_size,
            numbers=row[1].numbers,
            came=row[1].came,
        ),
        answer,
    )
    return packed(page, request, answer)


@router.post("/sync")
async def sync(db: Db, kit: KitDep, speaking: SpeakingDep, given: SyncIn) -> SyncOut:
    """Deliver scans made without a line; each is answered, and sending twice is harmless.

    The request is signed by the device: header `Kepu-Device` with its id, its clock in
    milliseconds and the signature over the lines `kepu-request-1`, method, path (below /api/v1)
    with query, clock, hex SHA-256 of the body.
    """
    return await syncing.sync(db, speaking, kit.keys, given)


@router.get("/scans")
async def list_scans(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    occurrence: UUID,
    outcome: Outcome | None = None,
    doubtful: Annotated[
        bool | None, Query(description="Its clock was overruled, or its device is revoked")
    ] = None,
) -> Page[KeptScanOut]:
    """Scans kept of an occurrence and what they came to: duplicates, refusals, doubts."""
    caller.known()
    rows = await queries.kept_scans(
        db, caller, paging, occurrence=occurrence, outcome=outcome, doubtful=doubtful
    )
    return page_of(rows, paging, lambda row: (row[0].id,), lambda row: _scan(*row), response)


def _scan(row: ScanRow, device: Device) -> KeptScanOut:
    return KeptScanOut(
        **row.model_dump(
            include={
                "id",
                "client_id",
                "device_id",
                "seq",
                "occurrence_id",
                "registration_id",
                "outcome",
                "device_at",
                "at",
                "doubtful",
                "received_at",
            }
        ),
        device_name=device.name,
        device_revoked=device.revoked_at is not None,
        members=row.numbers,
    )


@router.get(
    "/codes/{occurrence_id}",
    response_model=DoorCodeOut,
    responses={200: {"content": {"image/svg+xml": {}}}},
)
async def show_code(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    speaking: MaybeSpeakingDep,
    occurrence_id: UUID,
    accept: Annotated[str, Header()] = "",
) -> Response | DoorCodeOut:
    """The code of this moment, for the screen at the door; as a picture with image/svg+xml."""
    if speaking is not None:
        speaking.require_live()
        caller = speaking.caller
    code = await self_check_in.shown(db, caller, kit.vault, DoorSettings(), occurrence_id, _now())
    if "image/svg+xml" not in accept:
        return code
    picture = tickets.picture(f"kepu:{occurrence_id}:{code.code}", "svg")
    return Response(
        picture, headers={"Cache-Control": "private, no-store"}, media_type="image/svg+xml"
    )


@router.post("/self", status_code=201, repeats=True)
async def check_self_in(
    db: Db, caller: CallerDep, kit: KitDep, given: SelfCheckInIn, response: Response
) -> CheckInOut:
    """Check oneself in with the code at the door; 200 when everybody named had come before."""
    await door(db, given.occurrence_id)
    now = _now()
    await self_check_in.take_try(kit.database, caller, given.occurrence_id, now)
    answer = await self_check_in.check_self_in(db, caller, kit.vault, DoorSettings(), given, now)
    if answer.already:
        response.status_code = 200
    response.headers["Location"] = f"/registrations/{answer.registration_id}"
    return answer


@router.post("/{member_id}/undo")
async def undo_check_in(
    db: Db, caller: CallerDep, member_id: UUID, given: TakeBackIn, response: Response
) -> AttendanceOut:
    """Take a mistaken check-in back, with a reason that is kept."""
    answer = await take_back(db, caller, member_id, given.reason, _now())
    tag(response, answer.version)
    return answer
