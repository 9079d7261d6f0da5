"""Registering a party: the hot path, few statements under the lock of one pool."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.rules import ActivityState, OccurrenceState
from services.events.facts import RegistrationConfirmed, RegistrationWaitlisted
from services.events.registrations import queries
from services.events.registrations.models import (
    Member,
    NewMember,
    NewRegistration,
    Registration,
)
from services.events.registrations.parties import party_errors
from services.events.registrations.queries import Entry
from services.events.registrations.rules import (
    ClientIdReused,
    Counts,
    NoRegistration,
    RegistrationClosed,
    RegistrationState,
    admit,
    holds,
    require_window,
)
from services.events.registrations.schemas import MemberIn, RegistrationIn
from services.events.registrations.waiting import serve
from services.kit.access import Caller, P
from services.kit.bare import Bare
from services.kit.facts import RECORD, Fact, recorded
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, broken
from services.kit.vault import Vault, mask_name, mask_phone

LOCK_POOL = Bare(
    "SELECT capacity, confirmed, offered, waiting, next_number, open FROM pools"
    " WHERE id = :id FOR NO KEY UPDATE"
)
# The counts, the registration, its fact and its people at once: others wait for the pool.
ENTER = Bare(
    """WITH counted AS (
        UPDATE pools SET confirmed = confirmed + :confirmed, waiting = waiting + :waiting,
            next_number = next_number + 1
        WHERE id = CAST(:pool_id AS uuid)),
    registered AS (
        INSERT INTO registrations (id, client_id, occurrence_id, pool_id, ticket_id, division_code,
            recorded_code, account_id, proxy_by, party_size, split_ok, number, state,
            offered_places, offer_expires_at, version, created_at)
        VALUES (CAST(:id AS uuid), :client_id, :occurrence_id, CAST(:pool_id AS uuid), :ticket_id,
            CAST(:division_code AS varchar), CAST(:division_code AS varchar),
            CAST(:account_id AS uuid), CAST(:proxy_by AS uuid), :party_size, :split_ok, :number,
            :state, :offered_places, :offer_expires_at, :version, :created_at)),
    told AS ("""
    + RECORD
    + """)
    INSERT INTO members (id, registration_id, division_code, account_id, proxy_by, position,
        name_sealed, name_masked, phone_sealed, phone_masked, phone_index, age, guardian_sealed,
        guardian_phone_sealed, guardian_consent_at, dropped_at)
    SELECT m.id, CAST(:id AS uuid), CAST(:division_code AS varchar), CAST(:account_id AS uuid),
        CAST(:proxy_by AS uuid), m.position, m.name_sealed, m.name_masked, m.phone_sealed,
        m.phone_masked, m.phone_index, m.age, m.guardian_sealed, m.guardian_phone_sealed,
        m.guardian_consent_at, m.dropped_at
    FROM unnest(CAST(:m_id AS uuid[]), CAST(:m_position AS int[]), CAST(:m_name_sealed AS bytea[]),
        CAST(:m_name_masked AS text[]), CAST(:m_phone_sealed AS bytea[]),
        CAST(:m_phone_masked AS text[]), CAST(:m_phone_index AS bytea[]), CAST(:m_age AS int[]),
        CAST(:m_guardian_sealed AS bytea[]), CAST(:m_guardian_phone_sealed AS bytea[]),
        CAST(:m_guardian_consent_at AS timestamptz[]), CAST(:m_dropped_at AS timestamptz[]))
    AS m(id, position, name_sealed, name_masked, phone_sealed, phone_masked, phone_index, age,
        guardian_sealed, guardian_phone_sealed, guardian_consent_at, dropped_at)"""
)


async def register(
    db: AsyncSession, caller: Caller, vault: Vault, given: RegistrationIn, now: datetime
) -> tuple[Entry, bool]:
    """Confirm a party, or put it on the waiting list; answers it, and whether it is new.

    Raises RegistrationClosed, RegistrationNotOpen, NoRegistration, AlreadyRegistered, BrokenRule.
    """
    me = caller.known()
    sent_before = await _sent_before(db, caller, given)
    if sent_before is not None:
        return sent_before, False
    kind = wanted_kind(await queries.kinds(db, given.occurrence_id), given, now)
    if given.on_behalf:
        caller.require(P.REGISTRATION_MANAGE, at=kind["division_code"])
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
    )
    party = [sealed_member(number, each, vault, now) for number, each in enumerate(given.party, 1)]
    # From here on everybody else waits: as few statements as can be.
    pool = await LOCK_POOL.row(db, id=kind["pool_id"])
    sent_before = await _sent_before(db, caller, given)
    if sent_before is not None:
        return sent_before, False
    if not pool["open"]:
        raise RegistrationClosed()
    counts = Counts(pool["confirmed"], pool["offered"], pool["waiting"])
    row.state = admit(pool["capacity"], counts, row.party_size, split_ok=row.split_ok)
    row.number = pool["next_number"]
    added = holds(row.state, row.party_size)
    confirmed = row.state is RegistrationState.CONFIRMED
    about = {
        "recipient": me,
        "activity_id": kind["activity_id"],
        "occurrence_id": kind["occurrence_id"],
    }
    fact: Fact = RegistrationWaitlisted(**about)
    if confirmed:
        fact = RegistrationConfirmed(**about, places=row.party_size)
    values = {name: getattr(row, name) for name in NewRegistration.__slots__}
    values |= {f"m_{name}": [getattr(each, name) for each in party] for name in NewMember.__slots__}
    await ENTER.rows(
        db,
        **values,
        confirmed=added.confirmed,
        waiting=added.waiting,
        **recorded(db, [(fact, row.id, row.division_code, row.version)]),
    )
    if confirmed:
        # They read like the rows that they have become.
        people = cast("list[Member]", party)
        return Entry(
            cast("Registration", row),
            kind["activity_id"],
            kind["starts_at"],
            kind["ticket"],
            [(member, None) for member in people],
        ), True
    # It may be the very party that the free places go to: part of a split one, a small one.
    await serve(db, kind["pool_id"], now)
    return await queries.entry(db, caller, row.id), True


async def _sent_before(db: AsyncSession, caller: Caller, given: RegistrationIn) -> Entry | None:
    if given.client_id is None:
        return None
    found = await queries.by_client_id(db, caller, given.client_id)
    if found is not None and found.registration.occurrence_id != given.occurrence_id:
        raise ClientIdReused()
    return found


def wanted_kind(kinds: Sequence[Any], given: RegistrationIn, now: datetime) -> Any:
    """The ticket kind that was asked for, once the window and the party are found right.

    Raises RegistrationClosed, RegistrationNotOpen, NoRegistration, BrokenRule.
    """
    first = kinds[0]
    require_window(
        now,
        activity=ActivityState(first["activity_state"]),
        occurrence=OccurrenceState(first["state"]),
        opens_at=first["registration_opens_at"],
        closes_at=first["registration_closes_at"],
        starts_at=first["starts_at"],
    )
    if first["ticket_id"] is None:
        raise NoRegistration()
    asked = given.ticket_id is not None or given.ticket is not None
    found = [
        kind
        for kind in kinds
        if given.ticket_id in (None, kind["ticket_id"]) and given.ticket in (None, kind["ticket"])
    ]
    if len(found) != 1:
        raise broken("/ticket_id", "unknown-ticket" if asked else "ticket-needed")
    errors = party_errors(
        [person.age for person in given.party],
        [person.guardian is not None for person in given.party],
        min_age=found[0]["min_age"],
        max_age=found[0]["max_age"],
        max_party=found[0]["max_party"],
    )
    if errors:
        raise BrokenRule(errors=errors)
    return found[0]


def sealed_member(position: int, person: MemberIn, vault: Vault, now: datetime) -> NewMember:
    """A member as it is kept: what is personal is sealed, and masked for every answer."""
    member = NewMember(
        uuid7(), position, vault.seal(person.name, "members.name"), mask_name(person.name)
    )
    member.age = person.age
    if person.phone is not None:
        member.phone_sealed = vault.seal(person.phone, "members.phone")
        member.phone_masked = mask_phone(person.phone)
        member.phone_index = vault.index(person.phone, "members.phone")
    if person.guardian is not None:
        member.guardian_sealed = vault.seal(person.guardian.name, "members.guardian")
        member.guardian_phone_sealed = vault.seal(person.guardian.phone, "members.guardian_phone")
        member.guardian_consent_at = now
    return member
