"""What people do with the pool: let somebody in, change, suspend, let go, take their agreement."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as UUID_
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.ids import uuid7
from services.kit.problems import BrokenRule, Forbidden, broken
from services.kit.tables import openings
from services.kit.vault import Vault, mask_name, mask_phone
from services.kit.versions import require_version
from services.kit.workdays import day_of
from services.kit.workflow import Needs, Relation
from services.venues.experts.invitations.afterwards import leave_panels, recheck_all
from services.venues.experts.models import Agreement, Expert, Tie, TieKind
from services.venues.experts.pool import institutions, queries
from services.venues.experts.pool.rules import LIFECYCLE, ExpertState, kind_errors
from services.venues.experts.pool.schemas import ExpertIn, ExpertOpened, ExpertPatch
from services.venues.experts.shapes import person_index

PERSONAL = ("name", "phone", "payee")


def sealed(given: dict[str, Any], vault: Vault) -> dict[str, Any]:
    """The columns of the personal fields in `given`; a null takes the field away."""
    found: dict[str, Any] = {}
    if name := given.get("name"):
        found["name_sealed"] = vault.seal(name, "experts.name")
        found["name_masked"] = mask_name(name)
        found["name_index"] = person_index(vault, name)
    if "phone" in given:
        phone = given["phone"]
        found["phone_sealed"] = phone and vault.seal(phone, "experts.phone")
        found["phone_masked"] = phone and mask_phone(phone)
        found["phone_index"] = phone and vault.index(phone, "experts.phone")
    if "payee" in given:
        payee = given["payee"]
        found["payee_sealed"] = payee and vault.seal(payee, "experts.payee")
        found["payee_masked"] = payee and f"****{payee[-4:]}"
    return found


async def enter(
    db: AsyncSession, caller: Caller, vault: Vault, given: ExpertIn, now: datetime, day: date
) -> Expert:
    """Let somebody into the pool. Raises ExpertExists (by phone), BrokenRule."""
    caller.require(P.EXPERT_MANAGE, at=given.division_code)
    errors = kind_errors(given.kind, given.subkind)
    if errors:
        raise BrokenRule(errors=tuple(errors))
    await _known_employer(db, given.employer_id)
    if given.entered_on is not None and given.entered_on > day:
        raise broken("/entered_on", "not-in-the-future", day=day.isoformat())
    plain = given.model_dump(exclude={*PERSONAL, "entered_on", "agreed_year"})
    row = Expert(
        **plain,
        **sealed(given.model_dump(include=set(PERSONAL)), vault),
        recorded_code=given.division_code,
        entered_on=given.entered_on or day,
        created_by=caller.known(),
    )
    db.add(row)
    await db.flush()
    await carry_ties(db, caller, [row.id], now)
    if given.agreed_year is not None:
        await agree(db, caller, row.id, given.agreed_year, now)
    return row


_CARRY = text(
    """INSERT INTO expert_ties (id, expert_id, division_code, recorded_code, kind, institution_id,
        application_id, person_sealed, person_masked, person_index, from_on, until_on, set_for,
        set_by, set_at)
    SELECT gen_random_uuid(), n.id, n.division_code, n.division_code, t.kind, t.institution_id,
        t.application_id, t.person_sealed, t.person_masked, t.person_index, t.from_on, t.until_on,
        t.set_for, t.set_by, t.set_at
    FROM experts n JOIN experts o ON o.phone_index = n.phone_index AND o.id <> n.id
    JOIN expert_ties t ON t.expert_id = o.id
    WHERE n.id = ANY (:experts) AND t.lifted_at IS NULL
    UNION ALL
    SELECT gen_random_uuid(), n.id, n.division_code, n.division_code, 'affiliation', o.employer_id,
        NULL, NULL, NULL, NULL, NULL, o.left_on, o.division_code, :by, :now
    FROM experts n JOIN experts o ON o.phone_index = n.phone_index AND o.id <> n.id
    WHERE n.id = ANY (:experts) AND o.employer_id <> n.employer_id"""
).bindparams(bindparam("experts", type_=ARRAY(UUID_)))


async def carry_ties(
    db: AsyncSession, caller: Caller, experts: Sequence[UUID], now: datetime
) -> None:
    """Whoever left and is entered anew keeps their conflicts: nobody sheds one by the way."""
    async with as_service(db):  # they may have stood in another division's pool
        await run(db, _CARRY, {"experts": list(experts), "by": caller.known(), "now": now})


async def _known_employer(db: AsyncSession, employer_id: UUID) -> None:
    if not await institutions.known(db, employer_id):
        raise broken("/employer_id", "unknown-institution")


async def edit(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    expert_id: UUID,
    given: ExpertPatch,
    version: int,
    now: datetime,
) -> Expert:
    """Change what is given. An employer that they leave stays known as an affiliation."""
    row = (await queries.expert(db, caller, expert_id, lock=True)).row
    caller.require(P.EXPERT_MANAGE, at=row.division_code)
    require_version(row.version, version)
    changes = given.model_dump(exclude_unset=True)
    for name in ("name", "phone", "kind", "fields", "tags", "languages", "employer_id"):
        if name in changes and changes[name] is None:
            raise broken(f"/{name}", "not-null")
    if changes.get("rest_days", 0) is None:
        changes["rest_days"] = 0
    if errors := kind_errors(changes.get("kind", row.kind), changes.get("subkind", row.subkind)):
        raise BrokenRule(errors=tuple(errors))
    employer_id = changes.get("employer_id", row.employer_id)
    if employer_id != row.employer_id:
        await _known_employer(db, employer_id)
        db.add(_formerly_at(row, caller, now))
    personal = {name: changes.pop(name) for name in PERSONAL if name in changes}
    for name, value in {**changes, **sealed(personal, vault)}.items():
        setattr(row, name, value)
    row.version += 1
    await db.flush()
    await recheck_all(db, caller, [row.id], now)
    return row


def _formerly_at(row: Expert, caller: Caller, now: datetime) -> Tie:
    return Tie(
        expert_id=row.id,
        account_id=row.account_id,
        division_code=row.division_code,
        recorded_code=row.division_code,
        kind=TieKind.AFFILIATION,
        institution_id=row.employer_id,
        until_on=now.date(),
        set_for=row.division_code,
        set_by=caller.known(),
        set_at=now,
    )


async def move(
    db: AsyncSession, caller: Caller, expert_id: UUID, action: str, reason: str, now: datetime
) -> Expert:
    """Suspend, resume, leave or readmit, with why; experts may leave by themselves. Seats of panels
    at work are given up by whoever stands in the pool no more."""
    day = day_of(now)
    row = (await queries.expert(db, caller, expert_id, lock=True)).row
    if not any(holds(row, caller, need) for need in LIFECYCLE.steps[action].needs):
        raise Forbidden(permission=P.EXPERT_MANAGE.value, division=row.division_code)
    row.state = LIFECYCLE.next(action, row.state)
    row.left_on = max(day, row.entered_on) if row.state is ExpertState.LEFT else None
    row.state_reason = None if action == "resume" else reason
    if action == "readmit":
        row.entered_on, row.entry_reason, row.state_reason = day, reason, None
    row.version += 1
    await db.flush()
    if row.state is not ExpertState.STANDING:
        await leave_panels(db, caller, row.id, now)
    return row


def holds(row: Expert, caller: Caller, need: Needs) -> bool:
    """Does the caller hold what a step needs: to keep the pool there, or to be the expert?"""
    if need is Relation.OWN:
        return caller.is_(row.account_id)
    return isinstance(need, P) and caller.may(need, at=row.division_code)


async def agree(
    db: AsyncSession, caller: Caller, expert_id: UUID, year: int, now: datetime
) -> None:
    """Record the agreement of a year; a second time changes nothing."""
    row = (await queries.expert(db, caller, expert_id)).row
    made = {"expert_id": row.id, "year": year, "agreed_at": now, "recorded_by": caller.known()}
    await run(db, insert(Agreement).values(**made).on_conflict_do_nothing())


async def open_fields(
    db: AsyncSession, caller: Caller, vault: Vault, expert_id: UUID, purpose: str
) -> ExpertOpened:
    """The personal fields, unmasked, for a holder of PERSONAL_OPEN; written down."""
    row = (await queries.expert(db, caller, expert_id)).row
    caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = uuid7()
    await run(
        db,
        openings.insert().values(
            id=opening_id,
            actor=caller.known(),
            subject=f"experts/{row.id}",
            fields="experts.name experts.phone experts.payee",
            purpose=purpose,
        ),
    )
    phone, payee = row.phone_sealed, row.payee_sealed
    return ExpertOpened(
        opening_id=opening_id,
        name=vault.open(row.name_sealed, "experts.name"),
        phone=phone and vault.open(phone, "experts.phone"),
        payee=payee and vault.open(payee, "experts.payee"),
    )
