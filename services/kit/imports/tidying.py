"""Lets go of files that nobody needs any more: written, discarded, refused, or out of time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, or_, select, update

from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.imports.rules import KEPT_DAYS, ImportState
from services.kit.imports.tables import imports
from services.kit.imports.work import expire
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS
from services.kit.problems import Problem
from services.kit.schedules import LATEST_START_S

if TYPE_CHECKING:
    from services.kit.app import Kit

EVERY_S = 600
_BATCH = 200


async def tidy(kit: "Kit") -> None:
    """An `on_start` hook: look every few minutes."""
    kit.spawn(_loop(kit), "imports-tidy")


async def _loop(kit: "Kit") -> None:
    await asyncio.sleep(LATEST_START_S)
    while True:
        try:
            await let_go(kit, datetime.now(UTC))
        except (*INTERRUPTIONS, Problem) as error:  # the store or the database is away
            log.warning("imports_tidy", error=repr(error)[:500])
        await asyncio.sleep(EVERY_S)


async def let_go(kit: "Kit", now: datetime) -> int:
    """One round; answers how many files went. Two processes may do the same: it harms nothing."""
    before = now - timedelta(days=KEPT_DAYS)
    c = imports.c
    ended = or_(
        c.state.in_((ImportState.DISCARDED, ImportState.UNDONE)),
        # A file whose bad rows were left out is kept a while: to see which they were.
        and_(c.state == ImportState.DONE, or_(c.faults == 0, c.done_at < before)),
        and_(c.state == ImportState.REFUSED, c.checked_at < before),
    )
    async with kit.database.transaction(SERVICE) as db:
        await expire(db, before)
        statement = select(c.id, c.object).where(c.object.is_not(None), ended).limit(_BATCH)
        found: list[tuple[UUID, str]] = [tuple(row) for row in (await run(db, statement)).all()]
    for import_id, key in found:
        # The file first: a row without its file says so, a file without a row would stay for ever.
        await kit.objects.delete(key)
        async with kit.database.transaction(SERVICE) as db:
            await run(db, update(imports).where(c.id == import_id).values(object=None))
    return len(found)
