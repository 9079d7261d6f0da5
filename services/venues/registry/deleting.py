"""Taking away a draft that was a mistake: it goes whole, and why it went is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, within
from services.kit.db import as_service, run
from services.kit.pages import Paging, keyset
from services.kit.problems import FieldError, Missing
from services.kit.versions import require_version
from services.venues.registry import queries
from services.venues.registry.models import Deletion
from services.venues.registry.rules import VenueInUse, VenueState

# Its key too: nothing comes to refer to it while it is looked at.
LOCK = text("SELECT FROM venues WHERE id = :id FOR UPDATE")
_COUNTED = {
    # The rule that names it → what it counts.
    "venue-has-honours": "honours WHERE venue_id = :id",
    "venue-has-applications": "applications WHERE venue_id = :id",
    "venue-has-inspections": "inspections WHERE venue_id = :id",
    "venue-has-representatives": """venue_representatives WHERE venue_id = :id
        AND ended_at IS NULL AND COALESCE(until_on, 'infinity')
            >= (now() AT TIME ZONE 'Asia/Shanghai')::date""",
    "venue-has-reservations": "reservations WHERE venue_id = :id",
    "venue-has-visits": "visits WHERE venue_id = :id",
    "venue-has-holds": """hall_holds WHERE hall_id IN (SELECT h.id FROM halls h
        WHERE h.venue_id = :id)""",
}
DEPENDS = text(
    " UNION ALL ".join(
        f"SELECT '{rule}' AS rule, count(*) AS n FROM {rows}" for rule, rows in _COUNTED.items()
    )
)
# Its names, counties and contacts go with it by themselves.
FORGET = tuple(
    text(f"DELETE FROM {rows}")
    for rows in (
        "opening_rules WHERE venue_id = :id",
        "opening_exceptions WHERE venue_id = :id",
        "reservation_settings WHERE venue_id = :id",
        "halls WHERE venue_id = :id",
        "venues WHERE id = :id",
    )
)


async def delete(
    db: AsyncSession, caller: Caller, venue_id: UUID, reason: str, version: int, now: datetime
) -> Deletion:
    """Take a draft away. Raises VenueInUse, saying what depends on it."""
    caller.known()
    # First of all: what is read from here on stays so.
    await run(db, LOCK, {"id": venue_id})
    found = await queries.standing(db, caller, venue_id)
    row = found.row
    caller.require(P.VENUE_EDIT, at=row.division_code)
    require_version(row.version, version)
    if row.state is not VenueState.DRAFT:
        raise VenueInUse(errors=(FieldError("/state", "venue-was-public"),))
    await _require_free(db, venue_id)
    entered: dict[str, Any] = row.model_dump(mode="json", exclude={"id", "version", "state"})
    deletion = Deletion(
        id=venue_id,
        name=row.name,
        kind=row.kind,
        division_code=row.division_code,
        recorded_code=row.division_code,
        entered={**entered, "names": found.names, "counties": found.counties},
        reason=reason,
        deleted_by=caller.known(),
        deleted_at=now,
    )
    db.add(deletion)
    db.expunge(row)
    try:
        async with db.begin_nested():
            for statement in FORGET:
                await run(db, statement, {"id": venue_id})
    except IntegrityError:
        # Whatever else refers to a venue by now.
        raise VenueInUse() from None
    await db.flush()
    return deletion


async def _require_free(db: AsyncSession, venue_id: UUID) -> None:
    async with as_service(db):
        rows = (await run(db, DEPENDS, {"id": venue_id})).all()
    errors = tuple(
        FieldError("/" + row.rule.removeprefix("venue-has-"), row.rule, (("count", row.n),))
        for row in rows
        if row.n
    )
    if errors:
        raise VenueInUse(errors=errors)


async def deletions(db: AsyncSession, caller: Caller, paging: Paging) -> Sequence[Deletion]:
    """What was taken away within the caller's reach, the venue that was entered last first."""
    caller.known()
    statement = select(Deletion).where(within(col(Deletion.division_code), caller, P.VENUE_EDIT))
    return (await db.exec(keyset(statement, paging, col(Deletion.id), descending=True))).all()


async def deletion(db: AsyncSession, caller: Caller, venue_id: UUID) -> Deletion:
    """One of them, with all that was entered; Missing outside the caller's reach."""
    statement = select(Deletion).where(
        Deletion.id == venue_id, within(col(Deletion.division_code), caller, P.VENUE_EDIT)
    )
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found
