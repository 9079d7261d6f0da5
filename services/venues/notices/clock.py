"""The clock of notices: windows get their last day, run out, or end with their application."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller
from services.kit.db import run
from services.kit.facts import Fact, record
from services.kit.logs import log
from services.kit.schedules import Schedule
from services.kit.workdays import DUE_OPEN, day_of, working_days
from services.venues.applications.gates import Finding
from services.venues.applications.models import Application, RunState, StageRun
from services.venues.applications.trail import decide
from services.venues.facts import NoticeChanged, NoticeFinished
from services.venues.notices import queries
from services.venues.notices.gate import found_of
from services.venues.notices.models import Entry, Notice
from services.venues.notices.rules import ENTRY, NOTICE, EntryState, is_over, last_day

_BATCH = 50


async def decided(
    db: AsyncSession,
    application: Application,
    run_: StageRun | Entry,
    action: str,
    caller: Caller,
    now: datetime,
    reason: str | None = None,
    grounds: Iterable[Finding] = (),
) -> None:
    """Into the trail of an application, for everybody to read."""
    await decide(
        db,
        application=application,
        action=action,
        caller=caller,
        stage_key=run_.stage_key,
        reason=reason,
        grounds=grounds,
        public=True,
        now=now,
    )


async def tell(db: AsyncSession, notice: Notice, fact: Fact) -> None:
    """What became of a notice."""
    await db.flush()
    await record(db, fact, subject=notice.id, division=notice.division_code, version=notice.version)


async def advance(db: AsyncSession, notice: Notice, now: datetime) -> int:
    """What the days have done to a notice that is held: windows get their end, run out, or are
    given up with their application. Answers how many moved."""
    entries = await queries.entries(db, notice.id, lock=True)
    left = await _left(db, entries)
    moved = 0
    for entry in entries:
        if entry.state is not EntryState.OPEN:
            continue
        if entry.run_id in left:
            entry.state, entry.closed_at = ENTRY.next("end", entry.state), now
            moved += 1
            continue
        if entry.last_on is None and not entry.open_objections:
            entry.last_on = window(notice, entry)
            moved += entry.last_on is not None
        if is_over(entry.last_on, now) and not entry.open_objections:
            entry.state, entry.closed_at = ENTRY.next("finish", entry.state), now
            application = await db.get_one(Application, entry.application_id)
            await db.flush()
            grounds = [found_of(entry)]
            await decided(db, application, entry, "finish_notice", SERVICE, now, grounds=grounds)
            moved += 1
    if moved:
        await close_or_change(db, notice, entries, now)
    return moved


async def _left(db: AsyncSession, entries: list[Entry]) -> set[UUID]:
    """The runs that are over: the application left the stage."""
    statement = select(StageRun.id).where(
        col(StageRun.id).in_([entry.run_id for entry in entries]),
        StageRun.state != RunState.OPEN,
    )
    return set((await db.exec(statement)).all())


def window(notice: Notice, entry: Entry) -> date | None:
    """The last day of a window that no objection suspends; None: the year is not known yet."""
    return last_day(
        working_days(),
        notice.first_on,
        notice.working_days,
        notice.first_day_counts,
        entry.suspensions,
    )


async def close_or_change(
    db: AsyncSession, notice: Notice, entries: list[Entry], now: datetime
) -> None:
    """Tell that a window moved; with the last of them the notice is finished."""
    notice.version += 1
    if any(entry.state is EntryState.OPEN for entry in entries):
        await tell(db, notice, NoticeChanged(programme_id=notice.programme_id))
        return
    notice.state, notice.closed_at = NOTICE.next("finish", notice.state), now
    await tell(db, notice, NoticeFinished(programme_id=notice.programme_id))


_DUE = text(
    """SELECT n.id FROM notices n WHERE n.state = 'open' AND EXISTS (
        SELECT FROM notice_entries e JOIN stage_runs r ON r.id = e.run_id
        WHERE e.notice_id = n.id AND e.state = 'open' AND (r.state <> 'open'
            OR (e.open_objections = 0 AND e.last_on < :today)))
    ORDER BY n.id LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED"""
)
_WITHOUT_END = text(
    """SELECT n.id FROM notices n WHERE n.state = 'open' AND EXISTS (
        SELECT FROM notice_entries e WHERE e.notice_id = n.id AND e.state = 'open'
            AND e.open_objections = 0 AND e.last_on IS NULL)
    ORDER BY n.id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED"""
)


async def turn(db: AsyncSession, now: datetime) -> int:
    """One batch of the clock; answers how many windows moved."""
    values = {"today": day_of(now), "batch": _BATCH}
    due = list((await run(db, _DUE, values)).scalars())
    open_ended = list((await run(db, _WITHOUT_END)).scalars())
    moved = 0
    for notice_id in dict.fromkeys([*due, *open_ended]):
        moved += await advance(db, await queries.held(db, notice_id), now)
    without = len(open_ended) and len(list((await run(db, _WITHOUT_END)).scalars()))
    DUE_OPEN.labels("notices").set(without)
    if without:
        log.warning("notices_due_open", notices=without)
    return moved


async def _turn(db: AsyncSession) -> int:
    return await turn(db, datetime.now(UTC))


SCHEDULE = Schedule("notices", 60, _turn)
