"""Reads of draws: all of them are public where their occurrence is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.queries import occurrence as read_occurrence
from services.events.draws.models import Draw, DrawStep
from services.events.draws.rules import DrawState, Party
from services.events.registrations.models import Pool
from services.kit.access import Caller
from services.kit.db import run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

# Everybody's, for the freeze: as the service.
_PARTIES = text(
    """SELECT r.id, p.name AS pool, r.party_size, r.account_id,
        array_remove(array_agg(DISTINCT m.phone_index), NULL) AS phones
    FROM registrations r JOIN pools p ON p.id = r.pool_id
    JOIN members m ON m.registration_id = r.id AND m.dropped_at IS NULL
    WHERE r.occurrence_id = :occurrence_id AND r.state = 'entered'
    GROUP BY r.id, p.name ORDER BY r.id"""
)
_WINNERS = text(
    """SELECT DISTINCT w.account_id FROM registrations w
    JOIN draws d ON d.occurrence_id = w.occurrence_id AND d.state = 'drawn'
        AND d.drawn_at >= :since
    WHERE w.state = 'confirmed' AND w.account_id IN (
        SELECT account_id FROM registrations
        WHERE occurrence_id = :occurrence_id AND state = 'entered')"""
)


async def draws(
    db: AsyncSession, caller: Caller, paging: Paging, occurrence_id: UUID
) -> tuple[Activity, Occurrence, Sequence[Draw]]:
    """Every draw of an occurrence, also those that were voided, the newest first."""
    activity, occurrence = await read_occurrence(db, caller, occurrence_id)
    statement = select(Draw).where(Draw.occurrence_id == occurrence_id)
    found = (await db.exec(keyset(statement, paging, col(Draw.id), descending=True))).all()
    return activity, occurrence, found


async def newest(
    db: AsyncSession, caller: Caller, occurrence_id: UUID
) -> tuple[Activity, Occurrence, Draw]:
    """The last draw of an occurrence; Missing when it never had one."""
    activity, occurrence = await read_occurrence(db, caller, occurrence_id)
    statement = select(Draw).where(Draw.occurrence_id == occurrence_id)
    statement = statement.order_by(col(Draw.id).desc()).limit(1)
    found = (await db.exec(statement.execution_options(populate_existing=True))).first()
    if found is None:
        raise Missing()
    return activity, occurrence, found


async def live(db: AsyncSession, occurrence_id: UUID, *, lock: bool = False) -> Draw | None:
    """The draw that is open or frozen. With `lock` it is held, after the pools."""
    statement = select(Draw).where(
        Draw.occurrence_id == occurrence_id,
        col(Draw.state).in_((DrawState.OPEN, DrawState.FROZEN)),
    )
    if lock:
        statement = statement.with_for_update()
    return (await db.exec(statement.execution_options(populate_existing=True))).first()


async def log(db: AsyncSession, draw_id: UUID) -> Sequence[DrawStep]:
    """What was done with a draw, in order."""
    statement = select(DrawStep).where(DrawStep.draw_id == draw_id)
    return (await db.exec(statement.order_by(col(DrawStep.number)))).all()


async def pools(db: AsyncSession, occurrence_id: UUID) -> list[Pool]:
    """The pools of an occurrence, held until the transaction ends, always in the same order."""
    statement = (
        select(Pool)
        .where(Pool.occurrence_id == occurrence_id)
        .order_by(col(Pool.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list((await db.exec(statement)).all())


async def parties(db: AsyncSession, occurrence_id: UUID) -> list[Party]:
    """Who stands in the draw. As the service principal."""
    rows = (await run(db, _PARTIES, {"occurrence_id": occurrence_id})).all()
    return [
        Party(row.id, row.pool, row.party_size, row.account_id, tuple(row.phones)) for row in rows
    ]


async def winners(db: AsyncSession, occurrence_id: UUID, now: datetime, days: int) -> set[UUID]:
    """Accounts in this draw that got a place in another within so many days. As the service."""
    if not days:
        return set()
    values = {"occurrence_id": occurrence_id, "since": now - timedelta(days=days)}
    return set((await run(db, _WINNERS, values)).scalars().all())
