"""What the tier above makes of an outlier: dismissed with a reason, or opened again."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.outliers import queries
from services.events.activities.outliers.queries import Found
from services.events.activities.outliers.rules import LIFECYCLE, judge_of
from services.events.activities.shapes import now
from services.kit.access import Caller, P
from services.kit.versions import require_version


async def dismiss(
    db: AsyncSession, caller: Caller, outlier_id: UUID, version: int, reason: str
) -> Found:
    """The number is right, for a reason. It is open again when the number changes."""
    found = await _step(db, caller, outlier_id, "dismiss", version)
    row = found[0]
    row.reason, row.dismissed_by, row.dismissed_at = reason, caller.known(), now()
    await db.flush()
    return found


async def reopen(db: AsyncSession, caller: Caller, outlier_id: UUID, version: int) -> Found:
    """It was dismissed too early."""
    found = await _step(db, caller, outlier_id, "reopen", version)
    row = found[0]
    row.reason = row.dismissed_by = row.dismissed_at = None
    await db.flush()
    return found


async def _step(
    db: AsyncSession, caller: Caller, outlier_id: UUID, action: str, version: int
) -> Found:
    found = await queries.outlier(db, caller, outlier_id, lock=True)
    row, activity, *_ = found
    for need in LIFECYCLE.steps[action].needs:
        caller.require(P(need), at=judge_of(activity.division_code))
    # The number that was looked at is the number that is dismissed.
    require_version(row.version, version)
    row.state = LIFECYCLE.next(action, row.state)
    row.version += 1
    return found
