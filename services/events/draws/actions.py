"""What people do with draws: open one, enter the source's value, void it."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.queries import occurrence as read_occurrence
from services.events.activities.rules import ActivityState, OccurrenceState
from services.events.draws import queries
from services.events.draws.drawing import make, note, void
from services.events.draws.models import Draw
from services.events.draws.rules import (
    DrawUnderWay,
    NothingToDraw,
    PlacesGivenOut,
    require_due,
    require_times,
)
from services.events.draws.schemas import DrawIn
from services.events.facts import DrawOpened
from services.events.registrations.models import Pool
from services.events.registrations.rules import ListRule, NoRegistration
from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.draw_report import Commitment, PlacesRule, Source
from services.kit.draws import canonical, digest, hash_of_secret
from services.kit.facts import record
from services.kit.problems import Missing
from services.kit.settings import suite
from services.kit.vault import Vault

SHUT = text("UPDATE pools SET open = false WHERE occurrence_id = :id")
_OVER = frozenset({ActivityState.COMPLETED, ActivityState.ARCHIVED, ActivityState.CANCELLED})


async def open_draw(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    occurrence_id: UUID,
    given: DrawIn,
    now: datetime,
) -> Draw:
    """Promise a draw: from now on one enters it, and nobody comes first.

    Raises DrawUnderWay, PlacesGivenOut, NothingToDraw, NoRegistration, BrokenRule.
    """
    activity, occurrence = await read_occurrence(db, caller, occurrence_id, lock=True)
    caller.require(P.ACTIVITY_RUN, at=activity.division_code)
    if activity.state in _OVER or occurrence.state is not OccurrenceState.SCHEDULED:
        raise NothingToDraw()
    source_at = given.source.at.astimezone(UTC) if given.source else None
    closes_at = given.closes_at.astimezone(UTC)
    require_times(now, closes_at, occurrence.starts_at, source_at)
    pools = await queries.pools(db, occurrence_id)
    if not pools:
        raise NoRegistration()
    if await queries.live(db, occurrence_id) is not None:
        raise DrawUnderWay()
    if any(pool.waiting or pool.offered for pool in pools):
        raise PlacesGivenOut()
    await run(db, SHUT, {"id": occurrence_id})
    secret, salt = secrets.token_hex(32), secrets.token_hex(32)
    commitment = Commitment(
        subject=f"occurrences/{occurrence_id}",
        rule=PlacesRule(
            kind="places",
            list_rule="strict" if occurrence.list_rule == ListRule.STRICT else "greedy",
            one_per_family=given.one_per_family,
            winners_after_days=given.winners_after_days,
        ),
        secret_sha256=hash_of_secret(secret),
        source=given.source
        and source_at
        and Source(name=given.source.name, at=source_at.isoformat()),
        committed_at=now.isoformat(),
    )
    row = Draw(
        occurrence_id=occurrence_id,
        closes_at=closes_at,
        source_at=source_at,
        commitment=canonical(commitment).decode(),
        commitment_sha256=digest(commitment),
        secret_sealed=vault.seal(secret, "draws.secret"),
        salt_sealed=vault.seal(salt, "draws.salt"),
        opened_by=caller.known(),
        opened_at=now,
        version=0,
    )
    db.add(row)
    await db.flush()
    await note(db, row, "opened", now, {"commitment_sha256": row.commitment_sha256})
    fact = DrawOpened(
        activity_id=activity.id,
        occurrence_id=occurrence_id,
        commitment_sha256=row.commitment_sha256,
    )
    await record(db, fact, subject=row.id, division=activity.division_code, version=row.version)
    return row


async def _hold(
    db: AsyncSession, caller: Caller, occurrence_id: UUID
) -> tuple[Activity, Draw, list[Pool]]:
    activity, _ = await read_occurrence(db, caller, occurrence_id)
    caller.require(P.ACTIVITY_RUN, at=activity.division_code)
    pools = await queries.pools(db, occurrence_id)
    row = await queries.live(db, occurrence_id, lock=True)
    if row is None:
        raise Missing()
    return activity, row, pools


async def enter_value(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    occurrence_id: UUID,
    value: str,
    now: datetime,
) -> None:
    """What the source said: the draw is made with it, at once and for good.

    Raises SourceNotDue, PlacesChanged, NothingToDraw.
    """
    _, row, pools = await _hold(db, caller, occurrence_id)
    require_due(now, row.state, row.source_at)
    await make(db, vault, row, pools, value, now)


async def void_draw(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    occurrence_id: UUID,
    reason: str,
    now: datetime,
) -> None:
    """Do not make it. Who entered stays entered, for the next draw of the occurrence."""
    activity, row, _ = await _hold(db, caller, occurrence_id)
    await void(db, vault, activity, row, reason, now)


async def occurrence_cancelled(
    db: AsyncSession, activity: Activity, occurrence: Occurrence, cause: str
) -> None:
    """End the draw of an occurrence that will not be held. Its pools are held."""
    row = await queries.live(db, occurrence.id, lock=True)
    if row is not None:
        await void(db, Vault(suite().keys), activity, row, cause, datetime.now(UTC))
