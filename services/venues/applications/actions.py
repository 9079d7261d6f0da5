"""What applicants do before and between the stages: draft and edit; and opening contacts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.divisions import covers, tier_of
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, FieldError, Missing, broken
from services.kit.tables import openings
from services.kit.vault import Vault, mask_name, mask_phone
from services.kit.versions import require_version
from services.kit.workdays import day_of
from services.kit.workflow import WrongState
from services.venues.applications import queries, quotas
from services.venues.applications.lacking import unknown_keys
from services.venues.applications.models import Application, ApplicationContact
from services.venues.applications.queries import Case
from services.venues.applications.rules import (
    EDITABLE,
    FIXED_ONCE_PASSED,
    NotTheApplicant,
    ProgrammeClosed,
    ReapplyLater,
    RunState,
)
from services.venues.applications.schemas import (
    ApplicationIn,
    ApplicationPatch,
    ContactIn,
    ContactOpened,
    ContactsOpened,
)
from services.venues.programmes import queries as programmes
from services.venues.programmes.definition import Definition, read
from services.venues.registry.models import Venue
from services.venues.registry.queries import venue as read_venue
from services.venues.registry.representatives import represents


async def draft(
    db: AsyncSession, caller: Caller, vault: Vault, given: ApplicationIn, now: datetime
) -> tuple[Application, bool]:
    """Draft an application; the one there is (and False) when this client already sent it.

    Raises BrokenRule, Forbidden, ProgrammeClosed, ReapplyLater, AlreadyRunning.
    """
    if given.client_id is not None and (found := await _drafted(db, caller, given.client_id)):
        return found, False
    try:
        programme = await programmes.programme(db, caller, given.programme_id)
    except Missing:
        raise broken("/programme_id", "unknown-programme") from None
    version = await programmes.in_force(db, programme.id)
    if version is None:
        raise ProgrammeClosed(since="—", until="—")
    definition = read(version.definition)
    venue, on_behalf = await _subject(db, caller, definition, given)
    code = venue.division_code if venue else given.subject_code
    assert code is not None
    year = given.year or day_of(now).year
    if not 0 <= year - day_of(now).year <= 1:
        raise broken("/year", "this-year-or-next", year=day_of(now).year)
    _require_fitting(definition, given.model_dump(), code, "venue_id" if venue else "subject_code")
    quotas.require_window(definition, day_of(now))
    until = await quotas.banned_until(
        db, definition, programme.id, given.venue_id, given.subject_code
    )
    if until is not None and day_of(now) < until:
        raise ReapplyLater(day=until.isoformat())
    host_name = given.host_name or (venue.host_name or venue.name if venue else None)
    if host_name is None:
        raise broken("/host_name", "missing-field")
    row = Application(
        **given.model_dump(exclude={"contacts", "year", "host_name", "host_uscc"}),
        version_id=version.id,
        year=year,
        host_name=host_name,
        host_uscc=given.host_uscc or (venue.host_uscc if venue else None),
        division_code=code,
        recorded_code=code,
        applicant=caller.known(),
        on_behalf=on_behalf,
        created_at=now,
    )
    db.add(row)
    await db.flush()
    await _write_contacts(db, vault, row, given.contacts, now)
    return row, True


async def _drafted(db: AsyncSession, caller: Caller, client_id: UUID) -> Application | None:
    # The same draft arriving twice at once waits here for the first one's commit.
    key = f"application {caller.known()} {client_id}"
    await run(db, select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    found = await db.exec(
        select(Application).where(
            Application.client_id == client_id, Application.applicant == caller.known()
        )
    )
    return found.first()


async def _subject(
    db: AsyncSession, caller: Caller, definition: Definition, given: ApplicationIn
) -> tuple[Venue | None, bool]:
    """The venue that applies, or None for a division; and whether staff apply on its behalf."""
    caller.known()
    wanted, other = ("venue_id", "subject_code")
    if definition.subject == "division":
        wanted, other = other, wanted
    if getattr(given, wanted) is None or getattr(given, other) is not None:
        raise broken(f"/{wanted}", f"subject-is-a-{definition.subject}")
    if given.venue_id is None:
        assert given.subject_code is not None
        caller.require(P.APPLICATION_REVIEW, at=given.subject_code)
        return None, True
    try:
        venue = await read_venue(db, caller, given.venue_id)
    except Missing:
        raise broken("/venue_id", "unknown-venue") from None
    if await represents(db, caller, venue.id):
        return venue, False
    caller.require(P.VENUE_EDIT, at=venue.division_code)
    return venue, True


def _require_fitting(
    definition: Definition, given: dict[str, Any], code: str, subject: str
) -> None:
    errors = list(unknown_keys(definition, given))
    if not covers(definition.division, code):
        errors.append(FieldError(f"/{subject}", "outside-the-programme"))
    if definition.subject_levels and tier_of(code) not in definition.subject_levels:
        errors.append(FieldError(f"/{subject}", "subject-level"))
    if errors:
        raise BrokenRule(errors=tuple(errors))


async def _write_contacts(
    db: AsyncSession,
    vault: Vault,
    row: Application,
    contacts: Sequence[ContactIn],
    now: datetime,
) -> None:
    # As the service: a representative may write for the applicant, whose rows these are.
    async with as_service(db):
        await run(
            db,
            delete(ApplicationContact).where(col(ApplicationContact.application_id) == row.id),
        )
        for position, given in enumerate(contacts):
            db.add(
                ApplicationContact(
                    application_id=row.id,
                    division_code=row.division_code,
                    recorded_code=row.division_code,
                    applicant=row.applicant,
                    position=position,
                    duty=given.duty,
                    name_sealed=vault.seal(given.name, "application_contacts.name"),
                    name_masked=mask_name(given.name),
                    phone_sealed=vault.seal(given.phone, "application_contacts.phone"),
                    phone_masked=mask_phone(given.phone),
                    phone_index=vault.index(given.phone, "application_contacts.phone"),
                    written_at=now,
                )
            )


async def edit(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    application_id: UUID,
    given: ApplicationPatch,
    version: int,
    now: datetime,
) -> Case:
    """Change a draft, or what was returned. What a stage has looked at and passed stays."""
    case = await queries.held(db, caller, application_id)
    row = case.application
    if not await queries.owns(db, caller, case):
        raise NotTheApplicant()
    if row.state not in EDITABLE:
        raise WrongState(action="edit", state=row.stage_key or row.state.value)
    require_version(row.version, version)
    changes = given.model_dump(exclude_unset=True, exclude={"contacts"})
    errors = list(unknown_keys(case.definition, changes))
    runs = await queries.runs_of(db, row)
    if any(one.state is RunState.PASSED for one in runs):
        errors += [
            FieldError(f"/{name}", "fixed-once-passed")
            for name in sorted(FIXED_ONCE_PASSED & changes.keys())
            if getattr(row, name) != changes[name]
        ]
    if errors:
        raise BrokenRule(errors=tuple(errors))
    for name, value in changes.items():
        setattr(row, name, value)
    if "contacts" in given.model_fields_set:
        await _write_contacts(db, vault, row, given.contacts, now)
    row.version += 1
    await db.flush()
    return case


async def open_contacts(
    db: AsyncSession, caller: Caller, vault: Vault, application_id: UUID, purpose: str
) -> ContactsOpened:
    """The contacts unmasked, for the applicant or a holder of PERSONAL_OPEN; written down."""
    row = (await queries.case(db, caller, application_id)).application
    if not caller.is_(row.applicant):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = uuid7()
    note = {
        "actor": caller.known(),
        "subject": f"applications/{row.id}",
        "fields": "application_contacts.name application_contacts.phone",
        "purpose": purpose,
    }
    await run(db, openings.insert().values(id=opening_id, **note))
    return ContactsOpened(
        opening_id=opening_id,
        contacts=[
            ContactOpened(
                position=one.position,
                name=vault.open(one.name_sealed, "application_contacts.name"),
                phone=vault.open(one.phone_sealed, "application_contacts.phone"),
                duty=one.duty,
            )
            for one in await queries.contacts_of(db, row)
        ],
    )
