"""Drafts made without a network: sent any number of times they are one, and edits do not get lost."""

from uuid import uuid4

from tests.events.activities.bodies import COUNTY, activity, drafted
from tests.support.apps import Running, staff


async def test_a_draft_sent_again_with_another_body_is_the_one_that_is_there(
    events_with_register: Running,
) -> None:
    """The device edited it meanwhile: it learns the version there is, and edits that."""
    events = events_with_register
    body = activity(client_id=str(uuid4()), title="青海湖的鸟")
    async with events.as_(staff("informant", COUNTY)) as phone:
        first = await phone.post("/activities", json=body)
        again = await phone.post("/activities", json={**body, "title": "青海湖的候鸟"})
        edited = await phone.patch(
            again.headers["location"],
            json={"title": "青海湖的候鸟"},
            headers={"If-Match": again.headers["etag"]},
        )
        last = await phone.post("/activities", json=body)
    assert [each.status_code for each in (first, again, last)] == [201, 200, 200]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert (edited.status_code, edited.json()["title"]) == (200, "青海湖的候鸟")
    # A very late repeat of the first one undoes nothing.
    assert (last.json()["title"], last.headers["etag"]) == ("青海湖的候鸟", '"v2"')
    assert await events.scalar("SELECT count(*) FROM activities") == 1


async def test_an_edit_sent_again_after_its_answer_was_lost_is_no_conflict(
    events_with_register: Running,
) -> None:
    async with events_with_register.as_(staff("informant", COUNTY)) as phone:
        draft = await drafted(phone)
        path, based_on = f"/activities/{draft['id']}", {"If-Match": '"v1"'}
        change = {"title": "候鸟", "translations": {"bo": {"title": "བྱ།"}}}
        answers = [await phone.patch(path, json=change, headers=based_on) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.headers["etag"] for answer in answers] == ['"v2"'] * 3


async def test_an_edit_of_an_older_version_conflicts_and_says_which(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with (
        events.as_(staff("informant", COUNTY)) as phone,
        events.as_(staff("officer", COUNTY)) as office,
    ):
        draft = await drafted(phone)
        path, based_on = f"/activities/{draft['id']}", {"If-Match": '"v1"'}
        await office.patch(path, json={"title": "办公室改的"}, headers=based_on)
        late = await phone.patch(path, json={"title": "村里改的"}, headers=based_on)
        # The same words by chance, but two versions back: still a conflict.
        await office.patch(path, json={"summary": "又改"}, headers={"If-Match": '"v2"'})
        older = await phone.patch(path, json={"title": "办公室改的"}, headers=based_on)
        now = (await phone.get(path)).json()
    assert (late.status_code, late.json()["detail"]) == (
        412,
        "您修改的是第 1 版，现在是第 2 版。",
    )
    assert older.status_code == 412
    assert (now["title"], now["summary"], now["version"]) == ("办公室改的", "又改", 3)
