"""HTTP for invitations: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Depends, Response

from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.workflow import Needs, Relation
from services.venues.experts.draws.rules import is_over
from services.venues.experts.invitations import actions, material, queries
from services.venues.experts.invitations.page_routes import PAGE
from services.venues.experts.invitations.queries import Invitation
from services.venues.experts.invitations.rules import LIFECYCLE, SeatState, is_late
from services.venues.experts.invitations.schemas import (
    AnswerIn,
    InvitationOut,
    LinkIn,
    LinkOut,
    MaterialOut,
    TokenAnswerIn,
    TokenIn,
)
from services.venues.experts.pool.routes import personal
from services.venues.experts.shapes import ReasonIn
from services.venues.programmes.definition import read
from services.venues.settings import PublicSettings

router = Router(prefix="/experts/invitations", tags=["experts"], dependencies=[Depends(personal)])


def _now() -> datetime:
    return datetime.now(UTC)


def _out(found: Invitation, own: bool) -> InvitationOut:
    seat, application, version = found

    def holds(need: Needs) -> bool:
        return need is Relation.OWN and own

    waits = seat.state is SeatState.INVITED and not is_late(seat.expires_at, _now())
    over = is_over(application.state, application.stage_key, seat.stage_key)
    allowed = LIFECYCLE.allowed(seat.state, holds) if waits and not over else []
    if seat.state is SeatState.ACCEPTED and not over:
        allowed = ["score"]
    return InvitationOut(
        **seat.model_dump(include=set(InvitationOut.model_fields)),
        programme=read(version.definition).title,
        host_name=application.host_name,
        allowed_actions=allowed,
    )


async def _answer(db: Db, seat_id: UUID) -> InvitationOut:
    return _out(await queries.around(db, seat_id), own=True)


@router.get("")
async def list_invitations(
    db: Db, caller: CallerDep, paging: PagingDep, response: Response
) -> Page[InvitationOut]:
    """One's own invitations, the newest first."""
    caller.known()
    found = await queries.invitations(db, caller, paging)
    return page_of(
        found, paging, lambda each: (each[0].id,), lambda each: _out(each, True), response
    )


@router.post("/look", keyed=False)
async def look(db: Db, given: TokenIn) -> InvitationOut:
    """What the token of a link is for: programme, applicant, until when to answer; or what became
    of it."""
    seat = await queries.by_token(db, given.token)
    return await _answer(db, seat.id)


@router.post("/answer", keyed=False)
async def answer_by_link(db: Db, caller: CallerDep, given: TokenAnswerIn) -> InvitationOut:
    """Answer with the token of a link, once; whoever accepts is signed in, and stays the expert."""
    seat = await queries.by_token(db, given.token)
    await actions.answer(db, caller, seat, given, _now())
    return await _answer(db, seat.id)


@router.post("/{seat_id}/answer")
async def answer_own(db: Db, caller: CallerDep, seat_id: UUID, given: AnswerIn) -> InvitationOut:
    """Answer one's own invitation: accept, decline, or declare a conflict."""
    caller.known()
    seat = await queries.own(db, caller, seat_id)
    await actions.answer(db, caller, seat, given, _now())
    return await _answer(db, seat_id)


@router.post("/{seat_id}/link", keyed=False)
async def make_link(db: Db, caller: CallerDep, seat_id: UUID, given: LinkIn) -> LinkOut:
    """A new link for an open invitation, to be sent to the expert; the one before is void."""
    seat, token = await actions.make_link(db, caller, seat_id, given.purpose, _now())
    assert seat.expires_at is not None
    # In the fragment: it reaches no server and no log.
    link = f"{PublicSettings().origin}{PAGE}#{token}"
    return LinkOut(link=link, token=token, expires_at=seat.expires_at)


@router.post("/{seat_id}/release", status_code=204)
async def release_seat(db: Db, caller: CallerDep, seat_id: UUID, given: ReasonIn) -> None:
    """Take an accepted seat back, with why; the next alternate is asked."""
    await actions.release(db, caller, seat_id, given.reason, _now())


@router.get("/{seat_id}/material")
async def read_material(db: Db, caller: CallerDep, seat_id: UUID) -> MaterialOut:
    """What the expert judges by, without who applies."""
    return await material.material(db, caller, seat_id)
