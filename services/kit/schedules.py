"""Work by the clock: each turn is one transaction under a lock, so replicas are safe."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.context import Work, begin, new_traceparent
from services.kit.db import run
from services.kit.ids import uuid7
from services.kit.logs import log

if TYPE_CHECKING:
    from services.kit.app import Kit


LATEST_START_S = 60


@dataclass(frozen=True)
class Schedule:
    """`turn(db)` does at most one batch and answers how many rows it moved; it runs again at once
    while there is more, else after `every_s` seconds.

    The first turn comes as late, but within a minute: a process that starts has people waiting.
    `soon`, within a second, is for what they look at from the beginning.
    """

    name: str
    every_s: float
    turn: Callable[[AsyncSession], Awaitable[int]]
    soon: bool = False


async def run_schedule(schedule: Schedule, kit: "Kit") -> None:
    """Take turns until cancelled. A turn that fails is logged, undone, and tried again."""
    await asyncio.sleep(1 if schedule.soon else min(schedule.every_s, LATEST_START_S))
    while True:
        moved = 0
        begin(Work(request_id=str(uuid7()), traceparent=new_traceparent(), actor="service"))
        try:
            async with kit.database.transaction(SERVICE) as db:
                lock = func.pg_try_advisory_xact_lock(
                    func.hashtextextended(f"schedule {schedule.name}", 0)
                )
                if (await run(db, select(lock))).scalar_one():
                    moved = await schedule.turn(db)
        except Exception as error:  # noqa: BLE001 - whatever a turn raises, the next one comes
            log.warning("schedule_failed", schedule=schedule.name, error=repr(error)[:500])
            # Also when only the commit failed: rows that did not move are no reason to hurry.
            moved = 0
        if not moved:
            await asyncio.sleep(schedule.every_s)
