"""HTTP for draws: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Response

from services.events.activities.models import Activity, Occurrence
from services.events.draws import actions, queries
from services.events.draws.drawing import frozen
from services.events.draws.models import Draw
from services.events.draws.rules import LIFECYCLE, DrawUnderWay, slip_of
from services.events.draws.schemas import (
    DrawDetailOut,
    DrawIn,
    DrawOut,
    SlipOut,
    StepOut,
    ValueIn,
    VoidIn,
)
from services.events.registrations.queries import entry as read_registration
from services.events.registrations.routes import PERSONAL
from services.events.registrations.rules import ListRule
from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.draw_report import Commitment, Report
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Missing
from services.kit.routing import Router
from services.kit.versions import tag
from services.kit.workflow import Needs, Relation

router = Router(tags=["draws"])
CONSTRAINTS = {"draws_live": DrawUnderWay}


def _now() -> datetime:
    return datetime.now(UTC)


def _out(row: Draw, activity: Activity, occurrence: Occurrence, caller: Caller) -> DrawOut:
    commitment = Commitment.model_validate_json(row.commitment)
    report = frozen(row) if row.report is not None else None

    def holds(need: Needs) -> bool:
        return not isinstance(need, Relation) and caller.may(need, at=activity.division_code)

    return DrawOut(
        id=row.id,
        occurrence_id=row.occurrence_id,
        state=row.state,
        closes_at=row.closes_at,
        list_rule=ListRule(occurrence.list_rule),
        commitment=commitment,
        commitment_sha256=row.commitment_sha256,
        pool_sha256=report and report.freeze.pool_sha256,
        entries=None if report is None else len(report.pool),
        foreseeable=commitment.source is None,
        void_reason=row.void_reason,
        opened_at=row.opened_at,
        drawn_at=row.drawn_at,
        version=row.version,
        allowed_actions=LIFECYCLE.allowed(row.state, holds),
    )


async def _answer(db: Db, caller: Caller, occurrence_id: UUID, response: Response) -> DrawDetailOut:
    activity, occurrence, row = await queries.newest(db, caller, occurrence_id)
    steps = await queries.log(db, row.id)
    tag(response, row.version)
    return DrawDetailOut(
        **_out(row, activity, occurrence, caller).model_dump(),
        log=[StepOut(**step.model_dump(exclude={"draw_id"})) for step in steps],
    )


@router.post("/occurrences/{occurrence_id}/draw", status_code=201)
async def open_draw(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    occurrence_id: UUID,
    given: DrawIn,
    response: Response,
) -> DrawDetailOut:
    """Give an occurrence's places by a draw: the promise is public from now on."""
    await actions.open_draw(db, caller, kit.vault, occurrence_id, given, _now())
    response.headers["Location"] = f"/occurrences/{occurrence_id}/draw"
    return await _answer(db, caller, occurrence_id, response)


@router.get("/occurrences/{occurrence_id}/draw")
async def read_draw(
    db: Db, caller: CallerDep, occurrence_id: UUID, response: Response
) -> DrawDetailOut:
    """The occurrence's last draw with its log."""
    return await _answer(db, caller, occurrence_id, response)


@router.get("/occurrences/{occurrence_id}/draws")
async def list_draws(
    db: Db, caller: CallerDep, paging: PagingDep, occurrence_id: UUID, response: Response
) -> Page[DrawOut]:
    """Every draw of an occurrence, also those that were voided, the newest first."""
    activity, occurrence, found = await queries.draws(db, caller, paging, occurrence_id)
    return page_of(
        found,
        paging,
        lambda row: (row.id,),
        lambda row: _out(row, activity, occurrence, caller),
        response,
    )


@router.get("/occurrences/{occurrence_id}/draw/report", response_model=Report)
async def read_report(db: Db, caller: CallerDep, occurrence_id: UUID) -> Response:
    """The pool from the freeze on, and the result once drawn: what `kepu draw verify` reads."""
    _, _, row = await queries.newest(db, caller, occurrence_id)
    if row.report is None:
        raise Missing()
    return Response(row.report, media_type="application/json")


@router.post("/occurrences/{occurrence_id}/draw/value")
async def enter_value(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    occurrence_id: UUID,
    given: ValueIn,
    response: Response,
) -> DrawDetailOut:
    """Enter what the named source said, after its time: the draw is made with it."""
    await actions.enter_value(db, caller, kit.vault, occurrence_id, given.value, _now())
    return await _answer(db, caller, occurrence_id, response)


@router.post("/occurrences/{occurrence_id}/draw/void")
async def void_draw(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    occurrence_id: UUID,
    given: VoidIn,
    response: Response,
) -> DrawDetailOut:
    """Do not make the draw; the reason is public, and who entered stays for the next one."""
    await actions.void_draw(db, caller, kit.vault, occurrence_id, given.reason, _now())
    return await _answer(db, caller, occurrence_id, response)


@router.get("/registrations/{registration_id}/slip")
async def read_slip(
    db: Db, caller: CallerDep, kit: KitDep, registration_id: UUID, response: Response
) -> SlipOut:
    """Under which salted id a registration stands in the draw, and where it came in it."""
    response.headers.update(PERSONAL)
    found = await read_registration(db, caller, registration_id)
    _, _, row = await queries.newest(db, caller, found.registration.occurrence_id)
    salt = bytes.fromhex(kit.vault.open(row.salt_sealed, "draws.salt"))
    slip = slip_of(salt, registration_id)
    rank, chosen = _place(row, slip)
    return SlipOut(
        registration_id=registration_id,
        draw_id=row.id,
        state=row.state,
        slip=slip,
        rank=rank,
        chosen=chosen,
    )


def _place(row: Draw, slip: str) -> tuple[int | None, bool | None]:
    result: Any = frozen(row).result if row.report is not None else None
    for outcome in result.strata.values() if result is not None else ():
        ranked = [*outcome.chosen, *outcome.following]
        if slip in ranked:
            return ranked.index(slip) + 1, slip in outcome.chosen
    return None, None
