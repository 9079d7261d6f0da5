"""HTTP for the documentation: the merged document, its page, problems, event types."""

from typing import Annotated, Any

import orjson
from fastapi import Path, Request, Response

from gateway.documentation import facts, problems
from gateway.documentation.assets import FILES, SECURITY_HEADERS, docs_page, serve
from gateway.documentation.facts import EventTypeOut
from gateway.documentation.merge import merge
from gateway.documentation.problems import ProblemOut, UnknownProblem
from gateway.documentation.sources import Documents
from gateway.parts import Gateway, GatewayDep
from gateway.segments import GATEWAY
from services.kit.app import Kit, KitDep, document_of, problem_texts
from services.kit.context import current
from services.kit.hot import tagged
from services.kit.languages import DEFAULT
from services.kit.pages import Page
from services.kit.problems import Missing
from services.kit.routing import Router

router = Router(prefix="/api/v1", tags=["documentation"])

MAX_AGE_S = 30


async def start_documents(kit: Kit) -> None:
    """For the gateway's `on_start`."""
    kit.parts[Documents] = Documents()


@router.get("/openapi.json", response_model=dict[str, Any])
async def read_openapi(request: Request, kit: KitDep, gateway: GatewayDep) -> Response:
    """This API as one OpenAPI 3.1 document; `x-unavailable` names services that did not answer."""
    source = kit.parts[Documents].openapi
    await source.refresh(gateway.upstreams)
    document = merge(
        {GATEWAY: await document_of(request.app), **source.answers},
        unavailable=source.unavailable,
        cookie=gateway.callers.cookie,
    )
    return tagged(orjson.dumps(document), request, MAX_AGE_S)


@router.get("/docs", include_in_schema=False)
async def read_docs() -> Response:
    """The documentation page; it works without the internet."""
    headers = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=300"}
    return Response(docs_page(), headers=headers, media_type="text/html; charset=utf-8")


@router.get("/docs/assets/{name}", include_in_schema=False)
async def read_asset(name: str, request: Request) -> Response:
    """A file of the documentation page."""
    if name not in FILES:
        raise Missing()
    return serve(name, request)


async def _problems(kit: Kit, gateway: Gateway) -> dict[str, ProblemOut]:
    source = kit.parts[Documents].problems
    await source.refresh(gateway.upstreams)
    return problems.collect({GATEWAY: problem_texts(), **source.answers})


@router.get("/problems", response_model=Page[ProblemOut])
async def list_problems(request: Request, kit: KitDep, gateway: GatewayDep) -> Response:
    """Every problem and field rule that this API can answer with, by slug, on one page."""
    found = await _problems(kit, gateway)
    page = Page[ProblemOut](items=list(found.values()))
    return tagged(page.model_dump_json().encode(), request, MAX_AGE_S)


@router.get("/problems/{slug}", response_model=ProblemOut)
async def read_problem(
    request: Request,
    kit: KitDep,
    gateway: GatewayDep,
    slug: Annotated[str, Path(pattern="^[a-z0-9-]{1,80}$")],
) -> Response:
    """What a problem means: JSON, or a small page for browsers."""
    found = (await _problems(kit, gateway)).get(slug)
    if found is None:
        raise UnknownProblem(slug=slug)
    if "text/html" in request.headers.get("accept", ""):
        work = current()
        html, language = problems.page(found, work.language if work else DEFAULT)
        headers = {
            **SECURITY_HEADERS,
            "Content-Language": language,
            "Vary": "Accept, Accept-Language",
        }
        return Response(html, headers=headers, media_type="text/html; charset=utf-8")
    answer = tagged(found.model_dump_json().encode(), request, MAX_AGE_S)
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer


async def _facts(kit: Kit, gateway: Gateway) -> dict[str, EventTypeOut]:
    source = kit.parts[Documents].facts
    await source.refresh(gateway.upstreams)
    return facts.collect(source.answers)


@router.get("/event-types", response_model=Page[EventTypeOut])
async def list_event_types(request: Request, kit: KitDep, gateway: GatewayDep) -> Response:
    """The facts that the live stream shows, with their JSON Schemas, on one page."""
    page = Page[EventTypeOut](items=list((await _facts(kit, gateway)).values()))
    return tagged(page.model_dump_json().encode(), request, MAX_AGE_S)


@router.get("/event-types/{type_}", response_model=EventTypeOut)
async def read_event_type(
    request: Request,
    kit: KitDep,
    gateway: GatewayDep,
    type_: Annotated[str, Path(pattern=r"^[a-z0-9_.]{1,80}$")],
) -> Response:
    """One type of fact."""
    found = (await _facts(kit, gateway)).get(type_)
    if found is None:
        raise Missing()
    return tagged(found.model_dump_json().encode(), request, MAX_AGE_S)
