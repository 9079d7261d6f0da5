"""What a panel's sheets come to, kept as soon as all are in, and let go when one is not any more.

Everything here runs as the service principal, with the application held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.venues.applications.models import Application, StageRun
from services.venues.applications.queries import case as read_case
from services.venues.experts.draws import queries as draws
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import SeatState
from services.venues.experts.scores.models import Result, Sheet
from services.venues.experts.scores.rules import SheetState, result
from services.venues.programmes.definition import Definition


@dataclass(frozen=True)
class Work:
    """A panel in the last run of its stage."""

    run: StageRun
    seats: Sequence[Seat]
    sheets: dict[UUID, Sheet]
    """By seat; only of this run."""

    @property
    def seated(self) -> list[Seat]:
        """Those who accepted."""
        return [seat for seat in self.seats if seat.state is SeatState.ACCEPTED]

    @property
    def final(self) -> list[Sheet]:
        """The submitted sheets of those who sit on the panel."""
        found = (self.sheets.get(seat.id) for seat in self.seated)
        return [sheet for sheet in found if sheet and sheet.state is SheetState.FINAL]

    def missing(self, definition: Definition) -> dict[str, int]:
        """How many places of each stratum nobody has accepted."""
        assert definition.panel is not None
        there: dict[str, int] = {}
        for seat in self.seated:
            there[seat.stratum] = there.get(seat.stratum, 0) + 1
        return {
            each.field: each.quota - there.get(each.field, 0)
            for each in definition.panel.strata
            if each.quota > there.get(each.field, 0)
        }


async def last_run(db: AsyncSession, application_id: UUID, stage_key: str) -> StageRun | None:
    """The last time that an application came to a stage."""
    statement = select(StageRun).where(
        StageRun.application_id == application_id, StageRun.stage_key == stage_key
    )
    return (await db.exec(statement.order_by(col(StageRun.attempt).desc()).limit(1))).first()


async def work_of(db: AsyncSession, application_id: UUID, stage_key: str) -> Work | None:
    """The panel of a stage with its sheets; None when the application never came to it."""
    run = await last_run(db, application_id, stage_key)
    if run is None:
        return None
    seats = await draws.seats(db, application_id, stage_key)
    sheets = (await db.exec(select(Sheet).where(Sheet.run_id == run.id))).all()
    return Work(run, seats, {sheet.seat_id: sheet for sheet in sheets})


async def settle(
    db: AsyncSession, application: Application, stage_key: str, now: datetime
) -> Result | None:
    """Keep the result when every place has its sheet; otherwise there is none."""
    await db.flush()
    work = await work_of(db, application.id, stage_key)
    if work is None:
        return None
    definition = (await read_case(db, SERVICE, application.id)).definition
    kept = await db.get(Result, work.run.id)
    whole = not work.missing(definition) and len(work.final) == len(work.seated)
    found = result(definition, [sheet.points for sheet in work.final]) if whole else None
    if found is None:
        if kept is not None:
            await db.delete(kept)
            await db.flush()
        return None
    if kept is None:
        kept = Result(run_id=work.run.id, application_id=application.id, result={}, computed_at=now)
        db.add(kept)
    kept.result, kept.computed_at = found.as_json(), now
    await db.flush()
    return kept
