"""What staff do with notices: open one for several applications, withdraw it, finish it."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, within
from services.kit.logs import log
from services.kit.problems import FieldError, Problem, broken
from services.kit.workdays import day_of, working_days
from services.venues.applications.gates import Finding
from services.venues.applications.models import (
    Application,
    ApplicationState,
    RunState,
    StageRun,
)
from services.venues.facts import NoticeOpened, NoticeWithdrawn
from services.venues.notices import queries
from services.venues.notices.clock import advance, decided, tell
from services.venues.notices.models import Entry, Notice
from services.venues.notices.rules import (
    ENTRY,
    FURTHEST_DAYS,
    NOTICE,
    EntryState,
    NoticeDueOpen,
    NoticeRunning,
    NoticeState,
    NotInNotice,
    ObjectionsOpen,
    last_day,
)
from services.venues.notices.schemas import NoticeIn
from services.venues.programmes.definition import Definition, StageKind, read
from services.venues.programmes.models import ProgrammeVersion
from services.venues.registry.models import Venue


async def open_notice(db: AsyncSession, caller: Caller, given: NoticeIn, now: datetime) -> Notice:
    """Publish applications that stand in a notice stage of the same rule, for its working days.

    Raises Forbidden, NotInNotice, AlreadyShown (a constraint), BrokenRule.
    """
    applications = await _held_applications(db, caller, given.application_ids)
    version = await db.get_one(ProgrammeVersion, applications[0].version_id)
    rule = read(version.definition)
    caller.require(P.APPLICATION_DECIDE, at=rule.division)
    runs = await _runs(db, applications, rule)
    first_on = _first_on(given.first_on, day_of(now))
    term = rule.notice
    due = last_day(working_days(), first_on, term.working_days, term.first_day_counts)
    notice = Notice(
        programme_id=version.programme_id,
        version_id=version.id,
        title=given.title or f"{rule.title['zh-CN']}拟命名名单公示",
        authority=rule.authority,
        basis=rule.basis,
        honour=rule.honour["zh-CN"],
        offices=list(term.offices),
        working_days=term.working_days,
        first_day_counts=term.first_day_counts,
        first_on=first_on,
        division_code=rule.division,
        recorded_code=rule.division,
        opened_by=caller.known(),
        opened_at=now,
    )
    db.add(notice)
    await db.flush()
    await _show(db, notice, rule, applications, runs, due)
    if due is None:
        _warn(notice, first_on)
    days = Finding("found-to-be-shown", {"days": term.working_days, "first_on": f"{first_on}"})
    for application in applications:
        run = runs[application.id]
        await decided(db, application, run, "open_notice", caller, now, grounds=[days])
    await tell(db, notice, NoticeOpened(programme_id=notice.programme_id, names=len(applications)))
    return notice


async def _held_applications(
    db: AsyncSession, caller: Caller, ids: list[UUID]
) -> list[Application]:
    """Those that are named, in that order, held; NotInNotice for what the caller cannot see."""
    statement = (
        select(Application)
        .where(
            col(Application.id).in_(ids),
            within(col(Application.division_code), caller, P.APPLICATION_READ),
        )
        .order_by(col(Application.id))
        .with_for_update(key_share=True)
    )
    found = {row.id: row for row in (await db.exec(statement)).all()}
    errors = [
        FieldError(f"/application_ids/{number}", "unknown-application")
        for number, id_ in enumerate(ids)
        if id_ not in found
    ]
    errors += [
        FieldError(f"/application_ids/{number}", "application-twice")
        for number, id_ in enumerate(ids)
        if id_ in ids[:number]
    ]
    if errors:
        raise NotInNotice(errors=tuple(errors))
    return [found[id_] for id_ in ids]


async def _runs(
    db: AsyncSession, applications: list[Application], rule: Definition
) -> dict[UUID, StageRun]:
    """The open run of each in its notice stage; NotInNotice when one is elsewhere."""
    shown = {stage.key for stage in rule.stages if stage.kind is StageKind.NOTICE}
    statement = select(StageRun).where(
        col(StageRun.application_id).in_([row.id for row in applications]),
        StageRun.state == RunState.OPEN,
    )
    runs = {row.application_id: row for row in (await db.exec(statement)).all()}
    errors = []
    for number, row in enumerate(applications):
        at = f"/application_ids/{number}"
        if row.version_id != applications[0].version_id:
            errors.append(FieldError(at, "another-rule"))
        elif (
            row.state is not ApplicationState.UNDER_WAY
            or row.stage_key not in shown
            or row.id not in runs
        ):
            errors.append(FieldError(at, "not-in-notice-stage"))
    if errors:
        raise NotInNotice(errors=tuple(errors))
    return runs


def _first_on(given: date | None, today: date) -> date:
    if given is None:
        return today
    if not today <= given <= today + timedelta(days=FURTHEST_DAYS):
        raise broken("/first_on", "first-day-ahead", day=today.isoformat(), most=FURTHEST_DAYS)
    return given


async def _show(
    db: AsyncSession,
    notice: Notice,
    rule: Definition,
    applications: list[Application],
    runs: dict[UUID, StageRun],
    due: date | None,
) -> None:
    categories = {each.key: each.title["zh-CN"] for each in rule.categories}
    ids = [row.venue_id for row in applications if row.venue_id is not None]
    statement = select(Venue.id, Venue.name).where(col(Venue.id).in_(ids))
    names = dict((await db.exec(statement)).all())
    db.add_all(
        Entry(
            notice_id=notice.id,
            application_id=row.id,
            run_id=runs[row.id].id,
            stage_key=runs[row.id].stage_key,
            position=number,
            name=names.get(row.venue_id, row.host_name) if row.venue_id else row.host_name,
            host_name=row.host_name,
            category=categories.get(row.category or "", row.category),
            last_on=due,
        )
        for number, row in enumerate(applications, 1)
    )
    await db.flush()


def _warn(notice: Notice, from_on: date) -> None:
    log.warning(
        "notice_due_open",
        notice=str(notice.id),
        from_on=from_on.isoformat(),
        working_days=notice.working_days,
    )


async def withdraw(
    db: AsyncSession, caller: Caller, notice_id: UUID, reason: str, now: datetime
) -> Notice:
    """Take a notice back: the applications may be shown again by another one.

    Raises WrongState, ObjectionsOpen.
    """
    notice = await queries.held(db, notice_id)
    caller.require(P.APPLICATION_DECIDE, at=notice.division_code)
    state = NOTICE.next("withdraw", notice.state)
    entries = await queries.entries(db, notice.id, lock=True)
    if any(entry.open_objections for entry in entries):
        raise ObjectionsOpen()
    for entry in entries:
        if entry.state is EntryState.OPEN:
            entry.state, entry.closed_at = ENTRY.next("withdraw", entry.state), now
            application = await db.get_one(Application, entry.application_id)
            await decided(db, application, entry, "withdraw_notice", caller, now, reason)
    notice.state, notice.withdrawn_reason, notice.closed_at = state, reason, now
    notice.version += 1
    await tell(db, notice, NoticeWithdrawn(programme_id=notice.programme_id))
    return notice


async def finish(db: AsyncSession, caller: Caller, notice_id: UUID, now: datetime) -> Notice:
    """Finish what has run its days, without waiting for the clock. Asked again, it is harmless.

    Raises NoticeRunning, ObjectionsOpen, NoticeDueOpen, WrongState, Forbidden.
    """
    notice = await queries.held(db, notice_id)
    caller.require(P.APPLICATION_DECIDE, at=notice.division_code)
    if notice.state is not NoticeState.FINISHED:
        NOTICE.next("finish", notice.state)
        await advance(db, notice, now)
        # Read again: `advance` has moved it.
        if NoticeState(notice.state) is NoticeState.OPEN:
            raise _why_open(await queries.entries(db, notice.id))
    return notice


def _why_open(entries: list[Entry]) -> Problem:
    running = [entry for entry in entries if entry.state is EntryState.OPEN]
    if any(entry.open_objections for entry in running):
        return ObjectionsOpen()
    days = [entry.last_on for entry in running if entry.last_on is not None]
    if len(days) < len(running):
        return NoticeDueOpen()
    return NoticeRunning(last_on=max(days).isoformat())
