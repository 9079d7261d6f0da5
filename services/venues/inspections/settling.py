"""What follows from an inspection: a re-check settles a rectification, an alternate steps in."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.draws import read, salted
from services.kit.facts import record
from services.kit.settings import suite
from services.kit.vault import Vault
from services.kit.workdays import day_of
from services.venues.applications.trail import decide
from services.venues.facts import RectificationFailed, RectificationFulfilled
from services.venues.honours import queries as honours
from services.venues.honours import steps
from services.venues.honours.models import Honour
from services.venues.honours.rules import IN_FORCE, HonourState
from services.venues.inspections.making import check
from services.venues.inspections.models import Inspection, Rectification, Sample
from services.venues.inspections.rules import (
    RECTIFICATION,
    InspectionKind,
    RectificationState,
    Result,
    is_overdue,
)

STRATUM = "honours"
RECHECK_PASSED = "整改复查通过"
"""Why an honour stands again; public."""


async def settle_recheck(
    db: AsyncSession, caller: Caller, recheck: Inspection, now: datetime
) -> None:
    """Passed: fulfilled, and the honour stands again. Failed: failed, and removal may follow."""
    statement = select(Rectification).where(Rectification.id == recheck.rectification_id)
    row = (await db.exec(statement.with_for_update())).one()
    if row.closed_at is not None:
        return  # the honour went meanwhile
    passed = recheck.result is Result.PASSED
    row.state = RECTIFICATION.next("fulfil" if passed else "fail", row.state)
    row.version += 1
    honour = (await honours.held(db, row.honour_id, lock=True)).honour
    if passed:
        row.closed_at = now
        over = is_overdue(honour.valid_until, day_of(now))
        if honour.state is HonourState.RECTIFYING and not over:
            # What the inspectors wrote is for the venue: everybody is told that it was passed.
            await steps.take(db, honour, "reinstate", caller, RECHECK_PASSED, now)
    await tell_settled(db, caller, row, honour, recheck.summary, now)


async def tell_settled(
    db: AsyncSession,
    caller: Caller,
    row: Rectification,
    honour: Honour,
    reason: str,
    now: datetime,
) -> None:
    """The decision and the fact of a rectification that was fulfilled, or failed."""
    fulfilled = row.state is RectificationState.FULFILLED
    await db.flush()
    await decide(
        db,
        honour=honour,
        action="fulfil_rectification" if fulfilled else "fail_rectification",
        caller=caller,
        reason=reason,
        now=now,
    )
    kind = RectificationFulfilled if fulfilled else RectificationFailed
    fact = kind(honour_id=row.honour_id, venue_id=row.venue_id, due_on=row.due_on)
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def next_alternate(db: AsyncSession, called_off: Inspection, now: datetime) -> None:
    """In the place of a random check that is called off, the next of the alternates in force."""
    sample = await db.get_one(Sample, called_off.sample_id, with_for_update=True)
    result = read(sample.report).result
    assert result is not None
    salt = bytes.fromhex(Vault(suite().keys).open(sample.salt_sealed, "inspection_samples.salt"))
    statement = select(Honour).where(
        Honour.programme_id == sample.programme_id, col(Honour.state).in_(sorted(IN_FORCE))
    )
    whose = {salted(salt, str(row.id)): row for row in (await db.exec(statement)).all()}
    used = select(Inspection.honour_id).where(Inspection.sample_id == sample.id)
    taken = set((await db.exec(used)).all())
    for slip in result.strata[STRATUM].following:
        honour = whose.get(slip)
        if honour is not None and honour.id not in taken:
            db.add(
                check(
                    honour,
                    called_off.version_id,
                    InspectionKind.RANDOM,
                    sample.due_on,
                    sample.created_by,
                    now,
                    sample_id=sample.id,
                )
            )
            await db.flush()
            return
