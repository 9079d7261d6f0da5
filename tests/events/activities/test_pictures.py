"""Pictures of an activity: in order, with texts, seen by exactly those who see the activity."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from services.events.activities.pictures import PICTURES
from services.events.activities.pictures_rules import MOST_PICTURES
from services.events.activities.rules import ActivityState
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.files.parts import Files
from services.kit.files.rows import COLUMNS, file_of
from services.kit.files.rules import File
from services.kit.files.tables import files
from services.kit.files.tidying import tidy
from tests.events.activities.bodies import COUNTY, NEIGHBOUR, act, activity, brought, drafted, held
from tests.kit.files.makers import jpeg, png
from tests.kit.files.phone import announce, announced, finished, part, pictured, sent
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted

ALT = {"zh-CN": "湖边的鸟", "bo": "མཚོ་འགྲམ་གྱི་བྱ།"}


async def pictures(client: httpx.AsyncClient, activity_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/activities/{activity_id}/pictures")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_pictures_stand_in_the_order_announced_whichever_arrives_first(
    events_with_register: Running,
) -> None:
    first, second = jpeg((600, 400)), png((300, 200))
    async with events_with_register.as_(staff("informant", COUNTY)) as informant:
        draft = await drafted(informant)
        one = await announce(informant, draft["id"], first, alt=ALT)
        two = await announce(informant, draft["id"], second, media_type="image/png")
        await sent(informant, two["id"], second)
        between = await pictures(informant, draft["id"])
        await sent(informant, one["id"], first)
        read = (await informant.get(f"/activities/{draft['id']}")).json()
    assert [(each["id"], each["state"]) for each in between] == [
        (one["id"], "waiting"),
        (two["id"], "ready"),
    ]
    assert (between[0]["url"], between[0]["upload_url"]) == (
        None,
        f"/api/v1/files/{one['id']}/upload",
    )
    assert read["pictures"] == [
        {
            "id": one["id"],
            "state": "ready",
            "url": f"/api/v1/files/{one['id']}",
            "preview_url": f"/api/v1/files/{one['id']}/preview",
            "upload_url": None,
            "alt": ALT,
            "width": 600,
            "height": 400,
        },
        {**read["pictures"][1], "id": two["id"], "alt": {}, "width": 300, "height": 200},
    ]
    assert read["picture"] == read["pictures"][0]
    # Whoever edits the texts meanwhile is not in conflict with the pictures.
    assert read["version"] == draft["version"]


async def test_pictures_are_put_in_order_given_texts_and_taken_off(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("informant", COUNTY)) as informant:
        draft = await drafted(informant)
        path = f"/activities/{draft['id']}/pictures"
        ids = [(await pictured(informant, draft["id"], jpeg()))["id"] for _ in range(3)]
        turned = [ids[2], ids[0], ids[1]]
        body = {"items": [{"id": each, "alt": {"bo": "བྱ།", "en": ""}} for each in turned]}
        arranged = await informant.put(path, json=body)
        gone = await informant.delete(f"{path}/{ids[0]}")
        again = await informant.delete(f"{path}/{ids[0]}")
        stale = await informant.put(path, json=body)
        twice = await informant.put(path, json={"items": [{"id": ids[2]}, {"id": ids[2]}]})
        left = await pictures(informant, draft["id"])
        shown = await informant.get(f"/files/{ids[0]}")
    assert [each["id"] for each in arranged.json()["items"]] == turned
    assert (gone.status_code, again.status_code, shown.status_code) == (204, 404, 404)
    for refused in (stale, twice):
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/api/v1/problems/pictures-differ",
        )
    assert [(each["id"], each["alt"]) for each in left] == [
        (ids[2], {"bo": "བྱ།"}),
        (ids[1], {"bo": "བྱ།"}),
    ]
    await tidy(events.kit.parts[Files])
    assert await events.scalar("SELECT count(*) FROM files") == 2


async def test_an_activity_takes_so_many_pictures_and_no_more_also_at_once(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("informant", COUNTY)) as informant:
        draft = await drafted(informant)
        path = f"/activities/{draft['id']}/pictures"
        content = jpeg()
        answers = await asyncio.gather(
            *(informant.post(path, json=announced(content)) for _ in range(MOST_PICTURES + 2))
        )
        slugs = {answer.json().get("type") for answer in answers if answer.status_code == 409}
        # One that is given up makes room.
        first = next(answer.json() for answer in answers if answer.status_code == 201)
        await informant.delete(f"/files/{first['id']}/upload")
        more = await informant.post(path, json=announced(content))
    assert sorted(answer.status_code for answer in answers) == [201] * MOST_PICTURES + [409] * 2
    assert slugs == {"/api/v1/problems/too-many-pictures"}
    assert more.status_code == 201
    # Those that were refused left no upload behind.
    assert await events.scalar("SELECT count(*) FROM files WHERE state = 'open'") == MOST_PICTURES


async def test_pictures_are_seen_by_exactly_those_who_see_the_activity(
    events_with_register: Running,
) -> None:
    events = events_with_register
    author = staff("informant", COUNTY)
    watchers = {
        "author": author,
        "observer": staff("observer", COUNTY),
        "province": staff("observer", "63"),
        "neighbour": staff("approver", NEIGHBOUR),
        "checker": staff("checker", COUNTY),
        "citizen": citizen(),
        "nobody": None,
    }

    async def statuses(path: str) -> dict[str, tuple[int, str]]:
        found = {}
        for name, caller in watchers.items():
            async with events.as_(caller) as client:
                answer = await client.get(path)
            found[name] = (answer.status_code, answer.headers["cache-control"])
        return found

    async with events.as_(author) as informant, events.as_(staff("approver", COUNTY)) as approver:
        draft = await drafted(informant)
        file = await pictured(informant, draft["id"], jpeg())
        paths = [f"/files/{file['id']}", f"/files/{file['id']}/preview"]
        before = [await statuses(path) for path in paths]
        for action in ("submit", "approve"):
            await act(approver, draft["id"], action)
        approved = await statuses(paths[0])
        published = await act(approver, draft["id"], "publish")
        after = [await statuses(path) for path in paths]
    seen, hidden = (200, "private, no-store"), (404, "no-store")
    expected = {
        "author": seen,
        "observer": seen,
        "province": seen,
        **dict.fromkeys(("neighbour", "checker", "citizen", "nobody"), hidden),
    }
    assert published.status_code == 200
    assert [*before, approved] == [expected] * 3
    assert after == [dict.fromkeys(watchers, (200, "public, max-age=600"))] * 2


async def test_a_waiting_picture_is_not_shown_to_the_public_and_holds_a_draft_back(
    events_with_register: Running,
) -> None:
    events = events_with_register
    content = jpeg()
    async with (
        events.as_(staff("approver", COUNTY)) as approver,
        events.as_() as nobody,
    ):
        draft = await drafted(approver)
        await pictured(approver, draft["id"], content)
        late = await announce(approver, draft["id"], content)
        refused = await act(approver, draft["id"], "submit")
        await sent(approver, late["id"], content)
        for action in ("submit", "approve", "publish"):
            assert (await act(approver, draft["id"], action)).status_code == 200
        later = await announce(approver, draft["id"], content)
        inside = (await approver.get(f"/activities/{draft['id']}")).json()["pictures"]
        outside = (await nobody.get(f"/activities/{draft['id']}")).json()["pictures"]
        listed = await pictures(nobody, draft["id"])
        await sent(approver, later["id"], content)
        then = (await nobody.get(f"/activities/{draft['id']}")).json()["pictures"]
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/pictures/1")
    assert [each["state"] for each in inside] == ["ready", "ready", "waiting"]
    assert [each["state"] for each in outside] == ["ready", "ready"]
    assert listed == outside
    assert len(then) == 3


@pytest.mark.parametrize(
    ("state", "role", "status"),
    [
        (ActivityState.SUBMITTED, "approver", 409),
        (ActivityState.APPROVED, "approver", 409),
        (ActivityState.RETURNED, "informant", 201),
        (ActivityState.PUBLISHED, "informant", 403),
        (ActivityState.PUBLISHED, "approver", 201),
        (ActivityState.CANCELLED, "approver", 409),
        (ActivityState.DRAFT, "observer", 403),
    ],
)
async def test_pictures_change_where_the_texts_do(
    events_with_register: Running, state: ActivityState, role: str, status: int
) -> None:
    found = await brought(events_with_register, state)
    path = f"/activities/{found['id']}/pictures"
    async with events_with_register.as_(staff(role, COUNTY)) as client:
        added = await client.post(path, json=announced(jpeg()))
        arranged = await client.put(path, json={"items": []})
        removed = await client.delete(f"{path}/events-{uuid4()}")
    refused = status != 201
    assert added.status_code == status
    assert removed.status_code == (status if refused else 404)
    # What was just announced is not named.
    assert arranged.status_code == (status if refused else 409)


@pytest.mark.parametrize("caller", [staff("approver", NEIGHBOUR), citizen(), None])
async def test_a_stranger_neither_adds_nor_arranges_nor_removes(
    events_with_register: Running, caller: Any
) -> None:
    events = events_with_register
    async with events.as_(staff("informant", COUNTY)) as informant, events.as_(caller) as stranger:
        draft = await drafted(informant)
        file = await pictured(informant, draft["id"], jpeg())
        path = f"/activities/{draft['id']}/pictures"
        answers = [
            await stranger.get(path),
            await stranger.post(path, json=announced(jpeg())),
            await stranger.put(path, json={"items": [{"id": file["id"]}]}),
            await stranger.delete(f"{path}/{file['id']}"),
        ]
        other = await drafted(informant)
        misplaced = await informant.delete(f"/activities/{other['id']}/pictures/{file['id']}")
    assert [answer.status_code for answer in answers] == [404] * 4
    assert misplaced.status_code == 404
    assert await events.scalar("SELECT count(*) FROM files WHERE state = 'ready'") == 1


async def test_pictures_go_with_a_discarded_draft_and_do_not_come_with_a_copy(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("informant", COUNTY)) as informant:
        draft = await drafted(informant)
        file = await pictured(informant, draft["id"], jpeg())
        open_ = await announce(informant, draft["id"], jpeg())
        copy = await informant.post(f"/activities/{draft['id']}/clone", json={"shift_days": 7})
        await informant.delete(f"/activities/{draft['id']}")
        answers = [
            await informant.get(f"/files/{file['id']}"),
            await part(informant, open_["id"], 0, jpeg()),
            await finished(informant, open_["id"]),
        ]
    assert copy.json()["pictures"] == []
    assert [answer.status_code for answer in answers] == [404] * 3
    while await tidy(events.kit.parts[Files]):
        continue
    assert await events.scalar("SELECT count(*) FROM files") == 0


async def test_a_refused_or_forgotten_picture_frees_its_place(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("informant", COUNTY)) as informant:
        draft = await drafted(informant)
        wrong = await announce(informant, draft["id"], b"%PDF-1.4 no picture")
        await part(informant, wrong["id"], 0, b"%PDF-1.4 no picture")
        refused = await finished(informant, wrong["id"])
        await announce(informant, draft["id"], jpeg())
        async with events.kit.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE files SET touched_at = touched_at - INTERVAL '8 days'"
            )
        await tidy(events.kit.parts[Files])
        submitted = await act(informant, draft["id"], "submit")
    assert refused.status_code == 422
    assert (submitted.status_code, submitted.json()["pictures"]) == (200, [])


async def test_a_reviewer_points_at_a_picture(events_with_register: Running) -> None:
    events = events_with_register
    async with events.as_(staff("approver", COUNTY)) as approver:
        draft = await drafted(approver)
        await pictured(approver, draft["id"], jpeg())
        await act(approver, draft["id"], "submit")
        path = f"/activities/{draft['id']}/send_back"
        field = {"pointer": "/pictures/0", "reason": "请换一张清楚的照片"}
        returned = await approver.post(path, json={"reason": "照片不清楚", "fields": [field]})
    assert returned.json()["returned"]["fields"] == [field]


async def test_pictures_cost_a_list_no_query(events_with_register: Running) -> None:
    events = events_with_register
    numbers = []
    async with events.as_(staff("approver", COUNTY)) as approver:
        for _ in range(3):
            draft = await drafted(approver)
            await pictured(approver, draft["id"], jpeg())
            async with counted(events) as statements:
                listed = await approver.get("/activities?limit=100")
            numbers.append(len(statements))
    covers = [item["picture"]["width"] for item in listed.json()["items"]]
    assert (numbers, covers) == ([numbers[0]] * 3, [600] * 3)


async def test_the_public_list_shows_the_first_picture_that_is_there_as_the_activity_does(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("approver", COUNTY)) as approver, events.as_() as nobody:
        draft = await drafted(approver)
        bare = await drafted(approver)
        for each in (draft, bare):
            for action in ("submit", "approve", "publish"):
                await act(approver, each["id"], action)
        await announce(approver, draft["id"], jpeg())
        await pictured(approver, draft["id"], jpeg(), alt=ALT)
        listed = (await nobody.get("/occurrences?limit=100")).json()["items"]
        whole = (await nobody.get(f"/activities/{draft['id']}")).json()
        async with counted(events) as statements:
            await nobody.get("/occurrences?limit=100")
    assert {item["activity_id"]: item["picture"] for item in listed} == {
        draft["id"]: whole["pictures"][0],
        bare["id"]: None,
    }
    assert whole["pictures"][0]["alt"] == ALT
    assert len(statements) == 1


async def test_two_pictures_that_arrive_at_once_are_both_there(
    events_with_register: Running,
) -> None:
    events = events_with_register
    database = events.kit.database
    async with events.as_(staff("informant", COUNTY)) as informant:
        draft = await drafted(informant)
        for _ in range(2):
            await announce(informant, draft["id"], jpeg())
        async with database.transaction(SERVICE) as db:
            rows = (await run(db, select(*COLUMNS).order_by(files.c.id))).all()
        first, second = (replace(file_of(row), width=640, height=480) for row in rows)
        assert PICTURES.on_ready is not None

        async def arrives(file: File) -> None:
            async with database.transaction(SERVICE) as db:
                await PICTURES.on_ready(db, file)  # type: ignore[misc]

        async with database.transaction(SERVICE) as db:
            await PICTURES.on_ready(db, first)
            await db.flush()
            waits = asyncio.create_task(arrives(second))
            await asyncio.sleep(0.3)
        await waits
        found = await pictures(informant, draft["id"])
    assert [each["width"] for each in found] == [640, 640]


async def test_the_texts_of_a_held_activity_and_its_pictures_stay(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("approver", COUNTY)) as approver, events.as_() as nobody:
        draft = await drafted(approver, **activity())
        file = await pictured(approver, draft["id"], jpeg())
        for action in ("submit", "approve", "publish"):
            await act(approver, draft["id"], action)
        await held(events, draft["id"])
        for action in ("complete", "archive"):
            assert (await act(approver, draft["id"], action)).status_code == 200
        shown = await nobody.get(f"/files/{file['id']}")
    assert shown.headers["cache-control"] == "public, max-age=600"
