"""The jobs behind an order: the rehearsal, which only counts, and the change itself."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import delete, insert, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.coverage import counting
from services.events.follows import FOLLOWS
from services.events.recoding import figures, moving, register
from services.events.recoding.models import Change, ChangeCode
from services.events.recoding.rules import ChangeState, Line, Plan, planned, wanted_codes
from services.kit.access import P
from services.kit.db import run
from services.kit.jobs.rules import Job
from services.kit.jobs.work import Task
from services.kit.recoding import REFRESH_S, announce

DRAIN_S = 0.2
KNOWN_S = 1.5 * REFRESH_S
"""After this every process has read what was announced."""
_XID = text("SELECT CAST(pg_current_xact_id() AS text)")
_DRAINED = text("SELECT pg_snapshot_xmin(pg_current_snapshot()) > CAST(CAST(:xid AS text) AS xid8)")


class Given(BaseModel):
    """The order to rehearse or to apply."""

    change: UUID


async def plan_of(db: AsyncSession, change: Change) -> Plan:
    """What the order does to the register as it is now. Raises ChangeContradicts."""
    lines = [Line(**line) for line in change.lines]
    return planned(change.kind, lines, await register.read(db, wanted_codes(lines)))


async def _locked(db: AsyncSession, task: Task) -> Change:
    statement = select(Change).where(Change.id == task.given.change).with_for_update()
    return (await db.exec(statement)).one()


async def _counted(db: AsyncSession, change: Change) -> dict[str, Any]:
    """What the order would do, counted now; its list of codes is written down anew for that."""
    plan = await plan_of(db, change)
    await run(db, delete(ChangeCode).where(col(ChangeCode.change_id) == change.id))
    codes = [
        {"change_id": change.id, "old_code": old, "new_code": new}
        for old, new in plan.codes.items()
    ]
    if codes:
        await run(db, insert(ChangeCode), codes)
    return {
        "tables": await moving.count(db, change.id, plan.tops),
        "contributions": await figures.count(db, plan.tops),
        "divisions": {
            "abolished": len(plan.codes),
            "founded": len(plan.founded),
            "renamed": len(plan.renamed),
        },
    }


async def rehearse(task: Task) -> dict[str, Any]:
    """Count what the order would do. Nothing but the order's own record changes."""
    async with task.batch() as db:
        task.phase = "counting"
        change = await _locked(db, task)
        change.rehearsed = await _counted(db, change)
        change.rehearsed_at = datetime.now(UTC)
        return change.rehearsed


async def apply(task: Task) -> dict[str, Any]:
    """Announce, wait until everybody knows, let the old divisions end, move rows and figures."""
    if "divisions" not in task.cursor:
        await _announce(task)
    if "xid" not in task.cursor:
        await asyncio.sleep(KNOWN_S)
        await _begin(task)
    if "tops" not in task.cursor:
        await _everybody_follows(task)
        await _end_old(task)
    await _move_rows(task)
    await _move_figures(task)
    return await _finish(task)


async def _announce(task: Task) -> None:
    async with task.batch() as db:
        task.phase = "announcing"
        change = await _locked(db, task)
        counts = await _counted(db, change)
        plan = await plan_of(db, change)
        await register.found(db, change, plan)
        await announce(db, plan.codes, active=False)
        task.total = sum(each["rows"] for each in counts["tables"].values())
        task.total += counts["contributions"]
        task.cursor["divisions"] = counts["divisions"]


async def _begin(task: Task) -> None:
    """Every process has read the announcement: whoever may see a row sees it in both places."""
    async with task.batch() as db:
        change = await _locked(db, task)
        await announce(db, (await _announced(db, change)).codes, active=True)
        task.cursor["xid"] = (await run(db, _XID)).scalar_one()


async def _announced(db: AsyncSession, change: Change) -> Plan:
    """The plan as it was announced: the new divisions stand already, and count as new still."""
    lines = [Line(**line) for line in change.lines]
    standing = await register.read(db, wanted_codes(lines))
    ours = await register.founded_by(db, change.id)
    known = {code: one for code, one in standing.items() if code not in ours}
    return planned(change.kind, lines, known)


async def _everybody_follows(task: Task) -> None:
    """No writer is left who began before the change did, and every door knows of it.

    From then on nothing is written at an old code any more: what was is all there is to move.
    """
    await asyncio.sleep(KNOWN_S)
    drained = False
    while not drained:
        async with task.batch() as db:
            task.phase = "waiting"
            drained = (await run(db, _DRAINED, {"xid": task.cursor["xid"]})).scalar_one()
        await asyncio.sleep(0 if drained else DRAIN_S)


async def _end_old(task: Task) -> None:
    async with task.batch() as db:
        change = await _locked(db, task)
        plan = await _announced(db, change)
        await register.end(db, change, plan)
        task.cursor |= {"tops": plan.tops, "table": 0, "last": None}
        task.cursor["tables"] = {each.table: {"rows": 0, "joined": 0} for each in FOLLOWS}
        task.cursor["contributions"] = 0


async def _move_rows(task: Task) -> None:
    while task.cursor["table"] < len(FOLLOWS):
        async with task.batch() as db:
            task.phase = "moving"
            follows = FOLLOWS[task.cursor["table"]]
            moved = await moving.move(
                db, follows, task.given.change, task.cursor["tops"], task.cursor["last"]
            )
            counted = task.cursor["tables"][follows.table]
            counted["rows"] += moved.rows
            counted["joined"] += moved.joined
            task.done += moved.rows
            task.cursor["last"] = moved.last
            if moved.last is None:
                task.cursor["table"] += 1


async def _move_figures(task: Task) -> None:
    while not task.cursor.get("figures"):
        async with task.batch() as db:
            task.phase = "figures"
            moved, last = await figures.move(db, task.cursor["tops"], task.cursor["last"])
            task.cursor["contributions"] += moved
            task.done += moved
            task.cursor["last"] = last
            task.cursor["figures"] = last is None


async def _finish(task: Task) -> dict[str, Any]:
    async with task.batch() as db:
        task.phase = "finishing"
        change = await _locked(db, task)
        stated = {name: task.cursor[name] for name in ("tables", "contributions", "divisions")}
        stated["left"] = await moving.left(db, task.cursor["tops"])
        await counting.rebuild(db)
        change.state = ChangeState.APPLIED
        change.figures = stated
        change.applied_at = datetime.now(UTC)
        change.version += 1
        return stated


REHEARSE = Job("rehearse-division-change", Given, rehearse, reach=P.DIVISION_MANAGE)
APPLY = Job("apply-division-change", Given, apply, reach=P.DIVISION_MANAGE, cancellable=False)
JOBS = (REHEARSE, APPLY)
