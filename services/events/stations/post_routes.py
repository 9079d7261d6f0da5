"""HTTP for posts: parse, call one action or query, return."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.events.registrations.routes import personal
from services.events.registrations.schemas import OpenIn
from services.events.stations import post_actions, queries
from services.events.stations.queries import Held, WantedPosts
from services.events.stations.routes import in_chinese
from services.events.stations.rules import POST_LIFECYCLE, PostRole, Sector, post_state
from services.events.stations.schemas import (
    EndIn,
    HandOverIn,
    PersonOpened,
    PostIn,
    PostOut,
    PostPatch,
)
from services.kit.access import Caller, P
from services.kit.app import KitDep
from services.kit.days import Day
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag

router = Router(
    prefix="/posts", tags=["posts"], dependencies=[Depends(personal), Depends(in_chinese)]
)


def _out(held: Held, caller: Caller, day: date) -> PostOut:
    row = held.row
    state = post_state(row.begins_on, row.ends_on, day)
    allowed = POST_LIFECYCLE.allowed(state, lambda need: caller.may(P(need), at=row.division_code))
    return PostOut(
        **row.model_dump(include=set(PostOut.model_fields)),
        division_name=held.division_name,
        station_name=held.station_name,
        name=row.name_masked,
        phone=row.phone_masked,
        state=state,
        successor_id=held.successor_id,
        allowed_actions=[] if held.successor_id else allowed,
    )


async def _answer(db: Db, caller: Caller, post_id: UUID, response: Response) -> PostOut:
    held = await queries.post(db, caller, post_id)
    tag(response, held.row.version)
    return _out(held, caller, queries.today())


async def _wanted(
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
    station: UUID | None = None,
    role: PostRole | None = None,
    sector: Sector | None = None,
    held_on: Annotated[Day | None, Query(description="Held on that day")] = None,
) -> WantedPosts:
    return WantedPosts(division, station, role, sector, held_on)


@router.get("")
async def list_posts(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[WantedPosts, Depends(_wanted)],
    response: Response,
) -> Page[PostOut]:
    """My own posts; for staff also those within reach. Masked, by division."""
    caller.known()
    found, day = await queries.posts(db, caller, paging, wanted), queries.today()
    return page_of(
        found,
        paging,
        lambda held: (held.row.division_code, held.row.id),
        lambda held: _out(held, caller, day),
        response,
    )


@router.post("", status_code=201)
async def give_post(
    db: Db, caller: CallerDep, kit: KitDep, given: PostIn, response: Response
) -> PostOut:
    """Give a post to a person, from a day on."""
    row = await post_actions.give(db, caller, kit.vault, given)
    response.headers["Location"] = f"/posts/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.get("/{post_id}")
async def read_post(db: Db, caller: CallerDep, post_id: UUID, response: Response) -> PostOut:
    """One post, masked."""
    return await _answer(db, caller, post_id, response)


@router.patch("/{post_id}")
async def edit_post(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    post_id: UUID,
    given: PostPatch,
    version: IfMatch,
    response: Response,
) -> PostOut:
    """Correct what was written down wrongly; another person is a handover."""
    await post_actions.edit(db, caller, kit.vault, post_id, given, version)
    return await _answer(db, caller, post_id, response)


@router.delete("/{post_id}", status_code=204)
async def take_post_back(db: Db, caller: CallerDep, post_id: UUID) -> None:
    """Delete a post that has not begun; after a handover its predecessor holds it on."""
    await post_actions.take_back(db, caller, post_id, queries.today())


@router.post("/{post_id}/hand_over", status_code=201)
async def hand_post_over(
    db: Db, caller: CallerDep, kit: KitDep, post_id: UUID, given: HandOverIn, response: Response
) -> PostOut:
    """Give it to a successor, whose post is the answer; the predecessor's ends the day before."""
    row = await post_actions.hand_over(db, caller, kit.vault, post_id, given, queries.today())
    response.headers["Location"] = f"/posts/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.post("/{post_id}/end")
async def end_post(
    db: Db, caller: CallerDep, post_id: UUID, given: EndIn, response: Response
) -> PostOut:
    """Say which day is the last, and why."""
    await post_actions.end(db, caller, post_id, given, queries.today())
    return await _answer(db, caller, post_id, response)


@router.post("/{post_id}/open")
async def open_person(
    db: Db, caller: CallerDep, kit: KitDep, post_id: UUID, given: OpenIn
) -> PersonOpened:
    """Name and phone unmasked, for a stated purpose that is written down."""
    return await post_actions.open_person(db, caller, kit.vault, post_id, given.purpose)
