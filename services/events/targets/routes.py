"""HTTP for targets: parse, call one action or query, return."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.events.coverage.shapes import languages_of, unknown
from services.events.stations.queries import today
from services.events.targets import actions, queries
from services.events.targets.queries import Standing, Wanted
from services.events.targets.rules import (
    COUNTED_HERE,
    MEASURE_NAMES,
    Measure,
    TargetExists,
    Unit,
    allowed_actions,
    gap,
    unit_of,
)
from services.events.targets.schemas import (
    CurrentOut,
    PartIn,
    PartsOut,
    TargetIn,
    TargetOut,
    TargetPatch,
    ValueIn,
    ValueOut,
    WithdrawIn,
)
from services.kit.access import Caller, P
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

CONSTRAINTS: dict[str, type[Problem]] = {"targets_once": TargetExists}

router = Router(prefix="/targets", tags=["targets"])


def _current(found: Standing) -> tuple[Decimal | None, CurrentOut | None, str | None]:
    """The value, as it is shown, or why there is none."""
    if found.row.measure in COUNTED_HERE:
        if not found.with_venue or found.counted_on is None:
            return None, None, "no-venue-recorded"
        value = Decimal(found.with_venue)
        shown = CurrentOut(value=float(value), as_of=found.counted_on, source=None, note=None)
        return value, shown, None
    if found.value is None or found.as_of is None:
        return None, None, "no-sourced-value"
    shown = CurrentOut(
        value=float(found.value),
        as_of=found.as_of,
        source=found.value_source,
        note=found.note,
    )
    return found.value, shown, None


def _parts(found: Standing) -> PartsOut:
    adds_up = unit_of(found.row.measure) is Unit.COUNT
    whole = adds_up and found.parts > 0 and found.parts_known == found.parts
    return PartsOut(
        count=found.parts,
        goals=float(found.part_goals) if adds_up and found.part_goals is not None else None,
        known=found.parts_known,
        values=float(found.part_values) if whole and found.part_values is not None else None,
    )


def _out(found: Standing, caller: Caller, day: date) -> TargetOut:
    row = found.row
    goal = row.goal
    if goal is None and found.counties:
        goal = Decimal(found.counties)
    value, current, why = _current(found)
    missing = gap(goal, value)
    may_above = caller.may(P.TARGET_SET, at=found.set_at or row.division_code)
    return TargetOut(
        **row.model_dump(include=set(TargetOut.model_fields) - {"goal"}),
        division_name=found.division_name,
        name=MEASURE_NAMES[row.measure],
        unit=unit_of(row.measure),
        goal=None if goal is None else float(goal),
        current=current,
        gap=None if missing is None else float(missing),
        reached=None if missing is None else missing == 0,
        overdue=row.due_on < day and missing != 0,
        parts=_parts(found),
        unknown=[unknown("current", why)] if why else [],
        allowed_actions=allowed_actions(
            row.measure,
            may=lambda permission: caller.may(permission, at=row.division_code),
            may_above=may_above,
            in_use=found.in_use,
        ),
    )


async def _answer(db: Db, caller: Caller, target_id: UUID, response: Response) -> TargetOut:
    found = await queries.standing(db, target_id)
    out = _out(found, caller, today())
    tag(response, out.version)
    response.headers["Content-Language"] = languages_of(out.unknown)
    return out


async def _wanted(
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    measure: Measure | None = None,
    parent: Annotated[UUID | None, Query(description="Parts of this target")] = None,
    top: Annotated[bool, Query(description="Only goals that are no part of another")] = False,
) -> Wanted:
    return Wanted(division, measure, parent, top)


@router.get("")
async def list_targets(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    response: Response,
) -> Page[TargetOut]:
    """The board: goals with current value, gap and parts, by division. Public."""
    found, day = await queries.targets(db, paging, wanted), today()
    page = page_of(
        found,
        paging,
        lambda each: (each.row.division_code, each.row.id),
        lambda each: _out(each, caller, day),
        response,
    )
    told = (each for item in page.items for each in item.unknown)
    response.headers["Content-Language"] = languages_of(told)
    return page


@router.post("", status_code=201)
async def set_target(db: Db, caller: CallerDep, given: TargetIn, response: Response) -> TargetOut:
    """Set a goal of a division."""
    row = await actions.set_target(db, caller, given)
    response.headers["Location"] = f"/targets/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{target_id}")
async def read_target(db: Db, caller: CallerDep, target_id: UUID, response: Response) -> TargetOut:
    """One goal."""
    return await _answer(db, caller, target_id, response)


@router.patch("/{target_id}")
async def edit_target(
    db: Db,
    caller: CallerDep,
    target_id: UUID,
    given: TargetPatch,
    version: IfMatch,
    response: Response,
) -> TargetOut:
    """Change a goal, its day, its lead department or its source: by whoever set it."""
    await actions.edit(db, caller, target_id, given, version)
    return await _answer(db, caller, target_id, response)


@router.delete("/{target_id}", status_code=204)
async def delete_target(db: Db, caller: CallerDep, target_id: UUID) -> None:
    """Delete a goal that has neither values nor parts."""
    await actions.delete(db, caller, target_id)


@router.post("/{target_id}/parts", status_code=201)
async def break_target_down(
    db: Db, caller: CallerDep, target_id: UUID, given: PartIn, response: Response
) -> TargetOut:
    """Give a part of it to a division directly below its owner."""
    row = await actions.break_down(db, caller, target_id, given)
    response.headers["Location"] = f"/targets/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{target_id}/values")
async def list_values(
    db: Db, paging: PagingDep, target_id: UUID, response: Response
) -> Page[ValueOut]:
    """Everything recorded for it, the last recorded first, what was withdrawn included."""
    await queries.standing(db, target_id)
    rows = await queries.values(db, target_id, paging)
    return page_of(rows, paging, lambda row: (row.id,), ValueOut.model_validate, response)


@router.post("/{target_id}/values", status_code=201)
async def record_value(
    db: Db, caller: CallerDep, target_id: UUID, given: ValueIn, response: Response
) -> ValueOut:
    """Record what it stood at on a day, and who says so."""
    row = await actions.record(db, caller, target_id, given, today())
    response.headers["Location"] = f"/targets/{target_id}/values"
    return ValueOut.model_validate(row)


@router.post("/{target_id}/values/{value_id}/withdraw")
async def withdraw_value(
    db: Db, caller: CallerDep, target_id: UUID, value_id: UUID, given: WithdrawIn
) -> ValueOut:
    """Take a mistaken value back; the history keeps it."""
    row = await actions.withdraw(db, caller, target_id, value_id, given.reason)
    return ValueOut.model_validate(row)
