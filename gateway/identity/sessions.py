"""Signing in and out: codes for citizens, passwords for staff, opaque tokens for both."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.factors import actions as factors
from gateway.factors.rules import NoFactor
from gateway.factors.schemas import FactorIn
from gateway.identity import proofs, queries, throttles
from gateway.identity.audit import note
from gateway.identity.callers import address_of, require_own_page
from gateway.identity.codes import send_code, try_code
from gateway.identity.models import PHONE, Account, Session
from gateway.identity.queries import account_out, live_sessions, private
from gateway.identity.rules import (
    CODE_LIFE,
    LIMITS,
    SESSION_LIFE,
    AccountKind,
    AccountState,
    SessionKind,
    SignInFailed,
    Throttle,
    new_token,
)
from gateway.identity.schemas import CodeIn, CodeSent, SessionOut, SignedIn, SignIn
from gateway.parts import Gateway, GatewayDep
from services.kit.access import SERVICE, Caller, Kind
from services.kit.app import Kit, KitDep
from services.kit.db import Db, run
from services.kit.identity import CallerDep
from services.kit.pages import Page
from services.kit.problems import Missing

# Not the kit's Router: an answer with a token in it is not to be kept for an Idempotency-Key.
router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"], dependencies=[Depends(private)])


@router.post("/codes", status_code=202)
async def ask_for_code(
    kit: KitDep, gateway: GatewayDep, request: Request, given: CodeIn
) -> CodeSent:
    """Send a six-digit code to a phone; the answer does not tell whether it has an account."""
    address = address_of(request.scope, gateway.settings)
    await send_code(kit.database, kit.vault, gateway.deliver_code, given.phone, address)
    pause = LIMITS[Throttle.CODE_PAUSE][1]
    return CodeSent(
        expires_in_s=int(CODE_LIFE.total_seconds()), again_in_s=int(pause.total_seconds())
    )


@router.post("", status_code=201)
async def sign_in(
    kit: KitDep, gateway: GatewayDep, request: Request, response: Response, given: SignIn
) -> SignedIn:
    """Sign in with phone and code, or with username, password and second factor."""
    if given.cookie:
        require_own_page(request.scope, gateway.settings)
    address = address_of(request.scope, gateway.settings)
    await proofs.take_try(kit, Throttle.SIGN_IN_ADDRESS, address, None)
    factor_given = False
    if given.phone is not None and given.code is not None:
        account = await _by_code(kit, given.phone, given.code)
    else:
        assert given.username is not None
        assert given.password is not None
        found = await proofs.named(kit, given.username)
        factor_given = await proofs.by_password(
            kit, given.username, found, given.password, given.factor
        )
        assert found is not None
        account = found
    token = new_token()
    session = Session(
        account_id=account.id,
        kind=SessionKind.COOKIE if given.cookie else SessionKind.BEARER,
        token_hash=sha256(token.encode()).digest(),
        device=_device(request),
        expires_at=datetime.now(UTC) + SESSION_LIFE[account.kind],
        factor_at=datetime.now(UTC) if factor_given else None,
    )
    caller = Caller(Kind(account.kind), account.id)
    async with kit.database.transaction(SERVICE) as db:
        await throttles.give_back(db, kit.vault, Throttle.SIGN_IN_ADDRESS, address)
        if account.username is not None:
            await throttles.clear(db, kit.vault, Throttle.PASSWORD, account.username)
        await _let_in(db, account.id, session)
    if given.cookie:
        _set_cookie(response, gateway, token, session)
    response.headers["Location"] = f"/api/v1/sessions/{session.id}"
    return SignedIn(
        token=None if given.cookie else token,
        session_id=session.id,
        account=account_out(account, caller, kit.vault),
        expires_at=session.expires_at,
    )


async def _let_in(db: AsyncSession, account_id: UUID, session: Session) -> None:
    # Read again, locked: who was locked out while the password was computed stays out.
    account = (
        await db.exec(select(Account).where(Account.id == account_id).with_for_update())
    ).one()
    if account.state is not AccountState.ACTIVE:
        raise SignInFailed()
    account.signed_in_at = datetime.now(UTC)
    db.add(session)
    await db.flush()
    await note(
        db,
        "signed_in",
        actor=account_id,
        subject=account_id,
        division=account.home_code,
        session=session.id,
        kind=session.kind,
    )


async def _by_code(kit: Kit, phone: str, code: str) -> Account:
    async with kit.database.transaction(SERVICE) as db:
        right = await try_code(db, kit.vault, phone, code)
        account = await _citizen(db, kit, phone) if right else None
    if account is None or account.state is not AccountState.ACTIVE:
        raise SignInFailed()
    return account


async def _citizen(db: AsyncSession, kit: Kit, phone: str) -> Account:
    """The citizen with this phone, made at their first sign-in. A code works once: no race."""
    index = kit.vault.index(phone, PHONE)
    found = (
        await db.exec(
            select(Account).where(Account.kind == AccountKind.CITIZEN, Account.phone_index == index)
        )
    ).first()
    if found is not None:
        return found
    account = Account(
        kind=AccountKind.CITIZEN, phone_index=index, phone_sealed=kit.vault.seal(phone, PHONE)
    )
    db.add(account)
    await db.flush()
    await note(db, "account_created", actor=account.id, subject=account.id, kind="citizen")
    return account


def _device(request: Request) -> str:
    return request.headers.get("user-agent", "")[:120]


def _cookie(gateway: Gateway) -> dict[str, Any]:
    return {
        "key": gateway.callers.cookie,
        "httponly": True,
        "samesite": "strict",
        "secure": gateway.settings.is_secure,
        "path": "/",
    }


def _set_cookie(response: Response, gateway: Gateway, token: str, session: Session) -> None:
    response.set_cookie(value=token, expires=session.expires_at, **_cookie(gateway))


@router.get("")
async def list_sessions(db: Db, caller: CallerDep, request: Request) -> Page[SessionOut]:
    """Where I am signed in, newest first."""
    rows = await live_sessions(db, caller.known())
    current = request.state.session
    return Page[SessionOut](
        items=[
            SessionOut(
                **row.model_dump(exclude={"account_id", "token_hash", "revoked_at"}),
                current=row.id == current,
            )
            for row in rows
        ]
    )


@router.post("/current/factor", status_code=204)
async def give_factor(
    caller: CallerDep, kit: KitDep, gateway: GatewayDep, request: Request, given: FactorIn
) -> None:
    """Give the second factor again: dangerous actions are open for some minutes."""
    me = caller.known()
    async with kit.database.transaction(caller) as db:
        row = await queries.account(db, caller, me)
        if not await factors.is_enrolled(db, me):
            raise NoFactor()
    await proofs.by_factor(kit, row, given.code)
    async with kit.database.transaction(caller) as db:
        await run(
            db,
            update(Session)
            .where(col(Session.id) == request.state.session, col(Session.account_id) == me)
            .values(factor_at=datetime.now(UTC)),
        )
        gateway.callers.forget_after(db, me)


async def _end(db: AsyncSession, gateway: Gateway, owner: UUID, session_id: UUID | None) -> None:
    row = (
        await db.exec(
            select(Session)
            .where(
                Session.id == session_id,
                Session.account_id == owner,
                col(Session.revoked_at).is_(None),
            )
            .with_for_update()
        )
    ).first()
    if row is None:
        raise Missing()
    row.revoked_at = datetime.now(UTC)
    await db.flush()
    gateway.callers.forget_after(db, owner)
    await note(db, "signed_out", actor=owner, subject=owner, session=row.id)


@router.delete("/current", status_code=204)
async def sign_out(
    db: Db, caller: CallerDep, gateway: GatewayDep, request: Request, response: Response
) -> None:
    """Sign out here."""
    await _end(db, gateway, caller.known(), request.state.session)
    response.delete_cookie(**_cookie(gateway))


@router.delete("/{session_id}", status_code=204)
async def end_session(db: Db, caller: CallerDep, gateway: GatewayDep, session_id: UUID) -> None:
    """Sign out somewhere else (a lost phone)."""
    await _end(db, gateway, caller.known(), session_id)
