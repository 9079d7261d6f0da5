"""What people do with objections: hand one in, accept or refuse it, answer it, take it back.

Whoever changes one holds its notice first: the window that it suspends is settled with it.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, Kind, P
from services.kit.db import run
from services.kit.facts import record
from services.kit.ids import uuid7
from services.kit.problems import Missing, broken
from services.kit.tables import openings
from services.kit.vault import Vault, mask_name, mask_phone
from services.kit.workdays import day_of
from services.kit.workflow import Needs, Relation
from services.venues.applications.models import Application
from services.venues.applications.trail import decide
from services.venues.facts import ObjectionAnswered
from services.venues.notices import objection_queries, queries
from services.venues.notices.clock import close_or_change, window
from services.venues.notices.models import Entry, Notice, Objection
from services.venues.notices.objection_rules import (
    LIFECYCLE,
    OPEN,
    NotInThisNotice,
    ObjectionLate,
    ObjectionState,
    require_named,
)
from services.venues.notices.objection_schemas import ObjectionIn, PersonOpened
from services.venues.notices.rules import ENTRY, EntryState, NoticeState, is_over


async def hand_in(
    db: AsyncSession,
    caller: Caller,
    vault: Vault,
    notice_id: UUID,
    given: ObjectionIn,
    now: datetime,
) -> tuple[Objection, bool]:
    """An objection of the caller, or a letter that the office enters; suspends the window.

    The one there is (and False) when this client handed it in before. Raises AnonymousObjection,
    ObjectionLate, NotInThisNotice, Forbidden.
    """
    sender = caller.known()
    notice = await queries.held(db, notice_id)
    require_named(given.name, given.phone, given.address, notice.basis)
    if given.by_letter:
        caller.require(P.APPLICATION_REVIEW, at=notice.division_code)
    elif (there := await _before(db, sender, given.client_id)) is not None:
        return there, False
    entries = await queries.entries(db, notice.id, lock=True)
    entry = _entry(entries, given.entry_id)
    over = is_over(entry.last_on, now) and not entry.open_objections
    if notice.state is not NoticeState.OPEN or entry.state is not EntryState.OPEN or over:
        raise ObjectionLate(offices="、".join(notice.offices))
    row = Objection(
        client_id=None if given.by_letter else given.client_id,
        notice_id=notice.id,
        entry_id=entry.id,
        application_id=entry.application_id,
        division_code=notice.division_code,
        recorded_code=notice.recorded_code,
        office=notice.offices[given.office - 1],
        account_id=None if given.by_letter else sender,
        recorded_by=sender if given.by_letter else None,
        name_sealed=vault.seal(given.name, "objections.name"),
        name_masked=mask_name(given.name),
        phone_sealed=vault.seal(given.phone, "objections.phone") if given.phone else None,
        phone_masked=mask_phone(given.phone) if given.phone else None,
        phone_index=vault.index(given.phone, "objections.phone") if given.phone else None,
        address_sealed=vault.seal(given.address, "objections.address") if given.address else None,
        statement_sealed=vault.seal(given.statement, "objections.statement"),
        received_at=now,
    )
    entry.suspended_from = entry.suspended_from or day_of(now)
    entry.last_on = None
    db.add(row)
    await db.flush()
    # By nobody: who objects stands in no trail that the applicant reads.
    await _decided(db, row, entry, "receive_objection", caller if given.by_letter else SERVICE, now)
    await close_or_change(db, notice, entries, now)
    return row, True


async def _before(db: AsyncSession, sender: UUID, client_id: UUID | None) -> Objection | None:
    if client_id is None:
        return None
    statement = select(Objection).where(
        Objection.account_id == sender, Objection.client_id == client_id
    )
    return (await db.exec(statement)).first()


def _entry(entries: list[Entry], wanted: UUID | None) -> Entry:
    if wanted is None and len(entries) == 1:
        return entries[0]
    for entry in entries:
        if entry.id == wanted:
            return entry
    raise NotInThisNotice()


def holds(caller: Caller, row: Objection, need: Needs) -> bool:
    """Does the caller hold what a step needs? A letter is taken back through its office."""
    if need is Relation.OWN:
        if row.account_id is not None:
            return caller.is_(row.account_id)
        need = P.APPLICATION_DECIDE
    return caller.may(P(need), at=row.division_code)


def _require(caller: Caller, row: Objection, action: str) -> None:
    if not any(holds(caller, row, need) for need in LIFECYCLE.steps[action].needs):
        caller.require(P.APPLICATION_DECIDE, at=row.division_code)
        # They may decide, but it is not theirs to take back.
        raise Missing()


async def take(
    db: AsyncSession, caller: Caller, objection_id: UUID, action: str, reason: str, now: datetime
) -> Objection:
    """One step of its lifecycle, with a reason; the last one lets the window go on.

    Raises WrongState, Forbidden, Missing.
    """
    found, _ = await objection_queries.objection(db, caller, objection_id)
    notice = await queries.held(db, found.notice_id)
    row, _ = await objection_queries.objection(db, caller, objection_id, lock=True)
    if caller.kind is not Kind.SERVICE:
        _require(caller, row, action)
    row.state = LIFECYCLE.next(action, row.state)
    row.version += 1
    if row.state in OPEN:
        row.accepted_reason = reason
    else:
        row.outcome, row.closed_at = reason, now
    await db.flush()
    entries = await queries.entries(db, notice.id, lock=True)
    (entry,) = (each for each in entries if each.id == row.entry_id)
    actor = caller if caller.kind is not Kind.CITIZEN else SERVICE
    await _decided(db, row, entry, f"{action}_objection", actor, now, reason)
    if row.state not in OPEN:
        await _settle(db, notice, entries, entry, row, now)
    fact = ObjectionAnswered(notice_id=notice.id, state=row.state, recipient=row.account_id)
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)
    return row


async def _settle(
    db: AsyncSession,
    notice: Notice,
    entries: list[Entry],
    entry: Entry,
    row: Objection,
    now: datetime,
) -> None:
    """What the end of an objection does to the window: it goes on after today, or never."""
    if entry.state is not EntryState.OPEN:
        return
    if row.state is ObjectionState.UPHELD:
        entry.state, entry.closed_at = ENTRY.next("stop", entry.state), now
    elif not entry.open_objections and entry.suspended_from is not None:
        taken = [entry.suspended_from.isoformat(), day_of(now).isoformat()]
        entry.suspensions = [*entry.suspensions, taken]
        entry.suspended_from = None
        entry.last_on = window(notice, entry)
    else:
        return
    await close_or_change(db, notice, entries, now)


async def _decided(
    db: AsyncSession,
    row: Objection,
    entry: Entry,
    action: str,
    caller: Caller,
    now: datetime,
    reason: str | None = None,
) -> None:
    await decide(
        db,
        application=await db.get_one(Application, row.application_id),
        action=action,
        caller=caller,
        stage_key=entry.stage_key,
        reason=reason,
        acted_for=row.division_code,
        now=now,
    )


async def release(
    db: AsyncSession, caller: Caller, objection_id: UUID, released: str, now: datetime
) -> Objection:
    """Tell the applicant what is objected, in words that do not say by whom."""
    row, _ = await objection_queries.objection(db, caller, objection_id, lock=True)
    caller.require(P.APPLICATION_DECIDE, at=row.division_code)
    if released == row.released:
        return row
    row.released = released
    row.version += 1
    entry = await db.get_one(Entry, row.entry_id)
    await _decided(db, row, entry, "release_objection", caller, now, released)
    return row


async def open_person(
    db: AsyncSession, caller: Caller, vault: Vault, objection_id: UUID, purpose: str
) -> PersonOpened:
    """Who objected, how to reach them and what they wrote; written down.

    For a holder of PERSONAL_OPEN, and for who objected.
    """
    row, _ = await objection_queries.objection(db, caller, objection_id)
    if not caller.is_(row.account_id):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = uuid7()
    values = {
        "id": opening_id,
        "actor": caller.known(),
        "subject": f"objections/{row.id}",
        "fields": "objections.name objections.phone objections.address objections.statement",
        "purpose": purpose,
    }
    await run(db, openings.insert().values(**values))
    phone, address = row.phone_sealed, row.address_sealed
    return PersonOpened(
        opening_id=opening_id,
        name=vault.open(row.name_sealed, "objections.name"),
        phone=phone and vault.open(phone, "objections.phone"),
        address=address and vault.open(address, "objections.address"),
        statement=vault.open(row.statement_sealed, "objections.statement"),
    )


async def own_open(db: AsyncSession, account: UUID) -> list[UUID]:
    """The open objections of an account, in the order of their notices."""
    statement = (
        select(Objection.id)
        .where(Objection.account_id == account, col(Objection.state).in_(OPEN))
        .order_by(col(Objection.notice_id), col(Objection.id))
    )
    return list((await db.exec(statement)).all())


def require_open(row: Objection) -> None:
    """Files are added while it is being looked at."""
    if row.state not in OPEN:
        raise broken("/state", "objection-closed")
