"""HTTP for staff accounts, as their administrators look after them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from gateway.identity import actions, queries
from gateway.identity.queries import account_out, private
from gateway.identity.rules import AccountState
from gateway.identity.schemas import AccountIn, AccountMade, AccountOut, Opened, ReasonIn
from gateway.parts import GatewayDep
from services.kit.access import P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import NotHeld
from services.kit.versions import tag

# Not the kit's Router: passwords and opened fields are not to be kept for an Idempotency-Key.
router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"], dependencies=[Depends(private)])


@router.get("")
async def list_accounts(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
    state: Annotated[AccountState | None, Query()] = None,
) -> Page[AccountOut]:
    """Staff at home at or below a division, by username."""
    caller.known()
    if not caller.reach(P.ACCOUNT_MANAGE):
        raise NotHeld(permission=P.ACCOUNT_MANAGE.value)
    rows = await queries.staff_accounts(db, caller, paging, division, state)
    return page_of(
        rows,
        paging,
        lambda row: (row.username, row.id),
        lambda row: account_out(row, caller, kit.vault),
        response,
    )


@router.post("", status_code=201)
async def enter_account(
    db: Db, caller: CallerDep, kit: KitDep, given: AccountIn, response: Response
) -> AccountMade:
    """Enter a member of staff; the answer says their first password, once."""
    row, password = await actions.enter(db, caller, kit.vault, given)
    response.headers["Location"] = f"/api/v1/accounts/{row.id}"
    tag(response, row.version)
    return AccountMade(account=account_out(row, caller, kit.vault), password=password)


@router.get("/{account_id}")
async def read_account(
    db: Db, caller: CallerDep, kit: KitDep, account_id: UUID, response: Response
) -> AccountOut:
    """One account, masked."""
    row = await queries.account(db, caller, account_id)
    tag(response, row.version)
    return account_out(row, caller, kit.vault)


@router.post("/{account_id}/lock")
async def lock_account(
    db: Db, caller: CallerDep, kit: KitDep, gateway: GatewayDep, account_id: UUID, given: ReasonIn
) -> AccountOut:
    """Keep somebody out, at once and everywhere."""
    row = await actions.move(
        db, caller, gateway.callers, kit.vault, account_id, "lock", given.reason
    )
    return account_out(row, caller, kit.vault)


@router.post("/{account_id}/unlock")
async def unlock_account(
    db: Db, caller: CallerDep, kit: KitDep, gateway: GatewayDep, account_id: UUID, given: ReasonIn
) -> AccountOut:
    """Let somebody in again; also after too many wrong tries."""
    row = await actions.move(
        db, caller, gateway.callers, kit.vault, account_id, "unlock", given.reason
    )
    return account_out(row, caller, kit.vault)


@router.post("/{account_id}/reset_password")
async def reset_password(
    db: Db, caller: CallerDep, kit: KitDep, gateway: GatewayDep, account_id: UUID, given: ReasonIn
) -> AccountMade:
    """A new temporary password, said once; every session ends."""
    row, password = await actions.reset_password(
        db, caller, gateway.callers, kit.vault, account_id, given.reason
    )
    return AccountMade(account=account_out(row, caller, kit.vault), password=password)


@router.post("/{account_id}/reset_second_factor")
async def reset_second_factor(
    db: Db, caller: CallerDep, kit: KitDep, gateway: GatewayDep, account_id: UUID, given: ReasonIn
) -> AccountOut:
    """Take a lost second factor away; every session ends, and they enrol a new one."""
    row = await actions.reset_factor(
        db, caller, gateway.callers, kit.vault, account_id, given.reason
    )
    return account_out(row, caller, kit.vault)


@router.post("/{account_id}/open")
async def open_account(
    db: Db, caller: CallerDep, kit: KitDep, account_id: UUID, given: ReasonIn
) -> Opened:
    """Name and phone in full, for a stated purpose that is put on record."""
    return await actions.open_personal(db, caller, kit.vault, account_id, given.reason)
