"""HTTP for outliers: the list for a division, and what the tier above makes of one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.events.activities.outliers import actions, queries
from services.events.activities.outliers.queries import Found
from services.events.activities.outliers.rules import (
    LIFECYCLE,
    OutlierState,
    Rule,
    judge_of,
)
from services.events.activities.outliers.schemas import DismissIn, OutlierOut
from services.events.activities.shapes import spoken, text_in
from services.kit.access import Caller, P
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import WORDS, content_language, say
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

router = Router(prefix="/reports/outliers", tags=["reports"])


def _out(caller: Caller, found: Found) -> OutlierOut:
    row, activity, occurrence, name = found
    title, language = text_in(activity, "title", spoken())
    detail, _ = say(WORDS[row.rule.value.replace("_", "-")]["title"], spoken())
    return OutlierOut(
        **row.model_dump(exclude={"dismissed_by"}),
        division_code=activity.division_code,
        division_name=name,
        title=title,
        title_language=language,
        form=activity.form,
        starts_at=occurrence.starts_at,
        detail=detail.format(number=row.number, compared=row.compared),
        allowed_actions=LIFECYCLE.allowed(
            row.state, lambda need: caller.may(P(need), at=judge_of(activity.division_code))
        ),
    )


@router.get("")
async def list_outliers(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    state: OutlierState = OutlierState.OPEN,
    rule: Rule | None = None,
) -> Page[OutlierOut]:
    """Numbers that stand out, the latest first; for those who read drafts of the division."""
    rows = await queries.outliers(db, caller, paging, division, state, rule)
    page = page_of(
        rows,
        paging,
        lambda found: (found[0].raised_at, found[0].id),
        lambda found: _out(caller, found),
        response,
    )
    used = [item.title_language for item in page.items]
    response.headers["Content-Language"] = content_language(used) or spoken()
    return page


def _answer(caller: Caller, found: Found, response: Response) -> OutlierOut:
    out = _out(caller, found)
    tag(response, out.version)
    response.headers["Content-Language"] = out.title_language
    return out


@router.post("/{outlier_id}/dismiss")
async def dismiss_outlier(
    db: Db,
    caller: CallerDep,
    outlier_id: UUID,
    given: DismissIn,
    version: IfMatch,
    response: Response,
) -> OutlierOut:
    """The number is right: said, with a reason, by an approver of the division above."""
    found = await actions.dismiss(db, caller, outlier_id, version, given.reason)
    return _answer(caller, found, response)


@router.post("/{outlier_id}/reopen")
async def reopen_outlier(
    db: Db, caller: CallerDep, outlier_id: UUID, version: IfMatch, response: Response
) -> OutlierOut:
    """It was dismissed too early."""
    found = await actions.reopen(db, caller, outlier_id, version)
    return _answer(caller, found, response)
