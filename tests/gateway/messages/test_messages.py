"""Messages end to end: a fact of services/events becomes a notice that its person reads."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from gateway.messages import actions, queries
from gateway.messages.rules import Template
from gateway.messages.settings import channels
from services.events import facts
from services.kit.access import SERVICE, Caller
from services.kit.db import run
from services.kit.facts import Fact, record
from services.kit.ids import uuid7
from services.kit.pages import Paging
from tests.gateway.conftest import RunningGateway
from tests.gateway.hanging import hanging
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff, until

COUNTY = "630123"
DUE = datetime(2026, 9, 20, 10, 0, tzinfo=UTC)


async def tell(events: Running, fact: Fact, subject: UUID | None = None) -> UUID:
    async with events.kit.database.transaction(SERVICE) as db:
        return await record(db, fact, subject=subject or uuid7(), division=COUNTY, version=1)


def offered(recipient: UUID | None, activity: UUID | None = None) -> Fact:
    return facts.PlaceOffered(
        recipient=recipient,
        activity_id=activity or uuid7(),
        occurrence_id=uuid7(),
        places=2,
        expires_at=DUE,
    )


async def me(client: httpx.AsyncClient) -> UUID:
    return UUID((await client.get("/api/v1/me")).json()["account"]["id"])


async def inbox(client: httpx.AsyncClient, count: int, query: str = "") -> list[dict[str, Any]]:
    async def found() -> list[dict[str, Any]] | None:
        answer = await client.get(f"/api/v1/messages{query}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items if len(items) == count else None

    items: list[dict[str, Any]] = await until(found)
    return items


async def test_an_offer_reaches_its_person_with_the_activitys_title_in_each_language(
    gateway: RunningGateway, events: Running
) -> None:
    person = await gateway.citizen()
    made = await published_activity(events)
    registration = uuid7()
    await tell(events, offered(await me(person), made.activity), registration)
    (message,) = await inbox(person, 1)
    assert (message["title"], message["detail"]) == (
        "候补名额已为您保留",
        "《青海湖的鸟》有 2 个名额为您保留，请在 2026-09-20 18:00 前确认；逾期将让给下一位。",
    )
    assert message["values"]["registration_id"] == str(registration)
    assert message["values"]["activity_id"] == str(made.activity)
    english = await person.get("/api/v1/messages", headers={"Accept-Language": "en"})
    assert english.headers["content-language"] == "en"
    assert english.json()["items"][0]["detail"].startswith("2 place(s) at “青海湖的鸟” are kept")
    tibetan = await person.get("/api/v1/messages", headers={"Accept-Language": "bo"})
    assert tibetan.headers["content-language"] == "bo, zh-CN"
    assert tibetan.json()["items"][0]["detail"] == message["detail"]
    assert english.headers["cache-control"] == "private, no-store"


async def test_every_fact_with_a_recipient_becomes_its_own_message(
    gateway: RunningGateway, events: Running
) -> None:
    person = await gateway.citizen()
    who, about = await me(person), {"activity_id": uuid7(), "occurrence_id": uuid7()}
    told: list[Fact] = [
        facts.PlaceOffered(recipient=who, **about, places=1, expires_at=DUE),
        facts.OfferLapsed(recipient=who, **about),
        facts.RegistrationConfirmed(recipient=who, **about, places=3),
        facts.RegistrationEntered(recipient=who, **about),
        facts.RegistrationWaitlisted(recipient=who, **about),
        facts.RegistrationCancelled(recipient=who, **about, cause="owner"),
        facts.RegistrationRescheduled(recipient=who, **about, starts_at=DUE),
        facts.RegistrationRescheduled(recipient=who, **about, starts_at=None),
        facts.ActivityReturned(recipient=who),
        facts.ActivityApproved(recipient=who),
    ]
    for fact in told:
        await tell(events, fact)
    items = await inbox(person, len(told))
    of_activities = list(Template)[: len(told)]
    assert [item["template"] for item in items] == [each.value for each in reversed(of_activities)]
    texts = [item["detail"] for item in items]
    assert texts == [
        "该活动已通过审核，可以发布。",
        "该活动已被退回，请查看退回原因，修改后重新提交。",
        "该活动延期举行，新的时间确定后会通知您。您的报名仍然有效。",
        "该活动改为 2026-09-20 18:00 开始。您的报名仍然有效；不能参加请取消，把名额让给别人。",
        "您对该活动的报名已取消。",
        "该活动名额已满，您已进入候补名单；有名额时会通知您。",
        "该活动的名额以抽签方式分配，您已报名参加抽签；结果会通知您。",
        "您已成功报名该活动，共 3 人。",
        "您没有在期限内确认该活动的名额，名额已让给下一位。",
        "该活动有 1 个名额为您保留，请在 2026-09-20 18:00 前确认；逾期将让给下一位。",
    ]
    kept = await gateway.running.scalar("SELECT string_agg(values::text, '') FROM messages")
    assert ("owner" in kept, str(who) in kept) == (False, False)


async def test_a_fact_without_a_recipient_tells_nobody_and_the_next_one_is_told(
    gateway: RunningGateway, events: Running
) -> None:
    person = await gateway.citizen()
    await tell(events, offered(None))
    await tell(events, offered(await me(person)))
    await inbox(person, 1)
    assert await gateway.running.scalar("SELECT count(*) FROM messages") == 1


async def test_a_fact_delivered_twice_is_one_message(
    gateway: RunningGateway, events: Running
) -> None:
    person = await gateway.citizen()
    await tell(events, offered(await me(person)))
    await inbox(person, 1)
    # As after a restore that lost the inbox: everything on the wire is taken again.
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        await run(db, text("DELETE FROM inbox"))
    jetstream = gateway.running.kit.nats.jetstream()
    await jetstream.delete_consumer("FACTS_EVENTS", "gateway-messages")

    async def taken() -> bool:
        return bool(await gateway.running.scalar("SELECT count(*) = 1 FROM inbox"))

    await until(taken, within_s=20)
    assert await gateway.running.scalar("SELECT count(*) FROM messages") == 1
    assert await gateway.running.scalar("SELECT count(*) FROM message_deliveries") == 1


async def test_nobody_reads_or_touches_somebody_elses_message(
    gateway: RunningGateway, events: Running
) -> None:
    owner, other = await gateway.citizen(), await gateway.citizen("13897123457")
    approver = await gateway.staff("approver", "63")
    await tell(events, offered(await me(owner)))
    (message,) = await inbox(owner, 1)
    for stranger in (other, approver):
        assert (await stranger.get("/api/v1/messages")).json()["items"] == []
        touched = await stranger.post(f"/api/v1/messages/{message['id']}/read")
        assert touched.status_code == 404
        assert (await stranger.post("/api/v1/messages/read_all")).json() == {"read": 0}
    async with gateway.client() as nobody:
        assert (await nobody.get("/api/v1/messages")).status_code == 401
        assert (await nobody.get("/api/v1/messages/unread_count")).status_code == 401
        assert (await nobody.post("/api/v1/messages/read_all")).status_code == 401
    assert (await owner.get("/api/v1/messages/unread_count")).json() == {"unread": 1}


OWNER = uuid7()


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (SERVICE, (1, 1)),
        (citizen(OWNER), (1, 1)),
        (citizen(), (0, 0)),
        (staff("administrator", "63"), (0, 0)),
        (Caller(), (0, 0)),
    ],
)
async def test_the_wall_around_messages_opens_to_their_recipient_only(
    lone_gateway: RunningGateway, caller: Caller, seen: tuple[int, int]
) -> None:
    database = lone_gateway.running.kit.database
    async with database.transaction(SERVICE) as db:
        sent = await actions.send(
            db, OWNER, Template.ACTIVITY_APPROVED, {}, division=COUNTY, fact_id=uuid7(), at=DUE
        )
        assert sent is True
    async with database.transaction(caller) as db:
        found = tuple(
            [
                (await run(db, text(f"SELECT count(*) FROM {table}"))).scalar_one()
                for table in ("messages", "message_deliveries")
            ]
        )
    assert found == seen


@pytest.mark.parametrize(("caller", "seen"), [(citizen(OWNER), 1), (citizen(), 0), (Caller(), 0)])
async def test_the_queries_hold_without_the_wall(
    lone_gateway: RunningGateway, caller: Caller, seen: int
) -> None:
    async with lone_gateway.running.kit.database.transaction(SERVICE) as db:
        await actions.send(
            db, OWNER, Template.ACTIVITY_APPROVED, {}, division=COUNTY, fact_id=uuid7(), at=DUE
        )
        assert len(await queries.list_messages(db, caller, Paging(), None)) == seen
        assert await queries.unread(db, caller) == seen
        assert await actions.mark_all_read(db, caller, DUE) == seen


async def test_reading_counts_once_and_lists_are_by_read_or_unread(
    gateway: RunningGateway, events: Running
) -> None:
    person = await gateway.citizen()
    who = await me(person)
    for _ in range(3):
        await tell(events, offered(who))
    newest, *_ = await inbox(person, 3)
    where = f"/api/v1/messages/{newest['id']}/read"
    assert (await person.post(where)).status_code == 204
    (first,) = await inbox(person, 1, "?unread=false")
    assert (await person.post(where)).status_code == 204
    assert (await inbox(person, 1, "?unread=false"))[0]["read_at"] == first["read_at"]
    assert (await person.get("/api/v1/messages/unread_count")).json() == {"unread": 2}
    assert (await person.post("/api/v1/messages/read_all")).json() == {"read": 2}
    assert (await person.get("/api/v1/messages?unread=true")).json()["items"] == []


async def test_pages_follow_each_other_newest_first(
    gateway: RunningGateway, events: Running
) -> None:
    person = await gateway.citizen()
    who = await me(person)
    made = [uuid7() for _ in range(5)]
    for registration in made:
        await tell(events, offered(who), registration)
    await inbox(person, 5)
    seen, cursor = [], ""
    while cursor is not None:
        page = (
            await person.get(f"/api/v1/messages?limit=2{cursor and f'&cursor={cursor}'}")
        ).json()
        seen += [item["values"]["registration_id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [str(each) for each in reversed(made)]


async def test_messages_are_read_without_titles_while_events_hangs(
    lone_gateway: RunningGateway, sockets: Any, key_folder: Any
) -> None:
    from gateway.settings import GatewaySettings
    from gateway.upstreams import Upstreams
    from services.kit.tokens import Signer

    person = await lone_gateway.citizen()
    who = await me(person)
    async with lone_gateway.running.kit.database.transaction(SERVICE) as db:
        values = {"activity_id": str(uuid7()), "places": 1}
        await actions.send(
            db,
            who,
            Template.REGISTRATION_CONFIRMED,
            values,
            division=COUNTY,
            fact_id=uuid7(),
            at=DUE,
        )
    async with hanging(sockets / "hung") as url:
        lone_gateway.parts.upstreams = Upstreams(
            GatewaySettings(events_url=url), Signer(key_folder)
        )
        began = asyncio.get_running_loop().time()
        (message,) = await inbox(person, 1)
        assert asyncio.get_running_loop().time() - began < 1
        await lone_gateway.parts.upstreams.close()
    assert message["detail"] == "您已成功报名该活动，共 1 人。"


async def test_each_channels_delivery_is_logged(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.running.kit.database.transaction(SERVICE) as db:
        await actions.send(
            db, OWNER, Template.ACTIVITY_APPROVED, {}, division=COUNTY, fact_id=uuid7(), at=DUE
        )
    assert await lone_gateway.running.rows("SELECT channel, state FROM message_deliveries") == [
        ("in_app", "delivered")
    ]


async def test_a_channel_without_a_provider_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, lone_gateway: RunningGateway
) -> None:
    monkeypatch.setenv("GATEWAY_MESSAGE_CHANNELS", '["in_app", "sms"]')
    channels.cache_clear()
    with pytest.raises(ValueError, match="sms, for which this build has no provider"):
        await actions.check_channels(lone_gateway.running.kit)
    monkeypatch.delenv("GATEWAY_MESSAGE_CHANNELS")
    channels.cache_clear()
