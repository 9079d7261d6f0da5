"""Who sat on a panel, once the scoring is over: told on request, and disclosed by the clock."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.db import as_service, run
from services.kit.problems import Missing
from services.kit.schedules import Schedule
from services.kit.vault import Vault
from services.venues.applications.queries import held
from services.venues.applications.rules import FINAL
from services.venues.experts.draws import queries
from services.venues.experts.draws.actions import disclose_held
from services.venues.experts.draws.schemas import IdentitiesOut, SeatTold
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import SeatState
from services.venues.experts.models import Expert, Institution

_DUE = text(
    """SELECT d.id, d.application_id FROM panel_draws d
    JOIN applications a ON a.id = d.application_id
    WHERE d.state = 'drawn' AND d.disclosed_at IS NULL
        AND (a.state = ANY (:final) OR a.stage_key IS DISTINCT FROM d.stage_key)
    ORDER BY d.id LIMIT 1"""
)


async def told(db: AsyncSession, vault: Vault, draw_id: UUID) -> IdentitiesOut:
    """The salt and the seats of a disclosed draw; Missing before.

    The names of those who served are public by their yearly agreement; nobody else's is told.
    """
    row = await queries.draw(db, draw_id)
    if row.disclosed_at is None:
        raise Missing()
    statement = (
        select(Seat, Expert.name_sealed, Institution.name)
        .join(Expert, col(Expert.id) == Seat.expert_id)
        .join(Institution, col(Institution.id) == Expert.employer_id)
        .where(Seat.draw_id == draw_id)
        .order_by(col(Seat.stratum), col(Seat.rank))
    )
    async with as_service(db):
        found = (await db.exec(statement)).all()
    seats = []
    for seat, name, employer in found:
        served = seat.state is SeatState.ACCEPTED
        seats.append(
            SeatTold(
                **seat.model_dump(include={"slip", "stratum", "rank", "state", "expert_id"}),
                name=vault.open(name, "experts.name") if served else None,
                employer=employer if served else None,
            )
        )
    salt = vault.open(row.salt_sealed, "panel_draws.salt")
    return IdentitiesOut(draw_id=row.id, salt=salt, seats=seats)


async def disclose_next(db: AsyncSession) -> int:
    """One turn of the schedule: a draw whose application has left the stage."""
    final = [state.value for state in FINAL]
    found = (await run(db, _DUE, {"final": final})).first()
    if found is None:
        return 0
    case = await held(db, SERVICE, found.application_id)
    row = await queries.draw(db, found.id, lock=True)
    if row.disclosed_at is None:
        await disclose_held(db, SERVICE, case.application, row, datetime.now(UTC))
    return 1


SCHEDULE = Schedule("disclose-panels", every_s=60, turn=disclose_next)
