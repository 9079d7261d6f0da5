"""A copy, the end of consent, erasure: our own part at once, the services' by courier."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy import func, insert, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.grants.queries import not_over_of
from gateway.identity.audit import note
from gateway.identity.callers import Callers
from gateway.identity.models import PHONE as ACCOUNT_PHONE
from gateway.identity.models import Account
from gateway.identity.rules import AccountKind, today
from gateway.rights.courier import finish
from gateway.rights.models import PHONE, RECEIPT, RightsPart, RightsRequest
from gateway.rights.own import HOLDINGS
from gateway.rights.rules import PostsHeld, RequestKind, erasable_from, new_receipt
from gateway.rights.schemas import HeldIn
from gateway.segments import GATEWAY, SERVICES
from gateway.upstreams import Upstreams
from services.kit import holdings
from services.kit.access import SERVICE
from services.kit.app import Kit
from services.kit.db import run
from services.kit.holdings import Subject, named
from services.kit.problems import Missing, Problem, slug_of
from services.kit.vault import Vault

COPY_WITHIN_S = 10.0
_LAST_DAY = text(
    """SELECT max(LEAST(until_day, (ended_at AT TIME ZONE 'Asia/Shanghai')::date)) FROM grants
    WHERE account_id = :account"""
)


def subject_of(row: Account, vault: Vault, now: datetime) -> Subject:
    """The person behind an account. Only a citizen has proved that the phone is theirs."""
    phone = None
    if row.kind is AccountKind.CITIZEN and row.phone_sealed is not None:
        phone = vault.open(row.phone_sealed, ACCOUNT_PHONE)
    return Subject(row.id, phone, uuid4(), now)


async def copy(kit: Kit, upstreams: Upstreams, row: Account, now: datetime) -> dict[str, HeldIn]:
    """What every service holds, asked at once; one that does not answer says so."""
    subject = subject_of(row, kit.vault, now)
    services = [service for service in SERVICES if upstreams.has(service)]
    found = await asyncio.gather(*(_copy_of(upstreams, each, subject) for each in services))
    async with kit.database.transaction(SERVICE) as db:
        own = await holdings.copy_all(db, kit.vault, HOLDINGS, subject)
        await note(db, "data_copied", actor=row.id, subject=row.id, division=row.home_code)
    return {
        GATEWAY: HeldIn(status="ok", reason=None, held=own),
        **dict(zip(services, found, strict=True)),
    }


async def _copy_of(upstreams: Upstreams, service: str, subject: Subject) -> HeldIn:
    try:
        answer = await upstreams.ask(
            service,
            f"{holdings.PREFIX}/copy",
            named(subject.id),
            within_s=COPY_WITHIN_S,
            method="POST",
            json=_told(subject),
        )
    except Problem as problem:
        return HeldIn(status="unavailable", reason=slug_of(type(problem)), held=None)
    try:
        held = holdings.Copied.model_validate_json(answer.content).held
    except ValidationError:  # a problem, or something that is no service of ours
        return HeldIn(status="unavailable", reason="unavailable", held=None)
    return HeldIn(status="ok", reason=None, held=held)


def _told(subject: Subject) -> dict[str, Any]:
    return {
        "phone": subject.phone,
        "pseudonym": str(subject.pseudonym),
        "asked_at": subject.asked_at.isoformat(),
    }


async def ask(
    db: AsyncSession,
    vault: Vault,
    upstreams: Upstreams,
    callers: Callers,
    account_id: UUID,
    kind: RequestKind,
) -> tuple[str, RightsRequest]:
    """Withdraw or erase: our own part now, the services' as soon as each takes it.

    As the service principal. Answers the receipt, which is kept nowhere. Raises PostsHeld.
    """
    now = datetime.now(UTC)
    statement = select(Account).where(Account.id == account_id).with_for_update()
    row = (await db.exec(statement)).first()
    if row is None:
        raise Missing()
    if kind is RequestKind.ERASE:
        await _require_no_posts(db, row, today(now))
    division, receipt = row.home_code, new_receipt()
    subject = subject_of(row, vault, now)
    request = RightsRequest(
        kind=kind,
        receipt_index=_index(vault, receipt),
        subject=subject.id,
        phone_sealed=vault.seal(subject.phone, PHONE) if subject.phone else None,
        pseudonym=subject.pseudonym,
        asked_at=now,
    )
    db.add(request)
    await db.flush()
    change = holdings.erase_all if kind is RequestKind.ERASE else holdings.withdraw_all
    kept = holdings.kept_of(HOLDINGS) if kind is RequestKind.ERASE else {}
    own = {"done_at": now, "touched": await change(db, vault, HOLDINGS, subject), "kept": kept}
    for service in (GATEWAY, *(each for each in SERVICES if upstreams.has(each))):
        part = own if service == GATEWAY else {"done_at": None, "touched": {}, "kept": {}}
        values = {"request_id": request.id, "service": service, "attempts": 0, "due_at": now}
        await run(db, insert(RightsPart).values(**values, **part))
    await finish(db, request.id, now)
    callers.forget_after(db, account_id)
    action = "erasure_asked" if kind is RequestKind.ERASE else "consent_withdrawn"
    await note(db, action, actor=account_id, subject=account_id, division=division)
    return receipt, await by_receipt(db, vault, receipt)


async def _require_no_posts(db: AsyncSession, row: Account, day: date) -> None:
    if row.kind is not AccountKind.STAFF:
        return
    if await not_over_of(db, row.id, day):
        raise PostsHeld(day="—")
    last: date | None = (await run(db, _LAST_DAY, {"account": row.id})).scalar()
    free = erasable_from(last)
    if free is not None and day < free:
        raise PostsHeld(day=free.isoformat())


def _index(vault: Vault, receipt: str) -> bytes:
    return vault.index(receipt.replace("-", ""), RECEIPT)


async def by_receipt(db: AsyncSession, vault: Vault, receipt: str) -> RightsRequest:
    """The request with this receipt; Missing otherwise. As the service principal."""
    statement = select(RightsRequest).where(RightsRequest.receipt_index == _index(vault, receipt))
    found = (await db.exec(statement.execution_options(populate_existing=True))).first()
    if found is None:
        raise Missing()
    return found


async def parts_of(db: AsyncSession, request: RightsRequest) -> list[RightsPart]:
    """Each service's part, the gateway's own first."""
    statement = (
        select(RightsPart)
        .where(RightsPart.request_id == request.id)
        .order_by(func.array_position([GATEWAY, *SERVICES], col(RightsPart.service)))
    )
    return list((await db.exec(statement)).all())
