"""Registering where a draw may be under way: first come, or into the draw."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.draws.models import Draw
from services.events.draws.rules import DrawState
from services.events.facts import RegistrationEntered
from services.events.registrations import queries, registering
from services.events.registrations.models import NewMember, NewRegistration
from services.events.registrations.queries import Entry
from services.events.registrations.rules import (
    Counts,
    RegistrationClosed,
    RegistrationState,
    admit,
)
from services.events.registrations.schemas import RegistrationIn
from services.kit.access import Caller, P
from services.kit.facts import recorded
from services.kit.ids import uuid7
from services.kit.vault import Vault


async def register(
    db: AsyncSession, caller: Caller, vault: Vault, given: RegistrationIn, now: datetime
) -> tuple[Entry, bool]:
    """As registering.register; where a draw shut the pools, the party enters the draw instead."""
    try:
        return await registering.register(db, caller, vault, given, now)
    except RegistrationClosed:
        return await _enter(db, caller, vault, given, now)


async def _open_draw(db: AsyncSession, occurrence_id: UUID) -> Draw | None:
    statement = select(Draw).where(
        Draw.occurrence_id == occurrence_id, col(Draw.state) == DrawState.OPEN
    )
    return (await db.exec(statement.execution_options(populate_existing=True))).first()


async def _enter(
    db: AsyncSession, caller: Caller, vault: Vault, given: RegistrationIn, now: datetime
) -> tuple[Entry, bool]:
    """Raises RegistrationClosed where no draw is open either."""
    me = caller.known()
    kind = registering.wanted_kind(await queries.kinds(db, given.occurrence_id), given, now)
    if given.on_behalf:
        caller.require(P.REGISTRATION_MANAGE, at=kind["division_code"])
    # The freeze holds this lock too: whoever gets it first decides whether we are in.
    pool = await registering.LOCK_POOL.row(db, id=kind["pool_id"])
    draw = await _open_draw(db, given.occurrence_id)
    if draw is None or now >= draw.closes_at:
        raise RegistrationClosed()
    sent_before = given.client_id and await queries.by_client_id(db, caller, given.client_id)
    if sent_before:
        return sent_before, False
    # Only for what it refuses: a party that could never fit.
    admit(pool["capacity"], Counts(), len(given.party), split_ok=given.split_ok)
    row = NewRegistration(
        id=uuid7(),
        client_id=given.client_id,
        occurrence_id=given.occurrence_id,
        pool_id=kind["pool_id"],
        ticket_id=kind["ticket_id"],
        division_code=kind["division_code"],
        account_id=None if given.on_behalf else me,
        proxy_by=me if given.on_behalf else None,
        party_size=len(given.party),
        split_ok=given.split_ok,
        created_at=now,
        number=pool["next_number"],
        state=RegistrationState.ENTERED,
    )
    party = [
        registering.sealed_member(number, each, vault, now)
        for number, each in enumerate(given.party, 1)
    ]
    fact = RegistrationEntered(
        recipient=me, activity_id=kind["activity_id"], occurrence_id=kind["occurrence_id"]
    )
    values = {name: getattr(row, name) for name in NewRegistration.__slots__}
    values |= {f"m_{name}": [getattr(each, name) for each in party] for name in NewMember.__slots__}
    await registering.ENTER.rows(
        db,
        **values,
        confirmed=0,
        waiting=0,
        **recorded(db, [(fact, row.id, row.division_code, row.version)]),
    )
    return await queries.entry(db, caller, row.id), True
