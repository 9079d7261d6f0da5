"""HTTP for applications: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.kit.access import Caller, P
from services.kit.answers import problem_body
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch
from services.kit.workdays import day_of
from services.venues.applications import actions, engine, queries, running, shapes
from services.venues.applications.gates import Standing
from services.venues.applications.lacking import field_errors, missing_for_submission
from services.venues.applications.queries import Wanted
from services.venues.applications.rules import (
    ADVANCE,
    Action,
    AlreadyRunning,
    ApplicationIncomplete,
    ApplicationState,
    ChannelFull,
)
from services.venues.applications.schemas import (
    ApplicationIn,
    ApplicationLine,
    ApplicationOut,
    ApplicationPatch,
    ContactsOpened,
    ExtendIn,
    Lacking,
    LackingOut,
    RefuseIn,
    SendBackIn,
    StepIn,
    TimelineOut,
    TrailLine,
    WithdrawIn,
)
from services.venues.applications.trail import why
from services.venues.programmes.definition import StageKind
from services.venues.programmes.speaking import Speaker
from services.venues.registry.schemas import OpenIn

PERSONAL = {"Cache-Control": "private, no-store"}

CONSTRAINTS: dict[str, type[Problem]] = {
    "applications_running_venue": AlreadyRunning,
    "applications_running_division": AlreadyRunning,
    "recommendations_quota": ChannelFull,
}


async def _personal(response: Response) -> None:
    response.headers.update(PERSONAL)


router = Router(prefix="/applications", tags=["applications"], dependencies=[Depends(_personal)])


def _now() -> datetime:
    return datetime.now(UTC)


async def _answer(
    db: Db, caller: Caller, application_id: UUID, response: Response
) -> ApplicationOut:
    case = await queries.case(db, caller, application_id)
    return await shapes.answer(db, caller, case, day_of(_now()), response)


async def _wanted(
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    state: ApplicationState | None = None,
    stage: Annotated[str | None, Query(max_length=40, description="Key of the stage")] = None,
    programme: UUID | None = None,
    venue: UUID | None = None,
    year: Annotated[int | None, Query(ge=2000, le=2999)] = None,
    mine: Annotated[bool, Query(description="My own, and those of venues I represent")] = False,
    overdue: Annotated[
        bool, Query(description="Past the last day of the stage, or of a return")
    ] = False,
    clock_open: Annotated[
        bool, Query(description="With a clock whose last day nobody knows yet")
    ] = False,
) -> Wanted:
    return Wanted(division, state, stage, programme, venue, year, mine, overdue, clock_open)


@router.get("")
async def list_applications(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    response: Response,
) -> Page[ApplicationLine]:
    """My own applications; for staff also those within reach, the newest first."""
    caller.known()
    today, speaker = day_of(_now()), Speaker()
    rows = await queries.applications(db, caller, paging, wanted, today)
    around = await queries.around(db, rows)
    owned = await queries.owned(db, caller, rows)
    told = {line.id: line for line in shapes.lines(caller, rows, around, owned, today, speaker)}
    speaker.tag(response)
    return page_of(rows, paging, lambda row: (row.id,), lambda row: told[row.id], response)


@router.post("", status_code=201, repeats=True)
async def draft_application(
    db: Db, caller: CallerDep, kit: KitDep, given: ApplicationIn, response: Response
) -> ApplicationOut:
    """Draft an application for a venue or a division; its `client_id` sent twice is harmless."""
    row, new = await actions.draft(db, caller, kit.vault, given, _now())
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/applications/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{application_id}")
async def read_application(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> ApplicationOut:
    """One application, its contacts masked."""
    return await _answer(db, caller, application_id, response)


@router.patch("/{application_id}")
async def edit_application(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    application_id: UUID,
    given: ApplicationPatch,
    version: IfMatch,
    response: Response,
) -> ApplicationOut:
    """Change a draft, or what was returned to be supplemented."""
    await actions.edit(db, caller, kit.vault, application_id, given, version, _now())
    return await _answer(db, caller, application_id, response)


@router.post("/{application_id}/submit")
async def submit_application(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> ApplicationOut:
    """Hand it in; after a return it goes on in the stage that returned it."""
    await engine.submit(db, caller, application_id, _now())
    return await _answer(db, caller, application_id, response)


async def _go_on(
    db: Db,
    caller: Caller,
    application_id: UUID,
    action: Action,
    given: StepIn,
    response: Response,
) -> ApplicationOut:
    await engine.go_on(db, caller, application_id, action, given.stage, given.reason, _now())
    return await _answer(db, caller, application_id, response)


@router.post("/{application_id}/recommend")
async def recommend_application(
    db: Db, caller: CallerDep, application_id: UUID, given: StepIn, response: Response
) -> ApplicationOut:
    """Recommend it, on one of the places of its channel."""
    return await _go_on(db, caller, application_id, Action.RECOMMEND, given, response)


@router.post("/{application_id}/pass")
async def pass_stage(
    db: Db, caller: CallerDep, application_id: UUID, given: StepIn, response: Response
) -> ApplicationOut:
    """Let it go on from a stage; what the stage still lacks is listed whole."""
    return await _go_on(db, caller, application_id, Action.PASS, given, response)


@router.post("/{application_id}/name")
async def name_application(
    db: Db, caller: CallerDep, application_id: UUID, given: StepIn, response: Response
) -> ApplicationOut:
    """Name it: the honour is granted with its number and dates."""
    return await _go_on(db, caller, application_id, Action.NAME, given, response)


@router.post("/{application_id}/send_back")
async def send_application_back(
    db: Db, caller: CallerDep, application_id: UUID, given: SendBackIn, response: Response
) -> ApplicationOut:
    """Return it for supplement, with the reason, the fields concerned and a last day."""
    await engine.send_back(db, caller, application_id, given, _now())
    return await _answer(db, caller, application_id, response)


@router.post("/{application_id}/extend")
async def extend_supplement(
    db: Db, caller: CallerDep, application_id: UUID, given: ExtendIn, response: Response
) -> ApplicationOut:
    """Give the applicant more working days to supplement, from today on."""
    await engine.extend(db, caller, application_id, given, _now())
    return await _answer(db, caller, application_id, response)


@router.post("/{application_id}/refuse")
async def refuse_application(
    db: Db, caller: CallerDep, application_id: UUID, given: RefuseIn, response: Response
) -> ApplicationOut:
    """Do not name it."""
    await engine.refuse(db, caller, application_id, given.stage, given.reason, _now())
    return await _answer(db, caller, application_id, response)


@router.post("/{application_id}/withdraw")
async def withdraw_application(
    db: Db,
    caller: CallerDep,
    application_id: UUID,
    response: Response,
    given: WithdrawIn = WithdrawIn(),
) -> ApplicationOut:
    """The applicant takes it back."""
    await engine.withdraw(db, caller, application_id, given.reason, _now())
    return await _answer(db, caller, application_id, response)


@router.get("/{application_id}/missing")
async def read_missing(db: Db, caller: CallerDep, application_id: UUID) -> LackingOut:
    """Everything that is missing for the next step, without trying it; for whoever takes it."""
    case = await queries.case(db, caller, application_id)
    row = case.application
    if row.state in (ApplicationState.DRAFT, ApplicationState.RETURNED):
        action, errors = Action.SUBMIT, await missing_for_submission(db, case)
    elif row.state is ApplicationState.UNDER_WAY and row.stage_key is not None:
        stage = case.definition.stage(row.stage_key)
        if stage.kind is not StageKind.SELF_ASSESSMENT:
            # What the office still has to do is the office's: panels, conflicts, credit.
            caller.require(P.APPLICATION_READ, at=row.division_code)
        action, run = ADVANCE[stage.kind], await queries.last_run(db, row)
        unmet = await running.unmet_of(db, Standing(row, case.definition, stage, run, _now()))
        errors = field_errors(unmet, f"/stages/{stage.key}")
    else:
        return LackingOut(action=None, missing=[])
    body, _ = problem_body(ApplicationIncomplete(errors=errors), Speaker().language)
    return LackingOut(
        action=action.value, missing=[Lacking(**error) for error in body.get("errors", ())]
    )


@router.get("/{application_id}/timeline")
async def read_timeline(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> TimelineOut:
    """Every stage that was, is and will be, and each decision by its office."""
    case = await queries.case(db, caller, application_id)
    return await shapes.timeline(db, case, response)


@router.get("/{application_id}/trail")
async def list_trail(
    db: Db, caller: CallerDep, paging: PagingDep, application_id: UUID, response: Response
) -> Page[TrailLine]:
    """For staff: who decided what, when, in whose name, under which version of the rule, why."""
    case = await queries.case(db, caller, application_id)
    caller.require(P.APPLICATION_READ, at=case.application.division_code)
    rows, speaker = await queries.trail(db, paging, case.application), Speaker()
    page = page_of(
        rows,
        paging,
        lambda row: (row.decided_at, row.id),
        lambda row: TrailLine(
            **row.model_dump(include=set(TrailLine.model_fields)),
            why=why(row, speaker),
            rule_number=case.rule_number if row.version_id else None,
        ),
        response,
    )
    speaker.tag(response)
    return page


@router.post("/{application_id}/open", keyed=False)
async def open_contacts(
    db: Db, caller: CallerDep, kit: KitDep, application_id: UUID, given: OpenIn
) -> ContactsOpened:
    """Contacts unmasked, for a stated purpose that is written down."""
    return await actions.open_contacts(db, caller, kit.vault, application_id, given.purpose)
