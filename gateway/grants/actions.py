"""Granting, ending, handing over, standing in: load, decide, write, put on record."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.grants import queries
from gateway.grants.models import GrantRow
from gateway.grants.rules import (
    GrantEnded,
    NotStaff,
    OwnGrant,
    may_grant,
    require_absence,
    require_days,
    require_may_grant,
    require_near,
)
from gateway.grants.schemas import AbsenceIn, GrantIn, HandoverIn
from gateway.identity import queries as accounts
from gateway.identity.audit import note
from gateway.identity.callers import Callers
from gateway.identity.models import Account
from gateway.identity.rules import AccountKind, AccountState, today
from services.kit.access import Caller, P
from services.kit.problems import Missing


def _require_staff(account: Account | None) -> Account:
    if account is None:
        raise Missing()
    if account.kind is not AccountKind.STAFF or account.state is not AccountState.ACTIVE:
        raise NotStaff()
    return account


async def give(db: AsyncSession, caller: Caller, callers: Callers, given: GrantIn) -> GrantRow:
    """Make somebody something somewhere. The division was found standing before."""
    require_may_grant(caller, given.role, given.division_code)
    if caller.is_(given.account_id):
        raise OwnGrant(permission=P.GRANT_MANAGE.value, division=given.division_code)
    require_days(given.from_day, given.until_day, today(datetime.now(UTC)))
    account = _require_staff(await accounts.account(db, caller, given.account_id))
    row = GrantRow(
        **given.model_dump(), recorded_code=given.division_code, granted_by=caller.known()
    )
    db.add(row)
    await db.flush()
    callers.forget_after(db, account.id)
    await note(
        db,
        "granted",
        actor=caller.subject,
        subject=account.id,
        division=row.division_code,
        grant=row.id,
        role=row.role,
        from_day=row.from_day,
        until_day=row.until_day,
    )
    return row


async def end(
    db: AsyncSession, caller: Caller, callers: Callers, grant_id: UUID, reason: str
) -> GrantRow:
    """End a grant now, with whoever stands in on it. One's own may be laid down."""
    row = await queries.grant(db, caller, grant_id)
    if not caller.is_(row.account_id):
        require_may_grant(caller, row.role, row.division_code)
    if row.ended_at is not None:
        raise GrantEnded()
    await _end(db, caller, callers, [row])
    await note(
        db,
        "grant_ended",
        actor=caller.subject,
        subject=row.account_id,
        division=row.division_code,
        grant=row.id,
        role=row.role,
        reason=reason,
    )
    return row


async def _end(
    db: AsyncSession,
    caller: Caller,
    callers: Callers,
    rows: list[GrantRow],
    last: date | None = None,
) -> None:
    """End grants now, or after the day `last`; nobody stands in for what has ended."""
    now = datetime.now(UTC)
    deputies = await queries.deputies_of(db, [row.id for row in rows])
    for row in [*rows, *deputies]:
        if last is None or last < row.from_day:
            row.ended_at, row.ended_by = now, caller.subject
        elif row.until_day is None or row.until_day > last:
            row.until_day = last
    await db.flush()
    callers.forget_after(db, *(row.account_id for row in (*rows, *deputies)))


async def _may_pass_on(db: AsyncSession, caller: Caller, owner: UUID, rows: list[GrantRow]) -> None:
    """Raise unless the posts are the caller's own, or ones that they could grant."""
    if caller.is_(owner):
        return
    for row in rows:
        if not caller.may(P.GRANT_MANAGE, at=row.division_code):
            raise Missing()
        require_may_grant(caller, row.role, row.division_code)


async def hand_over(
    db: AsyncSession, caller: Caller, callers: Callers, owner: UUID, given: HandoverIn
) -> list[GrantRow]:
    """Move posts to a successor from a day on: the old ones end the day before, all or none."""
    now = datetime.now(UTC)
    require_days(given.from_day, None, today(now))
    rows = await queries.movable(db, owner, today(now), given.grants)
    await _may_pass_on(db, caller, owner, rows)
    if given.to == owner or caller.is_(given.to):
        raise OwnGrant(permission=P.GRANT_MANAGE.value, division=rows[0].division_code)
    successor = _require_staff(await queries.anybody(db, given.to))
    for row in rows:
        require_near(successor.home_code or "", row.division_code)
    begins = {row.id: max(given.from_day, row.from_day) for row in rows}
    last = {row.id: row.until_day for row in rows}
    rows = [
        row
        for row in rows
        if last[row.id] is None or begins[row.id] <= (last[row.id] or begins[row.id])
    ]
    await _end(
        db,
        caller,
        callers,
        rows,
        last=given.from_day - timedelta(days=1) if given.from_day > today(now) else None,
    )
    made = [
        GrantRow(
            account_id=successor.id,
            role=row.role,
            division_code=row.division_code,
            recorded_code=row.recorded_code,
            from_day=begins[row.id],
            until_day=last[row.id],
            reason=given.reason,
            taken_from=row.id,
            granted_by=caller.known(),
        )
        for row in rows
    ]
    return await _put_down(db, caller, callers, "handed_over", owner, made)


async def stand_in(
    db: AsyncSession, caller: Caller, callers: Callers, owner: UUID, given: AbsenceIn
) -> list[GrantRow]:
    """Give a deputy the posts of somebody absent; they end by themselves with their last day."""
    now = datetime.now(UTC)
    require_absence(given.from_day, given.until_day, today(now))
    rows = await queries.movable(db, owner, today(now), None)
    await _may_pass_on(db, caller, owner, rows)
    if given.deputy == owner or caller.is_(given.deputy):
        raise OwnGrant(permission=P.GRANT_MANAGE.value, division=rows[0].division_code)
    deputy = _require_staff(await queries.anybody(db, given.deputy))
    made = []
    for row in rows:
        require_near(deputy.home_code or "", row.division_code)
        begins = max(given.from_day, row.from_day)
        ends = min(given.until_day, row.until_day or given.until_day)
        if begins <= ends:
            made.append(
                GrantRow(
                    account_id=deputy.id,
                    role=row.role,
                    division_code=row.division_code,
                    recorded_code=row.recorded_code,
                    from_day=begins,
                    until_day=ends,
                    reason=given.reason,
                    deputy_for=row.id,
                    granted_by=caller.known(),
                )
            )
    return await _put_down(db, caller, callers, "deputised", owner, made)


async def _put_down(
    db: AsyncSession,
    caller: Caller,
    callers: Callers,
    action: str,
    owner: UUID,
    made: list[GrantRow],
) -> list[GrantRow]:
    db.add_all(made)
    await db.flush()
    fresh = list(
        (
            await db.exec(
                select(GrantRow)
                .where(col(GrantRow.id).in_([row.id for row in made]))
                .order_by(col(GrantRow.division_code), col(GrantRow.role))
                .execution_options(populate_existing=True)
            )
        ).all()
    )
    callers.forget_after(db, owner, *(row.account_id for row in fresh))
    for row in fresh:
        await note(
            db,
            action,
            actor=caller.subject,
            subject=owner,
            division=row.division_code,
            grant=row.id,
            role=row.role,
            to=row.account_id,
            from_day=row.from_day,
            until_day=row.until_day,
        )
    return fresh


def allowed(row: GrantRow, caller: Caller) -> list[str]:
    """What the caller may do with a grant."""
    may = caller.is_(row.account_id) or may_grant(caller, row.role, row.division_code)
    return ["end"] if may and row.ended_at is None else []
