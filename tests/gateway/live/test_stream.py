"""The live stream over real HTTP and a real JetStream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from gateway.live.connections import Connections
from gateway.live.hub import Hub
from gateway.live.settings import live
from services.events import facts
from services.kit.access import SERVICE
from services.kit.facts import Fact, record
from services.kit.ids import uuid7
from tests.gateway.conftest import RunningGateway
from tests.support.apps import Running, until

COUNTY = "630123"
DUE = datetime(2026, 9, 20, 10, 0, tzinfo=UTC)


class Watching:
    """One open stream: `next()` is the next event as (name, id, data)."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self, within_s: float = 10) -> tuple[str, str | None, Any]:
        async with asyncio.timeout(within_s):
            found: dict[str, str] = {}
            async for line in self._lines:
                if not line:
                    if "event" in found:
                        data = orjson.loads(found["data"])
                        return found["event"], found.get("id"), data
                    found = {}
                    continue
                name, _, value = line.partition(": ")
                found[name.rstrip(":")] = value
            return "end", None, None


@asynccontextmanager
async def watching(
    client: httpx.AsyncClient, query: str = "", **headers: str
) -> AsyncIterator[Watching]:
    async with client.stream("GET", f"/api/v1/live{query}", headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        yield Watching(response)


async def tell(events: Running, *told: Fact) -> None:
    async with events.kit.database.transaction(SERVICE) as db:
        for fact in told:
            division = getattr(fact, "hosts", [COUNTY])[0]
            await record(db, fact, subject=uuid7(), division=division, version=1)


def published(division: str = COUNTY) -> Fact:
    return facts.ActivityPublished(
        hosts=[division], day=DUE.date(), occurrences=1, form="lecture", campaign_id=None
    )


def offered(recipient: UUID) -> Fact:
    return facts.PlaceOffered(
        recipient=recipient,
        activity_id=uuid7(),
        occurrence_id=uuid7(),
        places=2,
        expires_at=DUE,
    )


async def me(client: httpx.AsyncClient) -> UUID:
    return UUID((await client.get("/api/v1/me")).json()["account"]["id"])


@pytest.fixture
async def following(gateway: RunningGateway) -> RunningGateway:
    """The gateway, once it follows the streams of both services."""

    async def settled() -> bool:
        jetstream = gateway.running.kit.nats.jetstream()
        for stream in ("FACTS_EVENTS", "FACTS_VENUES"):
            found = await jetstream.consumers_info(stream)
            if all(each.config.durable_name for each in found):
                return False
        return True  # each has a consumer that is nobody's for good: the live stream's

    await until(settled)
    return gateway


async def test_a_public_fact_is_seen_by_everybody_who_watches_its_place(
    following: RunningGateway, events: Running
) -> None:
    async with (
        following.client() as nobody,
        watching(nobody, "?division=6301") as near,
        watching(nobody, "?division=6302") as far,
    ):
        assert near.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert near.response.headers["cache-control"] == "no-store"
        assert ((await near.next())[0], (await far.next())[0]) == ("ready", "ready")
        await tell(events, published(), published("630222"))
        name, position, sent = await near.next()
        assert (name, position) == ("fact", "FACTS_EVENTS:1,FACTS_VENUES:0")
        assert (sent["type"], sent["division"]) == ("events.activity_published.v1", COUNTY)
        assert sent["data"]["form"] == "lecture"
        assert (await far.next())[2]["data"]["hosts"] == ["630222"]


async def test_staff_see_what_waits_for_them_and_each_person_only_their_own(
    following: RunningGateway, events: Running
) -> None:
    approver = await following.staff("approver", "6301")
    officer = await following.staff("officer", COUNTY)
    owner, other = await following.citizen(), await following.citizen("13897123457")
    async with (
        watching(approver) as at_desk,
        watching(officer) as at_work,
        watching(owner) as mine,
        watching(other) as theirs,
    ):
        for each in (at_desk, at_work, mine, theirs):
            assert (await each.next())[0] == "ready"
        await tell(
            events,
            facts.ActivitySubmitted(),
            offered(await me(owner)),
            facts.ActivityReturned(recipient=await me(officer)),
            published(),
        )
        kinds = {
            each: [(await each.next())[2]["type"].split(".")[1] for _ in range(count)]
            for each, count in ((at_desk, 2), (at_work, 2), (mine, 2), (theirs, 1))
        }
        assert kinds == {
            at_desk: ["activity_submitted", "activity_published"],
            at_work: ["activity_returned", "activity_published"],
            mine: ["place_offered", "activity_published"],
            theirs: ["activity_published"],
        }


async def test_a_recipient_is_never_sent(following: RunningGateway, events: Running) -> None:
    owner = await following.citizen()
    who = await me(owner)
    async with watching(owner) as mine:
        await mine.next()
        await tell(events, offered(who))
        _, _, sent = await mine.next()
    assert sorted(sent["data"]) == ["activity_id", "expires_at", "occurrence_id", "places"]
    assert str(who) not in str(sent)


async def test_a_client_that_comes_back_gets_what_it_missed(
    following: RunningGateway, events: Running
) -> None:
    async with following.client() as nobody:
        async with watching(nobody) as first:
            await first.next()
            await tell(events, published())
            _, position, _ = await first.next()
        await tell(events, published("630121"), published("630122"))
        hub: Hub = following.running.kit.parts[Hub]

        async def known() -> bool:
            return hub.positions["FACTS_EVENTS"] == 3

        await until(known)
        async with watching(nobody, **{"Last-Event-ID": str(position)}) as again:
            assert [(await again.next())[2].get("division") for _ in range(3)] == [
                "630121",
                "630122",
                None,
            ]
        async with watching(nobody, **{"Last-Event-ID": "FACTS_EVENTS:9999"}) as lost:
            assert (await lost.next())[::2] == ("reset", {"reason": "gone"})
            assert (await lost.next())[0] == "ready"


async def test_a_connection_ends_when_its_session_does_and_the_count_goes_down(
    following: RunningGateway, events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live(), "heartbeat_s", 0.2)
    person = await following.citizen()
    who = await me(person)
    connections: Connections = following.running.kit.parts[Connections]
    async with watching(person) as mine:
        assert (await mine.next())[0] == "ready"
        assert connections.open[f"account {who}"] == 1
        assert (await person.delete("/api/v1/sessions/current")).status_code == 204
        assert (await mine.next())[0] == "signed_out"
        await tell(events, offered(who))
        assert (await mine.next())[0] == "end"

    async def none_open() -> bool:
        return not connections.open and not following.running.kit.parts[Hub].clients

    await until(none_open)


async def test_a_grant_that_ends_ends_what_it_showed(
    following: RunningGateway, events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live(), "heartbeat_s", 0.2)
    approver = await following.staff("approver", COUNTY)
    who = await me(approver)
    async with watching(approver) as at_desk:
        await at_desk.next()
        await tell(events, facts.ActivitySubmitted())
        assert (await at_desk.next())[2]["type"] == "events.activity_submitted.v1"
        await following.running.rows(
            "UPDATE grants SET ended_at = now() WHERE account_id = :who RETURNING id", who=who
        )
        following.parts.callers.forget(who)
        await asyncio.sleep(0.5)
        await tell(events, facts.ActivitySubmitted(), published())
        assert (await at_desk.next())[2]["type"] == "events.activity_published.v1"


async def test_heartbeats_come_as_comments(
    following: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live(), "heartbeat_s", 0.1)
    async with (
        following.client() as nobody,
        nobody.stream("GET", "/api/v1/live") as response,
    ):
        lines = response.aiter_lines()
        async with asyncio.timeout(5):
            seen = [await anext(lines) for _ in range(12)]
    assert seen.count(": alive") >= 1
    assert "retry: 3000" in seen


async def test_nobody_takes_all_connections(
    following: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live(), "per_account", 1)
    monkeypatch.setattr(live(), "per_address", 2)
    person = await following.citizen()
    async with following.client() as nobody, watching(person) as mine:
        await mine.next()
        refused = await person.get("/api/v1/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        assert refused.json()["type"] == "/api/v1/problems/too-many-live"
        async with watching(nobody) as second:
            await second.next()
            assert (await nobody.get("/api/v1/live")).status_code == 429


async def test_an_unknown_division_code_is_refused(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client() as nobody:
        answer = await nobody.get("/api/v1/live?division=63012")
    assert answer.status_code == 422


async def test_a_stream_made_anew_resets_the_clients_and_new_facts_come_again(
    following: RunningGateway, events: Running
) -> None:
    async with following.client() as nobody:
        async with watching(nobody) as seen:
            await seen.next()
            await tell(events, published())
            assert (await seen.next())[0] == "fact"
            jetstream = following.running.kit.nats.jetstream()
            config = (await jetstream.stream_info("FACTS_EVENTS")).config
            await jetstream.delete_stream("FACTS_EVENTS")
            await jetstream.add_stream(config)
            assert (await seen.next(20))[::2] == ("reset", {"reason": "stream"})
            assert (await seen.next())[0] == "end"
        async with watching(nobody) as again:
            await again.next()
            await tell(events, published("630121"))
            assert (await again.next())[2]["division"] == "630121"
