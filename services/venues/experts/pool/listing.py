"""The pool out as a spreadsheet: masked for whoever keeps it, opened for a purpose that is kept."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, within
from services.kit.app import KitDep
from services.kit.db import run
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.ids import uuid7
from services.kit.imports.exports import PAGE, Exporter, Rows, export_router, exported
from services.kit.problems import NotHeld
from services.kit.routing import Router
from services.kit.sheets.declare import Column, Kind, Sheet, said
from services.kit.sheets.export import MEDIA_TYPES, FileKind
from services.kit.tables import openings
from services.kit.vault import Vault
from services.venues.experts.models import Expert, Institution
from services.venues.experts.pool import queries
from services.venues.experts.pool.actions import PERSONAL
from services.venues.experts.pool.queries import Entry
from services.venues.experts.pool.rules import ExpertState
from services.venues.experts.pool.sheet import SHEET, choices_of
from services.venues.experts.shapes import OpenIn

STATES = {
    ExpertState.STANDING: said("在库", "standing"),
    ExpertState.SUSPENDED: said("暂停", "suspended"),
    ExpertState.LEFT: said("退出", "left"),
}
OUT = Sheet(
    SHEET.name,
    SHEET.titles,
    columns=(
        *SHEET.columns,
        Column("state", said("状态", "State"), Kind.CHOICE, choices=choices_of(STATES)),
        Column("left_on", said("退出日期", "Left on"), Kind.DAY),
        Column("reviews_this_year", said("本年评审次数", "Reviews this year"), Kind.WHOLE),
    ),
)
"""What comes in by the sheet of the pool, and what became of it."""
_PLAIN = frozenset({column.key for column in OUT.columns} & set(Expert.model_fields))


async def _entries(
    db: AsyncSession, caller: Caller, needs: Sequence[P], division: str | None, after: Any
) -> list[Entry]:
    code = col(Expert.division_code)
    statement = select(Expert).where(*(within(code, caller, each) for each in needs))
    if division is not None:
        statement = statement.where(at_or_below(code, division))
    if after is not None:
        statement = statement.where(tuple_(code, col(Expert.id)) > tuple_(*after))
    page = statement.order_by(code, col(Expert.id)).limit(PAGE)
    return await queries.around(db, (await db.exec(page)).all())


async def _rows(db: AsyncSession, found: Sequence[Entry]) -> list[dict[str, Any]]:
    """The cells of experts, with whom they work for; nothing that is personal."""
    employers = await _institutions(db, {each.row.employer_id for each in found})
    above = await _institutions(db, {each.parent_id for each in employers.values()})
    rows = []
    for each in found:
        employer = employers[each.row.employer_id]
        body = above.get(employer.parent_id)
        rows.append(
            {
                **each.row.model_dump(include=set(_PLAIN)),
                **{
                    name: "、".join(getattr(each.row, name))
                    for name in ("fields", "tags", "languages")
                },
                "employer": employer.name,
                "employer_uscc": employer.uscc,
                "employer_above": body and body.name,
                "link": employer.link,
                "agreed_year": each.agreed_year,
                "reviews_this_year": each.reviews_this_year,
            }
        )
    return rows


async def _institutions(db: AsyncSession, ids: set[Any]) -> dict[Any, Institution]:
    statement = select(Institution).where(col(Institution.id).in_(ids))
    return {row.id: row for row in (await db.exec(statement)).all()}


def _last(found: Sequence[Entry], after: Any) -> Any:
    return (found[-1].row.division_code, found[-1].row.id) if found else after


async def masked(
    db: AsyncSession, caller: Caller, division: str | None, after: Any
) -> tuple[Rows, Any]:
    """A page of the pool within reach, by division; names, phones and accounts masked."""
    found = await _entries(db, caller, (P.EXPERT_MANAGE,), division, after)
    rows = await _rows(db, found)
    for row, each in zip(rows, found, strict=True):
        row.update({name: getattr(each.row, f"{name}_masked") for name in PERSONAL})
    return rows, _last(found, after)


def opened(vault: Vault, purpose: str) -> Exporter:
    """The same, unmasked: each expert whose fields leave is written down in that transaction."""

    async def page(
        db: AsyncSession, caller: Caller, division: str | None, after: Any
    ) -> tuple[Rows, Any]:
        found = await _entries(db, caller, (P.EXPERT_MANAGE, P.PERSONAL_OPEN), division, after)
        rows = await _rows(db, found)
        for row, each in zip(rows, found, strict=True):
            for name in PERSONAL:
                sealed = getattr(each.row, f"{name}_sealed")
                row[name] = sealed and vault.open(sealed, f"experts.{name}")
        noted = [
            {
                "id": uuid7(),
                "actor": caller.known(),
                "subject": f"experts/{each.row.id}",
                "fields": " ".join(f"experts.{name}" for name in PERSONAL),
                "purpose": purpose,
            }
            for each in found
        ]
        if noted:
            await run(db, openings.insert(), noted)
        return rows, _last(found, after)

    return Exporter(OUT, "/experts", P.EXPERT_MANAGE, page)


class OpenedExportIn(OpenIn):
    """Why the whole list is opened; kept for ever beside who opened it, expert by expert."""

    division: DivisionCode | None = Field(default=None, description="At or below it")


masked_router = export_router(Exporter(OUT, "/experts", P.EXPERT_MANAGE, masked))
router = Router(prefix="/experts", tags=["exports"])
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/export/open",
    keyed=False,
    response_class=Response,
    responses={200: {"content": {str(kind): _BINARY for kind in MEDIA_TYPES.values()}}},
)
async def export_opened(
    kit: KitDep,
    caller: CallerDep,
    given: OpenedExportIn,
    as_: Annotated[FileKind, Query(alias="format")] = FileKind.XLSX,
) -> StreamingResponse:
    """The pool with names, phones and accounts for fees, for a purpose that is written down."""
    if not caller.reach(P.PERSONAL_OPEN):
        caller.known()
        raise NotHeld(permission=P.PERSONAL_OPEN.value)
    return exported(kit, opened(kit.vault, given.purpose), caller, given.division, as_)
