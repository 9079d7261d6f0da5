"""Reads of targets: public, a page in one query with current values and parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, column, func, table, true
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.network.models import Division
from services.events.targets.models import Target, TargetValue
from services.events.targets.rules import COUNTED_HERE, Measure
from services.kit.access import at_or_below
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

_COUNTS = table(
    "coverage_counts",
    *(column(name) for name in ("division_code", "sector", "tier", "divisions", "venue")),
)
_DAY = table("coverage_day", column("day"))
_ABOVE = aliased(Target)
_PART = aliased(Target)


@dataclass(frozen=True)
class Standing:
    """A target with what is known of it."""

    row: Target
    division_name: str | None
    set_at: str | None
    """The division that broke it down to this one; None for a goal of its own."""
    value: Decimal | None
    as_of: date | None
    value_source: str | None
    note: str | None
    parts: int
    part_goals: Decimal | None
    parts_known: int
    part_values: Decimal | None
    counties: int | None
    with_venue: int | None
    counted_on: date | None
    has_values: bool

    @property
    def in_use(self) -> bool:
        return self.parts > 0 or self.has_values


@dataclass(frozen=True)
class Wanted:
    """The filters of the list of targets."""

    division: str | None = None
    measure: Measure | None = None
    parent: UUID | None = None
    top: bool = False
    """Only goals that are no part of another."""


def _latest(target_id: Any, name: str) -> Any:
    names = ("value", "as_of", "source", "note")
    return (
        columns(*(getattr(TargetValue, name) for name in names))
        .where(col(TargetValue.target_id) == target_id, col(TargetValue.withdrawn_at).is_(None))
        .order_by(col(TargetValue.as_of).desc(), col(TargetValue.id).desc())
        .limit(1)
        .lateral(name)
    )


def _targets() -> Any:
    latest, of_part = _latest(Target.id, "latest"), _latest(_PART.id, "of_part")
    parts = (
        columns(
            func.count(col(_PART.id)).label("parts"),
            func.sum(_PART.goal).label("goals"),
            func.count(of_part.c.value).label("known"),
            func.sum(of_part.c.value).label("sum"),
        )
        .select_from(_PART)
        .outerjoin(of_part, true())
        .where(col(_PART.parent_id) == Target.id)
        .lateral("parts")
    )
    # What the platform counts itself is a row of coverage.
    counted = and_(
        _COUNTS.c.division_code == Target.division_code,
        _COUNTS.c.sector == "",
        _COUNTS.c.tier == "county",
        col(Target.measure).in_(COUNTED_HERE),
    )
    values = select(TargetValue.id).where(TargetValue.target_id == Target.id).exists()
    return (
        columns(
            Target,
            col(Division.name),
            col(_ABOVE.division_code),
            *(latest.c[name] for name in ("value", "as_of", "source", "note")),
            *(parts.c[name] for name in ("parts", "goals", "known", "sum")),
            *(_COUNTS.c.divisions, _COUNTS.c.venue, _DAY.c.day, values),
        )
        .outerjoin(Division, col(Division.code) == Target.division_code)
        .outerjoin(_ABOVE, col(_ABOVE.id) == Target.parent_id)
        .outerjoin(latest, true())
        .outerjoin(parts, true())
        .outerjoin(_COUNTS, counted)
        .outerjoin(_DAY, true())
    )


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.division is not None:
        found.append(at_or_below(col(Target.division_code), wanted.division))
    if wanted.measure is not None:
        found.append(col(Target.measure) == wanted.measure)
    if wanted.parent is not None:
        found.append(col(Target.parent_id) == wanted.parent)
    if wanted.top:
        found.append(col(Target.parent_id).is_(None))
    return found


async def targets(db: AsyncSession, paging: Paging, wanted: Wanted) -> Sequence[Standing]:
    """The targets that are wanted, by division."""
    statement = _targets().where(*_filters(wanted))
    page = keyset(statement, paging, col(Target.division_code), col(Target.id))
    return [Standing(*row) for row in (await db.exec(page)).all()]


async def standing(db: AsyncSession, target_id: UUID) -> Standing:
    """One target; Missing when there is none."""
    found = (await db.exec(_targets().where(Target.id == target_id))).first()
    if found is None:
        raise Missing()
    return Standing(*found)


async def locked(db: AsyncSession, target_id: UUID) -> Target:
    """The row of a target, held until the transaction ends."""
    statement = select(Target).where(Target.id == target_id).with_for_update()
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def values(db: AsyncSession, target_id: UUID, paging: Paging) -> Sequence[TargetValue]:
    """Everything recorded for a target, as recorded last first."""
    statement = select(TargetValue).where(TargetValue.target_id == target_id)
    return (await db.exec(keyset(statement, paging, col(TargetValue.id), descending=True))).all()
