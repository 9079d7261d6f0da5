"""HTTP for what people may ask of what is held about them."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from gateway.identity import proofs, queries
from gateway.identity.models import Account
from gateway.identity.queries import private
from gateway.identity.rules import AccountKind
from gateway.parts import GatewayDep
from gateway.rights import actions
from gateway.rights.models import RightsPart, RightsRequest
from gateway.rights.rules import RequestKind
from gateway.rights.schemas import (
    Accepted,
    DataOut,
    EraseIn,
    KeptOut,
    PartOut,
    Receipt,
    RequestOut,
)
from services.kit.access import SERVICE, Caller
from services.kit.app import Kit, KitDep
from services.kit.context import current
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT, content_language, say
from services.kit.problems import broken

# Not the kit's Router: a receipt is not to be kept for an Idempotency-Key.
router = APIRouter(prefix="/api/v1/me", tags=["me"], dependencies=[Depends(private)])


async def _me(kit: Kit, caller: Caller) -> Account:
    async with kit.database.transaction(caller) as db:
        return await queries.account(db, caller, caller.known())


def _out(request: RightsRequest, parts: list[RightsPart], response: Response) -> RequestOut:
    work = current()
    language = work.language if work else DEFAULT
    used: list[str] = []

    def kept(part: RightsPart) -> list[KeptOut]:
        said = {holding: say(words, language) for holding, words in part.kept.items()}
        used.extend(tag for _, tag in said.values())
        return [KeptOut(holding=holding, reason=text) for holding, (text, _) in said.items()]

    services = [
        PartOut(
            service=part.service,
            state="waiting" if part.done_at is None else "done",
            attempts=part.attempts,
            done_at=part.done_at,
            touched=part.touched,
            kept=kept(part),
        )
        for part in parts
    ]
    response.headers["Content-Language"] = content_language(used) or DEFAULT
    return RequestOut(
        kind=request.kind,
        state="running" if request.finished_at is None else "done",
        asked_at=request.asked_at,
        finished_at=request.finished_at,
        services=services,
    )


@router.get("/data")
async def read_my_data(
    caller: CallerDep,
    kit: KitDep,
    gateway: GatewayDep,
    response: Response,
    download: Annotated[bool, Query(description="As a file to keep")] = False,
) -> DataOut:
    """Everything that is held about me, in every service; one that is away says so."""
    now = datetime.now(UTC)
    services = await actions.copy(kit, gateway.upstreams, await _me(kit, caller), now)
    if download:
        name = f"kepu-{now:%Y%m%d}.json"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    complete = all(each.status == "ok" for each in services.values())
    return DataOut(as_of=now, complete=complete, services=services)


@router.post("/withdraw", status_code=202)
async def withdraw_consent(
    caller: CallerDep, kit: KitDep, gateway: GatewayDep, response: Response
) -> Accepted:
    """Withdraw my consent: my registrations are cancelled and I get no more messages."""
    return await _ask(kit, gateway, caller, RequestKind.WITHDRAW, response)


@router.post("/erase", status_code=202)
async def erase_me(
    caller: CallerDep, kit: KitDep, gateway: GatewayDep, response: Response, given: EraseIn
) -> Accepted:
    """Erase me in every service, once I have proved again who I am; I am signed out everywhere.

    A citizen sends a fresh code (`/sessions/codes`), staff their password and second factor.
    """
    row = await _me(kit, caller)
    if row.kind is AccountKind.CITIZEN:
        if given.code is None:
            raise broken("/code", "missing-field")
        await proofs.by_code(kit, row, given.code)
    else:
        if given.password is None:
            raise broken("/password", "missing-field")
        assert row.username is not None
        await proofs.by_password(kit, row.username, row, given.password, given.factor)
    return await _ask(kit, gateway, caller, RequestKind.ERASE, response)


async def _ask(
    kit: Kit, gateway: GatewayDep, caller: Caller, kind: RequestKind, response: Response
) -> Accepted:
    async with kit.database.transaction(SERVICE) as db:
        receipt, request = await actions.ask(
            db, kit.vault, gateway.upstreams, gateway.callers, caller.known(), kind
        )
        parts = await actions.parts_of(db, request)
    gateway.courier.wake()
    response.headers["Location"] = f"/api/v1/me/requests/{receipt}"
    return Accepted(receipt=receipt, request=_out(request, parts, response))


@router.get("/requests/{receipt}")
async def read_my_request(
    kit: KitDep, response: Response, receipt: Annotated[Receipt, Path()]
) -> RequestOut:
    """Where a withdrawal or an erasure stands, for whoever has its receipt, signed in or not."""
    async with kit.database.transaction(SERVICE) as db:
        request = await actions.by_receipt(db, kit.vault, receipt)
        return _out(request, await actions.parts_of(db, request), response)
