"""HTTP for one's own second factor: enrol, confirm, renew the recovery codes, lay it down."""

from datetime import UTC, datetime

import pyotp
import segno
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.factors import actions
from gateway.factors.rules import FactorRequired, StaffOnly
from gateway.factors.schemas import EnrolIn, Enrolment, FactorIn, FactorOut, RecoveryCodes
from gateway.factors.settings import factor
from gateway.identity import proofs, queries, throttles
from gateway.identity.actions import sign_out_everywhere
from gateway.identity.audit import note
from gateway.identity.models import Account, Session
from gateway.identity.queries import private
from gateway.identity.rules import SignInFailed, Throttle
from gateway.parts import GatewayDep
from services.kit.access import Caller
from services.kit.app import Kit, KitDep
from services.kit.db import Db, run
from services.kit.identity import CallerDep

# Not the kit's Router: secrets and recovery codes are not to be kept for an Idempotency-Key.
router = APIRouter(prefix="/api/v1/me/second_factor", tags=["me"], dependencies=[Depends(private)])


async def _me(kit: Kit, caller: Caller) -> Account:
    async with kit.database.transaction(caller) as db:
        row = await queries.account(db, caller, caller.known())
    if row.username is None:
        raise StaffOnly()
    return row


async def _note(db: AsyncSession, action: str, row: Account) -> None:
    await note(db, action, actor=row.id, subject=row.id, division=row.home_code)


@router.get("")
async def read_second_factor(db: Db, caller: CallerDep, request: Request) -> FactorOut:
    """Whether I have one, and whether I need one."""
    found = await actions.factor_of(db, caller.known())
    enrolled = found is not None and found.confirmed_at is not None
    return FactorOut(
        enrolled=enrolled,
        confirmed_at=found.confirmed_at if found else None,
        recovery_codes_left=await actions.codes_left(db, caller.known()),
        needed_by=request.state.speaker.needed_by,
        given_at=request.state.speaker.factor_at,
    )


@router.post("", status_code=201)
async def enrol_second_factor(
    caller: CallerDep, kit: KitDep, response: Response, given: EnrolIn
) -> Enrolment:
    """A fresh secret for an app on the phone; it counts once its first code has confirmed it."""
    row = await _me(kit, caller)
    assert row.username is not None
    async with kit.database.transaction(caller) as db:
        # Said before the password is judged: who has one would be asked for it here.
        await actions.require_none(db, row.id)
    await proofs.by_password(kit, row.username, row, given.password, None)
    async with kit.database.transaction(caller) as db:
        await throttles.clear(db, kit.vault, Throttle.PASSWORD, row.username)
        secret = await actions.begin(db, kit.vault, row.id)
        await _note(db, "second_factor_begun", row)
    response.headers["Location"] = "/api/v1/me/second_factor"
    uri = pyotp.TOTP(secret).provisioning_uri(name=row.username, issuer_name=factor().issuer)
    picture = segno.make(uri, error="m", micro=False)
    return Enrolment(secret=secret, uri=uri, qr=picture.svg_data_uri(scale=4, border=4))


@router.post("/confirm")
async def confirm_second_factor(
    caller: CallerDep, kit: KitDep, gateway: GatewayDep, request: Request, given: FactorIn
) -> RecoveryCodes:
    """The app's first code: from now on it is asked for. Every other session ends."""
    row = await _me(kit, caller)
    assert row.username is not None
    await proofs.take_try(kit, Throttle.PASSWORD, row.username, row)
    now = datetime.now(UTC)
    async with kit.database.transaction(caller) as db:
        codes = await actions.confirm(db, kit.vault, row.id, given.code, now)
        if codes is None:
            raise SignInFailed()
        await throttles.clear(db, kit.vault, Throttle.PASSWORD, row.username)
        here = request.state.session
        await run(db, update(Session).where(col(Session.id) == here).values(factor_at=now))
        await sign_out_everywhere(db, gateway.callers, row.id, but=here)
        await _note(db, "second_factor_enrolled", row)
    return RecoveryCodes(codes=codes)


@router.post("/recovery_codes")
async def renew_recovery_codes(caller: CallerDep, kit: KitDep, given: FactorIn) -> RecoveryCodes:
    """Ten new recovery codes; the old ones work no more."""
    row = await _me(kit, caller)
    await proofs.by_factor(kit, row, given.code)
    async with kit.database.transaction(caller) as db:
        codes = await actions.renew_codes(db, kit.vault, row.id)
        await _note(db, "recovery_codes_renewed", row)
    return RecoveryCodes(codes=codes)


@router.post("/remove", status_code=204)
async def remove_second_factor(
    caller: CallerDep, kit: KitDep, gateway: GatewayDep, request: Request, given: FactorIn
) -> None:
    """Lay it down, with its own code; refused while a role of mine needs one."""
    if request.state.speaker.needed_by is not None:
        raise FactorRequired()
    row = await _me(kit, caller)
    await proofs.by_factor(kit, row, given.code)
    async with kit.database.transaction(caller) as db:
        await actions.remove(db, row.id)
        gateway.callers.forget_after(db, row.id)
        await _note(db, "second_factor_removed", row)
