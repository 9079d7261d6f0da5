"""Reads of programmes: public once published, drafts for those who may edit them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, within
from services.kit.db import run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.programmes.models import Programme, ProgrammeVersion, VersionState


def editable(caller: Caller) -> ColumnElement[bool]:
    """Programmes whose drafts the caller sees."""
    return within(col(Programme.division_code), caller, P.PROGRAMME_EDIT)


def visible(caller: Caller) -> ColumnElement[bool]:
    """What every read of programmes stands behind: public from the first publication on."""
    version = select(ProgrammeVersion.id).where(
        col(ProgrammeVersion.programme_id) == col(Programme.id)
    )
    published = version.where(col(ProgrammeVersion.state) != VersionState.DRAFT)
    return or_(_any(published), and_(editable(caller), _any(version)))


def _any(statement: Any) -> ColumnElement[bool]:
    # For each row as it comes by its key; an EXISTS would be joined, reading every version.
    found: ColumnElement[bool] = statement.limit(1).scalar_subquery().is_not(None)
    return found


async def programme(
    db: AsyncSession, caller: Caller, programme_id: UUID, *, lock: bool = False
) -> Programme:
    """One programme; Missing for those who cannot see it."""
    statement = select(Programme).where(Programme.id == programme_id, visible(caller))
    if lock:
        statement = statement.with_for_update(key_share=True, of=Programme)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


@dataclass(frozen=True)
class Told:
    """A programme with the version that is shown of it: the one in force, else the newest."""

    row: Programme
    shown: ProgrammeVersion
    drafts: int


async def programmes(
    db: AsyncSession, caller: Caller, paging: Paging, division: str | None
) -> list[Programme]:
    """Programmes whose authority sits at or below `division`, by key."""
    statement = select(Programme).where(visible(caller))
    if division is not None:
        statement = statement.where(at_or_below(col(Programme.division_code), division))
    return list((await db.exec(keyset(statement, paging, col(Programme.key)))).all())


async def told(db: AsyncSession, caller: Caller, rows: Sequence[Programme]) -> list[Told]:
    """Programmes with what is shown of each, in one question."""
    statement = select(ProgrammeVersion).where(
        col(ProgrammeVersion.programme_id).in_([row.id for row in rows])
    )
    by_programme: dict[UUID, list[ProgrammeVersion]] = {row.id: [] for row in rows}
    for version in (await db.exec(statement.order_by(col(ProgrammeVersion.number)))).all():
        by_programme[version.programme_id].append(version)
    return [_told(caller, row, by_programme[row.id]) for row in rows]


def _told(caller: Caller, row: Programme, versions: list[ProgrammeVersion]) -> Told:
    drafts = [one for one in versions if one.state is VersionState.DRAFT]
    in_force = [one for one in versions if one.state is VersionState.PUBLISHED]
    earlier = [one for one in versions if one.state is VersionState.WITHDRAWN]
    may_edit = caller.may(P.PROGRAMME_EDIT, at=row.division_code)
    # Whoever sees a programme without a published version may edit it: `visible`.
    shown = (in_force or earlier or drafts)[-1]
    return Told(row, shown, len(drafts) if may_edit else 0)


def _seen(caller: Caller, row: Programme) -> ColumnElement[bool]:
    if caller.may(P.PROGRAMME_EDIT, at=row.division_code):
        return col(ProgrammeVersion.id).is_not(None)
    return col(ProgrammeVersion.state) != VersionState.DRAFT


async def versions(
    db: AsyncSession, caller: Caller, paging: Paging, programme_id: UUID
) -> tuple[Programme, list[ProgrammeVersion]]:
    """Every version of a programme, the newest first; drafts for those who may edit."""
    row = await programme(db, caller, programme_id)
    statement = select(ProgrammeVersion).where(
        ProgrammeVersion.programme_id == programme_id, _seen(caller, row)
    )
    page = keyset(statement, paging, col(ProgrammeVersion.number), descending=True)
    return row, list((await db.exec(page)).all())


async def version(
    db: AsyncSession, caller: Caller, programme_id: UUID, number: int, *, lock: bool = False
) -> tuple[Programme, ProgrammeVersion]:
    """One version; Missing for those who cannot see it. With `lock` the programme is held."""
    row = await programme(db, caller, programme_id, lock=lock)
    statement = select(ProgrammeVersion).where(
        ProgrammeVersion.programme_id == programme_id,
        ProgrammeVersion.number == number,
        _seen(caller, row),
    )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return row, found


async def in_force(db: AsyncSession, programme_id: UUID) -> ProgrammeVersion | None:
    """The version that new applications start under, held so that it stays in force."""
    statement = (
        select(ProgrammeVersion)
        .where(
            ProgrammeVersion.programme_id == programme_id,
            col(ProgrammeVersion.state) == VersionState.PUBLISHED,
        )
        .with_for_update(read=True)
    )
    return (await db.exec(statement)).first()


async def last_number(db: AsyncSession, programme_id: UUID) -> int:
    """The number of the newest version; 0 when there is none."""
    statement = select(func.max(ProgrammeVersion.number)).where(
        ProgrammeVersion.programme_id == programme_id
    )
    return (await db.exec(statement)).one() or 0


@dataclass(frozen=True)
class Figures:
    """How far a programme has come: honours that were named, applications that may become some."""

    named: dict[int, int]
    """Year of issue → honours, without those that were revoked."""
    undated: int
    """Honours of which no year is known."""
    under_way: dict[int, int]
    """Year → applications that are handed in and not decided."""


# Honours that were named before this platform carry the title and no programme.
_FIGURES = text(
    """SELECT 'named' AS what, CAST(extract(year FROM issued_on) AS integer) AS year,
        count(*) AS many FROM honours
    WHERE (programme_id = :programme OR (programme_id IS NULL AND title = :honour))
        AND state <> 'revoked' GROUP BY 2
    UNION ALL
    SELECT 'under_way', year, count(*) FROM applications
    WHERE programme_id = :programme AND state IN ('under_way', 'returned') GROUP BY 2"""
)


async def figures(db: AsyncSession, programme_id: UUID, honour: str) -> Figures:
    """Honours and applications of a programme by year; `honour` is what stands on the plaque."""
    values = {"programme": programme_id, "honour": honour}
    rows = (await run(db, _FIGURES, values)).all()
    named = {row.year: row.many for row in rows if row.what == "named"}
    undated = named.pop(None, 0)
    return Figures(named, undated, {row.year: row.many for row in rows if row.what != "named"})


_PLACES = text(
    """SELECT year, channel, office_code, taken, quota FROM recommendations
    WHERE programme_id = :programme AND year = :year ORDER BY channel, office_code"""
)


async def places(db: AsyncSession, programme_id: UUID, year: int) -> Sequence[Row[Any]]:
    """Places that offices have given of each channel in a year."""
    return (await run(db, _PLACES, {"programme": programme_id, "year": year})).all()
