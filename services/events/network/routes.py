"""HTTP for the register: which divisions there are, what is below them, what became of a code."""

from typing import Annotated

from fastapi import Path, Query, Request, Response
from pydantic import StringConstraints

from services.events.network import queries
from services.events.network.schemas import DivisionItem, DivisionOut, EditionOut, HistoryOut
from services.kit.app import KitDep
from services.kit.divisions import DivisionCode, Tier
from services.kit.hot import HotRow
from services.kit.languages import DEFAULT
from services.kit.pages import Page, Paging, PagingDep
from services.kit.problems import Missing
from services.kit.routing import Router

router = Router(tags=["divisions"])

Code = Annotated[DivisionCode, Path()]
Search = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


class UnknownDivision(Missing):
    """No edition of the register has or had this code."""


def _in_chinese(response: Response) -> Response:
    # Names of divisions have no official translation here, and none is invented.
    response.headers["Content-Language"] = DEFAULT
    return response


def _after(paging: Paging, start: str = "") -> str:
    key = paging.after(str)
    return str(key[0]) if key else start


async def _one(row: HotRow, request: Request, kit: KitDep, code: str, *values: object) -> Response:
    found = await row.answer(request, kit.database, code, *values)
    if found is None:
        raise UnknownDivision(code=code)
    return _in_chinese(found)


@router.get("/divisions", response_model=Page[DivisionItem])
async def list_divisions(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    parent: Annotated[DivisionCode | None, Query(description="Directly below it")] = None,
    tier: Annotated[Tier | None, Query()] = None,
    q: Annotated[Search | None, Query(description="A part of the name")] = None,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    include_abolished: Annotated[bool, Query()] = False,
) -> Response:
    """Divisions by code; those that were abolished only when asked for."""
    found, values = queries.divisions(
        _after(paging),
        parent=parent,
        tier=tier,
        division=division,
        q=q,
        include_abolished=include_abolished,
    )
    return _in_chinese(await found.answer(request, kit.database, paging.limit, *values))


@router.get("/divisions/{code}", response_model=DivisionOut)
async def read_division(request: Request, kit: KitDep, code: Code) -> Response:
    """One division; a former code answers too, and says who followed."""
    return await _one(queries.DIVISION, request, kit, *queries.division_values(code))


@router.get("/divisions/{code}/children", response_model=Page[DivisionItem])
async def list_children(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    code: Code,
    include_abolished: Annotated[bool, Query()] = False,
) -> Response:
    """What is directly below a division, by code."""
    await _one(queries.EXISTS, request, kit, code)
    found, values = queries.divisions(
        _after(paging), parent=code, include_abolished=include_abolished
    )
    return _in_chinese(await found.answer(request, kit.database, paging.limit, *values))


@router.get("/divisions/{code}/history", response_model=HistoryOut)
async def read_history(request: Request, kit: KitDep, code: Code) -> Response:
    """What became of a code, what it came from, and the names it bore."""
    return await _one(queries.HISTORY, request, kit, code)


@router.get("/editions", response_model=Page[EditionOut])
async def list_editions(request: Request, kit: KitDep, paging: PagingDep) -> Response:
    """The editions of the register that were loaded, the one in force first."""
    after = _after(paging, start="9999")
    return _in_chinese(await queries.EDITIONS.answer(request, kit.database, paging.limit, after))
