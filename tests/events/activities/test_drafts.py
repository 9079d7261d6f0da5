"""Drafting, editing, sending back: what is kept, what is asked for, what is refused."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.events.activities import shapes
from services.events.activities.rules import ActivityState
from services.events.settings import ActivitySettings
from tests.events.activities.bodies import (
    COUNTY,
    NEIGHBOUR,
    TOWNSHIP,
    act,
    activity,
    brought,
    drafted,
    facts,
    occurrence,
)
from tests.support.apps import Running, staff

TIBETAN = {"title": "མཚོ་སྔོན་པོའི་བྱ།", "summary": "མཚོ་སྔོན་པོའི་བྱ་རིགས་ཀྱི་གཏམ་བཤད།"}


async def test_a_draft_is_kept_as_it_was_given(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("informant", COUNTY)) as informant:
        answer = await informant.post(
            "/activities", json=activity(division_code="630123000000", expected_headcount=25)
        )
        read = await informant.get(answer.headers["location"])
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    assert read.json() == answer.json()
    body = answer.json()
    assert {name: body[name] for name in ("division_code", "division_name", "hosts", "state")} == {
        "division_code": COUNTY,
        "division_name": "湟源县",
        "hosts": [COUNTY],
        "state": "draft",
    }
    one = body["occurrences"][0]
    assert (one["division_code"], one["capacity"], one["places_left"], one["sequence"]) == (
        COUNTY,
        30,
        30,
        0,
    )
    assert body["allowed_actions"] == ["submit"]


async def test_a_tibetan_title_comes_back_letter_by_letter(events_with_register: Running) -> None:
    caller = staff("officer", COUNTY)
    async with events_with_register.as_(caller) as officer:
        found = await drafted(officer, translations={"bo": TIBETAN})
        path = f"/activities/{found['id']}"
        chinese = await officer.get(path)
        tibetan = await officer.get(path, headers={"Accept-Language": "bo"})
        english = await officer.get(path, headers={"Accept-Language": "en"})
        by_name = await officer.get("/activities", params={"q": "སྔོན་པོའི"})
    assert (tibetan.json()["title"], tibetan.json()["summary"]) == tuple(TIBETAN.values())
    assert tibetan.json()["translations"] == {"bo": TIBETAN}
    assert [item["id"] for item in by_name.json()["items"]] == [found["id"]]
    assert [
        (
            answer.json()["title_language"],
            answer.headers["content-language"],
            answer.headers["etag"],
        )
        for answer in (chinese, tibetan, english)
    ] == [("zh-CN", "zh-CN", '"v1"'), ("bo", "bo", '"v1"'), ("zh-CN", "zh-CN", '"v1"')]


async def test_the_same_client_id_drafts_once(events_with_register: Running) -> None:
    events = events_with_register
    body = activity(client_id=str(uuid4()))
    async with (
        events.as_(staff("informant", COUNTY)) as first,
        events.as_(staff("informant", COUNTY)) as other,
    ):
        answers = [await first.post("/activities", json=body) for _ in range(2)]
        theirs = await other.post("/activities", json=body)
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert (theirs.status_code, theirs.json()["id"] != answers[0].json()["id"]) == (201, True)
    assert await events.scalar("SELECT count(*) FROM activities") == 2


async def test_the_same_client_id_ten_times_at_once_drafts_once(
    events_with_register: Running,
) -> None:
    events = events_with_register
    body = activity(client_id=str(uuid4()))
    async with events.as_(staff("informant", COUNTY)) as client:
        answers = await asyncio.gather(*(client.post("/activities", json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await events.scalar("SELECT count(*) FROM occurrences") == 1


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (
        {"occurrences": [occurrence(), occurrence(place=None)]},
        "/occurrences/1/place",
        "place-needed",
    ),
    (
        {"occurrences": [occurrence(longitude=101.3)]},
        "/occurrences/0/latitude",
        "both-coordinates",
    ),
    (
        {"occurrences": [occurrence(longitude=36.7, latitude=101.3)]},
        "/occurrences/0/longitude",
        "coordinates-swapped",
    ),
    (
        {"occurrences": [occurrence(longitude=10.1, latitude=36.7)]},
        "/occurrences/0/longitude",
        "outside-degrees",
    ),
    (
        {"occurrences": [occurrence(starts_at="2031-09-18T09:30:00")]},
        "/occurrences/0/starts_at",
        "timezone-aware",
    ),
    (
        {"occurrences": [occurrence(ends_at="2020-09-18T09:30:00+08:00")]},
        "/occurrences/0/ends_at",
        "ends-after-start",
    ),
    (
        {"occurrences": [occurrence(ends_at="2131-09-18T09:30:00+08:00")]},
        "/occurrences/0/ends_at",
        "too-long-a-time",
    ),
    (
        {"occurrences": [occurrence(division_code="632321")]},
        "/occurrences/0/division_code",
        "division-not-standing",
    ),
    (
        {"occurrences": [occurrence(online_url="javascript:alert(1)")]},
        "/occurrences/0/online_url",
        "string-pattern-mismatch",
    ),
    ({"title": "鸟" * 201}, "/title", "string-too-long"),
    ({"translations": {"fr": {"title": "x"}}}, "/translations/fr/[key]", "literal-error"),
    ({"state": "published"}, "/state", "extra-forbidden"),
    ({"division_code": "630199"}, "/division_code", "division-not-standing"),
]


async def test_what_cannot_be_is_named_by_field_and_rule(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", "63")) as officer:
        for over, pointer, rule in WRONG:
            answer = await officer.post("/activities", json=activity(**over))
            said = [(error["pointer"], error["rule"]) for error in answer.json()["errors"]]
            assert (answer.status_code, over, said) == (422, over, [(pointer, rule)])
    assert await events_with_register.scalar("SELECT count(*) FROM activities") == 0


async def test_an_activity_may_be_online_only(events_with_register: Running) -> None:
    online = occurrence(place=None, capacity=None, online_url="https://live.example/1")
    found = await brought(
        events_with_register, ActivityState.PUBLISHED, form="live_stream", occurrences=[online]
    )
    one = found["occurrences"][0]
    assert (one["online_url"], one["division_code"], one["capacity"]) == (
        "https://live.example/1",
        COUNTY,
        None,
    )


async def test_an_unknown_campaign_is_said(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        answer = await officer.post("/activities", json=activity(campaign_id=str(uuid4())))
    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "/api/v1/problems/unknown-campaign",
    )


async def test_submitting_names_everything_that_is_lacking(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        bare = await drafted(officer, title="", occurrences=[], expected_headcount=1000)
        refused = await act(officer, bare["id"], "submit")
    assert bare["allowed_actions"] == []
    assert refused.status_code == 422
    assert [(error["pointer"], error["rule"]) for error in refused.json()["errors"]] == [
        ("/title", "title-needed"),
        ("/occurrences", "occurrence-needed"),
        ("/safety_plan", "safety-plan-needed"),
    ]


async def test_a_crowd_at_one_time_and_place_needs_a_safety_plan(
    events_with_register: Running,
) -> None:
    hall, square, online = {"place": "礼堂"}, {"place": "广场"}, {"place": None}
    online["online_url"] = "https://live.example/1"  # type: ignore[assignment]
    cases: list[tuple[dict[str, Any], int]] = [
        ({"expected_headcount": 999}, 200),
        ({"expected_headcount": 1000}, 422),
        ({"expected_headcount": 1000, "safety_plan": "分区、疏散、医疗"}, 200),
        ({"expected_headcount": 10, "occurrences": [occurrence(capacity=1000)]}, 422),
        # A series is not a crowd: every evening has its own people.
        ({"occurrences": [occurrence(day, capacity=600) for day in range(5)]}, 200),
        ({"occurrences": [occurrence(0, capacity=500), occurrence(0.05, capacity=500)]}, 422),
        # One leaves as the other comes.
        ({"occurrences": [occurrence(0, capacity=600), occurrence(1 / 12, capacity=600)]}, 200),
        (
            {
                "occurrences": [
                    occurrence(capacity=600, **hall),
                    occurrence(capacity=600, **square),
                    occurrence(capacity=5000, **online),
                ]
            },
            200,
        ),
    ]
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        for over, status in cases:
            found = await drafted(officer, **over)
            answer = await act(officer, found["id"], "submit")
            assert (over, answer.status_code) == (over, status)


async def test_what_a_crowd_is_can_be_set(
    events_with_register: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTS_SAFETY_PLAN_HEADCOUNT", "200")
    lowered = ActivitySettings()
    monkeypatch.setattr(shapes, "settings", lambda: lowered)
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        found = await drafted(officer, expected_headcount=200)
        refused = await act(officer, found["id"], "submit")
    assert [error["rule"] for error in refused.json()["errors"]] == ["safety-plan-needed"]


async def test_an_edit_says_which_version_it_read(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        path = f"/activities/{(await drafted(officer))['id']}"
        answers = [
            await officer.patch(path, json={"title": "新的题目"}),
            await officer.patch(path, json={"title": "新的题目"}, headers={"If-Match": '"v1"'}),
            await officer.patch(path, json={"title": "旧的题目"}, headers={"If-Match": '"v1"'}),
        ]
        kept = (await officer.get(path)).json()
    assert [answer.status_code for answer in answers] == [428, 200, 412]
    assert (kept["title"], kept["version"], kept["form"]) == ("新的题目", 2, "lecture")


async def _patch(
    client: httpx.AsyncClient, found: dict[str, Any], body: dict[str, Any]
) -> httpx.Response:
    return await client.patch(
        f"/activities/{found['id']}", json=body, headers={"If-Match": f'"v{found["version"]}"'}
    )


EVERYTHING = {
    "title": "青藏高原的鸟",
    "summary": "",
    "translations": {"bo": TIBETAN},
    "form": "exhibition",
    "audiences": ["public", "elderly"],
    "languages": ["mn"],
    "expected_headcount": 80,
    "safety_plan": "分区",
    "campaign_id": None,
    "is_umbrella": False,
}
TEXTS = {name: EVERYTHING[name] for name in ("title", "summary", "translations")}


async def test_what_may_be_edited_follows_from_the_state(events_with_register: Running) -> None:
    for state in ActivityState:
        found = await brought(events_with_register, state)
        async with events_with_register.as_(staff("approver", COUNTY)) as approver:
            whole = await _patch(approver, found, EVERYTHING)
            after = (await approver.get(f"/activities/{found['id']}")).json()
            texts = await _patch(approver, after, TEXTS)
        statuses = (whole.status_code, texts.status_code)
        match state:
            case ActivityState.DRAFT | ActivityState.RETURNED:
                assert {name: whole.json()[name] for name in EVERYTHING} == EVERYTHING
                assert sorted(found["editable_fields"]) == sorted(EVERYTHING)
                assert (state, *statuses) == (state, 200, 200)
            case ActivityState.PUBLISHED | ActivityState.ONGOING:
                assert (state, *statuses) == (state, 422, 200)
                assert [error["pointer"] for error in whole.json()["errors"]] == sorted(
                    f"/{name}" for name in EVERYTHING.keys() - TEXTS.keys() - {"safety_plan"}
                )
                assert found["editable_fields"] == [*TEXTS, "safety_plan"]
            case ActivityState.SUBMITTED | ActivityState.APPROVED:
                assert (state, *statuses) == (state, 409, 409)
                assert found["editable_fields"] == ["safety_plan"]
            case _:
                assert (state, *statuses) == (state, 409, 409)
                assert found["editable_fields"] == []


async def test_a_public_title_is_changed_by_who_runs_it_and_not_emptied(
    events_with_register: Running,
) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    async with (
        events.as_(staff("officer", COUNTY)) as officer,
        events.as_(staff("approver", COUNTY)) as approver,
    ):
        assert (await _patch(officer, found, TEXTS)).status_code == 403
        assert (await _patch(approver, found, {"title": ""})).status_code == 422
        assert (await _patch(approver, found, TEXTS)).status_code == 200
    assert await facts(events, found["id"]) == []


async def test_sent_back_with_fields_until_it_is_submitted_again(
    events_with_register: Running,
) -> None:
    events = events_with_register
    given = {
        "reason": "地点和题目请改",
        "fields": [
            {"pointer": "/title", "reason": "太短"},
            {"pointer": "/occurrences/0/place", "reason": "写到门牌"},
        ],
    }
    async with (
        events.as_(staff("informant", TOWNSHIP)) as informant,
        events.as_(staff("approver", COUNTY)) as approver,
    ):
        found = await drafted(informant, division_code=TOWNSHIP)
        path = f"/activities/{found['id']}"
        await act(informant, found["id"], "submit")
        returned = await approver.post(f"{path}/send_back", json=given)
        seen = (await informant.get(path)).json()
        again = await act(informant, found["id"], "submit")
    shown = returned.json()["returned"]
    assert {"reason": shown["reason"], "fields": shown["fields"]} == given
    assert (seen["returned"], seen["allowed_actions"]) == (shown, ["submit"])
    assert again.json()["returned"] is None
    author = await events.scalar("SELECT created_by FROM activities")
    recipient = await events.scalar(
        "SELECT data->>'recipient' FROM outbox WHERE type = 'events.activity_returned.v1'"
    )
    assert recipient == str(author)


async def test_a_pointer_to_nothing_is_refused(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.SUBMITTED)
    async with events_with_register.as_(staff("approver", COUNTY)) as approver:
        for pointer in (
            *("title", "/titel", "/occurrences/1/place", "/occurrences/x", "/version", "/title/0"),
        ):
            body = {"reason": "请改", "fields": [{"pointer": pointer, "reason": "不对"}]}
            answer = await approver.post(f"/activities/{found['id']}/send_back", json=body)
            said = [(error["pointer"], error["rule"]) for error in answer.json()["errors"]]
            assert (answer.status_code, pointer, said) == (
                422,
                pointer,
                [("/fields/0/pointer", "unknown-pointer")],
            )
        after = (await approver.get(f"/activities/{found['id']}")).json()
    assert after["state"] == "submitted"


@pytest.mark.parametrize("state", list(ActivityState))
async def test_only_a_draft_is_deleted(events_with_register: Running, state: ActivityState) -> None:
    events = events_with_register
    found = await brought(events, state)
    async with (
        events.as_(staff("approver", COUNTY)) as approver,
        events.as_(staff("observer", COUNTY)) as observer,
    ):
        assert (await observer.delete(f"/activities/{found['id']}")).status_code == 403
        deleted = await approver.delete(f"/activities/{found['id']}")
        after = await approver.get(f"/activities/{found['id']}")
    expected = (204, 404) if state is ActivityState.DRAFT else (409, 200)
    assert (deleted.status_code, after.status_code) == expected
    left = 0 if state is ActivityState.DRAFT else 1
    for table in ("activities", "occurrences", "activity_hosts", "pools", "tickets"):
        assert await events.scalar(f"SELECT count(*) FROM {table}") == left


async def test_one_drafts_only_within_reach(events_with_register: Running) -> None:
    async with events_with_register.as_(staff("officer", COUNTY)) as officer:
        answer = await officer.post("/activities", json=activity(division_code=NEIGHBOUR))
    assert answer.status_code == 403
