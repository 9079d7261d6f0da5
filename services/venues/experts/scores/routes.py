"""HTTP for scores: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Depends, Response

from services.kit.access import Caller, P
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.kit.workflow import Relation
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.rules import LIFECYCLE as SEATS
from services.venues.experts.invitations.rules import SeatState
from services.venues.experts.pool.routes import personal
from services.venues.experts.scores import actions, queries
from services.venues.experts.scores.consequences import changes
from services.venues.experts.scores.models import Finding, Sheet
from services.venues.experts.scores.queries import Panel
from services.venues.experts.scores.rules import LIFECYCLE, PanelResult, SheetState, stored
from services.venues.experts.scores.schemas import (
    BandOut,
    FindingOut,
    PanelOut,
    ResultOut,
    SeatOut,
    SheetIn,
    SheetOut,
)
from services.venues.experts.shapes import ReasonIn

sheet_router = Router(
    prefix="/experts/invitations/{seat_id}/sheet",
    tags=["experts"],
    dependencies=[Depends(personal)],
)
router = Router(prefix="/applications/{application_id}", tags=["experts"])


def _now() -> datetime:
    return datetime.now(UTC)


async def _answer(db: Db, caller: Caller, seat_id: UUID, response: Response) -> SheetOut:
    found = await queries.own_sheet(db, caller, seat_id)
    sheet, shown = found.sheet, found.sheet or found.before
    state = sheet.state if sheet else SheetState.DRAFT
    seated = found.seat.state is SeatState.ACCEPTED
    tag(response, sheet.version if sheet else 0)
    return SheetOut(
        seat_id=found.seat.id,
        seat_state=found.seat.state,
        points=shown.points if shown else {},
        comments=shown.comments if shown else {},
        opinion=shown.opinion if shown else "",
        state=sheet and sheet.state,
        version=sheet.version if sheet else 0,
        saved_at=sheet and sheet.saved_at,
        submitted_at=sheet and sheet.submitted_at,
        reopen_reason=sheet and sheet.reopen_reason,
        allowed_actions=LIFECYCLE.allowed(state, lambda need: seated and need is Relation.OWN),
    )


@sheet_router.get("")
async def read_sheet(db: Db, caller: CallerDep, seat_id: UUID, response: Response) -> SheetOut:
    """One's own score sheet; after a supplement it starts from what was given before."""
    return await _answer(db, caller, seat_id, response)


@sheet_router.put("")
async def save_sheet(
    db: Db,
    caller: CallerDep,
    seat_id: UUID,
    given: SheetIn,
    version: IfMatch,
    response: Response,
) -> SheetOut:
    """Save a draft, as far as it is; `"v0"` for the first time."""
    await actions.save(db, caller, seat_id, given, version, _now())
    return await _answer(db, caller, seat_id, response)


@sheet_router.post("/submit")
async def submit_sheet(
    db: Db, caller: CallerDep, seat_id: UUID, version: IfMatch, response: Response
) -> SheetOut:
    """Hand the sheet in: it counts, and is changed no more."""
    await actions.submit(db, caller, seat_id, version, _now())
    return await _answer(db, caller, seat_id, response)


@sheet_router.post("/reopen", status_code=204)
async def reopen_sheet(db: Db, caller: CallerDep, seat_id: UUID, given: ReasonIn) -> None:
    """Give a submitted sheet back to its expert, with why; it stands in the trail."""
    await actions.reopen(db, caller, seat_id, given.reason, _now())


def _result(found: PanelResult | None) -> ResultOut | None:
    return ResultOut.model_validate(found.as_json()) if found else None


def _seat(seat: Seat, panel: Panel, caller: Caller) -> SeatOut:
    sheet: Sheet | None = panel.work.sheets.get(seat.id) if panel.work else None
    final = sheet is not None and sheet.state is SheetState.FINAL

    def holds(need: object) -> bool:
        return isinstance(need, P) and caller.may(need, at=seat.division_code)

    allowed = SEATS.allowed(seat.state, holds)
    allowed += ["link"] if seat.state is SeatState.INVITED else []
    allowed += LIFECYCLE.allowed(sheet.state, holds) if sheet else []
    return SeatOut(
        **seat.model_dump(include=set(SeatOut.model_fields)),
        name=panel.names.get(seat.expert_id, ""),
        sheet=sheet and sheet.state,
        points=sheet.points if sheet and final else None,
        allowed_actions=allowed,
    )


def _finding(row: Finding) -> FindingOut:
    whole = stored(row.with_them) if row.with_them else None
    others = stored(row.without_them) if row.without_them else None
    return FindingOut(
        seat_id=row.seat_id,
        reasons=row.reasons,
        found_at=row.found_at,
        with_them=_result(whole),
        without_them=_result(others),
        changes_outcome=changes(whole, others),
    )


@router.get("/panel", dependencies=[Depends(personal)])
async def read_panel(db: Db, caller: CallerDep, application_id: UUID) -> PanelOut:
    """The panel with its seats, sheets, result, and what was found afterwards: for its keepers."""
    found = await queries.panel(db, caller, application_id)
    work = found.work
    return PanelOut(
        application_id=application_id,
        stage_key=found.stage.key,
        missing=work.missing(found.case.definition) if work else {},
        seats=[_seat(seat, found, caller) for seat in (work.seats if work else ())],
        result=_result(found.result),
        findings=[_finding(row) for row in found.findings],
    )


@router.get("/band")
async def read_band(db: Db, caller: CallerDep, application_id: UUID) -> BandOut:
    """The band that the panel gave, once its stage is over; scores are not published."""
    result, band = await queries.band(db, caller, application_id)
    return BandOut(
        application_id=application_id,
        band=result.band,
        title=band.title if band else None,
        passes=result.passes,
    )
