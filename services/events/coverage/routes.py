"""HTTP for coverage and equity: parse, call one query, return. All of it is public: it counts
stations, posts and activities, and names nobody."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from services.events.coverage import equity, queries, shapes
from services.events.coverage.rules import Have, Touch, asked_tier
from services.events.coverage.schemas import (
    CoverageOut,
    EquityOut,
    LackingOut,
    SectorsOut,
    UntouchedOut,
)
from services.events.network.queries import EXISTS
from services.events.network.routes import UnknownDivision
from services.events.stations.queries import today
from services.events.stations.rules import Sector
from services.kit.app import KitDep
from services.kit.divisions import DivisionCode, Tier
from services.kit.languages import DEFAULT
from services.kit.pages import Page, Paging, PagingDep
from services.kit.routing import Router

router = Router(prefix="/coverage", tags=["coverage"])

Code = Annotated[DivisionCode, Path()]
OfSector = Annotated[
    Sector | None, Query(description="Only stations and posts of this department code")
]
Months = Annotated[
    int, Query(ge=1, le=60, description="This month and so many before it, less one")
]
EQUITY_MAX_AGE_S = 60


async def _known(request: Request, kit: KitDep, code: str) -> None:
    if await EXISTS.answer(request, kit.database, code) is None:
        raise UnknownDivision(code=code)


def _after(paging: Paging) -> str:
    key = paging.after(str)
    return str(key[0]) if key else ""


@router.get("/{code}", response_model=CoverageOut)
async def read_coverage(
    request: Request, kit: KitDep, code: Code, sector: OfSector = None
) -> Response:
    """Who has the four haves: a division, each tier below it, and each of its children."""
    key = sector.value if sector else ""
    found = await queries.counted(kit.database, code, [key], children=True)
    if not any(each.division["code"] == code for each in found):
        raise UnknownDivision(code=code)
    return shapes.public(shapes.coverage_out(found, code, sector), request)


@router.get("/{code}/sectors", response_model=SectorsOut)
async def read_sectors(request: Request, kit: KitDep, code: Code) -> Response:
    """The same by sector (条): which departments are there, and at how many divisions."""
    sectors = [sector.value for sector in Sector]
    found = await queries.counted(kit.database, code, sectors, children=False)
    if not found:
        raise UnknownDivision(code=code)
    return shapes.public(shapes.sectors_out(found[0]), request)


@router.get("/{code}/lacking", response_model=Page[LackingOut])
async def list_lacking(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    code: Code,
    have: Have,
    tier: Tier,
    sector: OfSector = None,
) -> Response:
    """Which divisions of a tier have no record of it, by code."""
    asked_tier(code, have, tier)
    await _known(request, kit, code)
    found, values = queries.lacking(
        code, have, tier, sector.value if sector else "", _after(paging)
    )
    response = await found.answer(request, kit.database, paging.limit, *values)
    response.headers["Content-Language"] = DEFAULT
    return response


@router.get("/{code}/equity", response_model=EquityOut)
async def read_equity(request: Request, kit: KitDep, code: Code, months: Months = 12) -> Response:
    """How evenly activities lie over villages, counties, languages, 农牧区 and towns."""
    answer = await equity.equity(kit.database, code, months, today())
    if answer is None:
        raise UnknownDivision(code=code)
    return shapes.public(answer, request, EQUITY_MAX_AGE_S)


@router.get("/{code}/equity/villages", response_model=Page[UntouchedOut])
async def list_untouched(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    code: Code,
    without: Touch,
    months: Months = 12,
) -> Response:
    """Villages where nothing of the kind was held in that time, by code."""
    await _known(request, kit, code)
    values = equity.untouched_values(code, months, today(), _after(paging))
    response = await equity.UNTOUCHED[without].answer(request, kit.database, paging.limit, *values)
    response.headers["Content-Language"] = DEFAULT
    return response
