"""HTTP for imports: one set of routes for each importer, made from its declaration."""

import asyncio
import io
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, at_or_below
from services.kit.app import Kit, KitDep
from services.kit.context import current
from services.kit.db import Db, run
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.imports import actions, files, log
from services.kit.imports.rules import (
    MOST_FAULTS,
    FileNotReadable,
    FileSeenBefore,
    Importer,
    ImportMode,
    ImportState,
)
from services.kit.imports.schemas import (
    CommitIn,
    FaultOut,
    ImportLine,
    ImportOut,
    fault_out,
    import_line,
    import_out,
)
from services.kit.imports.tables import imports
from services.kit.jobs.routes import location
from services.kit.jobs.rules import Job
from services.kit.languages import DEFAULT
from services.kit.pages import Page, PagingDep, keyset, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.sheets.annotate import annotate
from services.kit.sheets.export import MEDIA_TYPES, FileKind
from services.kit.sheets.template import write_template

CONSTRAINTS: dict[str, type[Problem]] = {"imports_same_file": FileSeenBefore}

FIRST = 20
XLSX = MEDIA_TYPES[FileKind.XLSX]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_WORKBOOK: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: _BINARY}}}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            XLSX: _BINARY,
            "text/csv": _BINARY,
            "application/octet-stream": _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": _BINARY["schema"]},
                }
            },
        },
    }
}


def spoken() -> str:
    """The language of the request in hand."""
    work = current()
    return work.language if work else DEFAULT


def download(content: bytes, name: str) -> Response:
    """A workbook to keep: nobody's cache, and never shown as a page."""
    return Response(content, headers=download_headers(name), media_type=XLSX)


