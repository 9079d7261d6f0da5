"""What people do about conflicts: declare or set them, lift them, name who stands behind."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.problems import BrokenRule, FieldError
from services.kit.vault import Vault, mask_name
from services.venues.applications.models import Application
from services.venues.applications.queries import held, owns
from services.venues.experts.conflicts import queries
from services.venues.experts.conflicts.rules import (
    ConflictLifted,
    PeopleSettled,
    require_may_lift,
    set_for,
)
from services.venues.experts.conflicts.schemas import PeopleIn, TieIn
from services.venues.experts.draws import queries as draws
from services.venues.experts.invitations.afterwards import recheck_all, recheck_panel
from services.venues.experts.models import ApplicationPerson, Expert, Tie
from services.venues.experts.pool import institutions
from services.venues.experts.pool import queries as pool
from services.venues.experts.shapes import person_index


async def declare(
    db: AsyncSession, caller: Caller, vault: Vault, expert_id: UUID, given: TieIn, now: datetime
) -> Tie:
    """Set a conflict (staff) or declare one's own; seats that the expert holds are looked at anew.

    Raises BrokenRule.
    """
    row = (await pool.expert(db, caller, expert_id)).row
    staff = caller.may(P.EXPERT_MANAGE, at=row.division_code)
    await _require_whole(db, given)
    made = tie_of(row, caller, given, vault, now)
    made.set_for = set_for(caller, row.division_code) if staff else None
    db.add(made)
    await db.flush()
    await recheck_all(db, caller, [row.id], now)
    return made


async def _require_whole(db: AsyncSession, given: TieIn) -> None:
    errors = []
    if not (given.institution_id or given.application_id or given.person):
        errors.append(FieldError("/institution_id", "tie-to-something"))
    if given.from_on and given.until_on and given.until_on < given.from_on:
        errors.append(FieldError("/until_on", "ends-before-it-begins"))
    if given.institution_id and not await institutions.known(db, given.institution_id):
        errors.append(FieldError("/institution_id", "unknown-institution"))
    if given.application_id and await db.get(Application, given.application_id) is None:
        errors.append(FieldError("/application_id", "unknown-application"))
    if errors:
        raise BrokenRule(errors=tuple(errors))


def tie_of(row: Expert, caller: Caller, given: TieIn, vault: Vault, now: datetime) -> Tie:
    """The row of a tie of `row`."""
    person = given.person
    return Tie(
        **given.model_dump(exclude={"person"}),
        expert_id=row.id,
        account_id=row.account_id,
        division_code=row.division_code,
        recorded_code=row.division_code,
        person_sealed=vault.seal(person, "expert_ties.person") if person else None,
        person_masked=mask_name(person) if person else None,
        person_index=person_index(vault, person) if person else None,
        set_by=caller.known(),
        set_at=now,
    )


async def lift(
    db: AsyncSession, caller: Caller, expert_id: UUID, tie_id: UUID, reason: str, now: datetime
) -> Tie:
    """Take a conflict away, with why. Raises ConflictSetAbove, ConflictLifted."""
    await pool.expert(db, caller, expert_id)
    row = await queries.tie(db, expert_id, tie_id)
    require_may_lift(caller, row.set_for, row.division_code)
    if row.lifted_at is not None:
        raise ConflictLifted()
    row.lifted_at, row.lifted_by, row.lift_reason = now, caller.known(), reason
    await db.flush()
    return row


async def name_people(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    application_id: UUID,
    given: PeopleIn,
    now: datetime,
) -> None:
    """Say who stands behind an application, in place of whoever was said before.

    Raises PeopleSettled, Forbidden.
    """
    case = await held(db, caller, application_id)
    row = case.application
    drawn_at = await draws.drawn_at(db, row.id)
    if drawn_at is not None and not caller.may(P.EXPERT_MANAGE, at=drawn_at):
        raise PeopleSettled()
    if not await owns(db, caller, case):
        caller.require(P.APPLICATION_REVIEW, at=row.division_code)
    once = {person_index(vault, each.name): each for each in given.people}
    async with as_service(db):  # also for another representative of the same venue
        theirs = col(ApplicationPerson.application_id) == row.id
        await run(db, delete(ApplicationPerson).where(theirs))
        for index, each in once.items():
            db.add(
                ApplicationPerson(
                    application_id=row.id,
                    applicant=row.applicant,
                    division_code=row.division_code,
                    recorded_code=row.recorded_code,
                    name_sealed=vault.seal(each.name, "application_people.name"),
                    name_masked=mask_name(each.name),
                    name_index=index,
                    duty=each.duty,
                )
            )
    await recheck_panel(db, caller, row, now)
