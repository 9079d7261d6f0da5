"""HTTP for notices: the public pages, and what staff do with them."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT
from services.kit.pages import Page, PagingDep
from services.kit.problems import Missing, Problem
from services.kit.routing import Router
from services.kit.versions import tag
from services.venues.notices import actions, queries
from services.venues.notices.models import Notice
from services.venues.notices.objection_rules import ObjectionLate, ObjectionStands
from services.venues.notices.rules import NOTICE, AlreadyShown, NoticeState, NoticeUnfinished
from services.venues.notices.schemas import (
    NoticeForStaff,
    NoticeIn,
    NoticeLine,
    NoticeOut,
    WithdrawIn,
)

CONSTRAINTS: dict[str, type[Problem]] = {
    "notice_entries_once": AlreadyShown,
    "honours_after_notice": NoticeUnfinished,
    "objections_in_time": ObjectionLate,
    "objections_one_open": ObjectionStands,
}

router = Router(prefix="/notices", tags=["notices"])


def _in_chinese(response: Response) -> Response:
    # A notice is published in the words of the authority; nothing is invented.
    response.headers["Content-Language"] = DEFAULT
    return response


async def _answer(db: Db, caller: Caller, row: Notice, response: Response) -> NoticeForStaff:
    await db.flush()
    allowed = NOTICE.allowed(row.state, lambda need: caller.may(P(need), at=row.division_code))
    tag(_in_chinese(response), row.version)
    return NoticeForStaff.of(await queries.page_now(db, row.id), allowed)


@router.get("", response_model=Page[NoticeLine])
async def list_notices(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    state: NoticeState | None = None,
    programme_id: UUID | None = None,
) -> Response:
    """Notices, the latest first; public."""
    after = paging.after(UUID)
    found, values = queries.notices(after[0] if after else None, division, state, programme_id)
    return _in_chinese(await found.answer(request, kit.database, paging.limit, *values))


@router.post("", status_code=201)
async def open_notice(
    db: Db, caller: CallerDep, given: NoticeIn, response: Response
) -> NoticeForStaff:
    """Publish applications of one programme that stand in its notice stage."""
    row = await actions.open_notice(db, caller, given, datetime.now(UTC))
    response.headers["Location"] = f"/notices/{row.id}"
    return await _answer(db, caller, row, response)


@router.get("/{notice_id}", response_model=NoticeOut)
async def read_notice(request: Request, kit: KitDep, notice_id: UUID) -> Response:
    """One notice: the names, the days, and who receives objections; public."""
    found = await queries.PAGE.answer(request, kit.database, notice_id)
    if found is None:
        raise Missing()
    return _in_chinese(found)


@router.post("/{notice_id}/withdraw")
async def withdraw_notice(
    db: Db, caller: CallerDep, notice_id: UUID, given: WithdrawIn, response: Response
) -> NoticeForStaff:
    """Take it back, with a reason that everybody reads; 409 while an objection is open."""
    row = await actions.withdraw(db, caller, notice_id, given.reason, datetime.now(UTC))
    return await _answer(db, caller, row, response)


@router.post("/{notice_id}/finish")
async def finish_notice(
    db: Db, caller: CallerDep, notice_id: UUID, response: Response
) -> NoticeForStaff:
    """Finish what has run its days; 409 before. The clock does the same every minute."""
    row = await actions.finish(db, caller, notice_id, datetime.now(UTC))
    return await _answer(db, caller, row, response)
