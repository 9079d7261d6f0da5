"""Reads of applications: one's own, one's venue's, and for staff those within reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, Kind, P, at_or_below, mine, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.applications.models import (
    Application,
    ApplicationContact,
    Decision,
    StageRun,
)
from services.venues.applications.rules import ApplicationState, RunState
from services.venues.notices.models import Entry
from services.venues.notices.rules import EntryState
from services.venues.programmes.definition import Definition, read
from services.venues.programmes.models import Programme, ProgrammeVersion
from services.venues.registry.models import Venue
from services.venues.registry.representatives import represented, represents


@dataclass(frozen=True)
class Case:
    """An application with the rule that it runs under."""

    application: Application
    definition: Definition
    rule_number: int
    programme_key: str


def applicant_needs(venue_id: UUID | None) -> P:
    """What staff need to apply for a venue on its behalf, or for their own division."""
    return P.APPLICATION_REVIEW if venue_id is None else P.VENUE_EDIT


def visible(caller: Caller) -> ColumnElement[bool]:
    """What every read of applications stands behind."""
    return or_(
        mine(col(Application.applicant), caller),
        represented(col(Application.venue_id), caller),
        within(col(Application.division_code), caller, P.APPLICATION_READ),
    )


async def case(
    db: AsyncSession, caller: Caller, application_id: UUID, *, lock: bool = False
) -> Case:
    """One application; Missing for those who cannot see it."""
    statement = (
        select(Application, ProgrammeVersion, Programme.key)
        .join(ProgrammeVersion, col(ProgrammeVersion.id) == col(Application.version_id))
        .join(Programme, col(Programme.id) == col(Application.programme_id))
        .where(Application.id == application_id, visible(caller))
    )
    if lock:
        # Not its key: runs and decisions that refer to it are written meanwhile.
        statement = statement.with_for_update(key_share=True, of=Application).execution_options(
            populate_existing=True
        )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    row, version, key = found
    return Case(row, read(version.definition), version.number, key)


async def held(db: AsyncSession, caller: Caller, application_id: UUID) -> Case:
    """One application, held until the transaction ends."""
    return await case(db, caller, application_id, lock=True)


async def owns(db: AsyncSession, caller: Caller, found: Case) -> bool:
    """Does the caller act as the applicant: for the venue they represent today, or as staff on its
    behalf? Whoever drafted it and represents the venue no more, reads on and acts no more."""
    row = found.application
    if _on_behalf(caller, row):
        return True
    return row.venue_id is not None and await represents(db, caller, row.venue_id)


def _on_behalf(caller: Caller, row: Application) -> bool:
    may = caller.may(applicant_needs(row.venue_id), at=row.division_code)
    return row.on_behalf and caller.kind is Kind.STAFF and may


async def owned(db: AsyncSession, caller: Caller, rows: Sequence[Application]) -> set[UUID]:
    """Of these applications, those that the caller acts for as the applicant."""
    theirs = select(Application.id).where(
        col(Application.id).in_([row.id for row in rows]),
        represented(col(Application.venue_id), caller),
    )
    found = set((await db.exec(theirs)).all())
    return found | {row.id for row in rows if _on_behalf(caller, row)}


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for."""

    division: str | None = None
    state: ApplicationState | None = None
    stage: str | None = None
    programme: UUID | None = None
    venue: UUID | None = None
    year: int | None = None
    own: bool = False
    overdue: bool = False
    clock_open: bool = False


