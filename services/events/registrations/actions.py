"""What people do with registrations: load, decide, write, record the fact."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.facts import (
    PlaceOffered,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationEntered,
    RegistrationWaitlisted,
)
from services.events.registrations import queries
from services.events.registrations.models import Member, Registration
from services.events.registrations.parties import choose, take_off
from services.events.registrations.queries import Entry
from services.events.registrations.rules import LIFECYCLE, Counts, RegistrationState, holds
from services.events.registrations.schemas import GuardianOpened, MemberOpened, PartyOpened
from services.events.registrations.waiting import count, lock, serve
from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import Fact, record
from services.kit.ids import uuid7
from services.kit.problems import Forbidden
from services.kit.tables import openings
from services.kit.vault import Vault
from services.kit.workflow import Needs, Relation


def holds_of(caller: Caller, row: Registration) -> Any:
    """Does the caller hold a need of the lifecycle for this row? As `Workflow.allowed` asks it."""

    def check(need: Needs) -> bool:
        if isinstance(need, Relation):
            return caller.is_(row.account_id) or caller.is_(row.proxy_by)
        return caller.may(need, at=row.division_code)

    return check


def circumstances(entry: Entry, now: datetime) -> dict[str, Any]:
    """What the lifecycle's guards look at."""
    return {
        "now": now,
        "starts_at": entry.starts_at,
        "expires_at": entry.registration.offer_expires_at,
        "checked_in": entry.checked_in,
    }


async def _hold(db: AsyncSession, caller: Caller, registration_id: UUID, action: str) -> Entry:
    """The registration for a change: seen, its pool and row locked, and the caller entitled."""
    seen = await queries.entry(db, caller, registration_id)
    await lock(db, seen.registration.pool_id)
    entry = await queries.entry(db, caller, registration_id, lock=True)
    may = holds_of(caller, entry.registration)
    if not any(may(need) for need in LIFECYCLE.steps[action].needs):
        raise Forbidden(
            permission=P.REGISTRATION_MANAGE.value, division=entry.registration.division_code
        )
    return entry


async def accept(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    members: Sequence[UUID] | None,
    now: datetime,
) -> None:
    """Take the offered places; of a split party only `members` come, or the first ones."""
    entry = await _hold(db, caller, registration_id, "accept")
    row = entry.registration
    before = _held(row)
    row.state = LIFECYCLE.next("accept", row.state, **circumstances(entry, now))
    kept = choose([member.id for member in entry.party], members, row.offered_places)
    _drop(entry, kept, now)
    fact = RegistrationConfirmed(**_about(entry), places=len(kept))
    await _settle(db, entry, before, fact, now)


async def end(
    db: AsyncSession, caller: Caller, registration_id: UUID, action: str, now: datetime
) -> None:
    """`decline` an offer or `cancel` the registration: its places go to the waiting list."""
    entry = await _hold(db, caller, registration_id, action)
    row = entry.registration
    before = _held(row)
    row.state = LIFECYCLE.next(action, row.state, **circumstances(entry, now))
    by = "owner" if caller.is_(row.account_id) else "staff"
    fact = RegistrationCancelled(
        **_about(entry), cause="declined" if action == "decline" else f"cancelled_by_{by}"
    )
    await _settle(db, entry, before, fact, now)


async def reduce(
    db: AsyncSession,
    caller: Caller,
    registration_id: UUID,
    leaving: Sequence[UUID],
    now: datetime,
) -> None:
    """Take `leaving` off the party; what it holds too much goes to the waiting list."""
    entry = await _hold(db, caller, registration_id, "cancel")
    row = entry.registration
    before = _held(row)
    # As long as it may be cancelled, it may be made smaller.
    LIFECYCLE.next("cancel", row.state, **circumstances(entry, now))
    _drop(entry, take_off([member.id for member in entry.party], leaving), now)
    row.offered_places = min(row.offered_places, row.party_size)
    fact: Fact
    match row.state:
        case RegistrationState.CONFIRMED:
            fact = RegistrationConfirmed(**_about(entry), places=row.party_size)
        case RegistrationState.OFFERED:
            fact = PlaceOffered(
                **_about(entry), places=row.offered_places, expires_at=row.offer_expires_at
            )
        case RegistrationState.ENTERED:
            fact = RegistrationEntered(**_about(entry))
        case _:
            fact = RegistrationWaitlisted(**_about(entry))
    await _settle(db, entry, before, fact, now)


def _held(row: Registration) -> Counts:
    return holds(row.state, row.party_size, row.offered_places)


def _drop(entry: Entry, kept: Sequence[UUID], now: datetime) -> None:
    for member in entry.party:
        if member.id not in kept:
            member.dropped_at = now
    entry.registration.party_size = len(kept)


async def _settle(
    db: AsyncSession, entry: Entry, before: Counts, fact: Fact, now: datetime
) -> None:
    """Write a changed registration: the pool's counts follow it, then the list is served."""
    row = entry.registration
    if row.state is not RegistrationState.OFFERED:
        row.offered_places, row.offer_expires_at = 0, None
    row.version += 1
    await db.flush()
    await count(db, row.pool_id, _held(row) - before)
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)
    await serve(db, row.pool_id, now)


def _about(entry: Entry) -> dict[str, Any]:
    row = entry.registration
    return {
        "recipient": row.account_id or row.proxy_by,
        "activity_id": entry.activity_id,
        "occurrence_id": row.occurrence_id,
    }


async def open_party(
    db: AsyncSession, caller: Caller, vault: Vault, registration_id: UUID, purpose: str
) -> PartyOpened:
    """The party unmasked, for its owner or a holder of PERSONAL_OPEN; written down either way."""
    entry = await queries.entry(db, caller, registration_id)
    row = entry.registration
    if not caller.is_(row.account_id):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = uuid7()
    await run(
        db,
        openings.insert().values(
            id=opening_id,
            actor=caller.known(),
            subject=f"registrations/{row.id}",
            fields="members.name members.phone members.guardian members.guardian_phone",
            purpose=purpose,
        ),
    )
    return PartyOpened(
        registration_id=row.id,
        opening_id=opening_id,
        party=[_opened(member, vault) for member, _ in entry.members],
    )


def _opened(member: Member, vault: Vault) -> MemberOpened:
    guardian = None
    if member.guardian_sealed is not None and member.guardian_phone_sealed is not None:
        guardian = GuardianOpened(
            name=vault.open(member.guardian_sealed, "members.guardian"),
            phone=vault.open(member.guardian_phone_sealed, "members.guardian_phone"),
        )
    return MemberOpened(
        id=member.id,
        number=member.position,
        name=vault.open(member.name_sealed, "members.name"),
        phone=member.phone_sealed and vault.open(member.phone_sealed, "members.phone"),
        age=member.age,
        guardian=guardian,
        guardian_consent_at=member.guardian_consent_at,
        dropped_at=member.dropped_at,
    )
