"""How honours come to be: granted at the end of an application, or entered from elsewhere."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.divisions import tier_of
from services.kit.versions import require_version
from services.venues.applications.gates import Standing
from services.venues.applications.trail import decide
from services.venues.facts import HonourGranted
from services.venues.honours.certifying import certify, holder_of
from services.venues.honours.models import Honour
from services.venues.honours.queries import held
from services.venues.honours.rules import (
    LEVEL_OF_TIER,
    LIFECYCLE,
    HonourState,
    NumberTaken,
    OnlyEntered,
    last_day,
    local_day,
    number_of,
    require_order,
    spellings,
    state_today,
)
from services.venues.honours.schemas import HonourIn, HonourPatch
from services.venues.honours.steps import replace_by, tell
from services.venues.registry.queries import venue

# The row is held until the transaction ends: a number that is undone is given again.
_SERIAL = text(
    """INSERT INTO honour_serials AS s (programme_id, year, last) VALUES (:programme_id, :year, 1)
    ON CONFLICT (programme_id, year) DO UPDATE SET last = s.last + 1 RETURNING last"""
)
# Whatever brackets it is typed with, it is the same number: whoever verifies finds one honour.
_IS_TAKEN = text(
    "SELECT EXISTS (SELECT FROM honours WHERE number = ANY (:spellings) AND id <> :but)"
)
_NONE = UUID(int=0)


async def grant(db: AsyncSession, standing: Standing, caller: Caller, now: datetime) -> Honour:
    """Name the subject of an application: number, dates, certificate, decision and fact.

    The application's row is held by the engine. An honour of the same programme that the subject
    has already is renewed by this one.
    """
    application, definition = standing.application, standing.definition
    issued_on = local_day(now)
    creation = definition.provisional_months
    row = Honour(
        number=await _number(db, application.programme_id, definition.number, issued_on.year),
        application_id=application.id,
        programme_id=application.programme_id,
        venue_id=application.venue_id,
        subject_code=application.subject_code,
        division_code=application.division_code,
        recorded_code=application.recorded_code,
        title=definition.honour["zh-CN"],
        titles=dict(definition.honour.items()),
        issuer=definition.authority,
        co_issuers="\n".join(definition.co_issuers),
        level=LEVEL_OF_TIER.get(tier_of(definition.division)),
        host_name=application.host_name,
        host_uscc=application.host_uscc,
        issued_on=issued_on,
        valid_until=last_day(issued_on, definition.validity_months),
        state=HonourState.PROVISIONAL if creation else HonourState.VALID,
        state_since=now,
        provisional_until=last_day(issued_on, creation),
        created_by=caller.known(),
        created_at=now,
    )
    db.add(row)
    await db.flush()
    await certify(db, row, await holder_of(db, row), now)
    await decide(
        db,
        application=application,
        honour=row,
        action="grant",
        caller=caller,
        stage_key=standing.stage.key,
        public=True,
        now=now,
    )
    await tell(db, row, HonourGranted, level=row.level, valid_until=row.valid_until)
    await _renew_former(db, row, caller, now)
    return row


async def _number(db: AsyncSession, programme_id: UUID, pattern: str, year: int) -> str:
    """The next number of a programme's year: none twice, none left out."""
    while True:
        serial = (await run(db, _SERIAL, {"programme_id": programme_id, "year": year})).scalar_one()
        number = number_of(pattern, year, serial)
        # One that was named before this platform may stand there already.
        if not await _is_taken(db, number):
            return number


async def _is_taken(db: AsyncSession, number: str, but: UUID = _NONE) -> bool:
    values = {"spellings": sorted(spellings(number)), "but": but}
    taken: bool = (await run(db, _IS_TAKEN, values)).scalar_one()
    return taken


async def _renew_former(db: AsyncSession, row: Honour, caller: Caller, now: datetime) -> None:
    same = select(Honour).where(
        Honour.programme_id == row.programme_id,
        Honour.id != row.id,
        Honour.subject_code == row.subject_code
        if row.venue_id is None
        else Honour.venue_id == row.venue_id,
        col(Honour.state).in_(LIFECYCLE.steps["renew"].sources),
    )
    for former in (await db.exec(same.order_by(col(Honour.id)).with_for_update())).all():
        await replace_by(db, former, row, "renew", caller, None, now)


async def enter(db: AsyncSession, caller: Caller, given: HonourIn, now: datetime) -> Honour:
    """Enter an honour that was named elsewhere.

    Raises Missing for a venue that is not there, BrokenRule, NumberTaken.
    """
    if given.venue_id is not None:
        at = (await venue(db, caller, given.venue_id)).division_code
    else:
        assert given.subject_code is not None
        at = given.subject_code
    caller.require(P.VENUE_APPROVE, at=at)
    require_order(given.issued_on, given.valid_until, local_day(now))
    if given.number is not None and await _is_taken(db, given.number):
        raise NumberTaken()
    row = Honour(
        **given.model_dump(exclude={"co_issuers"}),
        co_issuers="\n".join(given.co_issuers),
        division_code=at,
        recorded_code=at,
        state=state_today(HonourState.VALID, given.valid_until, local_day(now)),
        state_since=now,
        created_by=caller.known(),
        created_at=now,
    )
    db.add(row)
    await db.flush()
    await decide(
        db, honour=row, action="enter", caller=caller, reason=row.source, public=True, now=now
    )
    await tell(db, row, HonourGranted, level=row.level, valid_until=row.valid_until)
    return row


async def correct(
    db: AsyncSession,
    caller: Caller,
    honour_id: UUID,
    expected: int,
    given: HonourPatch,
    now: datetime,
) -> None:
    """Correct an honour that was named elsewhere; with nothing to correct, nothing is recorded.

    Raises OnlyEntered, Stale, BrokenRule, NumberTaken.
    """
    row = (await held(db, honour_id, lock=True)).honour
    caller.require(P.VENUE_APPROVE, at=row.division_code)
    if row.application_id is not None or row.state is HonourState.REVOKED:
        raise OnlyEntered()
    require_version(row.version, expected)
    wanted = given.model_dump(exclude_unset=True, exclude={"reason"})
    if "co_issuers" in wanted:
        wanted["co_issuers"] = "\n".join(wanted["co_issuers"])
    before = {name: getattr(row, name) for name in wanted}
    changed = [
        {"pointer": f"/{name}", "reason": str(before[name] or "")}
        for name, value in wanted.items()
        if value != before[name]
    ]
    if not changed:
        return
    row.sqlmodel_update(wanted)
    require_order(row.issued_on, row.valid_until, local_day(now))
    if given.number is not None and await _is_taken(db, given.number, but=row.id):
        raise NumberTaken()
    # The term decides whether it stands: it may have been entered with a wrong one.
    if row.state in (HonourState.VALID, HonourState.EXPIRED):
        state = state_today(HonourState.VALID, row.valid_until, local_day(now))
        row.state, row.state_since = state, now if state is not row.state else row.state_since
    row.version += 1
    await decide(
        db,
        honour=row,
        action="correct",
        caller=caller,
        reason=given.reason,
        fields=changed,
        public=True,
        now=now,
    )
