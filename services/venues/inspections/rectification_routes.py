"""HTTP for rectifications: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.kit.access import Caller
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import tag
from services.kit.workdays import day_of
from services.venues.inspections import rectification_queries, rectifying
from services.venues.inspections.rectification_queries import Righting
from services.venues.inspections.rules import RectificationState
from services.venues.inspections.schemas import (
    AnswerIn,
    ExtendIn,
    InspectionLine,
    ReasonIn,
    RecheckIn,
    RectificationOut,
    RejectRemovalIn,
)
from services.venues.inspections.shapes import line_out, rectification_out

PRIVATE = {"Cache-Control": "private, no-store"}

router = Router(prefix="/inspections/rectifications", tags=["inspections"])


def _now() -> datetime:
    return datetime.now(UTC)


def _out(found: Righting, caller: Caller, response: Response) -> RectificationOut:
    tag(response, found.row.version)
    response.headers.update(PRIVATE)
    return rectification_out(found, caller, day_of(_now()))


@router.get("")
async def list_rectifications(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
    state: Annotated[RectificationState | None, Query()] = None,
    honour_id: Annotated[UUID | None, Query()] = None,
    overdue: Annotated[bool, Query()] = False,
) -> Page[RectificationOut]:
    """Rectifications within reach, and of one's own venue; `overdue`: open and late."""
    today = day_of(_now())
    found = await rectification_queries.rectifications(
        db,
        caller,
        paging,
        division=division,
        state=state,
        honour=honour_id,
        overdue=overdue,
        day=today,
    )
    response.headers.update(PRIVATE)
    return page_of(
        found,
        paging,
        lambda each: (each.row.id,),
        lambda each: rectification_out(each, caller, today),
        response,
    )


@router.get("/{rectification_id}")
async def read_rectification(
    db: Db, caller: CallerDep, rectification_id: UUID, response: Response
) -> RectificationOut:
    """One rectification."""
    return _out(
        await rectification_queries.rectification(db, caller, rectification_id), caller, response
    )


@router.post("/{rectification_id}/answer")
async def answer_rectification(
    db: Db, caller: CallerDep, rectification_id: UUID, given: AnswerIn, response: Response
) -> RectificationOut:
    """The venue says what it did; evidence goes to the files of the inspection."""
    found = await rectifying.answer(db, caller, rectification_id, given.text, _now())
    return _out(found, caller, response)


@router.post("/{rectification_id}/extend")
async def extend_rectification(
    db: Db, caller: CallerDep, rectification_id: UUID, given: ExtendIn, response: Response
) -> RectificationOut:
    """More days, once."""
    found = await rectifying.extend(db, caller, rectification_id, given.days, given.reason, _now())
    return _out(found, caller, response)


@router.post("/{rectification_id}/recheck", status_code=201)
async def ask_for_recheck(
    db: Db, caller: CallerDep, rectification_id: UUID, given: RecheckIn, response: Response
) -> InspectionLine:
    """A re-check to be done: passed, the honour stands again; failed, removal may be proposed."""
    found = await rectifying.recheck(db, caller, rectification_id, given.due_on, _now())
    response.headers["Location"] = f"/inspections/{found.row.id}"
    return line_out(found, caller, day_of(_now()))


@router.post("/{rectification_id}/lapse")
async def lapse_rectification(
    db: Db, caller: CallerDep, rectification_id: UUID, given: ReasonIn, response: Response
) -> RectificationOut:
    """Its last day went by without an answer."""
    found = await rectifying.lapse(db, caller, rectification_id, given.reason, _now())
    return _out(found, caller, response)


@router.post("/{rectification_id}/propose_removal")
async def propose_removal(
    db: Db, caller: CallerDep, rectification_id: UUID, given: ReasonIn, response: Response
) -> RectificationOut:
    """Propose that the honour be taken away; whoever decides on honours decides."""
    found = await rectifying.propose_removal(db, caller, rectification_id, given.reason, _now())
    return _out(found, caller, response)


@router.post("/{rectification_id}/reject_removal")
async def reject_removal(
    db: Db, caller: CallerDep, rectification_id: UUID, given: RejectRemovalIn, response: Response
) -> RectificationOut:
    """The honour stays, and the base gets days again."""
    found = await rectifying.reject_removal(
        db, caller, rectification_id, given.days, given.reason, _now()
    )
    return _out(found, caller, response)


@router.post("/{rectification_id}/remove")
async def remove_honour(
    db: Db, caller: CallerDep, rectification_id: UUID, given: ReasonIn, response: Response
) -> RectificationOut:
    """The honour is taken away, and everybody may read why."""
    found = await rectifying.remove(db, caller, rectification_id, given.reason, _now())
    return _out(found, caller, response)
