"""HTTP for overviews: one question, many services, one deadline."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Literal

import orjson
from fastapi import Path, Query, Request, Response

from gateway.messages.queries import unread
from gateway.overviews.gather import Found, Own, Question, RequiredPartFailed, gather
from gateway.overviews.memory import KEPT_S, Memory
from gateway.overviews.rules import DIVISION_PARTS, HOME_PARTS, Part, PartStatus
from gateway.overviews.schemas import OverviewOut
from gateway.overviews.settings import overview
from gateway.parts import Gateway, GatewayDep
from services.kit.access import Caller
from services.kit.app import Kit, KitDep
from services.kit.context import current
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.languages import DEFAULT, content_language
from services.kit.routing import Router

router = Router(prefix="/api/v1/overviews", tags=["overviews"])

_PASSED = ("content-type", "content-language", "retry-after")


async def start_memory(kit: Kit) -> None:
    """For the gateway's `on_start`."""
    kit.parts[Memory] = Memory()


@router.get("/home", response_model=OverviewOut)
async def read_home(
    kit: KitDep,
    gateway: GatewayDep,
    caller: CallerDep,
    request: Request,
    division: Annotated[DivisionCode, Query(description="Where the reader is at home")],
    language: Annotated[
        Literal["zh-CN", "bo", "mn", "en"] | None, Query(description="Before Accept-Language")
    ] = None,
) -> Response:
    """The first page of a division: itself and its path, alerts, what is coming there and near by,
    venues, works, and for whoever is signed in how many messages wait. A part that is slow, down
    or not installed says so and costs only itself."""
    work = current()
    if language is not None and work is not None:
        work.language = language

    async def waiting(reader: Caller) -> bytes:
        async with kit.database.transaction(reader) as db:
            return orjson.dumps({"unread": await unread(db, reader)})

    own: Own = {"messages": waiting}
    return await _answer(kit, gateway, request, caller, division, HOME_PARTS, own)


@router.get("/divisions/{code}", response_model=OverviewOut)
async def read_division_overview(
    kit: KitDep,
    gateway: GatewayDep,
    caller: CallerDep,
    request: Request,
    code: Annotated[DivisionCode, Path()],
) -> Response:
    """A division at one look: itself, what is below it, this year's figures, what is coming, what
    waits for approval (staff), its venues. A part that is slow or down says so and costs only
    itself; a former code answers with its successors."""
    return await _answer(kit, gateway, request, caller, code, DIVISION_PARTS, {})


async def _answer(
    kit: Kit,
    gateway: Gateway,
    request: Request,
    caller: Caller,
    code: str,
    parts: tuple[Part, ...],
    own: Own,
) -> Response:
    began = asyncio.get_running_loop().time()
    now = datetime.now(UTC)
    question = Question(code, caller, now, began + overview().deadline_ms / 1000)
    try:
        found = await gather(gateway.upstreams, kit.parts[Memory], parts, question, own)
    except RequiredPartFailed as failed:
        answer = failed.answer
        headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
        return Response(answer.content, answer.status, {**headers, "Cache-Control": "no-store"})
    complete = all(each.status in _FINE for each in found.values())
    # What is not installed here is so for a while; what is slow or down may be back at once.
    settled = all(each.status not in _PASSING for each in found.values())
    used = [each.language for each in found.values() if each.language]
    tag = _tag(code, found)
    headers = {
        "ETag": tag,
        "Cache-Control": _SHARED if settled and caller.subject is None else "private, no-store",
        "Vary": "Accept-Language",
        "Content-Language": content_language(used) or DEFAULT,
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    body = {
        "division_code": code,
        "as_of": now,
        "complete": complete,
        "parts": {name: each.json() for name, each in found.items()},
    }
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


_FINE = (PartStatus.OK, PartStatus.FORBIDDEN)
_PASSING = (PartStatus.SLOW, PartStatus.DOWN)
_SHARED = f"public, max-age=10, stale-while-revalidate=60, stale-if-error={KEPT_S}"


def _tag(code: str, found: Mapping[str, Found]) -> str:
    """A weak tag: the same parts at another age are the same overview, not the same bytes."""
    digest = blake2b(code.encode(), digest_size=12)
    for name, each in found.items():
        digest.update(f"\n{name} {each.status} {each.reason}\n".encode())
        digest.update(each.body or b"")
    return f'W/"{digest.hexdigest()}"'
