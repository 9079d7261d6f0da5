"""Carries requests to the services until each has confirmed: one that is down gets them later."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.rights.models import PHONE
from gateway.rights.rules import LEASE, due_again
from gateway.upstreams import Upstreams
from services.kit import holdings
from services.kit.access import SERVICE
from services.kit.app import Kit
from services.kit.context import Work, begin, new_traceparent
from services.kit.db import run
from services.kit.holdings import Done, named
from services.kit.ids import uuid7
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS
from services.kit.problems import Problem

LOOK_S = 5.0
WITHIN_S = 30.0
AT_ONCE = 8

# Taken for as long as the lease: who dies with a part in hand loses nothing, it is due again.
_TAKE = text(
    """UPDATE rights_parts p SET attempts = p.attempts + 1, due_at = :leased
    FROM rights_requests r
    WHERE r.id = p.request_id AND (p.request_id, p.service) IN (
        SELECT request_id, service FROM rights_parts
        WHERE done_at IS NULL AND due_at <= :now
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING p.request_id, p.service, p.attempts, r.kind, r.subject, r.phone_sealed, r.pseudonym,
        r.asked_at"""
)
_HOLD = text("SELECT FROM rights_requests WHERE id = :request_id FOR UPDATE")
_DONE = text(
    """UPDATE rights_parts SET done_at = :now, touched = CAST(:touched AS jsonb),
        kept = CAST(:kept AS jsonb)
    WHERE request_id = :request_id AND service = :service AND done_at IS NULL"""
)
_LATER = text(
    """UPDATE rights_parts SET due_at = :due
    WHERE request_id = :request_id AND service = :service AND done_at IS NULL"""
)
# With the last confirmation, what could tell whose it was goes.
_FINISH = text(
    """UPDATE rights_requests r SET finished_at = :now, subject = NULL, phone_sealed = NULL,
        pseudonym = NULL
    WHERE r.id = :request_id AND r.finished_at IS NULL AND NOT EXISTS (
        SELECT FROM rights_parts p WHERE p.request_id = r.id AND p.done_at IS NULL)"""
)


class Courier:
    """One a process; any number of processes share the work. `wake` makes it look at once."""

    def __init__(self, kit: Kit, upstreams: Upstreams) -> None:
        self._kit = kit
        self._upstreams = upstreams
        self._woken = asyncio.Event()
        # Also when it dies: /health/ready says so.
        self._task = kit.spawn(self._run(), "rights")

    def wake(self) -> None:
        """There is something to carry."""
        self._woken.set()

    async def stop(self) -> None:
        """Carry nothing more; what is on its way is due again."""
        while not self._task.done():
            # Again and again: Python 3.11's wait_for can swallow a cancellation.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1)

    async def _run(self) -> None:
        while True:
            begin(Work(request_id=str(uuid7()), traceparent=new_traceparent(), actor="service"))
            try:
                taken = await self.turn()
            except INTERRUPTIONS as error:
                log.warning("rights_interrupted", error=repr(error)[:300])
                taken = 0
            if not taken:
                try:
                    await asyncio.wait_for(self._woken.wait(), LOOK_S)
                except TimeoutError:
                    continue
                finally:
                    self._woken.clear()

    async def turn(self) -> int:
        """Carry what is due; answers how many parts that were."""
        now = datetime.now(UTC)
        values = {"now": now, "leased": now + LEASE, "most": AT_ONCE}
        async with self._kit.database.transaction(SERVICE) as db:
            parts = (await run(db, _TAKE, values)).all()
        await asyncio.gather(*(self._carry(part) for part in parts))
        return len(parts)

    async def _carry(self, part: Any) -> None:
        found = await self._ask(part)
        now = datetime.now(UTC)
        which = {"request_id": part.request_id, "service": part.service}
        async with self._kit.database.transaction(SERVICE) as db:
            if found is None:
                await run(db, _LATER, {**which, "due": due_again(part.attempts, now)})
                return
            # One part after the other, or two that end together each leave the end to the other.
            await run(db, _HOLD, {"request_id": part.request_id})
            said = {"touched": found.touched, "kept": found.kept}
            values = {name: orjson.dumps(value).decode() for name, value in said.items()}
            await run(db, _DONE, {**which, "now": now, **values})
            await finish(db, part.request_id, now)

    async def _ask(self, part: Any) -> Done | None:
        phone = part.phone_sealed and self._kit.vault.open(part.phone_sealed, PHONE)
        asked = {
            "phone": phone,
            "pseudonym": str(part.pseudonym),
            "asked_at": part.asked_at.isoformat(),
        }
        try:
            answer = await self._upstreams.ask(
                part.service,
                f"{holdings.PREFIX}/{part.kind}",
                named(part.subject),
                within_s=WITHIN_S,
                method="POST",
                json=asked,
            )
        except Problem as problem:
            log.warning("rights_later", service=part.service, error=repr(problem))
            return None
        try:
            return Done.model_validate_json(answer.content)
        except ValidationError:  # a problem, or something that is no service of ours
            log.warning("rights_later", service=part.service, status=answer.status)
            return None


async def finish(db: AsyncSession, request_id: Any, now: datetime) -> None:
    """Close a request whose parts are all done."""
    await run(db, _FINISH, {"request_id": request_id, "now": now})
