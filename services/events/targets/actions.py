"""What people do with targets: set, break down, edit, delete; record values and withdraw them."""

import csv
from collections.abc import Collection
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.queries import unknown_divisions
from services.events.network.models import Division
from services.events.targets import queries
from services.events.targets.models import Target, TargetValue
from services.events.targets.rules import (
    Measure,
    TargetInUse,
    ValueWithdrawn,
    may_record,
    number_errors,
)
from services.events.targets.schemas import PartIn, TargetIn, TargetPatch, ValueIn
from services.kit.access import Caller, P
from services.kit.problems import BrokenRule, Missing, broken
from services.kit.versions import require_version

_KNOWN = UUID("6f1d2b1c-9f0e-5c55-9a63-6b6570750011")
SYSTEM = UUID(int=0)
"""Who set the goals that came with the platform."""


async def set_target(db: AsyncSession, caller: Caller, given: TargetIn) -> Target:
    """Set a goal of a division that stands today."""
    caller.require(P.TARGET_SET, at=given.division_code)
    row = Target(**given.model_dump(), recorded_code=given.division_code, created_by=caller.known())
    return await _store(db, row)


async def _store(db: AsyncSession, row: Target) -> Target:
    errors = [
        *number_errors(row.measure, row.goal, "/goal"),
        *await unknown_divisions(db, {"/division_code": row.division_code}),
    ]
    if errors:
        raise BrokenRule(errors=tuple(errors))
    db.add(row)
    await db.flush()
    return row


async def break_down(db: AsyncSession, caller: Caller, target_id: UUID, given: PartIn) -> Target:
    """Give a part of a goal to a division directly below its owner."""
    # Held: nobody deletes it meanwhile.
    whole = await queries.locked(db, target_id)
    caller.require(P.TARGET_SET, at=whole.division_code)
    parent = select(Division.parent_code).where(Division.code == given.division_code)
    if (await db.exec(parent)).first() != whole.division_code:
        raise broken("/division_code", "not-directly-below", code=whole.division_code)
    due_on = given.due_on or whole.due_on
    _not_after(due_on, whole)
    row = Target(
        **given.model_dump(exclude={"due_on"}),
        due_on=due_on,
        recorded_code=given.division_code,
        parent_id=whole.id,
        measure=whole.measure,
        created_by=caller.known(),
    )
    return await _store(db, row)


def _not_after(due_on: date, whole: Target) -> None:
    if due_on > whole.due_on:
        raise broken("/due_on", "due-after-the-whole", day=whole.due_on.isoformat())


async def _changing(db: AsyncSession, caller: Caller, target_id: UUID) -> tuple[Target, Target]:
    """The target, and whose it is to change: the one that it is a part of, or itself."""
    row = await queries.locked(db, target_id)
    above = await db.get_one(Target, row.parent_id) if row.parent_id else row
    caller.require(P.TARGET_SET, at=above.division_code)
    return row, above


async def edit(
    db: AsyncSession, caller: Caller, target_id: UUID, given: TargetPatch, version: int
) -> Target:
    """Change a goal: by whoever set it."""
    row, above = await _changing(db, caller, target_id)
    require_version(row.version, version)
    for name, value in given.model_dump(exclude_unset=True).items():
        setattr(row, name, value)
    if errors := number_errors(row.measure, row.goal, "/goal"):
        raise BrokenRule(errors=tuple(errors))
    if above is not row:
        _not_after(row.due_on, above)
    row.version += 1
    await db.flush()
    return row


async def delete(db: AsyncSession, caller: Caller, target_id: UUID) -> None:
    """Delete a goal that has neither values nor parts."""
    row, _ = await _changing(db, caller, target_id)
    if (await queries.standing(db, row.id)).in_use:
        raise TargetInUse()
    await db.delete(row)
    await db.flush()


async def record(
    db: AsyncSession, caller: Caller, target_id: UUID, given: ValueIn, today: date
) -> TargetValue:
    """Record what it stood at on a day, and who says so."""
    row = await queries.locked(db, target_id)
    caller.require(P.TARGET_RECORD, at=row.division_code)
    may_record(row.measure, given.as_of, today)
    if errors := number_errors(row.measure, given.value, "/value"):
        raise BrokenRule(errors=tuple(errors))
    value = TargetValue(target_id=row.id, **given.model_dump(), recorded_by=caller.known())
    db.add(value)
    await db.flush()
    return value


async def withdraw(
    db: AsyncSession, caller: Caller, target_id: UUID, value_id: UUID, reason: str
) -> TargetValue:
    """Take a mistaken value back; it stays in the history, with the reason."""
    row = await queries.locked(db, target_id)
    caller.require(P.TARGET_RECORD, at=row.division_code)
    value = await db.get(TargetValue, value_id)
    if value is None or value.target_id != row.id:
        raise Missing()
    if value.withdrawn_at is not None:
        raise ValueWithdrawn()
    value.withdrawn_at, value.withdrawn_by = datetime.now(UTC), caller.known()
    value.withdraw_reason = reason
    await db.flush()
    return value


def _shipped(file: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(f"data/{file}").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _id(row: dict[str, str], *more: str) -> UUID:
    return uuid5(_KNOWN, " ".join((row["division_code"], row["measure"], row["due_on"], *more)))


def _goal(row: dict[str, str]) -> Target:
    values: dict[str, Any] = {
        "id": _id(row),
        "division_code": row["division_code"],
        "recorded_code": row["division_code"],
        "measure": Measure(row["measure"]),
        "goal": Decimal(row["goal"]) if row["goal"] else None,
        "due_on": date.fromisoformat(row["due_on"]),
        "lead_department": row["lead_department"] or None,
        "source": row["source"],
        "created_by": SYSTEM,
    }
    return Target(**values)


def _value(row: dict[str, str]) -> TargetValue:
    values: dict[str, Any] = {
        "id": _id(row, row["as_of"]),
        "target_id": _id(row),
        "value": Decimal(row["value"]),
        "as_of": date.fromisoformat(row["as_of"]),
        "source": row["source"],
        "note": row["note"] or None,
        "recorded_by": SYSTEM,
    }
    return TargetValue(**values)


async def add_known(db: AsyncSession, divisions: Collection[str]) -> int:
    """Add the plan's goals and the values that public pages tell of; what people changed stays.

    Answers how many rows are new. Another province has none of the divisions, and gets none.
    """
    goals = [_goal(row) for row in _shipped("targets.csv") if row["division_code"] in divisions]
    told = [_value(row) for row in _shipped("values.csv") if row["division_code"] in divisions]
    return await _add(db, Target, goals) + await _add(db, TargetValue, told)


async def _add(db: AsyncSession, model: Any, rows: list[Any]) -> int:
    wanted = {row.id: row for row in rows}
    there = set((await db.exec(select(model.id).where(col(model.id).in_(wanted)))).all())
    new = [row for row_id, row in wanted.items() if row_id not in there]
    db.add_all(new)
    await db.flush()
    return len(new)
