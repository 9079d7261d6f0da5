"""Unannounced checks: who is visited is drawn, and anybody can replay the draw.

The pool is frozen with its hash at once; with a public source of chance the draw waits for its
value, which nobody can know before. Every freeze stays, also one that was voided.
"""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.draw_report import Commitment, Entry, PanelRule, Source, Stratum
from services.kit.draws import draw, freeze, hash_of_secret, read, salted
from services.kit.ids import uuid7
from services.kit.problems import Missing, broken
from services.kit.vault import Vault
from services.kit.workdays import day_of
from services.venues.applications.trail import decide
from services.venues.honours.models import Honour
from services.venues.honours.rules import IN_FORCE
from services.venues.inspections import queries
from services.venues.inspections.making import check, rule_of
from services.venues.inspections.models import Inspection, Sample
from services.venues.inspections.rules import (
    SAMPLE,
    TO_DO,
    InspectionKind,
    NothingToInspect,
    SampleNotDue,
    SampleState,
)
from services.venues.inspections.schemas import SampleIn
from services.venues.inspections.settling import STRATUM
from services.venues.programmes.models import Programme


async def begin(
    db: AsyncSession, caller: Caller, vault: Vault, given: SampleIn, now: datetime
) -> Sample:
    """Freeze the honours in force of a programme; without a source, draw at once.

    Raises NothingToInspect, SampleUnderWay, BrokenRule.
    """
    programme = await db.get(Programme, given.programme_id)
    if programme is None:
        raise Missing()
    caller.require(P.INSPECTION_CONDUCT, at=programme.division_code)
    if given.due_on < day_of(now):
        raise broken("/due_on", "day-to-come")
    source_at = given.source.at.astimezone(UTC) if given.source else None
    if source_at is not None and source_at <= now:
        raise broken("/source/at", "source-to-come")
    secret, salt = secrets.token_hex(32), secrets.token_hex(32)
    sample_id = uuid7()
    pool = await _pool(db, programme.id, bytes.fromhex(salt), now, given.rest_days)
    commitment = Commitment(
        subject=f"inspections/samples/{sample_id}",
        rule=PanelRule(
            kind="panel",
            strata=(Stratum(name=STRATUM, quota=given.wanted, alternates=given.alternates),),
        ),
        secret_sha256=hash_of_secret(secret),
        source=given.source
        and source_at
        and Source(name=given.source.name, at=source_at.isoformat()),
        committed_at=now.isoformat(),
    )
    row = Sample(
        id=sample_id,
        programme_id=programme.id,
        division_code=programme.division_code,
        recorded_code=programme.division_code,
        year=day_of(now).year,
        wanted=given.wanted,
        alternates=given.alternates,
        due_on=given.due_on,
        source_at=source_at,
        secret_sealed=vault.seal(secret, "inspection_samples.secret"),
        salt_sealed=vault.seal(salt, "inspection_samples.salt"),
        report=freeze(commitment, pool, now.isoformat(), {}).model_dump_json(),
        created_by=caller.known(),
        created_at=now,
    )
    db.add(row)
    await db.flush()
    if source_at is None:
        await _make(db, caller, vault, row, None, now)
    return row


async def _honours(db: AsyncSession, programme_id: UUID) -> list[Honour]:
    statement = select(Honour).where(
        Honour.programme_id == programme_id, col(Honour.state).in_(sorted(IN_FORCE))
    )
    return list((await db.exec(statement)).all())


async def _pool(
    db: AsyncSession, programme_id: UUID, salt: bytes, now: datetime, rest_days: int
) -> list[Entry]:
    rows = await _honours(db, programme_id)
    # One that has a random check to be done is drawn already.
    to_do = await _checked(db, programme_id, col(Inspection.state).in_(sorted(TO_DO)))
    since = day_of(now) - timedelta(days=rest_days)
    rested = await _checked(db, programme_id, col(Inspection.held_on) > since)
    entries = [
        Entry(
            id=salted(salt, str(row.id)),
            strata=(STRATUM,),
            size=1,
            after=int(row.id in rested),
            family=None,
        )
        for row in rows
        if row.id not in to_do
    ]
    if not entries:
        raise NothingToInspect()
    return entries


async def _checked(db: AsyncSession, programme_id: UUID, which: object) -> set[UUID | None]:
    statement = select(Inspection.honour_id).where(
        Inspection.programme_id == programme_id,
        Inspection.kind == InspectionKind.RANDOM,
        which,  # type: ignore[arg-type]
    )
    return set((await db.exec(statement)).all())


async def _hold(db: AsyncSession, caller: Caller, sample_id: UUID, action: str) -> Sample:
    row = await queries.sample(db, sample_id, lock=True)
    for need in SAMPLE.steps[action].needs:
        caller.require(P(need), at=row.division_code)
    return row


async def enter_value(
    db: AsyncSession, caller: Caller, vault: Vault, sample_id: UUID, value: str, now: datetime
) -> Sample:
    """What the source said, after its time: the draw is made with it. Raises SampleNotDue."""
    row = await _hold(db, caller, sample_id, "draw")
    if row.state is SampleState.FROZEN and (row.source_at is None or now < row.source_at):
        raise SampleNotDue()
    await _make(db, caller, vault, row, value, now)
    return row


async def _make(
    db: AsyncSession, caller: Caller, vault: Vault, row: Sample, value: str | None, now: datetime
) -> None:
    row.state = SAMPLE.next("draw", row.state)
    secret = vault.open(row.secret_sealed, "inspection_samples.secret")
    salt = bytes.fromhex(vault.open(row.salt_sealed, "inspection_samples.salt"))
    report = draw(read(row.report), secret, value)
    row.report, row.drawn_at, row.version = report.model_dump_json(), now, row.version + 1
    assert report.result is not None
    whose = {salted(salt, str(each.id)): each for each in await _honours(db, row.programme_id)}
    for slip in report.result.strata[STRATUM].chosen:
        honour = whose.get(slip)
        if honour is None:
            continue  # not in force any more since the freeze
        db.add(
            check(
                honour,
                await rule_of(db, honour),
                InspectionKind.RANDOM,
                row.due_on,
                caller.known(),
                now,
                sample_id=row.id,
            )
        )
        await db.flush()
        await decide(db, honour=honour, action="draw_random_check", caller=caller, now=now)
    await db.flush()


async def void(db: AsyncSession, caller: Caller, sample_id: UUID, reason: str) -> Sample:
    """Do not make it; the freeze and the reason stay for everybody to see."""
    row = await _hold(db, caller, sample_id, "void")
    row.state = SAMPLE.next("void", row.state)
    row.void_reason, row.version = reason, row.version + 1
    await db.flush()
    return row
