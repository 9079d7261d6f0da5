"""HTTP for draws: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.draw_report import Commitment, Report
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import tag
from services.kit.workflow import Needs, Relation
from services.venues.experts.draws import actions, identities, queries
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.draws.queries import Wanted
from services.venues.experts.draws.rules import LIFECYCLE, DrawState, PanelDrawUnderWay
from services.venues.experts.draws.schemas import (
    DrawDetailOut,
    DrawIn,
    DrawOut,
    IdentitiesOut,
    StepOut,
    ValueIn,
)
from services.venues.experts.shapes import ReasonIn

router = Router(prefix="/draws", tags=["draws"])
CONSTRAINTS: dict[str, type[Problem]] = {"panel_draws_live": PanelDrawUnderWay}


def _now() -> datetime:
    return datetime.now(UTC)


def _out(row: PanelDraw, caller: Caller) -> DrawOut:
    def holds(need: Needs) -> bool:
        return not isinstance(need, Relation) and caller.may(need, at=row.division_code)

    allowed = LIFECYCLE.allowed(row.state, holds)
    if row.disclosed_at is not None:
        allowed.remove("disclose") if "disclose" in allowed else None
    return DrawOut(
        **row.model_dump(include=set(DrawOut.model_fields) - {"commitment"}),
        commitment=Commitment.model_validate_json(row.commitment),
        allowed_actions=allowed,
    )


async def _answer(db: Db, caller: Caller, draw_id: UUID, response: Response) -> DrawDetailOut:
    row = await queries.draw(db, draw_id)
    steps = await queries.log(db, draw_id)
    tag(response, row.version)
    return DrawDetailOut(
        **_out(row, caller).model_dump(),
        log=[StepOut(**step.model_dump(exclude={"draw_id"})) for step in steps],
    )


async def _wanted(
    application_id: UUID | None = None,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    state: DrawState | None = None,
) -> Wanted:
    return Wanted(application_id, division, state)


@router.get("")
async def list_draws(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    response: Response,
) -> Page[DrawOut]:
    """Every freeze of a pool that ever was, also those that were voided, the newest first."""
    found = await queries.draws(db, paging, wanted)
    return page_of(found, paging, lambda row: (row.id,), lambda row: _out(row, caller), response)


@router.post("", status_code=201)
async def commit_draw(
    db: Db, caller: CallerDep, kit: KitDep, given: DrawIn, response: Response
) -> DrawDetailOut:
    """Promise a panel's draw: the rule, the source and the frozen pool are public from now on."""
    row = await actions.commit(db, caller, kit.vault, given, _now())
    response.headers["Location"] = f"/draws/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{draw_id}")
async def read_draw(db: Db, caller: CallerDep, draw_id: UUID, response: Response) -> DrawDetailOut:
    """One draw with its log."""
    return await _answer(db, caller, draw_id, response)


@router.get("/{draw_id}/report", response_model=Report)
async def read_report(db: Db, draw_id: UUID) -> Response:
    """The pool under salted ids, and the result once drawn: what `kepu draw verify` reads."""
    return Response(await queries.report_text(db, draw_id), media_type="application/json")


@router.get("/{draw_id}/identities")
async def read_identities(db: Db, kit: KitDep, draw_id: UUID) -> IdentitiesOut:
    """The salt, and who sat on the panel; there is nothing here before the scoring is over."""
    return await identities.told(db, kit.vault, draw_id)


@router.post("/{draw_id}/value")
async def enter_value(
    db: Db, caller: CallerDep, kit: KitDep, draw_id: UUID, given: ValueIn, response: Response
) -> DrawDetailOut:
    """Enter what the named source said, after its time: the draw is made, experts are invited."""
    await actions.enter_value(db, caller, kit.vault, draw_id, given.value, _now())
    return await _answer(db, caller, draw_id, response)


@router.post("/{draw_id}/void")
async def void_draw(
    db: Db, caller: CallerDep, kit: KitDep, draw_id: UUID, given: ReasonIn, response: Response
) -> DrawDetailOut:
    """Do not make the draw; the reason and the secret are public."""
    await actions.void(db, caller, kit.vault, draw_id, given.reason, _now())
    return await _answer(db, caller, draw_id, response)


@router.post("/{draw_id}/disclose")
async def disclose_draw(
    db: Db, caller: CallerDep, draw_id: UUID, response: Response
) -> DrawDetailOut:
    """Tell who sat on the panel, once the application has left the stage."""
    await actions.disclose(db, caller, draw_id, _now())
    return await _answer(db, caller, draw_id, response)
