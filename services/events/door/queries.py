"""Reads of devices, of what they take along, and of kept scans."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity, Occurrence
from services.events.activities.rules import PUBLIC_STATES, OccurrenceState
from services.events.door.models import Device, ScanRow
from services.events.door.rules import Outcome
from services.events.registrations.models import Registration
from services.events.registrations.rules import CHECK_IN_BEFORE
from services.kit.access import Caller, P, at_or_below, within
from services.kit.db import as_service, run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing

_TWO_DAYS = timedelta(days=2)

# What a list of the door shows of each party: one statement, whatever the number of rows.
PARTIES = text(
    """SELECT m.registration_id AS id, array_agg(m.position ORDER BY m.position) AS numbers,
        (array_agg(m.name_masked ORDER BY m.position))[1] AS name,
        COALESCE(array_agg(m.position ORDER BY m.position)
            FILTER (WHERE c.member_id IS NOT NULL), '{}') AS came
    FROM members m LEFT JOIN check_ins c ON c.member_id = m.id
    WHERE m.registration_id = ANY(CAST(:ids AS uuid[])) AND m.dropped_at IS NULL
    GROUP BY m.registration_id"""
)


async def devices(
    db: AsyncSession, caller: Caller, paging: Paging, *, division: str | None, revoked: bool | None
) -> Sequence[Device]:
    """Devices that the caller answers for, newest first."""
    statement = select(Device).where(
        within(col(Device.division_code), caller, P.REGISTRATION_CHECK_IN)
    )
    if division is not None:
        statement = statement.where(at_or_below(col(Device.division_code), division))
    if revoked is not None:
        gone = col(Device.revoked_at)
        statement = statement.where(gone.is_not(None) if revoked else gone.is_(None))
    return (await db.exec(keyset(statement, paging, col(Device.id), descending=True))).all()


async def device(
    db: AsyncSession, caller: Caller, device_id: UUID, *, lock: bool = False
) -> Device:
    """One of them; Missing for those who cannot see it."""
    statement = select(Device).where(
        Device.id == device_id,
        within(col(Device.division_code), caller, P.REGISTRATION_CHECK_IN),
    )
    if lock:
        # Not of its key: check-ins of other devices' syncs refer to it meanwhile.
        statement = statement.with_for_update(key_share=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


def served_by(caller: Caller) -> Any:
    """Occurrences whose host, or whose place, is within the caller's reach for check-in."""
    return or_(
        within(col(Activity.division_code), caller, P.REGISTRATION_CHECK_IN),
        within(col(Occurrence.division_code), caller, P.REGISTRATION_CHECK_IN),
    )


async def packs(
    db: AsyncSession, caller: Caller, paging: Paging, now: datetime, until: datetime
) -> Sequence[tuple[Occurrence, Activity]]:
    """Occurrences whose doors are open between `now` and `until`, the next first."""
    statement: Any = (
        select(Occurrence, Activity)
        .join(Activity, col(Activity.id) == Occurrence.activity_id)
        .where(
            served_by(caller),
            col(Activity.state).in_(PUBLIC_STATES),
            col(Occurrence.state).in_((OccurrenceState.SCHEDULED, OccurrenceState.COMPLETED)),
            # The end of the day after the end is never more than two days away.
            col(Occurrence.ends_at) > now - _TWO_DAYS,
            col(Occurrence.starts_at) < until + CHECK_IN_BEFORE,
        )
    )
    statement = keyset(statement, paging, col(Occurrence.starts_at), col(Occurrence.id))
    found: Sequence[tuple[Occurrence, Activity]] = (await db.exec(statement)).all()
    return found


async def pack(
    db: AsyncSession, caller: Caller, occurrence_id: UUID
) -> tuple[Occurrence, Activity]:
    """One of them; Missing for a device that does not serve it."""
    statement = (
        select(Occurrence, Activity)
        .join(Activity, col(Activity.id) == Occurrence.activity_id)
        .where(Occurrence.id == occurrence_id, served_by(caller))
    )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def parties(
    db: AsyncSession, occurrence_id: UUID, paging: Paging
) -> list[tuple[Registration, Any]]:
    """Registrations of a door with what its list shows of each, in the order of their ids.

    Runs as the service: whoever asks was found to serve the door.
    """
    statement = select(Registration).where(Registration.occurrence_id == occurrence_id)
    async with as_service(db):
        rows = (await db.exec(keyset(statement, paging, col(Registration.id)))).all()
        shown = (await run(db, PARTIES, {"ids": [row.id for row in rows]})).all() if rows else []
    by_id = {row.id: row for row in shown}
    return [(row, by_id[row.id]) for row in rows if row.id in by_id]


async def kept_scans(
    db: AsyncSession,
    caller: Caller,
    paging: Paging,
    *,
    occurrence: UUID,
    outcome: Outcome | None,
    doubtful: bool | None,
) -> Sequence[tuple[ScanRow, Device]]:
    """Scans of an occurrence within the caller's reach, the latest received first."""
    statement: Any = (
        select(ScanRow, Device)
        .join(Device, col(Device.id) == ScanRow.device_id)
        .where(
            ScanRow.occurrence_id == occurrence,
            within(col(ScanRow.division_code), caller, P.REGISTRATION_READ),
        )
    )
    if outcome is not None:
        statement = statement.where(ScanRow.outcome == outcome)
    if doubtful is not None:
        # Counted, and yet worth a look: the clock was overruled, or the device is revoked.
        odd = or_(
            col(ScanRow.doubtful),
            and_(col(Device.revoked_at).is_not(None), col(ScanRow.outcome) == Outcome.COUNTED),
        )
        statement = statement.where(odd if doubtful else ~odd)
    statement = keyset(statement, paging, col(ScanRow.id), descending=True)
    found: Sequence[tuple[ScanRow, Device]] = (await db.exec(statement)).all()
    return found
