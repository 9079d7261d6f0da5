"""What is done with inspections: asked for, planned, recorded, released, answered, called off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.facts import record
from services.kit.problems import Missing, broken
from services.kit.versions import require_version
from services.kit.workdays import day_of
from services.venues.applications.models import Application, ApplicationState
from services.venues.applications.queries import case, last_run
from services.venues.applications.trail import decide
from services.venues.facts import InspectionRecorded, InspectionReleased
from services.venues.honours import queries as honours
from services.venues.honours.models import Honour
from services.venues.honours.rules import IN_FORCE
from services.venues.inspections import queries
from services.venues.inspections.making import check, rule_of, visit
from services.venues.inspections.models import Inspection, InspectionAnswer
from services.venues.inspections.queries import Found
from services.venues.inspections.rules import (
    LIFECYCLE,
    AnswersClosed,
    InspectionKind,
    NothingToInspect,
    require_findings,
    require_team,
    result_of,
)
from services.venues.inspections.schemas import InspectionIn, PlanIn, RecordIn
from services.venues.inspections.settling import next_alternate, settle_recheck
from services.venues.programmes.definition import StageKind

MOST_ANSWERS = 100


async def ask(db: AsyncSession, caller: Caller, given: InspectionIn, now: datetime) -> Found:
    """One more to be done. Raises InspectionUnderWay, NothingToInspect, BrokenRule."""
    if (given.kind == "site_visit") is (given.application_id is None):
        raise broken("/application_id", "visit-of-an-application")
    if (given.kind == "site_visit") is not (given.honour_id is None):
        raise broken("/honour_id", "inspection-of-an-honour")
    row = (
        await _of_application(db, caller, given, now)
        if given.application_id is not None
        else await _of_honour(db, caller, given, now)
    )
    db.add(row)
    await db.flush()
    found = await queries.inspection(db, caller, row.id)
    caller.require(P.INSPECTION_CONDUCT, at=found.office)
    return found


async def _of_application(
    db: AsyncSession, caller: Caller, given: InspectionIn, now: datetime
) -> Inspection:
    assert given.application_id is not None
    found = await case(db, caller, given.application_id, lock=True)
    row, key = found.application, found.application.stage_key
    if (
        row.state is not ApplicationState.UNDER_WAY
        or key is None
        or found.definition.stage(key).kind is not StageKind.SITE_VISIT
    ):
        raise NothingToInspect()
    run = await last_run(db, row)
    return visit(row, run, given.due_on or run.due_on, caller.known(), now)


async def _of_honour(
    db: AsyncSession, caller: Caller, given: InspectionIn, now: datetime
) -> Inspection:
    assert given.honour_id is not None
    honour = (await honours.held(db, given.honour_id)).honour
    if honour.state not in IN_FORCE:
        raise NothingToInspect()
    rule = await rule_of(db, honour)
    kind = InspectionKind(given.kind)
    return check(honour, rule, kind, given.due_on, caller.known(), now)


async def _hold(
    db: AsyncSession, caller: Caller, inspection_id: UUID, action: str, version: int | None = None
) -> Found:
    found = await queries.inspection(db, caller, inspection_id, lock=True)
    caller.require(P.INSPECTION_CONDUCT, at=found.office)
    if version is not None:
        require_version(found.row.version, version)
    found.row.state = LIFECYCLE.next(action, found.row.state)
    found.row.version += 1
    return found


async def plan(
    db: AsyncSession, caller: Caller, inspection_id: UUID, version: int, given: PlanIn
) -> Found:
    """Say when and by whom; again to change it. Raises TeamTooSmall, TeamPartial, Stale."""
    partial = await queries.partial(db, (await queries.inspection(db, caller, inspection_id)).row)
    found = await _hold(db, caller, inspection_id, "plan", version)
    team = list(dict.fromkeys(given.team))
    require_team(team, partial)
    found.row.planned_on, found.row.team = given.planned_on, team
    await db.flush()
    return found


async def write(
    db: AsyncSession,
    caller: Caller,
    inspection_id: UUID,
    version: int,
    given: RecordIn,
    now: datetime,
) -> Found:
    """Record what was found; again to correct it, until it is released. Raises BrokenRule."""
    found = await _hold(db, caller, inspection_id, "record", version)
    row = found.row
    keys = [finding.criterion for finding in given.findings]
    require_findings(keys, found.definition, given.held_on, day_of(now), found.named_on)
    row.result = result_of(row.kind, given.result, given.grade, found.definition)
    row.grade, row.held_on, row.summary = given.grade, given.held_on, given.summary
    row.findings = [finding.model_dump(mode="json") for finding in given.findings]
    await db.flush()
    await note(db, caller, found, "record_inspection", given.summary, now)
    await record(
        db, InspectionRecorded(**_told(row)), subject=row.id, division=row.division_code,
        version=row.version,
    )  # fmt: skip
    return found


async def release(db: AsyncSession, caller: Caller, inspection_id: UUID, now: datetime) -> Found:
    """Show the venue what was found; from here on it stands. A re-check settles what it is of."""
    found = await _hold(db, caller, inspection_id, "release")
    row = found.row
    row.released_at = now
    await db.flush()
    # The grade of an evaluation is announced (rules.md: 评估结果公布); other findings are not.
    public = row.kind is InspectionKind.EVALUATION
    reason = row.grade.value if public and row.grade else row.summary
    await note(db, caller, found, "release_inspection", reason, now, public=public)
    await record(
        db, InspectionReleased(**_told(row)), subject=row.id, division=row.division_code,
        version=row.version,
    )  # fmt: skip
    if row.kind is InspectionKind.RECHECK:
        await settle_recheck(db, caller, row, now)
    return found


async def cancel(
    db: AsyncSession, caller: Caller, inspection_id: UUID, reason: str, now: datetime
) -> Found:
    """Call it off, for a reason; of a sample, the next alternate is visited instead."""
    found = await _hold(db, caller, inspection_id, "cancel")
    found.row.cancel_reason = reason
    await db.flush()
    await note(db, caller, found, "cancel_inspection", reason, now)
    if found.row.sample_id is not None:
        await next_alternate(db, found.row, now)
    return found


async def answer(
    db: AsyncSession, caller: Caller, inspection_id: UUID, text: str, now: datetime
) -> Found:
    """What the venue says to what was found. Raises AnswersClosed, WrongState."""
    found = await queries.inspection(db, caller, inspection_id, lock=True)
    if not found.own:
        caller.require(P.INSPECTION_CONDUCT, at=found.office)
        raise Missing()
    row = found.row
    row.state = LIFECYCLE.next("answer", row.state)
    if len(await queries.answers(db, row)) >= MOST_ANSWERS:
        raise AnswersClosed()
    row.version += 1
    db.add(
        InspectionAnswer(
            inspection_id=row.id, text=text, answered_by=caller.known(), answered_at=now
        )
    )
    await db.flush()
    return found


async def note(
    db: AsyncSession,
    caller: Caller,
    found: Found,
    action: str,
    reason: str | None,
    now: datetime,
    *,
    public: bool = False,
) -> None:
    """A decision in the trail of the application or of the honour."""
    row = found.row
    about: dict[str, Any] = {}
    if row.application_id is not None:
        about["application"] = await db.get_one(Application, row.application_id)
        about["stage_key"] = about["application"].stage_key
    else:
        assert row.honour_id is not None
        about["honour"] = await db.get_one(Honour, row.honour_id)
    fields = [{"pointer": f"/inspections/{row.id}", "reason": row.kind.value}]
    await decide(
        db,
        action=action,
        caller=caller,
        reason=reason,
        fields=fields,
        public=public,
        acted_for=found.office,
        now=now,
        **about,
    )


def _told(row: Inspection) -> Mapping[str, Any]:
    return {
        "kind": row.kind.value,
        "result": row.result.value if row.result else "",
        "grade": row.grade.value if row.grade else None,
        "application_id": row.application_id,
        "honour_id": row.honour_id,
        "venue_id": row.venue_id,
    }
