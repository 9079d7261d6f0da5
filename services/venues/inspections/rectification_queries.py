"""Reads of rectifications: staff within reach, and who represents the venue."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, within
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.honours.models import Honour
from services.venues.honours.queries import authority
from services.venues.inspections.models import Rectification
from services.venues.inspections.rules import RectificationState
from services.venues.programmes.models import Programme
from services.venues.registry.models import Venue
from services.venues.registry.representatives import represented


@dataclass(frozen=True)
class Righting:
    """A rectification with its venue's name, and where its authority sits."""

    row: Rectification
    venue: str | None
    authority: str
    own: bool


def visible(caller: Caller) -> ColumnElement[bool]:
    """Staff within reach, and who represents the venue."""
    return or_(
        within(col(Rectification.division_code), caller, P.APPLICATION_READ),
        within(col(Rectification.division_code), caller, P.INSPECTION_CONDUCT),
        represented(col(Rectification.venue_id), caller),
    )


def _rectifications(caller: Caller) -> Any:
    return (
        select(
            Rectification,
            Venue.name,
            authority(),
            represented(col(Rectification.venue_id), caller),
        )
        .outerjoin(Venue, col(Venue.id) == col(Rectification.venue_id))
        .outerjoin(Programme, col(Programme.id) == col(Rectification.programme_id))
        .outerjoin(Honour, col(Honour.id) == col(Rectification.honour_id))
        .where(visible(caller))
    )


def _righting(row: Any) -> Righting:
    rectification, venue, authority, own = row
    return Righting(rectification, venue, authority or rectification.division_code, bool(own))


async def rectifications(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    division: str | None,
    state: RectificationState | None,
    honour: UUID | None,
    overdue: bool,
    day: date,
) -> list[Righting]:
    """Rectifications within reach, the newest first."""
    statement = _rectifications(caller)
    if division is not None:
        statement = statement.where(at_or_below(col(Rectification.division_code), division))
    if state is not None:
        statement = statement.where(Rectification.state == state)
    if honour is not None:
        statement = statement.where(Rectification.honour_id == honour)
    if overdue:
        statement = statement.where(
            col(Rectification.closed_at).is_(None), col(Rectification.due_on) < day
        )
    page = keyset(statement, paging, col(Rectification.id), descending=True)
    return [_righting(row) for row in (await db.exec(page)).all()]


async def rectification(
    db: AsyncSession, caller: Caller, rectification_id: UUID, *, lock: bool = False
) -> Righting:
    """One rectification; Missing for those who cannot see it."""
    statement = _rectifications(caller).where(Rectification.id == rectification_id)
    if lock:
        statement = statement.with_for_update(of=Rectification).execution_options(
            populate_existing=True
        )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return _righting(found)
