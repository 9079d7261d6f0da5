"""Reads of inspections and rectifications: staff within reach, and the venue what concerns it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, mine, within
from services.kit.db import as_service
from services.kit.files.tables import files
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.applications.rules import office_of
from services.venues.honours.models import Honour
from services.venues.honours.queries import authority
from services.venues.inspections.models import (
    Inspection,
    InspectionAnswer,
    InspectionFile,
    Sample,
)
from services.venues.inspections.rules import (
    TO_DO,
    UNANNOUNCED,
    InspectionKind,
    InspectionState,
)
from services.venues.programmes.definition import Definition, StageKind, read
from services.venues.programmes.models import Programme, ProgrammeVersion
from services.venues.registry.models import Representative, Venue
from services.venues.registry.representatives import in_office, represented, today

_FILES: Any = files.c


def concerned(caller: Caller) -> ColumnElement[bool]:
    """What whoever is inspected sees: all but what is to come unannounced."""
    announced = or_(
        col(Inspection.kind).not_in(UNANNOUNCED), col(Inspection.state) == InspectionState.RELEASED
    )
    own = or_(
        represented(col(Inspection.venue_id), caller), mine(col(Inspection.applicant), caller)
    )
    return and_(own, announced)


def visible(caller: Caller) -> ColumnElement[bool]:
    """What every read of inspections stands behind."""
    return or_(
        within(col(Inspection.division_code), caller, P.APPLICATION_READ),
        within(col(Inspection.division_code), caller, P.INSPECTION_CONDUCT),
        concerned(caller),
    )


@dataclass(frozen=True)
class Found:
    """An inspection with its rule, and where its authority sits."""

    row: Inspection
    venue: str | None
    definition: Definition | None
    authority: str
    named_on: date | None
    """Since when the honour that it is of is held."""
    own: bool
    """The caller is one of those whom it concerns."""

    @property
    def office(self) -> str:
        """Whose staff conduct it."""
        return office(self.row, self.definition, self.authority)


def office(row: Inspection, definition: Definition | None, authority: str) -> str:
    """A site visit is its stage's, an annual check the division's own, the rest who named it."""
    if row.kind is InspectionKind.ANNUAL:
        return row.division_code
    if row.kind is InspectionKind.SITE_VISIT and definition is not None:
        tiers = [s.tier for s in definition.stages if s.kind is StageKind.SITE_VISIT]
        return office_of(row.division_code, tiers[0] if tiers else None)
    return authority


def _statement(caller: Caller) -> Any:
    return (
        select(Inspection, Venue.name, ProgrammeVersion, authority())
        .add_columns(col(Honour.issued_on), concerned(caller))
        .outerjoin(Honour, col(Honour.id) == col(Inspection.honour_id))
        .outerjoin(Venue, col(Venue.id) == col(Inspection.venue_id))
        .outerjoin(ProgrammeVersion, col(ProgrammeVersion.id) == col(Inspection.version_id))
        .outerjoin(Programme, col(Programme.id) == col(Inspection.programme_id))
        .where(visible(caller))
    )


def _found(rows: Sequence[Any]) -> list[Found]:
    rules: dict[UUID, Definition] = {}
    found = []
    for row, venue, version, seat, named_on, own in rows:
        if version is not None and version.id not in rules:
            rules[version.id] = read(version.definition)
        rule = rules[version.id] if version is not None else None
        found.append(Found(row, venue, rule, seat or row.division_code, named_on, bool(own)))
    return found


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for."""

    division: str | None = None
    kind: InspectionKind | None = None
    state: InspectionState | None = None
    programme: UUID | None = None
    honour: UUID | None = None
    application: UUID | None = None
    venue: UUID | None = None
    overdue: bool = False


