"""Reads of draws: the draws themselves are public; candidates are the service's own reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import UUID as UUID_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import at_or_below
from services.kit.db import run
from services.kit.divisions import upper
from services.kit.draw_report import Report
from services.kit.draws import read
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.experts.draws.models import PanelDraw, PanelReport, PanelStep
from services.venues.experts.draws.rules import Candidate, DrawState, began, is_busy, year_of
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import COUNTED, TAKEN

# Of the fields asked for, at and below the office that draws. As the service.
_CANDIDATES = text(
    """SELECT e.id, e.fields, a.expert_id IS NOT NULL AS agreed, COALESCE(l.reviews, 0) AS reviews,
        l.last, e.most_reviews_a_year AS most, e.rest_days, s.expert_id IS NOT NULL AS asked
    FROM experts e
    LEFT JOIN expert_agreements a ON a.expert_id = e.id AND a.year = :year
    LEFT JOIN (SELECT expert_id, count(*) FILTER (WHERE invited_at >= :began) AS reviews,
            max(invited_at) AS last
        FROM panel_seats WHERE state = ANY (:counted) GROUP BY expert_id) l ON l.expert_id = e.id
    LEFT JOIN panel_seats s ON s.expert_id = e.id AND s.application_id = :application
    WHERE e.state = 'standing' AND e.division_code >= :code AND e.division_code < :upper
        AND e.fields && :wanted"""
).bindparams(bindparam("wanted", type_=ARRAY(TEXT)), bindparam("counted", type_=ARRAY(TEXT)))
_LOADS = text(
    """SELECT e.id, e.most_reviews_a_year AS most, count(s.id) AS reviews
    FROM experts e LEFT JOIN panel_seats s ON s.expert_id = e.id AND s.invited_at >= :began
        AND s.state = ANY (:counted)
    WHERE e.id = ANY (:experts) GROUP BY e.id"""
).bindparams(bindparam("experts", type_=ARRAY(UUID_)), bindparam("counted", type_=ARRAY(TEXT)))
# Whatever became of them since the freeze: a slip of the report is somebody's.
_EVERYBODY = text("SELECT id, account_id FROM experts")


@dataclass(frozen=True)
class Wanted:
    """The filters of the list."""

    application: UUID | None = None
    division: str | None = None
    state: DrawState | None = None


async def draws(db: AsyncSession, paging: Paging, wanted: Wanted) -> Sequence[PanelDraw]:
    """Every draw there was, also those that were voided, the newest first."""
    statement = select(PanelDraw)
    if wanted.application is not None:
        statement = statement.where(PanelDraw.application_id == wanted.application)
    if wanted.division is not None:
        statement = statement.where(at_or_below(col(PanelDraw.division_code), wanted.division))
    if wanted.state is not None:
        statement = statement.where(col(PanelDraw.state) == wanted.state)
    return (await db.exec(keyset(statement, paging, col(PanelDraw.id), descending=True))).all()


async def draw(db: AsyncSession, draw_id: UUID, *, lock: bool = False) -> PanelDraw:
    """One draw; Missing when there is none."""
    statement = select(PanelDraw).where(PanelDraw.id == draw_id)
    if lock:
        statement = statement.with_for_update()
    found = (await db.exec(statement.execution_options(populate_existing=True))).first()
    if found is None:
        raise Missing()
    return found


async def drawn_at(db: AsyncSession, application_id: UUID) -> str | None:
    """Whose office has drawn, or promised to draw, a panel for an application; None: nobody."""
    statement = select(PanelDraw.division_code).where(
        PanelDraw.application_id == application_id, col(PanelDraw.state) != DrawState.VOID
    )
    return (await db.exec(statement.order_by(col(PanelDraw.id)).limit(1))).first()


async def log(db: AsyncSession, draw_id: UUID) -> Sequence[PanelStep]:
    """What was done with a draw, in order."""
    statement = select(PanelStep).where(PanelStep.draw_id == draw_id)
    return (await db.exec(statement.order_by(col(PanelStep.number)))).all()


async def report_text(db: AsyncSession, draw_id: UUID) -> str:
    """The report as everybody gets it."""
    statement = select(PanelReport.report).where(PanelReport.draw_id == draw_id)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def report(db: AsyncSession, draw_id: UUID) -> Report:
    """The report of a draw."""
    return read(await report_text(db, draw_id))


async def candidates(
    db: AsyncSession, application_id: UUID, code: str, fields: Sequence[str], now: datetime
) -> list[Candidate]:
    """Everybody of these fields who stands in the pool of an office. As the service."""
    values = {
        "application": application_id,
        "code": code,
        "upper": upper(code),
        "wanted": list(fields),
        "counted": [state.value for state in COUNTED],
        "year": year_of(now),
        "began": began(now),
    }
    return [Candidate(*tuple(row)) for row in (await run(db, _CANDIDATES, values)).all()]


async def busy(db: AsyncSession, experts: Sequence[UUID], most: int, now: datetime) -> set[UUID]:
    """Who of these has as many reviews this year as they, or the programme (0: any), allow."""
    counted = [state.value for state in COUNTED]
    values = {"experts": list(experts), "began": began(now), "counted": counted}
    rows = (await run(db, _LOADS, values)).all()
    return {row.id for row in rows if is_busy(row.reviews, row.most, most or None)}


async def accounts(db: AsyncSession) -> dict[UUID, UUID | None]:
    """Everybody who is or was in a pool, with their account. As the service."""
    rows = (await run(db, _EVERYBODY)).all()
    return {row.id: row.account_id for row in rows}


async def seats(db: AsyncSession, application_id: UUID, stage_key: str) -> list[Seat]:
    """The seats of a stage's panel, held until the transaction ends. As the service."""
    statement = (
        select(Seat)
        .where(Seat.application_id == application_id, Seat.stage_key == stage_key)
        .order_by(col(Seat.draw_id), col(Seat.stratum), col(Seat.rank))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await db.exec(statement)).all())


def taken(seats_: Sequence[Seat]) -> dict[str, int]:
    """How many places of each stratum somebody holds, or is asked for."""
    found: dict[str, int] = {}
    for seat in seats_:
        if seat.state in TAKEN:
            found[seat.stratum] = found.get(seat.stratum, 0) + 1
    return found
