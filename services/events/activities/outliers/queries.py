"""Reads of outliers, within the reach of those who read drafts at the lead's division."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.outliers.models import Outlier
from services.events.activities.outliers.rules import OutlierState, Rule
from services.events.network.models import Division
from services.kit.access import Caller, P, at_or_below, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

Found = tuple[Outlier, Activity, Occurrence, str | None]
"""An outlier, whose it is, and the name of its lead's division."""


def _seen(caller: Caller) -> Any:
    return (
        select(Outlier, Activity, Occurrence, Division.name)
        .join(Activity, col(Activity.id) == Outlier.activity_id)
        .join(Occurrence, col(Occurrence.id) == Outlier.occurrence_id)
        .outerjoin(Division, col(Division.code) == Activity.division_code)
        .where(within(col(Activity.division_code), caller, P.ACTIVITY_READ))
    )


async def outlier(
    db: AsyncSession, caller: Caller, outlier_id: UUID, *, lock: bool = False
) -> Found:
    """One; Missing for those who cannot see it."""
    statement = _seen(caller).where(col(Outlier.id) == outlier_id)
    if lock:
        statement = statement.with_for_update(of=Outlier)
    found = (await db.exec(statement)).one_or_none()
    if found is None:
        raise Missing()
    return tuple(found)


async def outliers(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    division: str | None,
    state: OutlierState,
    rule: Rule | None,
) -> Sequence[Found]:
    """Those at or below a division, the latest raised first."""
    statement = _seen(caller).where(col(Outlier.state) == state)
    if division is not None:
        statement = statement.where(at_or_below(col(Activity.division_code), division))
    if rule is not None:
        statement = statement.where(col(Outlier.rule) == rule)
    statement = keyset(statement, paging, col(Outlier.raised_at), col(Outlier.id), descending=True)
    return [tuple(row) for row in (await db.exec(statement)).all()]