async def inspections(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: Wanted, day: date
) -> list[Found]:
    """Inspections within reach, the newest first."""
    statement = _statement(caller)
    if wanted.division is not None:
        statement = statement.where(at_or_below(col(Inspection.division_code), wanted.division))
    for column, value in (
        (Inspection.kind, wanted.kind),
        (Inspection.state, wanted.state),
        (Inspection.programme_id, wanted.programme),
        (Inspection.honour_id, wanted.honour),
        (Inspection.application_id, wanted.application),
        (Inspection.venue_id, wanted.venue),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if wanted.overdue:
        to_do = sorted(TO_DO)
        statement = statement.where(col(Inspection.state).in_(to_do), col(Inspection.due_on) < day)
    page = keyset(statement, paging, col(Inspection.id), descending=True)
    return _found((await db.exec(page)).all())


async def inspection(
    db: AsyncSession, caller: Caller, inspection_id: UUID, *, lock: bool = False
) -> Found:
    """One inspection; Missing for those who cannot see it."""
    statement = _statement(caller).where(Inspection.id == inspection_id)
    if lock:
        statement = statement.with_for_update(of=Inspection).execution_options(
            populate_existing=True
        )
    rows = _found((await db.exec(statement)).all())
    if not rows:
        raise Missing()
    return rows[0]


async def answers(db: AsyncSession, row: Inspection) -> Sequence[InspectionAnswer]:
    """What the venue said, in order."""
    statement = select(InspectionAnswer).where(InspectionAnswer.inspection_id == row.id)
    return (await db.exec(statement.order_by(col(InspectionAnswer.id)).limit(200))).all()


async def files_of(
    db: AsyncSession, found: Found, paging: Paging, *, inside: bool
) -> Sequence[tuple[InspectionFile, Any, Any, Any, Any]]:
    """Its files; whoever is inspected sees photos once they are released, and their own."""
    statement: Any = (
        select(InspectionFile, _FILES.name, _FILES.media_type, _FILES.size)
        .add_columns(_FILES.preview)
        .join(files, _FILES.id == col(InspectionFile.file_id))
        .where(col(InspectionFile.inspection_id) == found.row.id)
    )
    if not inside and found.row.state is not InspectionState.RELEASED:
        statement = statement.where(col(InspectionFile.file_id).is_(None))
    page = keyset(statement, paging, col(InspectionFile.file_id))
    rows: Sequence[Any] = (await db.exec(page)).all()
    return rows


async def partial(db: AsyncSession, row: Inspection) -> set[UUID]:
    """Accounts that apply or act for what is inspected."""
    theirs = {row.applicant} if row.applicant else set()
    if row.venue_id is not None:
        statement = select(Representative.account_id).where(
            Representative.venue_id == row.venue_id, in_office(today())
        )
        async with as_service(db):
            theirs |= set((await db.exec(statement)).all())
    return theirs


# ── Samples: public, as far as they tell of nobody ───────────────────────────────────────────────


async def samples(db: AsyncSession, paging: Paging, programme_id: UUID | None) -> Sequence[Sample]:
    """Every sample that was ever frozen, also those that were voided, the newest first."""
    statement = select(Sample)
    if programme_id is not None:
        statement = statement.where(Sample.programme_id == programme_id)
    return (await db.exec(keyset(statement, paging, col(Sample.id), descending=True))).all()


async def sample(db: AsyncSession, sample_id: UUID, *, lock: bool = False) -> Sample:
    """One sample; Missing when there is none."""
    statement = select(Sample).where(Sample.id == sample_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = (await db.exec(statement)).first()
    if row is None:
        raise Missing()
    return row


async def unfinished(db: AsyncSession, sample_ids: list[UUID]) -> set[UUID]:
    """Of these samples, those with a check that the venue does not know of yet."""
    hidden = (*sorted(TO_DO), InspectionState.RECORDED)
    statement = select(Inspection.sample_id).where(
        col(Inspection.sample_id).in_(sample_ids), col(Inspection.state).in_(hidden)
    )
    return {found for found in (await db.exec(statement.distinct())).all() if found is not None}
