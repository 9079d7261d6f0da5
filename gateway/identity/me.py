"""HTTP for oneself: my account, my grants, my password."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request, Response

from gateway.grants.queries import held_by
from gateway.identity import actions, passwords, queries, throttles
from gateway.identity.queries import account_out, private
from gateway.identity.rules import NoPassword, SignInFailed, Throttle, TooManyTries, today
from gateway.identity.schemas import FactorState, HeldGrant, MeOut, MePatch, PasswordIn
from gateway.parts import GatewayDep
from services.kit.access import ROLES, P
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.versions import IfMatch, require_version, tag

router = APIRouter(prefix="/api/v1/me", tags=["me"], dependencies=[Depends(private)])


@router.get("")
async def read_me(
    db: Db, caller: CallerDep, kit: KitDep, request: Request, response: Response
) -> MeOut:
    """My account, my grants valid today, and what they allow me where."""
    row = await queries.account(db, caller, caller.known())
    grants = await held_by(db, row.id, today(datetime.now(UTC)))
    tag(response, row.version)
    return MeOut(
        account=account_out(row, caller, kit.vault, open_name=True),
        grants=[
            HeldGrant(
                id=grant.id,
                role=grant.role,
                division_code=grant.division_code,
                until_day=grant.until_day,
                deputy=grant.deputy_for is not None,
            )
            for grant in grants
        ],
        permissions={
            permission: list(caller.reach(permission))
            for permission in P
            if any(permission in ROLES[grant.role] for grant in caller.grants)
        },
        password_change_needed=request.state.password_temporary,
        messages=not row.messages_off,
        second_factor=FactorState(
            enrolled=request.state.speaker.enrolled, needed_by=request.state.speaker.needed_by
        ),
    )


@router.patch("")
async def correct_me(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    request: Request,
    response: Response,
    version: IfMatch,
    given: MePatch,
) -> MeOut:
    """Correct what is held about me."""
    row = await queries.account(db, caller, caller.known(), lock=True)
    require_version(row.version, version)
    if "name" in given.model_fields_set:
        await actions.rename(db, row, kit.vault, given.name)
    if given.messages is not None:
        await actions.set_messages(db, row, wanted=given.messages)
    return await read_me(db, caller, kit, request, response)


@router.post("/password", status_code=204)
async def change_password(
    caller: CallerDep, kit: KitDep, gateway: GatewayDep, request: Request, given: PasswordIn
) -> None:
    """Set my password; I stay signed in here, and nowhere else."""
    me = caller.known()
    now = datetime.now(UTC)
    async with kit.database.transaction(caller) as db:
        row = await queries.account(db, caller, me)
        if row.username is None:
            raise NoPassword()
        allowed = await throttles.take(db, kit.vault, Throttle.PASSWORD, row.username, now)
    if not allowed:
        raise TooManyTries()
    if not await passwords.matches(row.password_hash, given.current):
        raise SignInFailed()
    async with kit.database.transaction(caller) as db:
        row = await queries.account(db, caller, me, lock=True)
        await throttles.clear(db, kit.vault, Throttle.PASSWORD, str(row.username))
        await actions.change_password(
            db, row, gateway.callers, given.new, keep=request.state.session
        )
