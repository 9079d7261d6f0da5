"""What becomes of an honour: every step with its reason, its decision and its fact."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, P
from services.kit.facts import Fact, record
from services.kit.schedules import Schedule
from services.venues.applications.trail import decide
from services.venues.facts import (
    HonourConfirmed,
    HonourExpired,
    HonourFollowed,
    HonourHostChanged,
    HonourRectifying,
    HonourReinstated,
    HonourRevoked,
    HonourSuspended,
)
from services.venues.honours.certifying import certify, holder_of, withdraw
from services.venues.honours.models import Honour
from services.venues.honours.queries import held
from services.venues.honours.rules import (
    IN_FORCE,
    LIFECYCLE,
    HonourState,
    NotAFollower,
    NotHigher,
    SameHost,
    is_higher,
    local_day,
    require_returned,
)
from services.venues.honours.schemas import FollowIn, HostIn, ReturnIn

FACTS: dict[str, type[Fact]] = {
    "confirm": HonourConfirmed,
    "rectify": HonourRectifying,
    "suspend": HonourSuspended,
    "reinstate": HonourReinstated,
    "revoke": HonourRevoked,
    "expire": HonourExpired,
}
BATCH = 200
EVERY_S = 60


async def tell(db: AsyncSession, row: Honour, fact: type[Fact], **values: Any) -> None:
    """Record what became true of an honour."""
    body = fact(
        venue_id=row.venue_id,
        subject_code=row.subject_code,
        programme_id=row.programme_id,
        **values,
    )
    await record(db, body, subject=row.id, division=row.division_code, version=row.version)


def move(row: Honour, action: str, now: datetime, reason: str | None) -> None:
    """Take a step of the lifecycle; the row is held. Raises WrongState, TermOver."""
    if action == "reinstate" and row.provisional_until is not None:
        action = "resume_creation"
    term = {"today": local_day(now), "valid_until": row.valid_until}
    guarded = LIFECYCLE.steps[action].guard is not None
    state = LIFECYCLE.next(action, row.state, **(term if guarded else {}))
    if state is not row.state:
        row.state, row.state_since, row.state_reason = state, now, reason
    row.version += 1


async def take(
    db: AsyncSession, row: Honour, action: str, caller: Caller, reason: str | None, now: datetime
) -> None:
    """A step of an honour whose row is held, by whoever is known to be allowed to: confirm,
    rectify, suspend, reinstate, revoke or expire."""
    move(row, action, now, reason)
    before = []
    if row.state is HonourState.REVOKED:
        await withdraw(db, row, now)
    if action == "confirm":
        before = [{"pointer": "/provisional_until", "reason": _day(row.provisional_until)}]
        row.provisional_until = None
    await decide(
        db,
        honour=row,
        action=action,
        caller=caller,
        reason=reason,
        fields=before,
        public=True,
        now=now,
    )
    await tell(db, row, FACTS[action])


async def _hold(db: AsyncSession, caller: Caller, honour_id: UUID, action: str) -> Honour:
    found = await held(db, honour_id, lock=True)
    for need in LIFECYCLE.steps[action].needs:
        caller.require(P(need), at=found.authority)
    return found.honour


async def act(
    db: AsyncSession, caller: Caller, honour_id: UUID, action: str, reason: str, now: datetime
) -> None:
    """A step that somebody takes, with the reason that everybody may read."""
    row = await _hold(db, caller, honour_id, action)
    await take(db, row, action, caller, reason, now)


async def change_host(
    db: AsyncSession, caller: Caller, honour_id: UUID, given: HostIn, now: datetime
) -> None:
    """The honour goes on under another host institution, with a new certificate.

    The old host stays on the old certificate, which is withdrawn. Raises SameHost.
    """
    row = await _hold(db, caller, honour_id, "change_host")
    move(row, "change_host", now, given.reason)
    if (row.host_name, row.host_uscc) == (given.host_name, given.host_uscc):
        raise SameHost()
    before = [
        {"pointer": "/host_name", "reason": row.host_name or ""},
        {"pointer": "/host_uscc", "reason": row.host_uscc or ""},
    ]
    row.host_name, row.host_uscc = given.host_name, given.host_uscc
    # One that was named elsewhere has its certificate from there.
    if await withdraw(db, row, now) is not None:
        await certify(db, row, await holder_of(db, row), now)
    await decide(
        db,
        honour=row,
        action="change_host",
        caller=caller,
        reason=given.reason,
        fields=before,
        public=True,
        now=now,
    )
    await tell(db, row, HonourHostChanged)


async def follow(
    db: AsyncSession, caller: Caller, honour_id: UUID, action: str, given: FollowIn, now: datetime
) -> None:
    """Another honour of the same holder stands in its place: `renew`, or `upgrade`."""
    row = await _hold(db, caller, honour_id, action)
    by = (await held(db, given.followed_by, lock=True)).honour
    same = (by.venue_id, by.subject_code) == (row.venue_id, row.subject_code)
    if by.id == row.id or not same or by.state not in IN_FORCE:
        raise NotAFollower()
    if action == "upgrade" and not is_higher(by.level, row.level):
        raise NotHigher()
    await replace_by(db, row, by, action, caller, given.reason, now)


async def replace_by(
    db: AsyncSession,
    row: Honour,
    by: Honour,
    action: str,
    caller: Caller,
    reason: str | None,
    now: datetime,
) -> None:
    """The honour `by` stands in the place of this one, whose row is held."""
    move(row, action, now, reason)
    row.followed_by = by.id
    await decide(db, honour=row, action=action, caller=caller, reason=reason, public=True, now=now)
    await tell(db, row, HonourFollowed, followed_by=by.id)


async def record_return(
    db: AsyncSession, caller: Caller, honour_id: UUID, given: ReturnIn, now: datetime
) -> None:
    """After a revocation: the plaque, the certificate or both came back."""
    row = await _hold(db, caller, honour_id, "record_return")
    move(row, "record_return", now, given.reason)
    days = given.model_dump(
        include={"plaque_returned_on", "certificate_returned_on"}, exclude_none=True
    )
    for name, day in days.items():
        require_returned(name, day, since=local_day(row.state_since), today=local_day(now))
    before = [{"pointer": f"/{name}", "reason": _day(getattr(row, name))} for name in days]
    row.sqlmodel_update(days)
    await decide(
        db,
        honour=row,
        action="record_return",
        caller=caller,
        reason=given.reason,
        fields=before,
        public=True,
        now=now,
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


async def expire_due(db: AsyncSession, now: datetime) -> int:
    """Honours whose last day is past, by the day in the country's time zone."""
    due = (
        select(Honour)
        .where(
            col(Honour.state).in_(LIFECYCLE.steps["expire"].sources),
            col(Honour.valid_until) < local_day(now),
        )
        .order_by(col(Honour.valid_until))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = (await db.exec(due)).all()
    for row in rows:
        await take(db, row, "expire", SERVICE, None, now)
    return len(rows)


async def _turn(db: AsyncSession) -> int:
    return await expire_due(db, datetime.now(UTC))


EXPIRE = Schedule("expire_honours", EVERY_S, _turn)
