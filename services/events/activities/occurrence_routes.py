"""HTTP for occurrences: the public list of what is on, and the changes of one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.events.activities import occurrence_actions, queries
from services.events.activities import upcoming as public
from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import Form, SpokenLanguage
from services.events.activities.schemas import (
    OccurrenceIn,
    OccurrencePatch,
    OccurrenceWithActivity,
    ReasonIn,
    RescheduleIn,
    Upcoming,
)
from services.events.activities.shapes import occurrence_alone
from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.days import Day
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep
from services.kit.routing import Router
from services.kit.versions import IfMatch

router = Router(tags=["occurrences"])


async def _answer(
    db: Db, caller: Caller, changed: tuple[Activity, Occurrence], response: Response
) -> OccurrenceWithActivity:
    row, one = changed
    return occurrence_alone(caller, row, await queries.one_around(db, row), one, response)


@router.get("/occurrences", response_model=Page[Upcoming])
async def list_upcoming(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    division: Annotated[DivisionCode | None, Query()] = None,
    first_day: Annotated[Day | None, Query(alias="from")] = None,
    last_day: Annotated[Day | None, Query(alias="to")] = None,
    form: Form | None = None,
    language: SpokenLanguage | None = None,
) -> Response:
    """What is on, by time, from today; `division`: taking place at or below it."""
    asked = public.Asked(division, first_day, last_day, form, language)
    return await public.upcoming(request, kit.database, paging, asked)


@router.post("/activities/{activity_id}/occurrences", status_code=201)
async def add_occurrence(
    db: Db, caller: CallerDep, activity_id: UUID, given: OccurrenceIn, response: Response
) -> OccurrenceWithActivity:
    """One more time and place, with its own places."""
    row, one = await occurrence_actions.add(db, caller, activity_id, given)
    response.headers["Location"] = f"/occurrences/{one.id}"
    return await _answer(db, caller, (row, one), response)


@router.get("/occurrences/{occurrence_id}")
async def read_occurrence(
    db: Db, caller: CallerDep, occurrence_id: UUID, response: Response
) -> OccurrenceWithActivity:
    """One occurrence; whoever sees its activity sees it."""
    found = await queries.occurrence(db, caller, occurrence_id)
    return await _answer(db, caller, found, response)


@router.patch("/occurrences/{occurrence_id}")
async def edit_occurrence(
    db: Db,
    caller: CallerDep,
    occurrence_id: UUID,
    given: OccurrencePatch,
    version: IfMatch,
    response: Response,
) -> OccurrenceWithActivity:
    """Draft or sent back: anything. Published: how one registers; a move has a verb of its own."""
    found = await occurrence_actions.edit(db, caller, occurrence_id, given, version)
    return await _answer(db, caller, found, response)


@router.delete("/occurrences/{occurrence_id}", status_code=204)
async def remove_occurrence(db: Db, caller: CallerDep, occurrence_id: UUID) -> None:
    """Take it off a draft; one that was public is cancelled instead."""
    await occurrence_actions.remove(db, caller, occurrence_id)


@router.post("/occurrences/{occurrence_id}/postpone")
async def postpone_occurrence(
    db: Db, caller: CallerDep, occurrence_id: UUID, response: Response
) -> OccurrenceWithActivity:
    """It will be held later; when is not known yet."""
    found = await occurrence_actions.postpone(db, caller, occurrence_id)
    return await _answer(db, caller, found, response)


@router.post("/occurrences/{occurrence_id}/reschedule")
async def reschedule_occurrence(
    db: Db, caller: CallerDep, occurrence_id: UUID, given: RescheduleIn, response: Response
) -> OccurrenceWithActivity:
    """Another time, perhaps another place; everybody registered for it is told."""
    found = await occurrence_actions.reschedule(db, caller, occurrence_id, given)
    return await _answer(db, caller, found, response)


@router.post("/occurrences/{occurrence_id}/cancel")
async def cancel_occurrence(
    db: Db, caller: CallerDep, occurrence_id: UUID, given: ReasonIn, response: Response
) -> OccurrenceWithActivity:
    """Call it off; everybody registered for it is told."""
    found = await occurrence_actions.cancel(db, caller, occurrence_id, given.reason)
    return await _answer(db, caller, found, response)
