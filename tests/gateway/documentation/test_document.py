"""The merged document and its page, over the running services."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.documentation.assets import FILES
from gateway.documentation.settings import documentation
from gateway.main import create_app
from gateway.segments import PREFIX, SEGMENTS, SHARED
from gateway.settings import GatewaySettings
from gateway.upstreams import Upstreams
from services.kit.tokens import Signer
from tests.gateway.conftest import RunningGateway
from tests.gateway.hanging import hanging

METHODS = ("get", "put", "post", "delete", "patch")


async def document(gateway: RunningGateway) -> dict[str, Any]:
    async with gateway.client() as nobody:
        answer = await nobody.get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def operations(made: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, item[method])
        for path, item in made["paths"].items()
        for method in METHODS
        if method in item
    ]


async def test_the_document_is_valid_openapi_31_and_complete(gateway: RunningGateway) -> None:
    made = await document(gateway)
    OpenAPIV31SpecValidator(made).validate()
    assert (made["openapi"], made["x-unavailable"]) == ("3.1.0", ["volunteers"])
    segments = {path.split("/")[3] for path in made["paths"]}
    assert segments - set(SEGMENTS) - SHARED == set()
    expected = {"divisions", "venues", "messages", "live", "overviews", "sessions", "problems"}
    assert expected - segments == set()


async def test_every_operation_has_its_own_id_a_tag_a_summary_and_problem_answers(
    gateway: RunningGateway,
) -> None:
    found = operations(await document(gateway))
    ids = [operation["operationId"] for *_, operation in found]
    assert sorted(set(ids)) == sorted(ids)
    untold = [
        (path, method)
        for path, method, operation in found
        if not operation["tags"] or not operation.get("description")
    ]
    assert untold == []
    problem = {"$ref": "#/components/responses/Problem"}
    everywhere = {"401", "403", "422", "429", "500", "503", "504"}
    assert [
        (path, method)
        for path, method, operation in found
        if any(operation["responses"].get(status) != problem for status in everywhere)
    ] == []


async def test_no_route_of_the_gateway_is_undocumented(gateway: RunningGateway) -> None:
    made = await document(gateway)
    hidden = {"/docs", "/docs/assets/{name}"}
    own = {f"{PREFIX}{route}" for route in hidden}
    routed = {
        route.path for route in create_app().routes if getattr(route, "path", "").startswith(PREFIX)
    }
    assert routed - own - set(made["paths"]) == set()


async def test_how_a_caller_is_known_is_said(gateway: RunningGateway) -> None:
    made = await document(gateway)
    assert made["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert made["components"]["securitySchemes"]["cookie"]["name"] == gateway.parts.callers.cookie
    assert made["security"] == [{}, {"bearer": []}, {"cookie": []}]


async def test_the_document_is_cached_by_its_tag(gateway: RunningGateway) -> None:
    async with gateway.client() as nobody:
        first = await nobody.get(f"{PREFIX}/openapi.json")
        tag = first.headers["etag"]
        again = await nobody.get(f"{PREFIX}/openapi.json", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_service_that_is_down_is_named_and_its_last_document_stays(
    gateway: RunningGateway, sockets: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documentation(), "max_age_s", 0)
    monkeypatch.setattr(documentation(), "deadline_s", 10)
    before = await document(gateway)
    reaching = gateway.parts.upstreams
    async with hanging(sockets / "hung") as url:
        events = gateway.parts.settings.events_url
        settings = GatewaySettings(events_url=events, venues_url=url)
        gateway.parts.upstreams = Upstreams(settings, Signer(key_folder))
        monkeypatch.setattr(documentation(), "deadline_s", 1)
        began = time.perf_counter()
        during = await document(gateway)
        assert time.perf_counter() - began < 3
        monkeypatch.setattr(documentation(), "deadline_s", 10)
        await gateway.parts.upstreams.close()
        gateway.parts.upstreams = reaching
    assert during["x-unavailable"] == ["venues", "volunteers"]
    assert before["x-unavailable"] == ["volunteers"]  # the strange service has no document
    assert list(during["paths"]) == list(before["paths"])
    assert (await document(gateway))["x-unavailable"] == ["volunteers"]


async def test_a_hundred_readers_ask_each_service_once(gateway: RunningGateway) -> None:
    asked: list[str] = []
    ask = gateway.parts.upstreams.ask

    async def counted(service: str, path: str, *rest: Any, **options: Any) -> httpx.Response:
        asked.append(service)
        answer: httpx.Response = await ask(service, path, *rest, **options)
        return answer

    upstreams = gateway.parts.upstreams
    upstreams.ask = counted
    # Without the strange service, which has no document and would be looked for again and again.
    upstreams.has = {"events", "venues"}.__contains__
    await asyncio.gather(*(document(gateway) for _ in range(20)))
    assert sorted(asked) == ["events", "venues"]


async def test_the_page_and_everything_it_refers_to_come_from_this_server(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as nobody:
        page = await nobody.get(f"{PREFIX}/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert {each for each in named if not each.startswith(f"{PREFIX}/")} == set()
        answers = {each: await nobody.get(each) for each in named}
    assert {each: answer.status_code for each, answer in answers.items()} == dict.fromkeys(
        named, 200
    )
    assert sorted(each.rpartition("/")[2] for each in named if "/assets/" in each) == sorted(FILES)
    assert "<script>" not in page.text


async def test_a_file_of_the_page_is_sent_small_and_once(lone_gateway: RunningGateway) -> None:
    where = f"{PREFIX}/docs/assets/swagger-ui-bundle.js"
    async with lone_gateway.client() as nobody:
        small = await nobody.get(where)
        plain = await nobody.get(where, headers={"Accept-Encoding": "identity"})
        again = await nobody.get(where, headers={"If-None-Match": small.headers["etag"]})
        strange = await nobody.get(f"{PREFIX}/docs/assets/..%2Froutes.py")
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(plain.content) / 2
    assert small.content == plain.content
    assert small.headers["etag"] != plain.headers["etag"]
    assert (again.status_code, strange.status_code) == (304, 404)
