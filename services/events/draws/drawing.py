"""Freezing and drawing: what the clock does, and what the value of the source sets off.

Whoever decides holds the pools first, then the draw: the same order everywhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import OccurrenceState
from services.events.draws import queries
from services.events.draws.models import Draw, DrawStep
from services.events.draws.rules import LIFECYCLE, NothingToDraw, PlacesChanged, entries, slip_of
from services.events.facts import (
    DrawDrawn,
    DrawFrozen,
    DrawVoided,
    RegistrationConfirmed,
    RegistrationWaitlisted,
)
from services.events.registrations.models import Pool
from services.events.registrations.rules import Counts, RegistrationState
from services.events.registrations.waiting import count, serve
from services.kit.db import as_service, run
from services.kit.draw_report import Commitment, Outcome, PlacesRule, Report
from services.kit.draws import draw, freeze, read
from services.kit.facts import Fact, record, record_all
from services.kit.schedules import Schedule
from services.kit.settings import suite
from services.kit.vault import Vault

TOO_LATE = "未能按时冻结名单"
"""Why a draw is voided that was not frozen before its source spoke, or the session began."""

DUE = text(
    """SELECT d.occurrence_id FROM draws d JOIN occurrences o ON o.id = d.occurrence_id
    WHERE d.state = 'open' AND d.closes_at <= :now AND o.state = 'scheduled'
    ORDER BY d.closes_at, d.id LIMIT 1"""
)
# Those who left after the freeze have no row here: their places go to the line.
SETTLE = text(
    """UPDATE registrations r SET state = given.state, number = given.number,
        version = r.version + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:numbers AS int[]))
        AS given(id, state, number)
    WHERE r.id = given.id AND r.state = 'entered'
    RETURNING r.id, COALESCE(r.account_id, r.proxy_by) AS recipient, r.division_code, r.version,
        r.state, r.party_size"""
)
RETURN_TO_FIRST_COME = text(
    """UPDATE pools p SET open = true FROM occurrences o
    WHERE o.id = :id AND p.occurrence_id = o.id AND o.state = 'scheduled' AND NOT EXISTS (
        SELECT FROM registrations r WHERE r.occurrence_id = o.id AND r.state = 'entered')"""
)
REOPEN = text("UPDATE pools SET open = true, next_number = next_number + :more WHERE id = :id")


async def note(
    db: AsyncSession, row: Draw, event: str, now: datetime, detail: Mapping[str, Any]
) -> None:
    """A line in the log of a draw, whose row is held."""
    row.version += 1
    db.add(DrawStep(draw_id=row.id, number=row.version, at=now, event=event, detail=dict(detail)))
    await db.flush()


def frozen(row: Draw) -> Report:
    """The report of a draw that is frozen or drawn."""
    assert row.report is not None
    return read(row.report)


async def freeze_draw(db: AsyncSession, vault: Vault, occurrence_id: UUID, now: datetime) -> None:
    """Freeze the open draw of an occurrence, and draw it when it waits for no source."""
    pools = await queries.pools(db, occurrence_id)
    row = await queries.live(db, occurrence_id, lock=True)
    if row is None or now < row.closes_at:
        return  # voided meanwhile, or frozen by another process
    occurrence = await db.get_one(Occurrence, occurrence_id)
    if now >= min(row.source_at or occurrence.starts_at, occurrence.starts_at):
        # We were away when it was to be frozen: by now the value may be known.
        activity = await db.get_one(Activity, occurrence.activity_id)
        await void(db, vault, activity, row, TOO_LATE, now)
        return
    commitment = Commitment.model_validate_json(row.commitment)
    assert isinstance(commitment.rule, PlacesRule)
    rule = commitment.rule
    async with as_service(db):
        parties = await queries.parties(db, occurrence_id)
        late = await queries.winners(db, occurrence_id, now, rule.winners_after_days)
    salt = bytes.fromhex(vault.open(row.salt_sealed, "draws.salt"))
    report = freeze(
        commitment,
        entries(salt, parties, late, families=rule.one_per_family),
        now.isoformat(),
        {pool.name: pool.capacity - pool.confirmed - pool.offered for pool in pools},
    )
    row.state = LIFECYCLE.next("freeze", row.state)
    row.report = report.model_dump_json()
    sums = {"pool_sha256": report.freeze.pool_sha256, "entries": len(report.pool)}
    await note(db, row, "frozen", now, {**sums, "places": report.freeze.places})
    await _tell(db, DrawFrozen, row, sums)
    if commitment.source is None:
        await make(db, vault, row, pools, None, now)


async def void(
    db: AsyncSession, vault: Vault, activity: Activity, row: Draw, reason: str, now: datetime
) -> None:
    """Do not make a draw whose row is held. With nobody in it, first come counts again."""
    row.state = LIFECYCLE.next("void", row.state)
    row.void_reason = reason
    # The secret too: everybody can see which outcome was let go.
    secret = vault.open(row.secret_sealed, "draws.secret")
    await note(db, row, "voided", now, {"reason": reason, "secret": secret})
    async with as_service(db):
        await run(db, RETURN_TO_FIRST_COME, {"id": row.occurrence_id})
    fact = DrawVoided(
        activity_id=activity.id,
        occurrence_id=row.occurrence_id,
        commitment_sha256=row.commitment_sha256,
    )
    await record(db, fact, subject=row.id, division=activity.division_code, version=row.version)


async def make(
    db: AsyncSession,
    vault: Vault,
    row: Draw,
    pools: list[Pool],
    value: str | None,
    now: datetime,
) -> None:
    """Draw, and let the result take its places; pools and draw are held.

    Raises PlacesChanged, NothingToDraw.
    """
    row.state = LIFECYCLE.next("draw", row.state)
    occurrence = await db.get_one(Occurrence, row.occurrence_id)
    if occurrence.state is not OccurrenceState.SCHEDULED or now >= occurrence.starts_at:
        raise NothingToDraw()
    before = frozen(row)
    for pool in pools:
        places = before.freeze.places[pool.name]
        if pool.capacity - pool.confirmed - pool.offered < places:
            raise PlacesChanged(pool=pool.name, places=places)
    report = draw(before, vault.open(row.secret_sealed, "draws.secret"), value)
    assert report.result is not None
    assert report.reveal is not None
    row.report = report.model_dump_json()
    row.drawn_at = now
    sums = {"pool_sha256": report.freeze.pool_sha256, "entries": len(report.pool)}
    await note(db, row, "drawn", now, {**sums, "reveal": report.reveal.model_dump(mode="json")})
    async with as_service(db):
        parties = await queries.parties(db, row.occurrence_id)
    salt = bytes.fromhex(vault.open(row.salt_sealed, "draws.salt"))
    whose = {slip_of(salt, party.id): party.id for party in parties}
    for pool in pools:
        await _settle(db, occurrence, pool, report.result.strata[pool.name], whose)
    await _tell(db, DrawDrawn, row, sums)
    for pool in pools:
        await serve(db, pool.id, now)


async def _settle(
    db: AsyncSession,
    occurrence: Occurrence,
    pool: Pool,
    outcome: Outcome,
    whose: Mapping[str, UUID],
) -> None:
    """The first of the rank have their places, the others wait in its order."""
    ranked = [(slip, RegistrationState.CONFIRMED) for slip in outcome.chosen]
    ranked += [(slip, RegistrationState.WAITING) for slip in outcome.following]
    here = [(whose[slip], state) for slip, state in ranked if slip in whose]
    values = {
        "ids": [party for party, _ in here],
        "states": [state.value for _, state in here],
        "numbers": [pool.next_number + place for place in range(len(here))],
    }
    async with as_service(db):
        settled = (await run(db, SETTLE, values)).all()
    confirmed = [row for row in settled if row.state == RegistrationState.CONFIRMED]
    await run(db, REOPEN, {"id": pool.id, "more": len(here)})
    change = Counts(
        confirmed=sum(row.party_size for row in confirmed),
        waiting=len(settled) - len(confirmed),
    )
    await count(db, pool.id, change)
    await record_all(
        db, [(_said(row, occurrence), row.id, row.division_code, row.version) for row in settled]
    )


def _said(row: Any, occurrence: Occurrence) -> Fact:
    about = {
        "recipient": row.recipient,
        "activity_id": occurrence.activity_id,
        "occurrence_id": occurrence.id,
    }
    if row.state == RegistrationState.CONFIRMED:
        return RegistrationConfirmed(**about, places=row.party_size)
    return RegistrationWaitlisted(**about)


async def _tell(
    db: AsyncSession,
    kind: type[DrawFrozen] | type[DrawDrawn],
    row: Draw,
    sums: dict[str, Any],
) -> None:
    occurrence = await db.get_one(Occurrence, row.occurrence_id)
    activity = await db.get_one(Activity, occurrence.activity_id)
    fact = kind(
        activity_id=activity.id,
        occurrence_id=occurrence.id,
        commitment_sha256=row.commitment_sha256,
        **sums,
    )
    await record(db, fact, subject=row.id, division=activity.division_code, version=row.version)


async def freeze_next(db: AsyncSession) -> int:
    """One turn of the schedule: the draw whose window ended first."""
    now = datetime.now(UTC)
    occurrence_id = (await run(db, DUE, {"now": now})).scalar()
    if occurrence_id is None:
        return 0
    await freeze_draw(db, Vault(suite().keys), occurrence_id, now)
    return 1


SCHEDULE = Schedule("freeze-draws", every_s=5, turn=freeze_next)
