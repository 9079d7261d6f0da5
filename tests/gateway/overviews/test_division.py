"""A division at one look, over the running services."""

import time
from pathlib import Path

import pytest

from gateway.overviews.rules import DIVISION_PARTS
from gateway.overviews.settings import overview
from gateway.settings import GatewaySettings
from gateway.upstreams import Upstreams
from services.kit.tokens import Signer
from tests.gateway.conftest import RunningGateway
from tests.gateway.hanging import hanging
from tests.support.activities import published_activity
from tests.support.apps import Running


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """These are about what is answered; a machine that is busy with other tests may be slow."""
    monkeypatch.setattr(overview(), "deadline_ms", 10_000)


COUNTY = "/api/v1/overviews/divisions/630123"
NAMES = ["division", "children", "rollup", "upcoming", "waiting", "venues"]


async def test_everybody_sees_a_county_at_one_look(
    gateway: RunningGateway, events: Running
) -> None:
    await published_activity(events)
    async with gateway.client() as nobody:
        answer = await nobody.get(COUNTY)
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    parts = seen["parts"]
    assert {name: parts[name]["status"] for name in parts} == {
        **dict.fromkeys(NAMES, "ok"),
        "waiting": "forbidden",
    }
    assert parts["division"]["data"]["name"] == "湟源县"
    assert [item["code"][:6] for item in parts["children"]["data"]["items"]] == ["630123"] * len(
        parts["children"]["data"]["items"]
    )
    assert [item["title"] for item in parts["upcoming"]["data"]["items"]] == ["青海湖的鸟"]
    assert parts["rollup"]["data"]["division"]["code"] == "630123"
    assert parts["waiting"] == {
        "status": "forbidden",
        "age_s": None,
        "reason": "forbidden",
        "data": None,
    }
    assert (seen["division_code"], seen["complete"]) == ("630123", True)
    assert answer.headers["cache-control"] == (
        "public, max-age=10, stale-while-revalidate=60, stale-if-error=600"
    )


async def test_an_approver_sees_what_waits_below(gateway: RunningGateway, events: Running) -> None:
    made = await published_activity(events)
    await published_activity(events, "630121")
    await events.rows("UPDATE activities SET state = 'submitted', published_at = NULL RETURNING id")
    approver = await gateway.staff("approver", "63")
    answer = await approver.get(COUNTY)
    waiting = answer.json()["parts"]["waiting"]
    assert (waiting["status"], waiting["reason"]) == ("ok", None)
    assert [item["id"] for item in waiting["data"]["items"]] == [str(made.activity)]
    assert answer.headers["cache-control"] == "private, no-store"


async def test_an_unknown_division_is_not_found_in_the_services_own_words(
    gateway: RunningGateway,
) -> None:
    async with gateway.client(**{"Accept-Language": "en"}) as nobody:
        answer = await nobody.get("/api/v1/overviews/divisions/990000")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "en"
    assert answer.json()["type"] == "/api/v1/problems/unknown-division"


async def test_a_former_code_answers_with_its_successors(gateway: RunningGateway) -> None:
    async with gateway.client() as nobody:
        answer = await nobody.get("/api/v1/overviews/divisions/630122")
    division = answer.json()["parts"]["division"]["data"]
    assert (answer.status_code, division["name"]) == (200, "湟中县")
    assert [each["code"] for each in division["successors"]] == ["630106"]


async def test_a_padded_code_is_the_same_division(gateway: RunningGateway) -> None:
    async with gateway.client() as nobody:
        answer = await nobody.get(f"{COUNTY}000000")
    assert answer.json()["division_code"] == "630123"


async def test_a_hung_service_costs_its_part_and_the_answer_comes_at_the_deadline(
    gateway: RunningGateway, sockets: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaching = gateway.parts.upstreams
    async with gateway.client() as nobody:
        assert (await nobody.get(COUNTY)).status_code == 200  # plans and pools are warm
    monkeypatch.setattr(overview(), "deadline_ms", 800)
    async with hanging(sockets / "hung") as url, gateway.client() as nobody:
        settings = gateway.parts.settings
        hung = GatewaySettings(events_url=settings.events_url, venues_url=url)
        gateway.parts.upstreams = Upstreams(hung, Signer(key_folder))
        began = time.perf_counter()
        answer = await nobody.get(COUNTY)
        took = time.perf_counter() - began
        await gateway.parts.upstreams.close()
        gateway.parts.upstreams = reaching
    parts = answer.json()["parts"]
    assert list(parts) == NAMES
    assert (parts["venues"]["status"], parts["venues"]["reason"]) == ("slow", "service-slow")
    assert (parts["division"]["status"], parts["rollup"]["status"]) == ("ok", "ok")
    assert answer.json()["complete"] is False
    assert answer.headers["cache-control"] == "private, no-store"
    assert 0.75 <= took < 3, took


async def test_without_its_division_an_overview_is_a_problem(
    gateway: RunningGateway, sockets: Path, key_folder: Path
) -> None:
    reaching = gateway.parts.upstreams
    gone = GatewaySettings(
        events_url=f"unix://{sockets}/nobody", venues_url=gateway.parts.settings.venues_url
    )
    gateway.parts.upstreams = Upstreams(gone, Signer(key_folder))
    async with gateway.client() as nobody:
        answer = await nobody.get(COUNTY)
    await gateway.parts.upstreams.close()
    gateway.parts.upstreams = reaching
    assert answer.status_code == 503
    assert answer.json()["type"] == "/api/v1/problems/service-down"


def test_the_division_itself_is_the_only_part_that_is_required() -> None:
    assert [part.name for part in DIVISION_PARTS] == NAMES
    assert [part.name for part in DIVISION_PARTS if part.required] == ["division"]
