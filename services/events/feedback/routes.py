"""HTTP for feedback: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.events.activities.models import Activity
from services.events.activities.queries import activity as read_activity
from services.events.feedback import actions, queries
from services.events.feedback.models import FeedbackResult
from services.events.feedback.rules import FeedbackGiven, last_moment
from services.events.feedback.schemas import (
    AwaitedOut,
    CommentOut,
    FeedbackIn,
    FeedbackOut,
    FeedbackTaken,
)
from services.events.registrations.routes import PERSONAL
from services.events.registrations.schemas import OpenIn
from services.events.reporting.schemas import SatisfactionOut, UnknownOut
from services.kit.app import KitDep
from services.kit.context import current
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT, WORDS, say
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router

router = Router(tags=["feedback"])
CONSTRAINTS = {
    "feedback_rights_pkey": FeedbackGiven,
    "feedback_rights_once": FeedbackGiven,
}
TOO_FEW = "too-few-answers"


def _now() -> datetime:
    return datetime.now(UTC)


def _out(activity: Activity, result: FeedbackResult | None) -> FeedbackOut:
    work = current()
    detail, _ = say(WORDS[TOO_FEW]["title"], work.language if work else DEFAULT)
    few = UnknownOut(field="satisfaction", reason=TOO_FEW, detail=detail)
    return FeedbackOut(
        activity_id=activity.id,
        title=activity.title,
        division_code=activity.division_code,
        satisfaction=result and SatisfactionOut.of(result.answers, result.satisfied),
        released_on=result and result.released_on,
        unknown=[few] if result is None else [],
    )


# Without a key: the hash of so small a body would tell what was answered.
@router.post("/feedback", status_code=201, keyed=False)
async def give_feedback(
    db: Db, caller: CallerDep, kit: KitDep, given: FeedbackIn, response: Response
) -> FeedbackTaken:
    """Say how it was, once, for those who came. Anonymous: it cannot be changed or withdrawn."""
    response.headers.update(PERSONAL)
    return await actions.give(db, caller, kit.keys, kit.vault, given, _now())


@router.get("/feedback")
async def list_feedback(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
) -> Page[FeedbackOut]:
    """What is published, activity by activity, the newest first."""
    found = await queries.results(db, caller, paging, division)
    return page_of(found, paging, lambda row: (row[0].id,), lambda row: _out(*row), response)


@router.get("/feedback/awaited")
async def list_awaited(
    db: Db, caller: CallerDep, paging: PagingDep, response: Response
) -> Page[AwaitedOut]:
    """My registrations whose feedback may still be given, the newest first."""
    caller.known()
    response.headers.update(PERSONAL)
    return page_of(
        await queries.awaited(db, caller, paging, _now()),
        paging,
        lambda row: (row[0],),
        lambda row: AwaitedOut(
            registration_id=row[0],
            activity_id=row[1].id,
            title=row[1].title,
            starts_at=row[2].starts_at,
            until=last_moment(row[2].ends_at),
        ),
        response,
    )


@router.get("/activities/{activity_id}/feedback")
async def read_feedback(db: Db, caller: CallerDep, activity_id: UUID) -> FeedbackOut:
    """What is published about one activity."""
    activity = await read_activity(db, caller, activity_id)
    return _out(activity, await queries.result(db, activity_id))


@router.post("/activities/{activity_id}/feedback/comments", keyed=False)
async def open_comments(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    paging: PagingDep,
    activity_id: UUID,
    given: OpenIn,
    response: Response,
) -> Page[CommentOut]:
    """The comments, for the lead host and a stated purpose that is written down."""
    response.headers.update(PERSONAL)
    return page_of(
        await actions.open_comments(db, caller, activity_id, given.purpose, paging),
        paging,
        lambda row: (row.id,),
        lambda row: CommentOut(id=row.id, comment=kit.vault.open(row.sealed, "feedback.comment")),
        response,
    )
