"""HTTP for samples of unannounced checks: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.draw_report import Report
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import tag
from services.venues.inspections import queries, sampling
from services.venues.inspections.schemas import ReasonIn, SampleIn, SampleOut, ValueIn
from services.venues.inspections.shapes import sample_out

router = Router(prefix="/inspections/samples", tags=["inspections"])


def _now() -> datetime:
    return datetime.now(UTC)


async def _answer(
    db: Db, caller: CallerDep, kit: KitDep, sample_id: UUID, response: Response
) -> SampleOut:
    row = await queries.sample(db, sample_id)
    tag(response, row.version)
    return sample_out(row, caller, kit.vault, await queries.unfinished(db, [row.id]))


@router.get("")
async def list_samples(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    paging: PagingDep,
    response: Response,
    programme_id: Annotated[UUID | None, Query()] = None,
) -> Page[SampleOut]:
    """Every sample that was ever frozen, also those that were voided, the newest first."""
    rows = await queries.samples(db, paging, programme_id)
    hidden = await queries.unfinished(db, [row.id for row in rows])
    return page_of(
        rows,
        paging,
        lambda row: (row.id,),
        lambda row: sample_out(row, caller, kit.vault, hidden),
        response,
    )


@router.post("", status_code=201)
async def begin_sample(
    db: Db, caller: CallerDep, kit: KitDep, given: SampleIn, response: Response
) -> SampleOut:
    """Freeze who may be visited; without a public source it is drawn at once."""
    row = await sampling.begin(db, caller, kit.vault, given, _now())
    response.headers["Location"] = f"/inspections/samples/{row.id}"
    return await _answer(db, caller, kit, row.id, response)


@router.get("/{sample_id}")
async def read_sample(
    db: Db, caller: CallerDep, kit: KitDep, sample_id: UUID, response: Response
) -> SampleOut:
    """One sample; it tells of nobody until every check is over."""
    return await _answer(db, caller, kit, sample_id, response)


@router.get("/{sample_id}/report", response_model=Report)
async def read_sample_report(db: Db, sample_id: UUID) -> Response:
    """The frozen pool under salted ids, and the result: what `kepu draw verify` reads."""
    row = await queries.sample(db, sample_id)
    return Response(row.report, media_type="application/json")


@router.post("/{sample_id}/draw")
async def draw_sample(
    db: Db, caller: CallerDep, kit: KitDep, sample_id: UUID, given: ValueIn, response: Response
) -> SampleOut:
    """Enter what the named source said, after its time: the checks are drawn with it."""
    await sampling.enter_value(db, caller, kit.vault, sample_id, given.value, _now())
    return await _answer(db, caller, kit, sample_id, response)


@router.post("/{sample_id}/void")
async def void_sample(
    db: Db, caller: CallerDep, kit: KitDep, sample_id: UUID, given: ReasonIn, response: Response
) -> SampleOut:
    """Do not draw it; the freeze and the reason stay for everybody to see."""
    await sampling.void(db, caller, sample_id, given.reason)
    return await _answer(db, caller, kit, sample_id, response)
