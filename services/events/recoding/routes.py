"""HTTP for orders that change divisions: enter, rehearse, apply, read."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.events.recoding import actions, queries
from services.events.recoding.models import Change
from services.events.recoding.rules import LIFECYCLE, ChangeState
from services.events.recoding.schemas import ChangeIn, ChangeOut
from services.kit.access import Caller, P
from services.kit.app import Kit, KitDep
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.jobs.routes import JobOut, accepted, location
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Conflict, Problem
from services.kit.routing import Router
from services.kit.versions import tag

router = Router(prefix="/divisions/changes", tags=["divisions"])


class DocumentEntered(Conflict):
    """An order with this document number was entered before."""


class OtherChangeRunning(Conflict):
    """Another change of divisions is under way."""


CONSTRAINTS: dict[str, type[Problem]] = {
    "division_changes_document": DocumentEntered,
    "division_changes_one_at_a_time": OtherChangeRunning,
}


@router.post("", status_code=201)
async def enter_change(
    db: Db, kit: KitDep, caller: CallerDep, given: ChangeIn, response: Response
) -> ChangeOut:
    """Enter an order. It is held against the register at once, and again when it is applied."""
    row = await actions.enter(db, caller, given)
    response.headers["Location"] = f"/divisions/changes/{row.id}"
    return await _read(db, kit, caller, row.id, response)


@router.get("")
async def list_changes(
    db: Db,
    kit: KitDep,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    state: Annotated[ChangeState | None, Query()] = None,
) -> Page[ChangeOut]:
    """Orders for the divisions that the caller manages, the newest first."""
    caller.known()
    found = await queries.changes(db, caller, paging, state)
    return page_of(
        found, paging, lambda each: (each[0].id,), lambda each: _out(*each, kit, caller), response
    )


@router.get("/{change_id}")
async def read_change(
    db: Db, kit: KitDep, caller: CallerDep, change_id: UUID, response: Response
) -> ChangeOut:
    """One order, what its rehearsal said, and what came of it."""
    return await _read(db, kit, caller, change_id, response)


@router.post("/{change_id}/rehearse", status_code=202)
async def rehearse_change(
    db: Db, kit: KitDep, caller: CallerDep, change_id: UUID, response: Response
) -> JobOut:
    """Count what it would do, as a job. Nothing else changes."""
    job_id = await actions.rehearse(db, caller, change_id)
    return await accepted(db, kit, caller, job_id, response)


@router.post("/{change_id}/apply", status_code=202)
async def apply_change(
    db: Db, kit: KitDep, caller: CallerDep, change_id: UUID, response: Response
) -> JobOut:
    """Change the divisions, as a job. From its announcement on there is no way back."""
    job_id = await actions.apply(db, caller, change_id, datetime.now(UTC))
    return await accepted(db, kit, caller, job_id, response)


@router.post("/{change_id}/resume", status_code=202)
async def resume_change(
    db: Db, kit: KitDep, caller: CallerDep, change_id: UUID, response: Response
) -> JobOut:
    """Start the job again after it failed; it goes on where it was."""
    job_id = await actions.resume(db, caller, change_id)
    return await accepted(db, kit, caller, job_id, response)


@router.post("/{change_id}/withdraw")
async def withdraw_change(
    db: Db, kit: KitDep, caller: CallerDep, change_id: UUID, response: Response
) -> ChangeOut:
    """Take an order back that has not begun."""
    row = await actions.withdraw(db, caller, change_id)
    await db.flush()
    return await _read(db, kit, caller, row.id, response)


async def _read(db: Db, kit: Kit, caller: Caller, change_id: UUID, response: Response) -> ChangeOut:
    row, codes = await queries.change(db, caller, change_id)
    tag(response, row.version)
    return _out(row, codes, kit, caller)


def _out(row: Change, codes: int, kit: Kit, caller: Caller) -> ChangeOut:
    def holds(need: object) -> bool:
        return isinstance(need, P) and caller.may(need, row.scope_code)

    return ChangeOut(
        **row.model_dump(exclude={"job_id", "created_by"}),
        codes=codes,
        job=location(kit, row.job_id).removeprefix("/jobs/") if row.job_id else None,
        allowed_actions=LIFECYCLE.allowed(row.state, holds),
    )
