"""Every operation of the merged document is brought to a 2xx that the document tells of."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import orjson
import pytest
import schemathesis
from schemathesis.core.failures import FailureGroup

from tests.contract.everything import EVERYTHING
from tests.contract.world import Operation, World, operations, world_of
from tests.support.province import Answer, Province, province


@pytest.fixture(scope="module")
def qinghai() -> Iterator[Province]:
    """A suite of its own: recipes change accounts and divisions."""
    with province() as running:
        yield running


def untold(document: dict[str, Any], world: World) -> Iterator[tuple[Operation, int, str]]:
    """Answers of another status, or another shape, than the document tells."""
    schema = schemathesis.openapi.from_dict(document)
    for (method, path), answers in world.reached.items():
        operation = schema[f"/api/v1{path}"][method]
        for answer in answers:
            if str(answer.status) not in operation.definition.raw["responses"]:
                yield (method, path), answer.status, "status"
            try:
                operation.validate_response(sent(method, path, answer))
            except FailureGroup as wrong:
                yield (method, path), answer.status, str(wrong.exceptions[0])


def sent(method: str, path: str, answer: Answer) -> httpx.Response:
    """The answer as Schemathesis takes it."""
    body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
    headers = {"Content-Type": answer.headers.get("Content-Type", "")}
    made = httpx.Response(
        answer.status,
        headers=headers,
        content=body,
        request=httpx.Request(method, f"http://x{path}"),
    )
    made.elapsed = timedelta(0)
    return made


@pytest.mark.timeout(240)
async def test_every_operation_has_a_recipe_that_brings_it_to_a_documented_2xx(
    qinghai: Province,
) -> None:
    async with aiohttp.ClientSession() as http:
        world = await world_of(qinghai, http)
        for story in EVERYTHING:
            await story(world)
        document = (await world.ask("nobody", "GET /openapi.json")).body
    assert world.refused == []
    assert operations(document) - set(world.reached) == set()
    assert [*untold(document, world)] == []
    # A second answer is given wherever one is documented.
    for (method, path), answers in world.reached.items():
        documented = document["paths"][f"/api/v1{path}"][method.lower()]["responses"]
        if {"200", "201"} <= set(documented):
            assert {answer.status for answer in answers} == {200, 201}, path
