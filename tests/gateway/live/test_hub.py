"""The hub by itself: fan-out, resuming, bounded memory."""

from typing import Any

import orjson
from sse_starlette import ServerSentEvent

from gateway.live.hub import QUEUED, REMEMBERED, Client, Hub
from services.kit.access import ANONYMOUS
from services.kit.ids import uuid7
from tests.gateway.live.test_rules import COUNTY, fact
from tests.support.apps import citizen

EVENTS, VENUES = "FACTS_EVENTS", "FACTS_VENUES"
PUBLISHED = "events.activity_published.v1"


def hub_at(events: int = 0, venues: int = 0) -> Hub:
    hub = Hub()
    hub.begin(EVENTS, events)
    hub.begin(VENUES, venues)
    return hub


def waiting(client: Client) -> list[ServerSentEvent | None]:
    found = []
    while not client.queue.empty():
        found.append(client.queue.get_nowait())
    return found


def names(events: list[ServerSentEvent | None]) -> list[Any]:
    return [event.event if event else None for event in events]


async def test_a_fact_goes_to_those_who_may_see_it_and_carries_every_streams_position() -> None:
    hub, owner = hub_at(7, 3), uuid7()
    public, other, mine = (
        Client(ANONYMOUS, ""),
        Client(ANONYMOUS, "6302"),
        Client(citizen(owner), ""),
    )
    for client in (public, other, mine):
        hub.join(client, None)
    hub.take(EVENTS, 8, fact(PUBLISHED, hosts=[COUNTY]))
    hub.take(VENUES, 4, fact("venues.venue_published.v1"))
    hub.take(EVENTS, 11, fact("events.place_offered.v1", recipient=str(owner)))
    seen = [event for event in waiting(public) if event]
    assert [event.id for event in seen] == [
        "FACTS_EVENTS:7,FACTS_VENUES:3",
        "FACTS_EVENTS:8,FACTS_VENUES:3",
        "FACTS_EVENTS:8,FACTS_VENUES:4",
    ]
    assert orjson.loads(seen[1].data)["type"] == PUBLISHED
    assert names(waiting(other)) == ["ready"]
    assert names(waiting(mine)) == ["ready", "fact", "fact", "fact"]


async def test_the_same_fact_again_is_not_shown_again() -> None:
    hub, client = hub_at(), Client(ANONYMOUS, "")
    hub.join(client, None)
    for _ in range(2):
        hub.take(EVENTS, 1, fact(PUBLISHED))
    assert names(waiting(client)) == ["ready", "fact"]


async def test_a_client_that_comes_back_gets_what_it_missed_of_both_streams_and_no_more() -> None:
    hub = hub_at()
    hub.take(EVENTS, 1, fact(PUBLISHED))
    hub.take(VENUES, 1, fact("venues.venue_published.v1"))
    hub.take(EVENTS, 5, fact(PUBLISHED))
    hub.take(EVENTS, 6, fact("events.activity_submitted.v1"))
    client = Client(ANONYMOUS, "")
    hub.join(client, "FACTS_EVENTS:1,FACTS_VENUES:0")
    found = waiting(client)
    assert names(found) == ["fact", "fact", "ready"]
    assert [event.id for event in found if event] == [
        "FACTS_EVENTS:1,FACTS_VENUES:1",
        "FACTS_EVENTS:5,FACTS_VENUES:1",
        "FACTS_EVENTS:6,FACTS_VENUES:1",
    ]


async def test_a_client_that_was_away_too_long_is_told_to_load_afresh() -> None:
    hub = hub_at(100)
    for last_id in (
        "FACTS_EVENTS:99,FACTS_VENUES:0",
        "FACTS_EVENTS:101,FACTS_VENUES:0",
        "nonsense",
        "FACTS_EVENTS:100",
    ):
        client = Client(ANONYMOUS, "")
        hub.join(client, last_id)
        assert names(waiting(client)) == ["reset", "ready"], last_id
    for number in range(REMEMBERED + 1):
        hub.take(EVENTS, 101 + number, fact("events.activity_submitted.v1"))
    early, late = Client(ANONYMOUS, ""), Client(ANONYMOUS, "")
    hub.join(early, "FACTS_EVENTS:100,FACTS_VENUES:0")
    hub.join(late, "FACTS_EVENTS:101,FACTS_VENUES:0")
    assert names(waiting(early)) == ["reset", "ready"]
    assert names(waiting(late)) == ["ready"]


async def test_a_slow_client_is_dropped_with_a_reset_and_what_waits_for_it_is_bounded() -> None:
    hub, slow = hub_at(), Client(ANONYMOUS, "")
    hub.join(slow, None)
    most = 0
    for number in range(QUEUED * 3):
        hub.take(EVENTS, number + 1, fact(PUBLISHED))
        most = max(most, slow.queue.qsize())
    assert most == QUEUED
    assert names(waiting(slow)) == ["reset", None]
    assert slow.ended is True


async def test_a_stream_that_was_made_anew_resets_everybody() -> None:
    hub, client = hub_at(50), Client(ANONYMOUS, "")
    hub.join(client, None)
    hub.begin(EVENTS, 3)
    assert names(waiting(client)) == ["reset", None]
    back = Client(ANONYMOUS, "")
    hub.join(back, "FACTS_EVENTS:3,FACTS_VENUES:0")
    assert names(waiting(back)) == ["ready"]


async def test_what_a_client_missed_is_given_only_to_those_who_may_see_it() -> None:
    hub, owner = hub_at(), uuid7()
    hub.take(EVENTS, 1, fact("events.place_offered.v1", recipient=str(owner)))
    start = "FACTS_EVENTS:0,FACTS_VENUES:0"
    mine, other = Client(citizen(owner), ""), Client(citizen(), "")
    hub.join(mine, start)
    hub.join(other, start)
    assert names(waiting(mine)) == ["fact", "ready"]
    assert names(waiting(other)) == ["ready"]
