"""The loop that asks: takes a check, asks its provider with no transaction open, keeps the answer.

It is woken when a question is committed here (requesting.py), and looks by itself as well: for what
another process asked, and for what waits to be asked again. A check that is being asked is not due
again for a while; when the process dies it becomes due. Two processes never ask the same question
at the same time.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.context import Work, begin, new_traceparent
from services.kit.facts import record
from services.kit.ids import uuid7
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS
from services.venues.applications.models import Application, ApplicationState
from services.venues.applications.trail import decide
from services.venues.credit import requesting, snapshots
from services.venues.credit.listed import Listed
from services.venues.credit.models import Answer, Check
from services.venues.credit.port import Asked, CreditSettings, Given, NoAnswer, Provider
from services.venues.credit.remote import Remote
from services.venues.credit.rules import CHECK, CheckState, Result, Waiting, next_wait
from services.venues.facts import CreditAnswered

if TYPE_CHECKING:
    from services.kit.app import Kit

IDLE_S = 2.0
_MARGIN = timedelta(seconds=30)
_ON_ITS_WAY = frozenset({ApplicationState.UNDER_WAY, ApplicationState.RETURNED})


@dataclass(frozen=True)
class Credit:
    """Who answers here, in `kit.parts`."""

    provider: Provider
    lease: timedelta
    wake: asyncio.Event = field(default_factory=asyncio.Event)


async def start(kit: "Kit") -> None:
    """For `Service(on_start=…)`; ValueError, in a sentence, when the settings cannot work."""
    settings = CreditSettings()
    provider: Provider = (
        Remote(settings) if settings.url else Listed(kit.database, settings.list_days)
    )
    lease = timedelta(seconds=settings.deadline_s) + _MARGIN
    kit.parts[Credit] = credit = Credit(provider, lease)
    requesting.loop.wake = credit.wake.set
    kit.spawn(_loop(kit), "credit")


async def _loop(kit: "Kit") -> None:
    credit: Credit = kit.parts[Credit]
    while True:
        begin(Work(request_id=str(uuid7()), traceparent=new_traceparent(), actor="service"))
        asked = False
        try:
            asked = await turn(kit, credit, datetime.now(UTC))
        except INTERRUPTIONS as error:
            log.warning("credit_interrupted", error=repr(error)[:500])
        if not asked:
            with suppress(TimeoutError):
                await asyncio.wait_for(credit.wake.wait(), IDLE_S)
            credit.wake.clear()


async def turn(kit: "Kit", credit: Credit, now: datetime) -> bool:
    """Ask one question that is due; False when none is."""
    async with kit.database.transaction(SERVICE) as db:
        question = await _take(db, credit.lease, now)
    if question is None:
        return False
    try:
        given = await credit.provider.ask(question)
    except NoAnswer as none:
        log.warning(
            "credit_waits", check=str(question.request), reason=none.reason, why=none.detail
        )
        async with kit.database.transaction(SERVICE) as db:
            if (check := await _waiting(db, question.request)) is not None:
                _wait(check, none.reason, now)
        return True
    async with kit.database.transaction(SERVICE) as db:
        check = await _waiting(db, question.request)
        # Corrected while it was asked: what was said is about somebody else.
        if check is not None and (check.uscc, check.name) == (question.uscc, question.name):
            await _keep(db, kit, check, given, now)
    return True


async def _take(db: AsyncSession, lease: timedelta, now: datetime) -> Asked | None:
    statement = (
        select(Check)
        .where(Check.state == CheckState.WAITING, col(Check.next_try_at) <= now)
        .order_by(col(Check.next_try_at))
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    check = (await db.exec(statement)).first()
    if check is None:
        return None
    check.tries, check.tried_at, check.next_try_at = check.tries + 1, now, now + lease
    return Asked(
        request=check.id,
        uscc=check.uscc,
        name=check.name,
        asked_at=now,
        division=check.division_code,
    )


async def _waiting(db: AsyncSession, check_id: UUID) -> Check | None:
    """The check, held, while it still waits."""
    statement = select(Check).where(Check.id == check_id, Check.state == CheckState.WAITING)
    return (await db.exec(statement.with_for_update(key_share=True))).first()


def _wait(check: Check, reason: Waiting, now: datetime) -> None:
    if check.reason is not reason:
        check.version += 1
    check.reason = reason
    check.next_try_at = now + next_wait(check.tries, reason)


async def _keep(db: AsyncSession, kit: "Kit", check: Check, given: Given, now: datetime) -> None:
    """An answer: what is unknown goes on waiting, and is written down the first time."""
    application = await db.get_one(Application, check.application_id)
    if application.state not in _ON_ITS_WAY:
        check.state, check.closed_at = CHECK.next("drop", check.state), now
        check.reason = None
        check.version += 1
        return
    if given.said.result is Result.UNKNOWN:
        known = select(Answer.id).where(Answer.check_id == check.id).limit(1)
        first = (await db.exec(known)).first() is None
        _wait(check, given.reason or Waiting.UNKNOWN, now)
    else:
        first = True
        check.state, check.closed_at = CHECK.next("answer", check.state), now
        check.reason = None
        check.version += 1
    if not first:
        return
    row = snapshots.made(kit.keys, check, given, now)
    db.add(row)
    await decide(
        db,
        application=application,
        action=f"credit_{row.result.value}",
        caller=SERVICE,
        stage_key=check.stage_key,
        reason=given.said.provider,
        now=now,
    )
    fact = CreditAnswered(result=row.result.value, recipient=application.applicant)
    await record(
        db,
        fact,
        subject=application.id,
        division=application.division_code,
        version=application.version,
    )
