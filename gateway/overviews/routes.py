"""HTTP for overviews: one question, many services, one deadline."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Response

from gateway.overviews.gather import Question, RequiredPartFailed, gather
from gateway.overviews.memory import Memory
from gateway.overviews.rules import DIVISION_PARTS, PartStatus
from gateway.overviews.schemas import OverviewOut
from gateway.overviews.settings import overview
from gateway.parts import GatewayDep
from services.kit.app import Kit, KitDep
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.routing import Router

router = Router(prefix="/api/v1/overviews", tags=["overviews"])

_PASSED = ("content-type", "content-language", "retry-after")


async def start_memory(kit: Kit) -> None:
    """For the gateway's `on_start`."""
    kit.parts[Memory] = Memory()


@router.get("/divisions/{code}", response_model=OverviewOut)
async def read_division_overview(
    kit: KitDep,
    gateway: GatewayDep,
    caller: CallerDep,
    code: Annotated[DivisionCode, Path()],
    response: Response,
) -> Response | OverviewOut:
    """A division at one look: itself, what is below it, this year's figures, what is coming, what
    waits for approval (staff), its venues. A part that is slow or down says so and costs only
    itself; a former code answers with its successors."""
    began = asyncio.get_running_loop().time()
    now = datetime.now(UTC)
    question = Question(code, caller, now, began + overview().deadline_ms / 1000)
    try:
        parts = await gather(gateway.upstreams, kit.parts[Memory], DIVISION_PARTS, question)
    except RequiredPartFailed as failed:
        answer = failed.answer
        headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
        return Response(
            answer.content, answer.status_code, {**headers, "Cache-Control": "no-store"}
        )
    complete = all(part.status in (PartStatus.OK, PartStatus.FORBIDDEN) for part in parts.values())
    shared = complete and caller.subject is None
    response.headers["Cache-Control"] = "public, max-age=10" if shared else "private, no-store"
    response.headers["Vary"] = "Accept-Language"
    return OverviewOut(division_code=code, as_of=now, complete=complete, parts=parts)