def download_headers(name: str) -> dict[str, str]:
    """The headers of a file that is saved under `name`, in any script (RFC 6266)."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def import_router(importer: Importer, job: Job) -> APIRouter:
    """The routes of an importer; wired before those that take an id at the same place."""
    router = Router(prefix=f"{importer.path}/imports", tags=["imports"])
    sheet = importer.sheet

    async def shown(
        db: AsyncSession, kit: Kit, caller: Caller, row: RowMapping, response: Response
    ) -> ImportOut:
        found = await log.faults_of(db, row["id"], limit=FIRST)
        if row["job_id"] and row["state"] in (ImportState.CHECKING, ImportState.WRITING):
            response.headers["Location"] = location(kit, row["job_id"])
        return import_out(
            importer, caller, kit.service.name, row, [one for _, one in found], spoken()
        )

    @router.get("/template", response_class=Response, responses=_WORKBOOK)
    async def import_template(caller: CallerDep) -> Response:
        """The empty sheet, with headings and lists in the language asked for."""
        caller.known()
        target = io.BytesIO()
        await asyncio.to_thread(write_template, sheet, target, spoken())
        return download(target.getvalue(), f"{sheet.title(spoken())}.xlsx")

    async def send_in(
        request: Request,
        kit: Kit,
        caller: Caller,
        response: Response,
        mode: ImportMode,
        again: bool,
        name: str,
        about: UUID | None,
    ) -> ImportOut:
        caller.known()
        given = await files.received(request, name)
        import_id = await actions.send_in(
            kit, importer, job, caller, given, mode=mode, again=again, about=about
        )
        async with kit.database.transaction(caller) as db:
            row = await log.one(db, importer, caller, import_id)
            return await shown(db, kit, caller, row, response)

    async def send_in_about(
        request: Request,
        kit: KitDep,
        caller: CallerDep,
        response: Response,
        about: UUID,
        mode: ImportMode = ImportMode.ALL,
        again: bool = False,
        name: Annotated[str, Query(max_length=200)] = "",
    ) -> ImportOut:
        """Send a file in, XLSX or CSV, as the body or in a form; `about`: what all of it is for."""
        return await send_in(request, kit, caller, response, mode, again, name, about)

    async def send_in_whole(
        request: Request,
        kit: KitDep,
        caller: CallerDep,
        response: Response,
        mode: ImportMode = ImportMode.ALL,
        again: bool = False,
        name: Annotated[str, Query(max_length=200)] = "",
    ) -> ImportOut:
        """Send a file in, XLSX or CSV, as the body or in a form: it is checked, then written."""
        return await send_in(request, kit, caller, response, mode, again, name, None)

    # Not by router.post: no transaction is open while the file comes in and is stored, so there
    # is no Idempotency-Key; a file that is sent twice is recognised by its content.
    router.add_api_route(
        "",
        send_in_whole if importer.about is None else send_in_about,
        methods=["POST"],
        status_code=202,
        response_model=ImportOut,
        openapi_extra=_UPLOAD,
        name=f"import_{sheet.name}",
    )

    @router.get("")
    async def list_imports(
        db: Db,
        kit: KitDep,
        caller: CallerDep,
        paging: PagingDep,
        response: Response,
        state: ImportState | None = None,
        division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    ) -> Page[ImportLine]:
        """The log: one's own imports and those within reach, the newest first."""
        caller.known()
        statement = imports.select().where(
            imports.c.sheet == sheet.name, log.visible(importer, caller)
        )
        if state is not None:
            statement = statement.where(imports.c.state == state.value)
        if division is not None:
            statement = statement.where(at_or_below(imports.c.division_code, division))
        page = keyset(statement, paging, imports.c.id, descending=True)
        rows = (await run(db, page)).mappings().all()
        return page_of(
            rows,
            paging,
            lambda row: (row["id"],),
            lambda row: import_line(importer, caller, kit.service.name, row, spoken()),
            response,
        )

    @router.get("/{import_id}")
    async def read_import(
        db: Db, kit: KitDep, caller: CallerDep, import_id: UUID, response: Response
    ) -> ImportOut:
        """One import: its counts, the first bad cells, the first rows as they were read."""
        row = await log.one(db, importer, caller, import_id)
        return await shown(db, kit, caller, row, response)

    @router.get("/{import_id}/faults")
    async def list_faults(
        db: Db, caller: CallerDep, paging: PagingDep, import_id: UUID, response: Response
    ) -> Page[FaultOut]:
        """Every bad cell, in the order of the file; the first 2,000 are kept."""
        row = await log.one(db, importer, caller, import_id)
        after = paging.after(int) or (-1,)
        found = await log.faults_of(db, row["id"], limit=paging.limit + 1, after=after[0])
        return page_of(
            found,
            paging,
            lambda one: (one[0],),
            lambda one: fault_out(importer, one[1], spoken()),
            response,
        )

    @router.get("/{import_id}/workbook", response_class=Response, responses=_WORKBOOK)
    async def marked_workbook(kit: KitDep, caller: CallerDep, import_id: UUID) -> Response:
        """The file that was sent, bad cells marked and listed; the rest of it as it was."""
        async with kit.database.transaction(caller) as db:
            row = await log.one(db, importer, caller, import_id)
            found = await log.faults_of(db, row["id"], limit=MOST_FAULTS)
        if row["state"] == ImportState.REFUSED:
            raise FileNotReadable()
        file = await files.opened(kit, row["id"], row["object"])
        target = io.BytesIO()
        faults = [one for _, one in found]
        await asyncio.to_thread(annotate, file, sheet, faults, target, spoken())
        stem = row["name"].rpartition(".")[0] or row["name"] or sheet.title(spoken())
        return download(target.getvalue(), f"{stem}.xlsx")

    @router.post("/{import_id}/commit", status_code=202)
    async def commit_import(
        db: Db, kit: KitDep, caller: CallerDep, import_id: UUID, given: CommitIn, response: Response
    ) -> ImportOut:
        """Write what was checked; with `valid_only`, the rows without a bad cell."""
        row = await actions.commit(
            db, importer, job, caller, import_id, valid_only=given.valid_only
        )
        return await shown(db, kit, caller, row, response)

    @router.post("/{import_id}/discard")
    async def discard_import(
        db: Db, kit: KitDep, caller: CallerDep, import_id: UUID, response: Response
    ) -> ImportOut:
        """Nothing of it is wanted: the file is let go of."""
        row = await actions.discard(db, importer, caller, import_id)
        return await shown(db, kit, caller, row, response)

    @router.post("/{import_id}/undo")
    async def undo_import(
        db: Db, kit: KitDep, caller: CallerDep, import_id: UUID, response: Response
    ) -> ImportOut:
        """Take back what it wrote; 409 names the rows that something depends on by now."""
        row = await actions.undo(db, kit, importer, caller, import_id)
        return await shown(db, kit, caller, row, response)

    return router