async def applications(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: Wanted, today: date
) -> list[Application]:
    """Applications within reach, the newest first."""
    statement = select(Application).where(visible(caller))
    if wanted.division is not None:
        statement = statement.where(at_or_below(col(Application.division_code), wanted.division))
    for column, value in (
        (Application.state, wanted.state),
        (Application.stage_key, wanted.stage),
        (Application.programme_id, wanted.programme),
        (Application.venue_id, wanted.venue),
        (Application.year, wanted.year),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if wanted.own:
        statement = statement.where(
            or_(
                mine(col(Application.applicant), caller),
                represented(col(Application.venue_id), caller),
            )
        )
    if wanted.overdue:
        statement = statement.where(
            _ticks(col(StageRun.due_on) < today, col(StageRun.supplement_due_on) < today)
        )
    if wanted.clock_open:
        without_a_day = and_(
            col(StageRun.supplement_days).is_not(None), col(StageRun.supplement_due_on).is_(None)
        )
        statement = statement.where(_ticks(col(StageRun.due_open).is_(True), without_a_day))
    return list(
        (await db.exec(keyset(statement, paging, col(Application.id), descending=True))).all()
    )


def _ticks(clock: ColumnElement[bool], term: ColumnElement[bool]) -> ColumnElement[bool]:
    """The `clock` of the stage that it is in is so; or, while it is with the applicant, the `term`
    of its last return."""
    newer = aliased(StageRun)
    last = ~exists().where(
        col(newer.application_id) == col(StageRun.application_id),
        col(newer.opened_at) > col(StageRun.opened_at),
    )
    run = select(StageRun.id).where(col(StageRun.application_id) == col(Application.id))
    ticking = run.where(StageRun.state == RunState.OPEN, clock)
    returned = run.where(StageRun.state == RunState.RETURNED, term, last)
    with_the_applicant = col(Application.state) == ApplicationState.RETURNED
    return or_(_any(ticking), and_(with_the_applicant, _any(returned)))


def _any(statement: Any) -> ColumnElement[bool]:
    # For each application as it comes by its key; an EXISTS would be joined, reading every run.
    found: ColumnElement[bool] = statement.limit(1).scalar_subquery().is_not(None)
    return found


@dataclass(frozen=True)
class Around:
    """What stands around applications, by id: the venue's name, and the last run of each; and by
    run, where a notice shows it."""

    venues: dict[UUID, str]
    versions: dict[UUID, ProgrammeVersion]
    runs: dict[UUID, StageRun]
    shown: dict[UUID, Entry]


async def around(db: AsyncSession, rows: Sequence[Application]) -> Around:
    """The same few questions for one application and for a hundred."""
    ids = [row.id for row in rows]
    venues = select(Venue.id, Venue.name).where(
        col(Venue.id).in_({row.venue_id for row in rows if row.venue_id})
    )
    versions = select(ProgrammeVersion).where(
        col(ProgrammeVersion.id).in_({row.version_id for row in rows})
    )
    runs = (
        select(StageRun)
        .where(col(StageRun.application_id).in_(ids))
        .ext(distinct_on(col(StageRun.application_id)))
        .order_by(col(StageRun.application_id), col(StageRun.opened_at).desc())
    )
    last = {run.application_id: run for run in (await db.exec(runs)).all()}
    return Around(
        dict((await db.exec(venues)).all()),
        {row.id: row for row in (await db.exec(versions)).all()},
        last,
        await shown(db, last.values()),
    )


async def shown(db: AsyncSession, runs: Iterable[StageRun]) -> dict[UUID, Entry]:
    """By run, the name in the notice that shows it; without what was taken back."""
    stands = (EntryState.OPEN, EntryState.FINISHED, EntryState.STOPPED)
    statement = select(Entry).where(
        col(Entry.run_id).in_([run.id for run in runs]), col(Entry.state).in_(stands)
    )
    return {entry.run_id: entry for entry in (await db.exec(statement)).all()}


async def runs_of(db: AsyncSession, row: Application) -> list[StageRun]:
    """Every run of an application, in order."""
    statement = select(StageRun).where(StageRun.application_id == row.id)
    order = statement.order_by(col(StageRun.opened_at), col(StageRun.id))
    return list((await db.exec(order)).all())


async def last_run(db: AsyncSession, row: Application, stage_key: str | None = None) -> StageRun:
    """The last run of a stage: of the one it is in, when none is named."""
    statement = (
        select(StageRun)
        .where(
            StageRun.application_id == row.id,
            StageRun.stage_key == (stage_key or row.stage_key),
        )
        .order_by(col(StageRun.attempt).desc())
        .limit(1)
    )
    return (await db.exec(statement)).one()


async def returned_with(db: AsyncSession, row: Application) -> Decision | None:
    """The decision by which an application was sent back last."""
    statement = (
        select(Decision)
        .where(Decision.application_id == row.id, Decision.action == "send_back")
        .order_by(col(Decision.decided_at).desc())
        .limit(1)
    )
    return (await db.exec(statement)).first()


async def contacts_of(db: AsyncSession, row: Application) -> list[ApplicationContact]:
    """The contacts that the caller may see: the wall decides."""
    statement = select(ApplicationContact).where(ApplicationContact.application_id == row.id)
    return list((await db.exec(statement.order_by(col(ApplicationContact.position)))).all())


async def decisions_of(db: AsyncSession, row: Application) -> list[Decision]:
    """Everything that was decided about an application, in order."""
    statement = select(Decision).where(Decision.application_id == row.id)
    order = statement.order_by(col(Decision.decided_at), col(Decision.id))
    return list((await db.exec(order)).all())


async def trail(db: AsyncSession, paging: Paging, row: Application) -> list[Decision]:
    """The decisions about an application, a page of them."""
    statement = select(Decision).where(Decision.application_id == row.id)
    page = keyset(statement, paging, col(Decision.decided_at), col(Decision.id))
    return list((await db.exec(page)).all())
