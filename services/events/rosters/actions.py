"""What people do with rosters: register a class, edit its list, check it in, print it.

For imports, `register_roster(db, caller, vault, given, now)` is one whole class in the caller's
transaction. `given` is a RosterIn: rows of a sheet become `party` in their order, so the pointers
of a BrokenRule (`/party/<row>/age`, `/party/<row>/guardian`, `/party` …) lead back to the rows;
with a `client_id` a second import of the same sheet answers the roster of the first. It raises
what registering raises (RegistrationClosed, AlreadyRegistered, BrokenRule …). A person with an
account has one live registration an occurrence; several classes are registered `on_behalf`, by a
holder of REGISTRATION_MANAGE. `sheet()` gives the rows of an export.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity
from services.events.draws.entering import register
from services.events.registrations import actions as registrations
from services.events.registrations import queries as parties
from services.events.registrations.models import Member
from services.events.registrations.parties import party_errors
from services.events.registrations.queries import Entry
from services.events.registrations.rules import LIFECYCLE, LOCAL
from services.events.registrations.schemas import GuardianIn, MemberIn, RegistrationIn
from services.events.registrations.waiting import lock
from services.events.rosters import queries
from services.events.rosters.models import Roster
from services.events.rosters.rules import edited, require_consented, require_editable
from services.events.rosters.schemas import (
    ChildIn,
    ContactIn,
    LineIn,
    RosterIn,
    RosterPatch,
    RosterSheet,
    SheetRow,
)
from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, Forbidden
from services.kit.tables import openings
from services.kit.vault import Vault, mask_name, mask_phone
from services.kit.versions import require_version

CONSENTED = text(
    """UPDATE members m SET guardian_consent_at = given.at
    FROM unnest(CAST(:positions AS int[]), CAST(:moments AS timestamptz[])) AS given(position, at)
    WHERE m.registration_id = :id AND m.position = given.position"""
)


async def register_roster(
    db: AsyncSession, caller: Caller, vault: Vault, given: RosterIn, now: datetime
) -> tuple[Entry, bool]:
    """Register a class as one party; answers it, and whether it is new."""
    require_consented([_consented_on(child) for child in given.party], now)
    party = RegistrationIn(
        occurrence_id=given.occurrence_id,
        ticket_id=given.ticket_id,
        ticket=given.ticket,
        party=[_member(child) for child in given.party],
        on_behalf=given.on_behalf,
        client_id=given.client_id,
    )
    entry, is_new = await register(db, caller, vault, party, now)
    if not is_new:
        return entry, False
    row = entry.registration
    roster = Roster(
        registration_id=row.id,
        division_code=row.division_code,
        account_id=row.account_id,
        proxy_by=row.proxy_by,
        class_name=given.class_name,
        school=given.school,
        **_contact(given.contact, vault),
    )
    db.add(roster)
    await db.flush()
    consented = {
        number: _moment(child.guardian.consented_on)
        for number, child in enumerate(given.party, 1)
        if child.guardian is not None
    }
    values = {
        "id": row.id,
        "positions": list(consented),
        "moments": list(consented.values()),
    }
    await run(db, CONSENTED, values)
    return entry, True


def _member(child: ChildIn) -> MemberIn:
    guardian = None
    if child.guardian is not None:
        guardian = GuardianIn(name=child.guardian.name, phone=child.guardian.phone, consent=True)
    return MemberIn(name=child.name, age=child.age, guardian=guardian)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL)


def _consented_on(child: ChildIn) -> date | None:
    return None if child.guardian is None else child.guardian.consented_on


def _contact(given: ContactIn, vault: Vault) -> dict[str, Any]:
    return {
        "contact_sealed": vault.seal(given.name, "rosters.contact"),
        "contact_masked": mask_name(given.name),
        "contact_phone_sealed": vault.seal(given.phone, "rosters.contact_phone"),
        "contact_phone_masked": mask_phone(given.phone),
    }


def _may_edit(caller: Caller, entry: Entry) -> bool:
    """Raise Forbidden unless the caller may; answers whether they do as staff."""
    row = entry.registration
    may = registrations.holds_of(caller, row)
    if not any(may(need) for need in LIFECYCLE.steps["cancel"].needs):
        raise Forbidden(permission=P.REGISTRATION_MANAGE.value, division=row.division_code)
    return may(P.REGISTRATION_MANAGE) is True


async def edit_roster(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    registration_id: UUID,
    given: RosterPatch,
    version: int,
    now: datetime,
) -> None:
    """Change what is given; who leaves gives their place to the waiting list.

    Raises RosterClosed, Stale, BrokenRule, and what ends the changing of any registration.
    """
    _, seen = await queries.roster(db, caller, registration_id)
    await lock(db, seen.registration.pool_id)
    roster, entry = await queries.roster(db, caller, registration_id, lock=True)
    staff = _may_edit(caller, entry)
    require_version(roster.version, version)
    LIFECYCLE.next("cancel", entry.registration.state, **registrations.circumstances(entry, now))
    require_editable(now, entry.starts_at, staff=staff)
    if given.class_name is not None:
        roster.class_name = given.class_name
    if "school" in given.model_fields_set:
        roster.school = given.school
    if given.contact is not None:
        roster.sqlmodel_update(_contact(given.contact, vault))
    roster.version += 1
    if given.party is not None:
        await _rewrite(db, caller, vault, entry, given.party, now)
    await db.flush()


async def _rewrite(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    entry: Entry,
    lines: list[LineIn],
    now: datetime,
) -> None:
    members = {member.id: member for member in entry.party}
    plan = edited(list(members), [(line.id, line.child) for line in lines])
    days: list[date | None] = [None] * len(lines)
    for _, index, child in plan.written:
        days[index] = _consented_on(child)
    require_consented(days, now)
    await _require_fitting(db, entry, members, lines)
    for member_id, _, child in plan.written:
        _write(members[member_id], child, vault)
    await db.flush()
    if plan.leaving:
        await registrations.reduce(db, caller, entry.registration.id, plan.leaving, now)


async def _require_fitting(
    db: AsyncSession, entry: Entry, members: dict[UUID, Member], lines: list[LineIn]
) -> None:
    row = entry.registration
    kinds = await parties.kinds(db, row.occurrence_id)
    kind = next(kind for kind in kinds if kind["ticket_id"] == row.ticket_id)
    ages: list[int | None] = []
    guarded: list[bool] = []
    for line in lines:
        if line.child is not None:
            ages.append(line.child.age)
            guarded.append(line.child.guardian is not None)
        elif line.id is not None:
            ages.append(members[line.id].age)
            guarded.append(members[line.id].guardian_sealed is not None)
    errors = party_errors(
        ages,
        guarded,
        min_age=kind["min_age"],
        max_age=kind["max_age"],
        max_party=kind["max_party"],
    )
    if errors:
        raise BrokenRule(errors=errors)


def _write(member: Member, child: ChildIn, vault: Vault) -> None:
    guardian = child.guardian
    member.sqlmodel_update(
        {
            "name_sealed": vault.seal(child.name, "members.name"),
            "name_masked": mask_name(child.name),
            "age": child.age,
            "guardian_sealed": guardian and vault.seal(guardian.name, "members.guardian"),
            "guardian_phone_sealed": guardian
            and vault.seal(guardian.phone, "members.guardian_phone"),
            "guardian_consent_at": guardian and _moment(guardian.consented_on),
        }
    )


async def sheet(
    db: AsyncSession, caller: Caller, vault: Vault, registration_id: UUID, purpose: str
) -> RosterSheet:
    """The roster as it is printed or exported, for who registered it or a holder of PERSONAL_OPEN.

    That it was opened is written down with its purpose.
    """
    roster, entry = await queries.roster(db, caller, registration_id)
    row = entry.registration
    # Whoever wrote the list may print it: also staff who registered a class on its behalf.
    if not (caller.is_(row.account_id) or caller.is_(row.proxy_by)):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = uuid7()
    await run(
        db,
        openings.insert().values(
            id=opening_id,
            actor=caller.known(),
            subject=f"registrations/{row.id}",
            fields="members.name members.guardian members.guardian_phone rosters.contact",
            purpose=purpose,
        ),
    )
    activity = await db.get_one(Activity, entry.activity_id)
    return RosterSheet(
        registration_id=row.id,
        opening_id=opening_id,
        activity=activity.title,
        starts_at=entry.starts_at,
        class_name=roster.class_name,
        school=roster.school,
        contact=vault.open(roster.contact_sealed, "rosters.contact"),
        contact_phone=vault.open(roster.contact_phone_sealed, "rosters.contact_phone"),
        rows=[_row(member, came, vault) for member, came in entry.members if not member.dropped_at],
    )


def _row(member: Member, came: datetime | None, vault: Vault) -> SheetRow:
    consented = member.guardian_consent_at
    return SheetRow(
        number=member.position,
        name=vault.open(member.name_sealed, "members.name"),
        age=member.age,
        guardian=member.guardian_sealed and vault.open(member.guardian_sealed, "members.guardian"),
        guardian_phone=member.guardian_phone_sealed
        and vault.open(member.guardian_phone_sealed, "members.guardian_phone"),
        consented_on=consented and consented.astimezone(LOCAL).date(),
        came_at=came,
    )
