"""The first page of a division, over the running services."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.overviews.rules import HOME_PARTS, around
from gateway.overviews.settings import overview
from gateway.settings import GatewaySettings
from gateway.upstreams import Upstreams
from services.kit.tokens import Signer
from tests.gateway.conftest import RunningGateway
from tests.gateway.hanging import hanging
from tests.support.activities import published_activity
from tests.support.apps import Running, until

HOME = "/api/v1/overviews/home?division="
NAMES = ["division", "alerts", "upcoming", "nearby", "venues", "works", "messages"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview(), "deadline_ms", 10_000)


def statuses(seen: dict[str, Any]) -> dict[str, str]:
    return {name: part["status"] for name, part in seen["parts"].items()}


async def test_home_of_a_village_shows_what_is_there_and_what_is_near_by(
    gateway: RunningGateway, events: Running
) -> None:
    await published_activity(events)  # in the county, 630123
    async with gateway.client() as nobody:
        answer = await nobody.get(f"{HOME}630123101200&language=bo")
        province = (await nobody.get(f"{HOME}63")).json()
        unknown = await nobody.get(f"{HOME}990000")
        unsaid = await nobody.get("/api/v1/overviews/home")
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert list(seen["parts"]) == NAMES
    assert statuses(seen) == {
        **dict.fromkeys(NAMES, "ok"),
        "alerts": "absent",
        "works": "absent",
        "messages": "forbidden",
    }
    parts = seen["parts"]
    assert [parts[name]["reason"] for name in ("alerts", "works", "messages", "upcoming")] == [
        "service-not-installed",
        "service-not-installed",
        "unauthenticated",
        None,
    ]
    path = [each["name"] for each in parts["division"]["data"]["path"]]
    assert path == ["青海省", "西宁市", "湟源县", "大华镇"]
    assert parts["upcoming"]["data"]["items"] == []
    assert [item["title"] for item in parts["nearby"]["data"]["items"]] == ["青海湖的鸟"]
    assert (seen["division_code"], seen["complete"]) == ("630123101200", False)
    assert answer.headers["cache-control"].startswith("public, max-age=10, stale-while-revalidate")
    assert answer.headers["content-language"].startswith("zh-CN")
    assert list(province["parts"]) == [name for name in NAMES if name != "nearby"]
    assert (unknown.status_code, unsaid.status_code) == (404, 422)


async def test_who_is_signed_in_sees_how_many_messages_wait(gateway: RunningGateway) -> None:
    someone = await gateway.citizen()
    me = (await someone.get("/api/v1/me")).json()["account"]["id"]
    await gateway.running.rows(
        "INSERT INTO messages (id, recipient, template, values, division_code, fact_id, created_at)"
        " VALUES (gen_random_uuid(), :me, 'offer-lapsed', '{}', '63', gen_random_uuid(), now())"
        " RETURNING 1",
        me=me,
    )
    answer = await someone.get(f"{HOME}630123")
    assert answer.json()["parts"]["messages"]["data"] == {"unread": 1}
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_public_part_is_asked_once_for_everybody_and_renewed_behind_their_backs(
    gateway: RunningGateway, events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await gateway.staff("officer", "630123")
    async with gateway.client() as nobody:
        first = await nobody.get(f"{HOME}630123")
        await published_activity(events)
        fresh = await nobody.get(f"{HOME}630123", headers={"If-None-Match": first.headers["etag"]})
        assert (fresh.status_code, fresh.content) == (304, b"")
        monkeypatch.setattr(overview(), "fresh_s", 0)
        stale = await officer.get(f"{HOME}630123")

        async def renewed() -> bool:
            seen = (await nobody.get(f"{HOME}630123")).json()
            return len(seen["parts"]["upcoming"]["data"]["items"]) == 1

        # What was known is answered at once, and the next one sees what has come meanwhile.
        assert stale.json()["parts"]["upcoming"]["data"]["items"] == []
        await until(renewed)
        changed = await nobody.get(
            f"{HOME}630123", headers={"If-None-Match": first.headers["etag"]}
        )
    assert changed.status_code == 200


async def test_a_hundred_who_come_at_once_ask_once(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = gateway.parts.upstreams.ask

    async def counted(service: str, path: str, *rest: Any, **options: Any) -> Any:
        asked.append(path)
        return await ask(service, path, *rest, **options)

    monkeypatch.setattr(gateway.parts.upstreams, "ask", counted)
    async with gateway.client() as nobody:
        answers = await asyncio.gather(*(nobody.get(f"{HOME}630123") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(path for path in asked if path not in ("/alerts", "/works")) == [
        "/divisions/630123",
        "/occurrences",
        "/occurrences",
        "/venues",
    ]


async def test_a_hung_service_costs_its_part_and_its_last_answer_stands_in(
    gateway: RunningGateway, sockets: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaching = gateway.parts.upstreams
    async with gateway.client() as nobody:
        assert (await nobody.get(f"{HOME}630123")).status_code == 200
    for name in ("fresh_s", "stale_s"):
        monkeypatch.setattr(overview(), name, -1)
    monkeypatch.setattr(overview(), "deadline_ms", 800)
    async with hanging(sockets / "hung") as url, gateway.client() as nobody:
        hung = GatewaySettings(events_url=gateway.parts.settings.events_url, venues_url=url)
        gateway.parts.upstreams = Upstreams(hung, Signer(key_folder))
        took, answers = [], []
        for place in ("630123", "630121"):
            began = time.perf_counter()
            answers.append((await nobody.get(f"{HOME}{place}")).json())
            took.append(time.perf_counter() - began)
        await gateway.parts.upstreams.close()
        gateway.parts.upstreams = reaching
    known, unknown = (seen["parts"]["venues"] for seen in answers)
    assert (known["status"], known["reason"], known["data"]) == (
        "slow",
        "service-slow",
        {"items": [], "next": None},
    )
    assert known["age_s"] is not None
    assert (unknown["status"], unknown["age_s"], unknown["data"]) == ("slow", None, None)
    assert [seen["parts"]["upcoming"]["status"] for seen in answers] == ["ok", "ok"]
    assert all(0.75 <= each < 3 for each in took), took


async def test_without_its_division_home_is_a_problem_unless_it_is_remembered(
    gateway: RunningGateway, sockets: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaching = gateway.parts.upstreams
    for name in ("fresh_s", "stale_s"):
        monkeypatch.setattr(overview(), name, -1)
    async with gateway.client() as nobody:
        assert (await nobody.get(f"{HOME}630123")).status_code == 200
        gone = GatewaySettings(events_url=f"unix://{sockets}/nobody")
        gateway.parts.upstreams = Upstreams(gone, Signer(key_folder))
        remembered = await nobody.get(f"{HOME}630123")
        unknown = await nobody.get(f"{HOME}630121")
        await gateway.parts.upstreams.close()
        gateway.parts.upstreams = reaching
    division = remembered.json()["parts"]["division"]
    assert (remembered.status_code, division["status"]) == (200, "down")
    assert division["data"]["name"] == "湟源县"
    assert (unknown.status_code, unknown.json()["type"]) == (503, "/api/v1/problems/service-down")


def test_what_is_public_is_asked_in_nobodys_name_and_the_division_is_required() -> None:
    assert [part.name for part in HOME_PARTS] == NAMES
    assert [part.name for part in HOME_PARTS if part.required] == ["division"]
    assert [part.name for part in HOME_PARTS if not part.public] == ["messages"]
    assert [around(code) for code in ("63", "6301", "630123", "630123101")] == [
        "",
        "63",
        "6301",
        "630123",
    ]
