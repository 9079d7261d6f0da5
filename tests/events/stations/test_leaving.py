"""What is held about a person in posts and stations: copied whole, and gone when they leave."""

from datetime import UTC, datetime

from services.events.stations.holdings import ERASED_NAME, POSTS
from services.kit.access import SERVICE
from services.kit.holdings import Subject
from services.kit.ids import uuid7
from tests.events.stations.bodies import COUNTY, PHONE, TOWNSHIP, VILLAGE, day, given, opened
from tests.support.apps import Running, citizen, staff

OTHER = "13900000000"


async def test_a_person_who_leaves_is_copied_whole_and_then_forgotten(
    events_with_register: Running,
) -> None:
    events, me = events_with_register, citizen()
    vault = events.kit.vault
    subject = Subject(me.subject, PHONE, uuid7(), datetime.now(UTC))  # type: ignore[arg-type]
    async with events.as_(staff("officer", COUNTY)) as officer:
        contact = {"name": "才让卓玛", "phone": PHONE}
        await opened(officer, contact=contact)
        held = await given(officer, division_code=VILLAGE, account_id=str(me.subject))
        past = await given(officer, division_code=TOWNSHIP, begins_on=day(-90), ends_on=day(-60))
        to_come = await given(officer, division_code=COUNTY, begins_on=day(10))
        others = await given(officer, division_code=COUNTY, phone=OTHER)
        subject = Subject(subject.id, PHONE, subject.pseudonym, datetime.now(UTC))

        async with events.kit.database.transaction(SERVICE) as db:
            copied = await POSTS.copy(db, vault, subject)
        assert {str(row["id"]) for row in copied if "role" in row} == {
            held["id"],
            past["id"],
            to_come["id"],
        }
        assert {(row["name"], row["phone"]) for row in copied} == {("才让卓玛", PHONE)}

        done = []
        for _ in range(2):
            async with events.kit.database.transaction(SERVICE) as db:
                done.append(await POSTS.erase(db, vault, subject))
                left = await POSTS.copy(db, vault, subject)
        assert (done, left) == ([4, 0], [])

        posts = (await officer.get("/posts?limit=100")).json()["items"]
        assert {each["id"]: (each["phone"], each["ends_on"]) for each in posts} == {
            held["id"]: (None, day(-1)),
            past["id"]: (None, day(-60)),
            others["id"]: ("139****0000", None),
        }
        why = {"purpose": "看看还剩什么"}
        opened_ = await officer.post(f"/posts/{held['id']}/open", json=why)
        assert opened_.json()["name"] == ERASED_NAME
        stations = (await officer.get("/stations")).json()["items"]
        assert [each["contact"] for each in stations] == [None]
    ended = await events.scalar("SELECT count(*) FROM outbox WHERE type = 'events.post_ended.v1'")
    assert (
        ended,
        await events.scalar("SELECT count(*) FROM posts WHERE account_id = :me", me=me.subject),
    ) == (3, 0)


async def test_a_phone_given_to_somebody_else_later_finds_nothing(
    events_with_register: Running,
) -> None:
    events = events_with_register
    before = datetime.now(UTC)
    async with events.as_(staff("officer", COUNTY)) as officer:
        await opened(officer, contact={"name": "马俊", "phone": PHONE})
        await given(officer, division_code=VILLAGE)
    subject = Subject(uuid7(), PHONE, uuid7(), before)
    async with events.kit.database.transaction(SERVICE) as db:
        assert await POSTS.copy(db, events.kit.vault, subject) == []
        assert await POSTS.erase(db, events.kit.vault, subject) == 0
