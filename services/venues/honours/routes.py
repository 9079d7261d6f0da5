"""HTTP for honours: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.days import FIRST_YEAR, LAST_YEAR
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.applications.trail import why
from services.venues.honours import actions, queries, steps
from services.venues.honours.queries import Held
from services.venues.honours.rules import (
    LIFECYCLE,
    AlreadyNamed,
    HonourState,
    NumberTaken,
    creation_over,
    local_day,
)
from services.venues.honours.schemas import (
    FollowIn,
    HistoryOut,
    HonourIn,
    HonourOut,
    HonourPatch,
    HostIn,
    IssuerOut,
    ReasonIn,
    ReturnIn,
)
from services.venues.honours.signing import issuer
from services.venues.programmes.speaking import Speaker
from services.venues.settings import PublicSettings

router = Router(prefix="/honours", tags=["honours"])
CONSTRAINTS: dict[str, type[Problem]] = {
    "honours_number": NumberTaken,
    "honours_application": AlreadyNamed,
}
KEYS_MAX_AGE_S = 300


def _now() -> datetime:
    return datetime.now(UTC)


def _out(found: Held, caller: Caller) -> HonourOut:
    row = found.honour
    today = local_day(_now())
    facts = {"today": today, "valid_until": row.valid_until}
    return HonourOut(
        **row.model_dump(exclude={"co_issuers", "recorded_code", "created_by", "created_at"}),
        co_issuers=row.co_issuers.splitlines(),
        holder=found.holder,
        creation_over=creation_over(row.state, row.provisional_until, today),
        allowed_actions=LIFECYCLE.allowed(row.state, found.holds(caller), **facts),
    )


async def _answer(db: Db, caller: Caller, honour_id: UUID, response: Response) -> HonourOut:
    found = await queries.held(db, honour_id)
    tag(response, found.honour.version)
    return _out(found, caller)


@router.get("")
async def list_honours(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
    programme_id: UUID | None = None,
    venue_id: UUID | None = None,
    state: HonourState | None = None,
    year: Annotated[
        int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="Of the day of naming")
    ] = None,
    title: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> Page[HonourOut]:
    """Honours at or below a division, the newest entered first; `title` is a part of it."""
    rows = await queries.honours(
        db,
        paging,
        division=division,
        programme_id=programme_id,
        venue_id=venue_id,
        state=state,
        year=year,
        title=title,
    )
    return page_of(
        rows, paging, lambda one: (one.honour.id,), lambda one: _out(one, caller), response
    )


@router.post("", status_code=201)
async def enter_honour(db: Db, caller: CallerDep, given: HonourIn, response: Response) -> HonourOut:
    """Enter an honour that was named elsewhere, with the public page that tells of it."""
    row = await actions.enter(db, caller, given, _now())
    response.headers["Location"] = f"/honours/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/issuer")
async def read_issuer(kit: KitDep, response: Response) -> IssuerOut:
    """Who signs credentials and stamps, and with which keys."""
    found = issuer(kit.keys, PublicSettings().origin)
    response.headers["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_S}"
    return IssuerOut(id=found.did, keys=list(found.keys))


@router.get("/issuer/did.json")
async def read_did_document(kit: KitDep, response: Response) -> dict[str, Any]:
    """The DID document of the issuer (did:web)."""
    response.headers["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_S}"
    return issuer(kit.keys, PublicSettings().origin).document()


@router.get("/{honour_id}")
async def read_honour(db: Db, caller: CallerDep, honour_id: UUID, response: Response) -> HonourOut:
    """One honour."""
    return await _answer(db, caller, honour_id, response)


@router.patch("/{honour_id}")
async def correct_honour(
    db: Db,
    caller: CallerDep,
    honour_id: UUID,
    given: HonourPatch,
    version: IfMatch,
    response: Response,
) -> HonourOut:
    """Correct an honour that was named elsewhere; one that was named here follows its rule."""
    await actions.correct(db, caller, honour_id, version, given, _now())
    return await _answer(db, caller, honour_id, response)


@router.get("/{honour_id}/history")
async def list_history(
    db: Db, paging: PagingDep, honour_id: UUID, response: Response
) -> Page[HistoryOut]:
    """Every step that anybody may know of, the oldest first."""
    found = await queries.held(db, honour_id)
    rows, speaker = await queries.history(db, found.honour, paging), Speaker()
    page = page_of(
        rows,
        paging,
        lambda row: (row.id,),
        lambda row: HistoryOut(**row.model_dump(), changed=row.fields, why=why(row, speaker)),
        response,
    )
    speaker.tag(response)
    return page


async def _act(
    db: Db, caller: Caller, honour_id: UUID, action: str, given: ReasonIn, response: Response
) -> HonourOut:
    await steps.act(db, caller, honour_id, action, given.reason, _now())
    return await _answer(db, caller, honour_id, response)


@router.post("/{honour_id}/confirm")
async def confirm_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: ReasonIn, response: Response
) -> HonourOut:
    """The creation period was passed: it stands."""
    return await _act(db, caller, honour_id, "confirm", given, response)


@router.post("/{honour_id}/rectify")
async def rectify_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: ReasonIn, response: Response
) -> HonourOut:
    """Order a rectification; the honour stands meanwhile, and everybody sees it."""
    return await _act(db, caller, honour_id, "rectify", given, response)


@router.post("/{honour_id}/suspend")
async def suspend_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: ReasonIn, response: Response
) -> HonourOut:
    """It may not be shown for the time being; its certificate is not given out."""
    return await _act(db, caller, honour_id, "suspend", given, response)


@router.post("/{honour_id}/reinstate")
async def reinstate_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: ReasonIn, response: Response
) -> HonourOut:
    """It stands again after a rectification or a suspension."""
    return await _act(db, caller, honour_id, "reinstate", given, response)


@router.post("/{honour_id}/revoke")
async def revoke_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: ReasonIn, response: Response
) -> HonourOut:
    """Take it back for good (摘牌): published with the reason, the certificate withdrawn."""
    return await _act(db, caller, honour_id, "revoke", given, response)


@router.post("/{honour_id}/record_return")
async def record_return(
    db: Db, caller: CallerDep, honour_id: UUID, given: ReturnIn, response: Response
) -> HonourOut:
    """After a revocation: the plaque or the paper certificate came back."""
    await steps.record_return(db, caller, honour_id, given, _now())
    return await _answer(db, caller, honour_id, response)


@router.post("/{honour_id}/change_host")
async def change_host(
    db: Db, caller: CallerDep, honour_id: UUID, given: HostIn, response: Response
) -> HonourOut:
    """It goes on under another host institution (依托单位变更), with a new certificate."""
    await steps.change_host(db, caller, honour_id, given, _now())
    return await _answer(db, caller, honour_id, response)


@router.post("/{honour_id}/renew")
async def renew_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: FollowIn, response: Response
) -> HonourOut:
    """Another honour of the same holder stands in its place."""
    await steps.follow(db, caller, honour_id, "renew", given, _now())
    return await _answer(db, caller, honour_id, response)


@router.post("/{honour_id}/upgrade")
async def upgrade_honour(
    db: Db, caller: CallerDep, honour_id: UUID, given: FollowIn, response: Response
) -> HonourOut:
    """A higher honour of the same holder stands in its place."""
    await steps.follow(db, caller, honour_id, "upgrade", given, _now())
    return await _answer(db, caller, honour_id, response)
