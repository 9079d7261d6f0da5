"""HTTP for grants: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from gateway.grants import actions, queries
from gateway.grants.divisions import require_standing
from gateway.grants.models import GrantRow
from gateway.grants.rules import require_may_grant
from gateway.grants.schemas import AbsenceIn, EndIn, GrantIn, GrantOut, GrantsOut, HandoverIn
from gateway.identity.queries import private
from gateway.identity.rules import today
from gateway.parts import GatewayDep
from services.kit.access import Caller
from services.kit.days import Day
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router

router = Router(prefix="/api/v1", tags=["grants"], dependencies=[Depends(private)])


def _out(row: GrantRow, caller: Caller) -> GrantOut:
    day = today(datetime.now(UTC))
    valid = (
        row.ended_at is None
        and row.from_day <= day
        and (row.until_day is None or row.until_day >= day)
    )
    return GrantOut(
        **row.model_dump(exclude={"ended_by", "created_at"}),
        valid_today=valid,
        allowed_actions=actions.allowed(row, caller),
    )


async def _standing_division(caller: CallerDep, gateway: GatewayDep, given: GrantIn) -> None:
    """Asked before the transaction begins: no database handle waits for another service."""
    require_may_grant(caller, given.role, given.division_code)
    await require_standing(gateway.upstreams, caller, given.division_code)


@router.get("/grants")
async def list_grants(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    account: Annotated[UUID | None, Query()] = None,
    division: Annotated[DivisionCode | None, Query()] = None,
    valid_on: Annotated[Day | None, Query()] = None,
) -> Page[GrantOut]:
    """My grants, and those at divisions where I grant, in the order of their making."""
    caller.known()
    rows = await queries.list_grants(db, caller, paging, account, division, valid_on)
    return page_of(rows, paging, lambda row: (row.id,), lambda row: _out(row, caller), response)


@router.post("/grants", status_code=201, dependencies=[Depends(_standing_division)])
async def give_grant(
    db: Db, caller: CallerDep, gateway: GatewayDep, given: GrantIn, response: Response
) -> GrantOut:
    """Make somebody something at a division, for some days or until further notice."""
    row = await actions.give(db, caller, gateway.callers, given)
    response.headers["Location"] = f"/api/v1/grants/{row.id}"
    return _out(row, caller)


@router.get("/grants/{grant_id}")
async def read_grant(db: Db, caller: CallerDep, grant_id: UUID) -> GrantOut:
    """One grant."""
    return _out(await queries.grant(db, caller, grant_id), caller)


@router.post("/grants/{grant_id}/end")
async def end_grant(
    db: Db, caller: CallerDep, gateway: GatewayDep, grant_id: UUID, given: EndIn
) -> GrantOut:
    """End it now, with whoever stands in on it."""
    row = await actions.end(db, caller, gateway.callers, grant_id, given.reason)
    return _out(row, caller)


@router.post("/accounts/{account_id}/handover", status_code=201)
async def hand_over(
    db: Db, caller: CallerDep, gateway: GatewayDep, account_id: UUID, given: HandoverIn
) -> GrantsOut:
    """Move posts to a successor from a day on, all or none."""
    rows = await actions.hand_over(db, caller, gateway.callers, account_id, given)
    return GrantsOut(items=[_out(row, caller) for row in rows])


@router.post("/accounts/{account_id}/absence", status_code=201)
async def stand_in(
    db: Db, caller: CallerDep, gateway: GatewayDep, account_id: UUID, given: AbsenceIn
) -> GrantsOut:
    """Give a deputy the same roles for some days; they end by themselves."""
    rows = await actions.stand_in(db, caller, gateway.callers, account_id, given)
    return GrantsOut(items=[_out(row, caller) for row in rows])
