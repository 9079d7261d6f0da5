"""HTTP for messages: parse, call one action or query, return."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from gateway.messages import actions, queries
from gateway.messages.models import Message
from gateway.messages.rules import render
from gateway.messages.schemas import MessageOut, ReadOut, UnreadOut
from gateway.messages.titles import titles
from gateway.parts import Gateway, GatewayDep
from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.context import current
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT, WORDS, content_language
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router

router = Router(prefix="/api/v1/messages", tags=["messages"])


async def _out(
    rows: Sequence[Message], gateway: Gateway, caller: Caller, response: Response
) -> list[MessageOut]:
    """The messages in the reader's language, their activities by title where events tells it."""
    known = await titles(
        gateway.upstreams,
        caller,
        (row.values["activity_id"] for row in rows if "activity_id" in row.values),
    )
    work = current()
    language = work.language if work else DEFAULT
    shown, used = [], []
    for row in rows:
        text, tags = render(WORDS, row.template, row.values, known, language)
        used += tags
        shown.append(MessageOut(**row.model_dump(exclude={"recipient", "fact_id"}), **text))
    response.headers["Content-Language"] = content_language(used) or DEFAULT
    response.headers["Cache-Control"] = "private, no-store"
    return shown


@router.get("")
async def list_messages(
    kit: KitDep,
    gateway: GatewayDep,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    unread: Annotated[bool | None, Query(description="Only unread ones, or only read ones")] = None,
) -> Page[MessageOut]:
    """The caller's messages, newest first."""
    caller.known()
    # Not the request's transaction: none is held while events is asked for the titles.
    async with kit.database.transaction(caller) as db:
        rows = await queries.list_messages(db, caller, paging, unread)
    page = page_of(rows, paging, lambda row: (row.created_at, row.id), lambda row: row.id, response)
    return Page(items=await _out(rows[: paging.limit], gateway, caller, response), next=page.next)


@router.get("/unread_count")
async def count_unread(db: Db, caller: CallerDep, response: Response) -> UnreadOut:
    """How many messages the caller has not read."""
    caller.known()
    response.headers["Cache-Control"] = "private, no-store"
    return UnreadOut(unread=await queries.unread(db, caller))


@router.post("/read_all")
async def read_all_messages(db: Db, caller: CallerDep) -> ReadOut:
    """Mark every message of the caller's as read."""
    caller.known()
    return ReadOut(read=await actions.mark_all_read(db, caller, datetime.now(UTC)))


@router.post("/{message_id}/read", status_code=204)
async def read_message(db: Db, caller: CallerDep, message_id: UUID) -> Response:
    """Mark one as read; a second time changes nothing."""
    caller.known()
    await actions.mark_read(db, caller, message_id, datetime.now(UTC))
    return Response(status_code=204)
