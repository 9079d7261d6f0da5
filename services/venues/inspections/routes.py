"""HTTP for inspections: parse, call one action or query, return."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.kit.access import Caller
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.files.parts import FilesDep
from services.kit.files.schemas import FileOut, url_of
from services.kit.files.schemas import file_out as sent_out
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Missing, Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.kit.workdays import day_of
from services.venues.inspections import actions, evidence, queries, rectifying
from services.venues.inspections.queries import Found, Wanted
from services.venues.inspections.rules import (
    InspectionKind,
    InspectionState,
    InspectionUnderWay,
    RectificationUnderWay,
    SampleUnderWay,
)
from services.venues.inspections.schemas import (
    AnswerIn,
    InspectionFileIn,
    InspectionFileOut,
    InspectionIn,
    InspectionLine,
    InspectionOut,
    PlanIn,
    ReasonIn,
    RecordIn,
    RectificationOut,
    RectifyIn,
)
from services.venues.inspections.shapes import (
    file_out,
    inspection_out,
    line_out,
    rectification_out,
)

CONSTRAINTS: dict[str, type[Problem]] = {
    "inspections_one_open": InspectionUnderWay,
    "rectifications_one_open": RectificationUnderWay,
    "inspection_samples_frozen": SampleUnderWay,
}
PRIVATE = {"Cache-Control": "private, no-store"}

router = Router(prefix="/inspections", tags=["inspections"])


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return day_of(_now())


async def _answer(db: Db, caller: Caller, found: Found, response: Response) -> InspectionOut:
    tag(response, found.row.version)
    response.headers.update(PRIVATE)
    said = await queries.answers(db, found.row)
    return inspection_out(found, caller, _today(), said)


@router.get("")
async def list_inspections(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
    kind: Annotated[InspectionKind | None, Query()] = None,
    state: Annotated[InspectionState | None, Query()] = None,
    programme_id: Annotated[UUID | None, Query()] = None,
    honour_id: Annotated[UUID | None, Query()] = None,
    application_id: Annotated[UUID | None, Query()] = None,
    venue_id: Annotated[UUID | None, Query()] = None,
    overdue: Annotated[bool, Query()] = False,
) -> Page[InspectionLine]:
    """Inspections within reach, and of one's own venue; `overdue`: to be done and late."""
    wanted = Wanted(
        division, kind, state, programme_id, honour_id, application_id, venue_id, overdue
    )
    today = _today()
    response.headers.update(PRIVATE)
    return page_of(
        await queries.inspections(db, caller, paging, wanted, today),
        paging,
        lambda found: (found.row.id,),
        lambda found: line_out(found, caller, today),
        response,
    )


@router.post("", status_code=201)
async def ask_for_inspection(
    db: Db, caller: CallerDep, given: InspectionIn, response: Response
) -> InspectionOut:
    """One more check of an honour, or a second visit of an application in its stage."""
    found = await actions.ask(db, caller, given, _now())
    response.headers["Location"] = f"/inspections/{found.row.id}"
    return await _answer(db, caller, found, response)


@router.get("/{inspection_id}")
async def read_inspection(
    db: Db, caller: CallerDep, inspection_id: UUID, response: Response
) -> InspectionOut:
    """One inspection; whoever is inspected reads what was found once it is released."""
    found = await queries.inspection(db, caller, inspection_id)
    return await _answer(db, caller, found, response)


@router.post("/{inspection_id}/plan")
async def plan_inspection(
    db: Db,
    caller: CallerDep,
    inspection_id: UUID,
    given: PlanIn,
    version: IfMatch,
    response: Response,
) -> InspectionOut:
    """Say when, and by whom; again to change it."""
    found = await actions.plan(db, caller, inspection_id, version, given)
    return await _answer(db, caller, found, response)


@router.post("/{inspection_id}/record")
async def record_inspection(
    db: Db,
    caller: CallerDep,
    inspection_id: UUID,
    given: RecordIn,
    version: IfMatch,
    response: Response,
) -> InspectionOut:
    """What was found; again to correct it, until it is released."""
    found = await actions.write(db, caller, inspection_id, version, given, _now())
    return await _answer(db, caller, found, response)


@router.post("/{inspection_id}/release")
async def release_inspection(
    db: Db, caller: CallerDep, inspection_id: UUID, response: Response
) -> InspectionOut:
    """Show the venue what was found; it stands from then on, and settles a re-check."""
    found = await actions.release(db, caller, inspection_id, _now())
    return await _answer(db, caller, found, response)


@router.post("/{inspection_id}/cancel")
async def cancel_inspection(
    db: Db, caller: CallerDep, inspection_id: UUID, given: ReasonIn, response: Response
) -> InspectionOut:
    """Call it off; of a sample, the next alternate is visited instead."""
    found = await actions.cancel(db, caller, inspection_id, given.reason, _now())
    return await _answer(db, caller, found, response)


@router.post("/{inspection_id}/answer")
async def answer_inspection(
    db: Db, caller: CallerDep, inspection_id: UUID, given: AnswerIn, response: Response
) -> InspectionOut:
    """What whoever is inspected says to what was found."""
    found = await actions.answer(db, caller, inspection_id, given.text, _now())
    return await _answer(db, caller, found, response)


@router.post("/{inspection_id}/rectify", status_code=201)
async def order_rectification(
    db: Db, caller: CallerDep, inspection_id: UUID, given: RectifyIn, response: Response
) -> RectificationOut:
    """After an inspection that failed: what has to be put right, and by when."""
    found = await rectifying.order(db, caller, inspection_id, given, _now())
    response.headers["Location"] = f"/inspections/rectifications/{found.row.id}"
    tag(response, found.row.version)
    return rectification_out(found, caller, _today())


@router.get("/{inspection_id}/files")
async def list_inspection_files(
    db: Db, caller: CallerDep, paging: PagingDep, inspection_id: UUID, response: Response
) -> Page[InspectionFileOut]:
    """Photos of the inspectors, and evidence of whoever is inspected."""
    found = await queries.inspection(db, caller, inspection_id)
    inside = evidence.is_staff(caller, found)
    response.headers.update(PRIVATE)
    return page_of(
        await queries.files_of(db, found, paging, inside=inside),
        paging,
        lambda row: (row[0].file_id,),
        lambda row: file_out(*row),
        response,
    )


@router.post("/{inspection_id}/files", status_code=201, repeats=True)
async def add_inspection_file(
    db: Db,
    caller: CallerDep,
    parts: FilesDep,
    inspection_id: UUID,
    given: InspectionFileIn,
    response: Response,
) -> FileOut:
    """Announce a file: Location is where its bytes go; 200 when its client_id came before."""
    file, new = await evidence.add(db, parts, caller, inspection_id, given, _now())
    response.status_code = 201 if new else 200
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = url_of(parts.service, file.id, "/upload").removeprefix("/api/v1")
    return sent_out(parts.service, file)


@router.delete("/{inspection_id}/files/{file_id}", status_code=204)
async def remove_inspection_file(
    db: Db, caller: CallerDep, inspection_id: UUID, file_id: str
) -> None:
    """Take a photo back before it is released."""
    try:
        found = UUID(file_id.partition("-")[2])
    except ValueError:
        raise Missing() from None
    await evidence.remove(db, caller, inspection_id, found)
