"""How an application goes through the stages of its programme: every step there is, and no other.

The engine knows no stage: the table comes from the definition (rules.py), what a stage needs from
its work (services/venues/stages.py). Each step holds the application's row, asks who may, asks the
gates as the service principal, writes the run, the decision and the fact in one transaction.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service
from services.kit.pointers import pointer_exists
from services.kit.problems import BrokenRule, FieldError, broken
from services.kit.workdays import day_of
from services.kit.workflow import Relation, WrongState
from services.venues.applications import clocks, quotas
from services.venues.applications.gates import Standing
from services.venues.applications.lacking import field_errors, missing_for_submission
from services.venues.applications.models import Application, StageRun
from services.venues.applications.queries import Case, held, last_run, owns
from services.venues.applications.rules import (
    FINAL,
    SPOKEN,
    Action,
    ApplicationIncomplete,
    ApplicationState,
    At,
    NotTheApplicant,
    Row,
    RunState,
    find,
    is_late,
    move,
    office_of,
    table,
)
from services.venues.applications.running import close, findings_of, leave, settle, unmet_of
from services.venues.applications.schemas import ExtendIn, SendBackIn
from services.venues.applications.shapes import pointed
from services.venues.applications.telling import tell_decided, tell_returned, tell_submitted
from services.venues.applications.trail import decide
from services.venues.assessment import freezing
from services.venues.honours.actions import grant
from services.venues.programmes.definition import Stage, StageKind
from services.venues.programmes.speaking import Speaker


async def submit(
    db: AsyncSession, caller: Caller, application_id: UUID, now: datetime
) -> Application:
    """Hand in a draft, or what was returned: it goes on in the stage that returned it.

    Raises ApplicationIncomplete with everything that is missing, SupplementLate, WrongState.
    """
    case = await _hold(db, caller, application_id, Action.SUBMIT)
    row = case.application
    run = await last_run(db, row) if row.state is ApplicationState.RETURNED else None
    target = _move(case, Action.SUBMIT, run, now)
    if errors := await missing_for_submission(db, case):
        raise ApplicationIncomplete(errors=errors)
    if run is None:
        await quotas.require_open(db, case, now)
        row.submitted_at, row.number = now, await quotas.next_number(db, case)
    await freezing.submitted(db, row, case.definition, caller, now)
    await settle(db, case, target, now)
    await decide(
        db, application=row, action="submit", caller=caller, stage_key=target.stage, now=now
    )
    await tell_submitted(db, row)
    return row


async def go_on(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    action: Action,
    stage_key: str,
    reason: str | None,
    now: datetime,
) -> Application:
    """Recommend, pass or name: leave a stage whose gates let go, for the next one or for the name.

    The decision says why: by the reason that is given, and by what the stage came to. Raises
    StageNotReady with everything that is missing, ChannelFull, WrongState, BrokenRule without a
    reason where nothing else says why.
    """
    case = await _hold(db, caller, application_id, action, stage_key)
    row, stage = case.application, case.definition.stage(stage_key)
    if stage.kind in SPOKEN and reason is None:
        raise broken("/reason", "conclusion-needed")
    run = await last_run(db, row)
    standing = Standing(row, case.definition, stage, run, now)
    unmet = field_errors(await unmet_of(db, standing), f"/stages/{stage_key}")
    target = move(table(case.definition), action, At(row.state, row.stage_key), missing=unmet)
    grounds = await findings_of(db, standing)
    if stage.kind is StageKind.RECOMMENDATION:
        await quotas.take(db, case, stage)
    close(run, RunState.PASSED, caller, now)
    office = office_of(row.division_code, stage.tier)
    of_office = office if not await _by_owner(db, caller, case, stage) else None
    await decide(
        db,
        application=row,
        action=action.value,
        caller=caller,
        stage_key=stage_key,
        reason=reason,
        grounds=grounds,
        acted_for=of_office,
        now=now,
    )
    await settle(db, case, target, now)
    if target.state is ApplicationState.NAMED:
        async with as_service(db):
            await grant(db, standing, caller, now)
        await tell_decided(db, row)
    return row


async def send_back(
    db: AsyncSession, caller: Caller, application_id: UUID, given: SendBackIn, now: datetime
) -> Application:
    """Return it for supplement, with a reason, the fields concerned and a last day.

    Raises BrokenRule for a pointer that leads nowhere, WrongState where the stage may not.
    """
    case = await _hold(db, caller, application_id, Action.SEND_BACK, given.stage)
    row, run = case.application, await last_run(db, case.application)
    document = await pointed(db, case)
    unknown = tuple(
        FieldError(f"/fields/{number}/pointer", "no-such-field", (("given", field.pointer),))
        for number, field in enumerate(given.fields)
        if not pointer_exists(field.pointer, document)
    )
    if unknown:
        raise BrokenRule(errors=unknown)
    target = _move(case, Action.SEND_BACK, run, now)
    close(run, RunState.RETURNED, caller, now)
    clocks.give_days(run, now, given.working_days or case.definition.supplement_days)
    await leave(db, case, run, now)
    await settle(db, case, target, now)
    await _by_office(db, caller, case, Action.SEND_BACK, given, now, given.fields)
    await tell_returned(db, row, run.supplement_due_on)
    return row


async def extend(
    db: AsyncSession, caller: Caller, application_id: UUID, given: ExtendIn, now: datetime
) -> Application:
    """Give the applicant working days from today on, also when the last day is over."""
    case = await _hold(db, caller, application_id, Action.EXTEND, given.stage)
    run = await last_run(db, case.application)
    clocks.give_days(run, now, given.working_days)
    case.application.version += 1
    await _by_office(db, caller, case, Action.EXTEND, given, now)
    await tell_returned(db, case.application, run.supplement_due_on)
    return case.application


async def refuse(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    stage_key: str,
    reason: str,
    now: datetime,
) -> Application:
    """It is not named: in any stage, and after a return once the supplement is late."""
    case = await _hold(db, caller, application_id, Action.REFUSE, stage_key)
    row, run = case.application, await last_run(db, case.application)
    target = _move(case, Action.REFUSE, run, now)
    if run.state is RunState.OPEN:
        close(run, RunState.REFUSED, caller, now)
        await leave(db, case, run, now)
    await settle(db, case, target, now)
    office = office_of(row.division_code, case.definition.stage(stage_key).tier)
    await decide(
        db,
        application=row,
        action=Action.REFUSE.value,
        caller=caller,
        stage_key=stage_key,
        reason=reason,
        acted_for=office,
        now=now,
    )
    await tell_decided(db, row)
    return row


async def withdraw(
    db: AsyncSession, caller: Caller, application_id: UUID, reason: str | None, now: datetime
) -> Application:
    """The applicant takes it back; a place that its channel gave is free again."""
    case = await _hold(db, caller, application_id, Action.WITHDRAW)
    row = case.application
    stage_key, target = row.stage_key, _move(case, Action.WITHDRAW, None, now)
    if row.state is ApplicationState.UNDER_WAY:
        run = await last_run(db, row)
        close(run, RunState.ENDED, caller, now)
        await leave(db, case, run, now)
    await quotas.give_back(db, case)
    submitted = row.submitted_at is not None
    await settle(db, case, target, now)
    await decide(
        db,
        application=row,
        action=Action.WITHDRAW.value,
        caller=caller,
        stage_key=stage_key,
        reason=reason,
        now=now,
    )
    if submitted:
        await tell_decided(db, row)
    return row


async def _hold(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    action: Action,
    stage_key: str | None = None,
) -> Case:
    """The application, held until the transaction ends, when the caller may do this from there."""
    case = await held(db, caller, application_id)
    row = case.application
    rows = [each for each in table(case.definition) if each.action is action]
    try:
        if stage_key is not None and stage_key != row.stage_key:
            raise WrongState()
        found = find(rows, action, At(row.state, row.stage_key))
    except WrongState:
        raise WrongState(action=action.value, state=_where(case)) from None
    await _require(db, caller, case, found)
    return case


def _where(case: Case) -> str:
    """Where it stands, as the reader of a refusal is told: the title of its stage, or its state."""
    row = case.application
    if row.stage_key is None or row.state in FINAL:
        return row.state.value
    return Speaker().say(case.definition.stage(row.stage_key).title)


async def _require(db: AsyncSession, caller: Caller, case: Case, row: Row) -> None:
    if Relation.OWN in row.needs and await owns(db, caller, case):
        return
    office = office_of(case.application.division_code, row.tier)
    staff = [need for need in row.needs if isinstance(need, P)]
    for need in staff:
        caller.require(need, at=office)
    if not staff:
        raise NotTheApplicant()


async def _by_owner(db: AsyncSession, caller: Caller, case: Case, stage: Stage) -> bool:
    return stage.kind is StageKind.SELF_ASSESSMENT and await owns(db, caller, case)


def _move(case: Case, action: Action, run: StageRun | None, now: datetime) -> At:
    row = case.application
    late = run is not None and is_late(run.supplement_due_on, day_of(now))
    at = At(row.state, row.stage_key)
    return move(table(case.definition), action, at, late=late)


async def _by_office(
    db: AsyncSession,
    caller: Caller,
    case: Case,
    action: Action,
    given: Any,
    now: datetime,
    fields: Any = (),
) -> None:
    stage = case.definition.stage(given.stage)
    await decide(
        db,
        application=case.application,
        action=action.value,
        caller=caller,
        stage_key=stage.key,
        reason=given.reason,
        fields=[field.model_dump() for field in fields],
        acted_for=office_of(case.application.division_code, stage.tier),
        now=now,
    )
