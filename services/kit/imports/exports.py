"""Lists out as spreadsheets: one route for each, in pages, so that nothing grows with the list."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.app import Kit, KitDep
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.imports.routes import download_headers, spoken
from services.kit.problems import NotHeld
from services.kit.routing import Router
from services.kit.sheets.cells import ZONE
from services.kit.sheets.declare import Sheet
from services.kit.sheets.export import MEDIA_TYPES, FileKind, csv_pieces, xlsx_pieces

PAGE = 500

Rows = Sequence[dict[str, Any]]
Page = Callable[[AsyncSession, Caller, str | None, Any], Awaitable[tuple[Rows, Any]]]
"""The rows behind a key (None: the first ones) at or below a division, and the key of the last."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}


@dataclass(frozen=True)
class Exporter:
    """A list that can be had as a spreadsheet. `page` asks for PAGE rows within the reach."""

    sheet: Sheet
    path: str
    permission: P
    page: Page


async def _batches(
    kit: Kit, exporter: Exporter, caller: Caller, division: str | None
) -> AsyncIterator[Rows]:
    """Page after page, each in a transaction of its own: none is held while somebody downloads."""
    after: Any = None
    while True:
        async with kit.database.transaction(caller) as db:
            rows, after = await exporter.page(db, caller, division, after)
        if rows:
            yield rows
        if len(rows) < PAGE:
            return


def export_router(exporter: Exporter) -> APIRouter:
    """The route of an exporter; wired before those that take an id at the same place."""
    router = Router(tags=["exports"])
    content = {str(kind): _BINARY for kind in MEDIA_TYPES.values()}

    @router.get(
        f"{exporter.path}/export",
        response_class=Response,
        responses={200: {"content": content}},
        name=f"export_{exporter.sheet.name}",
    )
    async def export(
        kit: KitDep,
        caller: CallerDep,
        as_: Annotated[FileKind, Query(alias="format")] = FileKind.XLSX,
        mark: Annotated[
            bool, Query(description="CSV begins with a byte order mark, as Excel needs it")
        ] = True,
        division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    ) -> StreamingResponse:
        """The list within one's reach as a spreadsheet; what is personal is masked."""
        return exported(kit, exporter, caller, division, as_, mark=mark)

    return router


def exported(
    kit: Kit,
    exporter: Exporter,
    caller: Caller,
    division: str | None,
    as_: FileKind,
    *,
    mark: bool = True,
) -> StreamingResponse:
    """The answer with the file; NotHeld for who holds the permission nowhere."""
    caller.known()
    if not caller.reach(exporter.permission):
        raise NotHeld(permission=exporter.permission.value)
    batches = _batches(kit, exporter, caller, division)
    sheet, language = exporter.sheet, spoken()
    if as_ is FileKind.CSV:
        pieces = csv_pieces(sheet, batches, language, mark=mark)
    else:
        pieces = xlsx_pieces(sheet, batches, language)
    day = datetime.now(UTC).astimezone(ZONE).date()
    headers = download_headers(f"{sheet.title(language)}-{day}.{as_}")
    return StreamingResponse(pieces, headers=headers, media_type=MEDIA_TYPES[as_])
