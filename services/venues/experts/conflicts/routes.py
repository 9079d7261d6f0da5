"""HTTP for conflicts: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Depends, Response

from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.venues.applications.queries import case
from services.venues.experts.conflicts import actions, queries
from services.venues.experts.conflicts.schemas import (
    PeopleIn,
    PeopleOut,
    PersonOut,
    TieIn,
    TieOut,
)
from services.venues.experts.models import Tie
from services.venues.experts.pool.routes import personal
from services.venues.experts.shapes import ReasonIn

router = Router(
    prefix="/experts/{expert_id}/ties", tags=["experts"], dependencies=[Depends(personal)]
)
people_router = Router(
    prefix="/applications/{application_id}/people",
    tags=["experts"],
    dependencies=[Depends(personal)],
)


def _out(row: Tie, caller: Caller) -> TieOut:
    at = row.set_for or row.division_code
    lifts = row.lifted_at is None and caller.may(P.EXPERT_MANAGE, at=at)
    return TieOut(
        **row.model_dump(include=set(TieOut.model_fields)),
        person=row.person_masked,
        allowed_actions=["lift"] if lifts else [],
    )


@router.get("")
async def list_ties(
    db: Db, caller: CallerDep, paging: PagingDep, expert_id: UUID, response: Response
) -> Page[TieOut]:
    """What ties an expert to others, the newest first."""
    caller.known()
    found = await queries.ties(db, caller, paging, expert_id)
    return page_of(found, paging, lambda row: (row.id,), lambda row: _out(row, caller), response)


@router.post("", status_code=201)
async def declare_tie(
    db: Db, caller: CallerDep, kit: KitDep, expert_id: UUID, given: TieIn, response: Response
) -> TieOut:
    """Set a conflict, or declare one's own: employment, works, kinship, advice, interests."""
    row = await actions.declare(db, caller, kit.vault, expert_id, given, datetime.now(UTC))
    response.headers["Location"] = f"/experts/{expert_id}/ties"
    return _out(row, caller)


@router.post("/{tie_id}/lift")
async def lift_tie(
    db: Db, caller: CallerDep, expert_id: UUID, tie_id: UUID, given: ReasonIn
) -> TieOut:
    """Take a conflict away, with why; one that was set above is lifted there."""
    row = await actions.lift(db, caller, expert_id, tie_id, given.reason, datetime.now(UTC))
    return _out(row, caller)


@people_router.put("")
async def name_people(
    db: Db, caller: CallerDep, kit: KitDep, application_id: UUID, given: PeopleIn
) -> PeopleOut:
    """Say who stands behind an application: experts tied to them cannot judge it."""
    await actions.name_people(db, caller, kit.vault, application_id, given, datetime.now(UTC))
    return await _people(db, application_id)


@people_router.get("")
async def read_people(db: Db, caller: CallerDep, application_id: UUID) -> PeopleOut:
    """Who stands behind an application, masked."""
    await case(db, caller, application_id)
    return await _people(db, application_id)


async def _people(db: Db, application_id: UUID) -> PeopleOut:
    found = await queries.people(db, application_id)
    return PeopleOut(items=[PersonOut(name=row.name_masked, duty=row.duty) for row in found])
