"""Every operation of the merged document is brought to a 2xx that the document tells of."""

from collections.abc import Iterator

import aiohttp
import pytest

from tests.contract.later_recipes import LATER
from tests.contract.missing import MISSING
from tests.contract.office_recipes import OFFICE
from tests.contract.recipes import STORIES
from tests.contract.world import operations, world_of
from tests.support.province import Province, province


@pytest.fixture(scope="module")
def qinghai() -> Iterator[Province]:
    """A suite of its own: recipes change accounts and divisions."""
    with province() as running:
        yield running


@pytest.mark.timeout(120)
async def test_every_operation_has_a_recipe_that_brings_it_to_a_documented_2xx(
    qinghai: Province,
) -> None:
    async with aiohttp.ClientSession() as http:
        world = await world_of(qinghai, http)
        for story in (*STORIES, *OFFICE, *LATER):
            await story(world)
        document = (await world.ask("nobody", "GET /openapi.json")).body
    assert world.refused == []
    missing = {(method, path) for method, path in map(str.split, MISSING)}
    assert operations(document) - set(world.reached) == missing
    untold = [
        (method, path, status)
        for (method, path), status in world.reached.items()
        if str(status) not in document["paths"][f"/api/v1{path}"][method.lower()]["responses"]
    ]
    assert untold == []
