"""How an application is told: in the reader's language, with what the reader may do next."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from fastapi import Response
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller
from services.kit.versions import tag
from services.venues.applications import queries
from services.venues.applications.models import Application, Decision, StageRun
from services.venues.applications.queries import Around, Case
from services.venues.applications.rules import (
    Action,
    ApplicationState,
    At,
    RunState,
    allowed,
    holder,
    is_late,
    office_of,
    table,
)
from services.venues.applications.schemas import (
    ApplicationLine,
    ApplicationOut,
    ContactOut,
    DecisionOut,
    Returned,
    RunOut,
    StageNow,
    TimelineOut,
)
from services.venues.applications.trail import why
from services.venues.notices.models import Entry
from services.venues.notices.rules import EntryState
from services.venues.programmes.definition import Definition, Stage, read
from services.venues.programmes.speaking import Speaker
from services.venues.registry.hosts import check_digit_fits


def lines(
    caller: Caller,
    rows: Sequence[Application],
    around: Around,
    owned: set[Any],
    today: date,
    speaker: Speaker,
) -> list[ApplicationLine]:
    """A page of applications; the rule of each is read once."""
    rules = {key: read(version.definition) for key, version in around.versions.items()}
    return [
        ApplicationLine(
            **_plain(caller, row, rules[row.version_id], around, row.id in owned, today, speaker)
        )
        for row in rows
    ]


def _plain(
    caller: Caller,
    row: Application,
    definition: Definition,
    around: Around,
    own: bool,
    today: date,
    speaker: Speaker,
) -> dict[str, Any]:
    run = around.runs.get(row.id)
    shown = around.shown.get(run.id) if run is not None else None
    late = run is not None and is_late(run.supplement_due_on, today)
    return {
        **row.model_dump(include=set(ApplicationLine.model_fields)),
        "programme_title": speaker.say(definition.title),
        "rule_number": around.versions[row.version_id].number,
        "venue_name": row.venue_id and around.venues.get(row.venue_id),
        "stage": _stage(row, definition, run, shown, today, speaker),
        "allowed_actions": allowed(
            table(definition),
            At(row.state, row.stage_key),
            holder(caller, row.division_code, own=own),
            late=late,
        ),
    }


_IN_A_STAGE = (ApplicationState.UNDER_WAY, ApplicationState.RETURNED)


def _stage(
    row: Application,
    definition: Definition,
    run: StageRun | None,
    shown: Entry | None,
    today: date,
    speaker: Speaker,
) -> StageNow | None:
    if row.state not in _IN_A_STAGE or row.stage_key is None or run is None:
        return None
    stage = definition.stage(row.stage_key)
    ticking = run.state is RunState.OPEN
    return StageNow(
        **_of_stage(row, stage, speaker),
        key=stage.key,
        tier=stage.tier,
        opened_at=run.opened_at,
        overdue=ticking and is_late(run.due_on, today),
        suspended=shown is not None and shown.open_objections > 0,
        **_clock(run, shown),
    )


def _clock(run: StageRun, shown: Entry | None) -> dict[str, Any]:
    """The last day of a run: of its own term, or of the window of the notice that shows it."""
    if shown is None:
        return {"due_on": run.due_on, "due_open": run.due_open, "notice_id": None}
    without_a_day = shown.last_on is None and not shown.open_objections
    return {
        "due_on": shown.last_on,
        "due_open": without_a_day and shown.state is EntryState.OPEN,
        "notice_id": shown.notice_id,
    }


def _of_stage(row: Application, stage: Stage, speaker: Speaker) -> dict[str, Any]:
    return {
        "kind": stage.kind,
        "title": speaker.say(stage.title),
        "office": stage.office,
        "office_code": office_of(row.division_code, stage.tier),
    }


async def answer(
    db: AsyncSession, caller: Caller, case: Case, today: date, response: Response
) -> ApplicationOut:
    """One application whole, with its contacts masked as far as the wall shows them."""
    row, speaker = case.application, Speaker()
    around = await queries.around(db, [row])
    own = await queries.owns(db, caller, case)
    contacts = await queries.contacts_of(db, row)
    plain = _plain(caller, row, case.definition, around, own, today, speaker)
    speaker.tag(response)
    tag(response, row.version)
    fits = row.host_uscc is None or check_digit_fits(row.host_uscc)
    return ApplicationOut(
        **{**row.model_dump(include=set(ApplicationOut.model_fields)), **plain},
        warnings=[] if fits else ["uscc-check-digit"],
        contacts=[
            ContactOut(
                position=one.position, name=one.name_masked, phone=one.phone_masked, duty=one.duty
            )
            for one in contacts
        ],
        returned=await _returned(db, row, around.runs.get(row.id), today),
    )


async def _returned(
    db: AsyncSession, row: Application, run: StageRun | None, today: date
) -> Returned | None:
    if row.state is not ApplicationState.RETURNED or run is None:
        return None
    decision = await queries.returned_with(db, row)
    return Returned(
        reason=decision and decision.reason,
        fields=decision.fields if decision else [],
        due_on=run.supplement_due_on,
        due_open=run.supplement_days is not None and run.supplement_due_on is None,
        late=is_late(run.supplement_due_on, today),
    )


async def pointed(db: AsyncSession, case: Case) -> dict[str, Any]:
    """The document that the pointers of a return lead into: what the applicant can supplement."""
    row, definition = case.application, case.definition
    contacts = await queries.contacts_of(db, row)
    return {
        **dict.fromkeys(("host_name", "host_uscc", "category", "channel", "summary")),
        "declared": dict.fromkeys(each.key for each in definition.conditions),
        "contacts": [{"name": None, "phone": None, "duty": None} for _ in contacts],
        "files": dict.fromkeys(each.key for each in definition.materials),
        "assessment": {
            criterion.key: None for section in definition.sections for criterion in section.criteria
        },
    }


async def timeline(db: AsyncSession, case: Case, response: Response) -> TimelineOut:
    """What interested parties see: every stage that was, is and will be, and each decision by its
    office. Nobody who reviewed is named; of the honour it tells what everybody may know: a check
    that was called off, or a conflict that is looked into, is not theirs to read."""
    row, speaker = case.application, Speaker()
    runs = await queries.runs_of(db, row)
    shown = await queries.shown(db, runs)
    told = [
        _run(row, case.definition.stage(run.stage_key), run, shown.get(run.id), speaker)
        for run in runs
    ]
    if row.state in (ApplicationState.DRAFT, *_IN_A_STAGE):
        keys = [stage.key for stage in case.definition.stages]
        after = keys.index(row.stage_key) + 1 if row.stage_key else 0
        told += [_run(row, stage, None, None, speaker) for stage in case.definition.stages[after:]]
    decisions = [
        DecisionOut(
            **one.model_dump(include={"action", "stage_key", "fields", "decided_at"}),
            reason=one.reason if _is_told(one) else None,
            why=why(one, speaker, told=_is_told(one)),
            office=_office(case.definition, one.stage_key, one.action, one.acted_for),
        )
        for one in await queries.decisions_of(db, row)
        if one.honour_id is None or one.public
    ]
    speaker.tag(response)
    return TimelineOut(runs=told, decisions=decisions)


def _run(
    row: Application, stage: Stage, run: StageRun | None, shown: Entry | None, speaker: Speaker
) -> RunOut:
    plain = _of_stage(row, stage, speaker)
    if run is None:
        return RunOut(
            **plain,
            stage_key=stage.key,
            attempt=None,
            state=None,
            opened_at=None,
            due_on=None,
            due_open=False,
            closed_at=None,
            supplement_due_on=None,
            notice_id=None,
        )
    return RunOut(
        **{**plain, **run.model_dump(include=set(RunOut.model_fields)), **_clock(run, shown)}
    )


def _is_told(row: Decision) -> bool:
    return row.public or row.action in _TOLD


_TOLD = frozenset(Action)
"""Whose reasons are written for the applicant; what reviewers note on the way is not."""
_BY_APPLICANT = frozenset({"submit", "withdraw"})


def _office(
    definition: Definition, stage_key: str | None, action: str, acted_for: str | None
) -> str | None:
    if action in _BY_APPLICANT or acted_for is None:
        return None
    stages = {stage.key: stage for stage in definition.stages}
    return stages[stage_key].office if stage_key in stages else definition.authority
