"""HTTP for the pool: parse, call one action or query, return."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Response

from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.experts.models import Institution
from services.venues.experts.pool import actions, institutions, queries
from services.venues.experts.pool.queries import Entry, WantedExperts
from services.venues.experts.pool.rules import (
    LIFECYCLE,
    AccountTaken,
    ExpertExists,
    ExpertKind,
    ExpertState,
    InstitutionExists,
)
from services.venues.experts.pool.schemas import (
    AgreementIn,
    ExpertIn,
    ExpertOpened,
    ExpertOut,
    ExpertPatch,
    InstitutionIn,
    InstitutionOut,
    InstitutionPatch,
)
from services.venues.experts.shapes import PERSONAL, OpenIn, ReasonIn

CONSTRAINTS: dict[str, type[Problem]] = {
    "experts_once": ExpertExists,
    "experts_account": AccountTaken,
    "institutions_uscc": InstitutionExists,
    "institutions_name": InstitutionExists,
}
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def personal(response: Response) -> None:
    """Answers about people are kept by nobody on the way."""
    response.headers.update(PERSONAL)


institution_router = Router(
    prefix="/experts/institutions", tags=["experts"], dependencies=[Depends(personal)]
)
router = Router(prefix="/experts", tags=["experts"], dependencies=[Depends(personal)])


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return _now().astimezone(SHANGHAI).date()


def _institution(row: Institution) -> InstitutionOut:
    return InstitutionOut(
        **row.model_dump(exclude={"recorded_code", "name_keys", "created_by", "created_at"})
    )


@institution_router.get("")
async def list_institutions(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    name: Annotated[str | None, Query(max_length=120, description="A name, whole")] = None,
) -> Page[InstitutionOut]:
    """Institutions that experts work for, by name."""
    found = await queries.institutions(db, caller, paging, name)
    return page_of(found, paging, lambda row: (row.name, row.id), _institution, response)


@institution_router.post("", status_code=201)
async def enter_institution(
    db: Db, caller: CallerDep, given: InstitutionIn, response: Response
) -> InstitutionOut:
    """Enter an institution, and what it belongs to."""
    row = await institutions.enter(db, caller, given)
    response.headers["Location"] = f"/experts/institutions/{row.id}"
    tag(response, row.version)
    return _institution(row)


@institution_router.get("/{institution_id}")
async def read_institution(
    db: Db, caller: CallerDep, institution_id: UUID, response: Response
) -> InstitutionOut:
    """One institution."""
    row = await queries.institution(db, caller, institution_id)
    tag(response, row.version)
    return _institution(row)


@institution_router.patch("/{institution_id}")
async def edit_institution(
    db: Db,
    caller: CallerDep,
    institution_id: UUID,
    given: InstitutionPatch,
    version: IfMatch,
    response: Response,
) -> InstitutionOut:
    """Rename it, or say what it belongs to."""
    row = await institutions.edit(db, caller, institution_id, given, version, _now())
    tag(response, row.version)
    return _institution(row)


def _out(found: Entry, caller: Caller) -> ExpertOut:
    row = found.row
    hidden = {"name_masked", "phone_masked", "payee_masked", "recorded_code", "created_by"}
    hidden |= {f"{name}_sealed" for name in actions.PERSONAL} | {"name_index", "phone_index"}
    return ExpertOut(
        **row.model_dump(exclude={*hidden, "account_id"}),
        name=row.name_masked,
        phone=row.phone_masked,
        payee=row.payee_masked,
        employer=found.employer,
        agreed_year=found.agreed_year,
        reviews_this_year=found.reviews_this_year,
        allowed_actions=LIFECYCLE.allowed(row.state, lambda need: actions.holds(row, caller, need)),
    )


async def _answer(db: Db, caller: Caller, expert_id: UUID, response: Response) -> ExpertOut:
    found = await queries.expert(db, caller, expert_id)
    tag(response, found.row.version)
    return _out(found, caller)


async def _wanted(
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    kind: ExpertKind | None = None,
    state: ExpertState | None = None,
    field: Annotated[str | None, Query(max_length=40)] = None,
    tag: Annotated[str | None, Query(max_length=40)] = None,
    language: Annotated[str | None, Query(max_length=40)] = None,
    employer: UUID | None = None,
    own: Annotated[bool, Query(description="Oneself, where one also keeps a pool")] = False,
) -> WantedExperts:
    return WantedExperts(division, kind, state, field, tag, language, employer, own)


@router.get("")
async def list_experts(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[WantedExperts, Depends(_wanted)],
    response: Response,
) -> Page[ExpertOut]:
    """The pool by division, masked; an expert finds themselves here."""
    caller.known()
    found = await queries.experts(db, caller, paging, wanted)
    return page_of(
        found,
        paging,
        lambda each: (each.row.division_code, each.row.id),
        lambda each: _out(each, caller),
        response,
    )


@router.post("", status_code=201)
async def enter_expert(
    db: Db, caller: CallerDep, kit: KitDep, given: ExpertIn, response: Response
) -> ExpertOut:
    """Let somebody into the pool."""
    row = await actions.enter(db, caller, kit.vault, given, _now(), _today())
    response.headers["Location"] = f"/experts/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{expert_id}")
async def read_expert(db: Db, caller: CallerDep, expert_id: UUID, response: Response) -> ExpertOut:
    """One expert, masked."""
    return await _answer(db, caller, expert_id, response)


@router.patch("/{expert_id}")
async def edit_expert(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    expert_id: UUID,
    given: ExpertPatch,
    version: IfMatch,
    response: Response,
) -> ExpertOut:
    """Change what is known of an expert; a former employer stays as an affiliation."""
    await actions.edit(db, caller, kit.vault, expert_id, given, version, _now())
    return await _answer(db, caller, expert_id, response)


@router.post("/{expert_id}/open", keyed=False)
async def open_expert(
    db: Db, caller: CallerDep, kit: KitDep, expert_id: UUID, given: OpenIn
) -> ExpertOpened:
    """Name, phone and account for fees, unmasked, for a stated purpose that is written down."""
    return await actions.open_fields(db, caller, kit.vault, expert_id, given.purpose)


@router.post("/{expert_id}/agree")
async def agree(
    db: Db, caller: CallerDep, expert_id: UUID, given: AgreementIn, response: Response
) -> ExpertOut:
    """Agree for a year, or record that they signed: without it nobody stands in a draw."""
    await actions.agree(db, caller, expert_id, given.year, _now())
    return await _answer(db, caller, expert_id, response)


async def _move(
    db: Db, caller: Caller, expert_id: UUID, action: str, reason: str, response: Response
) -> ExpertOut:
    await actions.move(db, caller, expert_id, action, reason, _now())
    return await _answer(db, caller, expert_id, response)


@router.post("/{expert_id}/suspend")
async def suspend_expert(
    db: Db, caller: CallerDep, expert_id: UUID, given: ReasonIn, response: Response
) -> ExpertOut:
    """Ask them for nothing for now."""
    return await _move(db, caller, expert_id, "suspend", given.reason, response)


@router.post("/{expert_id}/resume")
async def resume_expert(
    db: Db, caller: CallerDep, expert_id: UUID, given: ReasonIn, response: Response
) -> ExpertOut:
    """They may be asked again."""
    return await _move(db, caller, expert_id, "resume", given.reason, response)


@router.post("/{expert_id}/leave")
async def leave(
    db: Db, caller: CallerDep, expert_id: UUID, given: ReasonIn, response: Response
) -> ExpertOut:
    """They leave the pool, from today on."""
    return await _move(db, caller, expert_id, "leave", given.reason, response)


@router.post("/{expert_id}/readmit")
async def readmit_expert(
    db: Db, caller: CallerDep, expert_id: UUID, given: ReasonIn, response: Response
) -> ExpertOut:
    """They are back, from today on."""
    return await _move(db, caller, expert_id, "readmit", given.reason, response)
