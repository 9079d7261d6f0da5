"""HTTP for activities: parse, call one action or query, return."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.events.activities import (
    actions,
    host_actions,
    queries,
    series_actions,
)
from services.events.activities.models import Activity
from services.events.activities.rules import (
    ActivityState,
    Audience,
    Form,
    SpokenLanguage,
    UnknownCampaign,
)
from services.events.activities.schemas import (
    ActivityIn,
    ActivityLine,
    ActivityOut,
    ActivityPatch,
    CloneIn,
    HostIn,
    RepeatIn,
    SendBackIn,
)
from services.events.activities.shapes import activity_line, answer
from services.events.activities.umbrella_rules import UmbrellaHasChildren, UnderAnUmbrella
from services.kit.access import Caller
from services.kit.days import Day
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import content_language
from services.kit.pages import MAX_LIMIT, Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch

router = Router(prefix="/activities", tags=["activities"])

CONSTRAINTS: dict[str, type[Problem]] = {
    "activities_campaign_id_fkey": UnknownCampaign,
    "activities_one_level": UnderAnUmbrella,
    "activities_umbrella_fkey": UmbrellaHasChildren,
}


async def _answer(db: Db, caller: Caller, row: Activity, response: Response) -> ActivityOut:
    return answer(caller, row, await queries.one_around(db, row), response)


async def _wanted(
    division: Annotated[DivisionCode | None, Query()] = None,
    state: ActivityState | None = None,
    form: Form | None = None,
    audience: Audience | None = None,
    language: SpokenLanguage | None = None,
    campaign: UUID | None = None,
    mine: bool = False,
    q: Annotated[str | None, Query(max_length=100)] = None,
    first_day: Annotated[Day | None, Query(alias="from")] = None,
    last_day: Annotated[Day | None, Query(alias="to")] = None,
    ids: Annotated[
        list[UUID] | None, Query(alias="id", max_length=MAX_LIMIT, description="Only these")
    ] = None,
    umbrella: Annotated[UUID | None, Query(description="What stands under it")] = None,
) -> queries.Wanted:
    return queries.Wanted(
        division,
        state,
        form,
        audience,
        language,
        campaign,
        mine,
        q,
        first_day,
        last_day,
        ids,
        umbrella,
    )


@router.get("")
async def list_activities(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[queries.Wanted, Depends(_wanted)],
    response: Response,
) -> Page[ActivityLine]:
    """Activities, newest first; `division`: led or co-hosted at or below it; `from`, `to`: days."""
    rows = await queries.activities(db, caller, paging, wanted)
    around = await queries.around(db, [row.id for row in rows])
    page = page_of(
        rows,
        paging,
        lambda row: (row.id,),
        lambda row: activity_line(caller, row, around[row.id]),
        response,
    )
    if page.items:
        used = (item.title_language for item in page.items)
        response.headers["Content-Language"] = content_language(used)
    return page


@router.post("", status_code=201, repeats=True)
async def draft_activity(
    db: Db, caller: CallerDep, given: ActivityIn, response: Response
) -> ActivityOut:
    """Draft an activity; 200 and the one there is when its `client_id` was sent before."""
    row, new = await actions.draft(db, caller, given)
    response.status_code = 201 if new else 200
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = f"/activities/{row.id}"
    return await _answer(db, caller, row, response)


@router.get("/{activity_id}")
async def read_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """One activity; to edit it, read it in zh-CN: the texts come in the language asked for."""
    return await _answer(db, caller, await queries.activity(db, caller, activity_id), response)


@router.patch("/{activity_id}")
async def edit_activity(
    db: Db,
    caller: CallerDep,
    activity_id: UUID,
    given: ActivityPatch,
    version: IfMatch,
    response: Response,
) -> ActivityOut:
    """Draft or sent back: anything. Published: texts. Submitted or approved: withdraw it first."""
    row = await actions.edit(db, caller, activity_id, given, version)
    return await _answer(db, caller, row, response)


@router.delete("/{activity_id}", status_code=204)
async def discard_activity(db: Db, caller: CallerDep, activity_id: UUID) -> None:
    """Delete a draft."""
    await actions.discard(db, caller, activity_id)


@router.post("/{activity_id}/submit")
async def submit_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """Hand it in; 422 names each field that it still lacks."""
    return await _answer(db, caller, await actions.submit(db, caller, activity_id), response)


@router.post("/{activity_id}/withdraw")
async def withdraw_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """Take it back to the drafts, submitted or approved, to edit it."""
    row = await actions.move(db, caller, activity_id, "withdraw")
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/send_back")
async def send_back_activity(
    db: Db, caller: CallerDep, activity_id: UUID, given: SendBackIn, response: Response
) -> ActivityOut:
    """Return it with a reason and the fields concerned, as JSON pointers into the activity."""
    row = await actions.send_back(db, caller, activity_id, given)
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/approve")
async def approve_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """Approve it as it was submitted."""
    return await _answer(db, caller, await actions.approve(db, caller, activity_id), response)


@router.post("/{activity_id}/publish")
async def publish_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """Let the public see it and register; 409 when no occurrence is left to come to."""
    return await _answer(db, caller, await actions.publish(db, caller, activity_id), response)


@router.post("/{activity_id}/begin")
async def begin_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """It is being held."""
    row = await actions.move(db, caller, activity_id, "begin")
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/complete")
async def complete_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """It has been held; 409 while an occurrence is not over."""
    return await _answer(db, caller, await actions.complete(db, caller, activity_id), response)


@router.post("/{activity_id}/archive")
async def archive_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """Nothing more will be recorded about it."""
    row = await actions.move(db, caller, activity_id, "archive")
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/repeat")
async def repeat_activity(
    db: Db, caller: CallerDep, activity_id: UUID, given: RepeatIn, response: Response
) -> ActivityOut:
    """Add occurrences to it: the pattern's hour and places on later days, weeks or months."""
    row = await series_actions.repeat(db, caller, activity_id, given)
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/clone", status_code=201)
async def clone_activity(
    db: Db, caller: CallerDep, activity_id: UUID, given: CloneIn, response: Response
) -> ActivityOut:
    """A draft like it, on later days or without any; its co-hosts are invited anew."""
    row = await series_actions.clone(db, caller, activity_id, given)
    response.headers["Location"] = f"/activities/{row.id}"
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/hosts", status_code=201)
async def invite_host(
    db: Db, caller: CallerDep, activity_id: UUID, given: HostIn, response: Response
) -> ActivityOut:
    """Invite a division to co-host; its staff see the activity from now on."""
    row = await host_actions.invite(db, caller, activity_id, given.division_code)
    response.headers["Location"] = f"/activities/{row.id}"
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/hosts/{division}/accept")
async def accept_host(
    db: Db, caller: CallerDep, activity_id: UUID, division: DivisionCode, response: Response
) -> ActivityOut:
    """Co-host it, in the name of the invited division: it counts from now on."""
    row = await host_actions.accept(db, caller, activity_id, division)
    return await _answer(db, caller, row, response)


@router.delete("/{activity_id}/hosts/{division}", status_code=204)
async def withdraw_host(
    db: Db, caller: CallerDep, activity_id: UUID, division: DivisionCode
) -> None:
    """Take a co-host off: by the lead, or by the division itself."""
    await host_actions.withdraw(db, caller, activity_id, division)
