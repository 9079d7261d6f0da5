"""HTTP for credit: the record of an application, its remedies, and the list."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.kit.access import Caller, P
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.applications.queries import Case, case, owns
from services.venues.credit import actions, queries
from services.venues.credit.models import RedLine, Remedy
from services.venues.credit.rules import (
    APPEAL,
    AppealLodged,
    CheckState,
    RemedyKind,
    Standing,
)
from services.venues.credit.schemas import (
    AnswerOut,
    AppealIn,
    CheckOut,
    CreditOut,
    DecideIn,
    LiftIn,
    RedLineOut,
    RemedyOut,
    RepairIn,
)

CONSTRAINTS: dict[str, type[Problem]] = {"credit_remedies_one_lodged": AppealLodged}
PRIVATE = {"Cache-Control": "private, no-store"}

lines = Router(prefix="/applications/red-lines", tags=["credit"])
"""Before the router that takes an id at the same place: red-lines is no application."""
router = Router(prefix="/applications/{application_id}/credit", tags=["credit"])


def _remedy(row: Remedy, found: Case, caller: Caller) -> RemedyOut:
    at = found.definition.division
    allowed = APPEAL.allowed(row.state, lambda need: caller.may(P(need), at=at))
    return RemedyOut(
        **row.model_dump(include=set(RemedyOut.model_fields)),
        allowed_actions=allowed if row.kind is RemedyKind.APPEAL else [],
    )


async def _answer(db: Db, caller: Caller, found: Case, response: Response) -> CreditOut:
    await db.flush()
    row, at = found.application, found.definition.division
    known = await queries.record_of(db, row.id)
    red = await queries.red_line_to_remedy(db, row.id) is not None
    reviews, decides = (
        caller.may(need, at=at) for need in (P.APPLICATION_REVIEW, P.APPLICATION_DECIDE)
    )
    appeals = red and (reviews or await owns(db, caller, found))
    offered = {"ask": reviews, "repair": red and decides, "appeal": appeals}
    response.headers.update(PRIVATE)
    return CreditOut(
        application_id=row.id,
        checks=[
            CheckOut(
                **check.model_dump(include=set(CheckOut.model_fields) - {"next_try_at"}),
                next_try_at=check.next_try_at if check.state is CheckState.WAITING else None,
            )
            for check in known.checks
        ],
        answers=[
            AnswerOut(**answer.model_dump(include=set(AnswerOut.model_fields)))
            for answer in known.answers
        ],
        remedies=[_remedy(remedy, found, caller) for remedy in known.remedies],
        allowed_actions=[action for action, offer in offered.items() if offer],
    )


@router.get("")
async def read_credit(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> CreditOut:
    """What was asked and answered about the host, for the applicant and for staff."""
    return await _answer(db, caller, await case(db, caller, application_id), response)


@router.post("/ask")
async def ask_provider(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> CreditOut:
    """Ask the provider now; the answer comes by itself."""
    found = await actions.ask_again(db, caller, application_id, datetime.now(UTC))
    return await _answer(db, caller, found, response)


@router.post("/repairs", status_code=201)
async def record_repair(
    db: Db, caller: CallerDep, application_id: UUID, given: RepairIn, response: Response
) -> CreditOut:
    """信用修复: recorded with its paper; a new answer has to be clear before anything passes."""
    now = datetime.now(UTC)
    found = await actions.record_repair(
        db, caller, application_id, given.grounds, given.document, now
    )
    response.headers["Location"] = f"/applications/{application_id}/credit"
    return await _answer(db, caller, found, response)


@router.post("/appeals", status_code=201)
async def lodge_appeal(
    db: Db, caller: CallerDep, application_id: UUID, given: AppealIn, response: Response
) -> CreditOut:
    """The red line is wrong, says the applicant."""
    now = datetime.now(UTC)
    found = await actions.lodge_appeal(db, caller, application_id, given.grounds, now)
    response.headers["Location"] = f"/applications/{application_id}/credit"
    return await _answer(db, caller, found, response)


@router.post("/appeals/{remedy_id}/uphold")
async def uphold_appeal(
    db: Db,
    caller: CallerDep,
    application_id: UUID,
    remedy_id: UUID,
    given: DecideIn,
    response: Response,
) -> CreditOut:
    """It is right; the provider is asked again."""
    now = datetime.now(UTC)
    found = await actions.decide_appeal(
        db, caller, application_id, remedy_id, "uphold", given.reason, now
    )
    return await _answer(db, caller, found, response)


@router.post("/appeals/{remedy_id}/reject")
async def reject_appeal(
    db: Db,
    caller: CallerDep,
    application_id: UUID,
    remedy_id: UUID,
    given: DecideIn,
    response: Response,
) -> CreditOut:
    """It is not; the veto stands."""
    now = datetime.now(UTC)
    found = await actions.decide_appeal(
        db, caller, application_id, remedy_id, "reject", given.reason, now
    )
    return await _answer(db, caller, found, response)


def _line(row: RedLine, caller: Caller) -> RedLineOut:
    may = caller.may(P.APPLICATION_DECIDE, at=row.division_code)
    lifts = may and row.standing is Standing.RED_LINE and row.lifted_on is None
    return RedLineOut(
        **row.model_dump(include=set(RedLineOut.model_fields)),
        allowed_actions=["lift"] if lifts else [],
    )


@lines.get("")
async def list_red_lines(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    uscc: Annotated[str | None, Query(max_length=18)] = None,
    name: Annotated[str | None, Query(max_length=200)] = None,
) -> Page[RedLineOut]:
    """The imported list, the latest first; for staff who read applications."""
    caller.known()
    rows = await queries.red_lines(db, caller, paging, uscc, name)
    response.headers.update(PRIVATE)
    return page_of(rows, paging, lambda row: (row.id,), lambda row: _line(row, caller), response)


@lines.post("/{line_id}/lift")
async def lift_red_line(
    db: Db, caller: CallerDep, line_id: UUID, given: LiftIn, version: IfMatch, response: Response
) -> RedLineOut:
    """It no longer holds, by the paper that says so."""
    row = await actions.lift(
        db, caller, line_id, given.lifted_on, given.document, version, datetime.now(UTC)
    )
    tag(response, row.version)
    return _line(row, caller)
