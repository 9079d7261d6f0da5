"""People check themselves in with the code that the screen at the door shows, and that changes."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.door.rules import (
    TRIES,
    TRY_WINDOW,
    NotRegistered,
    TooManyDoorCodes,
    WrongDoorCode,
    code_of,
    step_of,
    steps_around,
)
from services.events.door.schemas import DoorCodeOut, SelfCheckInIn
from services.events.registrations.attendance import Door, door
from services.events.registrations.attendance_schemas import CheckInOut
from services.events.registrations.check_in import let_in
from services.events.registrations.models import Registration
from services.events.registrations.rules import RegistrationState, require_door_open
from services.events.settings import DoorSettings
from services.kit.access import Caller, P
from services.kit.db import Database, run
from services.kit.problems import broken
from services.kit.schedules import Schedule
from services.kit.vault import Vault

# One statement holds the row, so that a hundred tries at once count as a hundred.
TAKE_TRY = text(
    """INSERT INTO door_code_tries AS t (occurrence_id, account_id, began_at, tries)
    VALUES (:occurrence_id, :account_id, :now, 1)
    ON CONFLICT (occurrence_id, account_id) DO UPDATE SET
        tries = CASE WHEN t.began_at <= :since THEN 1 ELSE t.tries + 1 END,
        began_at = CASE WHEN t.began_at <= :since THEN :now ELSE t.began_at END
    RETURNING tries"""
)


FORGET_TRIES = text(
    """DELETE FROM door_code_tries WHERE (occurrence_id, account_id) IN (
        SELECT occurrence_id, account_id FROM door_code_tries WHERE began_at <= :before
        LIMIT 1000)"""
)


def _code(vault: Vault, occurrence_id: UUID, step: int) -> str:
    return code_of(vault.index(f"{occurrence_id} {step}", "door_code"))


async def shown(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    settings: DoorSettings,
    occurrence_id: UUID,
    now: datetime,
) -> DoorCodeOut:
    """The code of this moment, for whoever stands at the door."""
    at = await door(db, occurrence_id)
    at.require(caller, P.REGISTRATION_CHECK_IN)
    require_door_open(now, at.occurrence.starts_at, at.occurrence.ends_at)
    period = settings.events_door_code_period_s
    step = step_of(now, period)
    return DoorCodeOut(
        occurrence_id=occurrence_id,
        code=_code(vault, occurrence_id, step),
        expires_at=datetime.fromtimestamp((step + 1) * period, UTC),
        period_s=period,
    )


async def take_try(database: Database, caller: Caller, occurrence_id: UUID, now: datetime) -> None:
    """Count a try, whatever comes of it: in a transaction of its own, before the code is judged.

    Raises TooManyDoorCodes for one too many.
    """
    values = {
        "occurrence_id": occurrence_id,
        "account_id": caller.known(),
        "now": now,
        "since": now - TRY_WINDOW,
    }
    async with database.transaction(caller) as db:
        tries = (await run(db, TAKE_TRY, values)).scalar_one()
    if tries > TRIES:
        raise TooManyDoorCodes()


async def forget_tries(db: AsyncSession) -> int:
    """A turn of the schedule that lets go of counts that hold nobody back any more."""
    return (await run(db, FORGET_TRIES, {"before": datetime.now(UTC) - TRY_WINDOW})).rowcount


FORGET_TRIES_SCHEDULE = Schedule("forget_door_code_tries", 3600, forget_tries)


async def check_self_in(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    settings: DoorSettings,
    given: SelfCheckInIn,
    now: datetime,
) -> CheckInOut:
    """Let the caller's own party in. Raises WrongDoorCode, NotRegistered, CheckInClosed.

    The code is judged first: who is not at the door learns nothing of the door.
    """
    step = step_of(now, settings.events_door_code_period_s)
    around = steps_around(step, settings.events_door_code_tolerance)
    if given.code not in {_code(vault, given.occurrence_id, each) for each in around}:
        raise WrongDoorCode()
    at: Door = await door(db, given.occurrence_id, lock=True)
    require_door_open(now, at.occurrence.starts_at, at.occurrence.ends_at)
    statement = select(Registration.id, Registration.party_size).where(
        Registration.occurrence_id == given.occurrence_id,
        Registration.account_id == caller.known(),
        Registration.state == RegistrationState.CONFIRMED,
    )
    mine = (await db.exec(statement.order_by(col(Registration.id)).limit(1))).first()
    if mine is None:
        raise NotRegistered()
    registration_id, party_size = mine
    if given.members is None and party_size > 1:
        raise broken("/members", "say-who-came", party_size=party_size)
    return await let_in(
        db,
        at,
        registration_id,
        given.members,
        named=given.members is not None,
        by=caller.known(),
        method="self",
        now=now,
    )
