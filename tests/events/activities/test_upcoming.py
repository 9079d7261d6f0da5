"""The hot public list: what is on, from PostgreSQL to the reader untouched."""

from datetime import datetime, timedelta
from typing import Any

from services.events.activities.rules import SHANGHAI, ActivityState
from tests.events.activities.bodies import (
    COUNTY,
    START,
    TOWNSHIP,
    act,
    brought,
    drafted,
    occurrence,
)
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff

PUBLISHED = ActivityState.PUBLISHED
TODAY = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


async def _places(events: Running, query: str = "", **headers: str) -> list[str]:
    async with events.as_(**headers) as public:
        answer = await public.get(f"/occurrences?{query}")
    assert answer.status_code == 200, answer.text
    return [item["place"] for item in answer.json()["items"]]


async def test_an_item_says_what_when_where_and_how_many_places_are_left(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await published_activity(events, TOWNSHIP, 9, place="大华镇文化站")
    async with events.as_(citizen()) as person, events.as_() as public:
        assert (await person.post("/registrations", json=ids.party(2))).status_code == 201
        answer = await public.get("/occurrences")
    (item,) = answer.json()["items"]
    assert answer.json()["next"] is None
    assert (item["id"], item["activity_id"]) == (str(ids.occurrence), str(ids.activity))
    shown = ("title", "title_language", "form", "division_name", "place", "capacity", "places_left")
    assert [item[name] for name in shown] == [
        "青海湖的鸟",
        "zh-CN",
        "lecture",
        "大华镇",
        "大华镇文化站",
        9,
        7,
    ]
    assert datetime.fromisoformat(item["starts_at"]).utcoffset() is not None
    assert answer.headers["cache-control"] == "public, max-age=10"


async def test_unchanged_is_said_with_304(events_with_register: Running) -> None:
    await published_activity(events_with_register)
    async with events_with_register.as_() as public:
        first = await public.get("/occurrences")
        again = await public.get("/occurrences", headers={"If-None-Match": first.headers["etag"]})
        tibetan = await public.get(
            "/occurrences",
            headers={"If-None-Match": first.headers["etag"], "Accept-Language": "bo"},
        )
    assert (again.status_code, again.content) == (304, b"")
    assert (tibetan.status_code, "content-language" in tibetan.headers) == (304, False)


async def test_titles_come_in_the_language_of_the_reader_where_there_is_one(
    events_with_register: Running,
) -> None:
    events = events_with_register
    quoted = '"title_language":"mn"'
    await brought(events, PUBLISHED, title=quoted, translations={"bo": {"title": "བྱ།"}})
    await brought(events, PUBLISHED, title="湿地", translations={"bo": {"title": " "}})
    async with events.as_() as public:
        answers = {
            language: await public.get("/occurrences", headers={"Accept-Language": language})
            for language in ("zh-CN", "bo", "mn")
        }
    assert {
        language: (
            answer.headers["content-language"],
            sorted((item["title"], item["title_language"]) for item in answer.json()["items"]),
        )
        for language, answer in answers.items()
    } == {
        "zh-CN": ("zh-CN", [(quoted, "zh-CN"), ("湿地", "zh-CN")]),
        "bo": ("zh-CN, bo", [("བྱ།", "bo"), ("湿地", "zh-CN")]),
        "mn": ("zh-CN", [(quoted, "zh-CN"), ("湿地", "zh-CN")]),
    }


async def test_what_is_over_called_off_or_postponed_is_not_on(
    events_with_register: Running,
) -> None:
    events = events_with_register
    names = ("在", "取消", "延期", "过去")
    found = await brought(
        events,
        PUBLISHED,
        occurrences=[occurrence(number, place=name) for number, name in enumerate(names)],
    )
    by_name = {one["place"]: one["id"] for one in found["occurrences"]}
    async with events.as_(staff("approver", COUNTY)) as approver:
        body = {"reason": "停电"}
        await approver.post(f"/occurrences/{by_name['取消']}/cancel", json=body)
        await approver.post(f"/occurrences/{by_name['延期']}/postpone")
        past = {
            "starts_at": (TODAY - timedelta(days=3)).isoformat(),
            "ends_at": (TODAY - timedelta(days=3, hours=-2)).isoformat(),
        }
        await approver.post(f"/occurrences/{by_name['过去']}/reschedule", json=past)
        assert await _places(events) == ["在"]
        assert await _places(events, f"from={(TODAY - timedelta(days=3)).date()}") == ["过去", "在"]
        await act(approver, found["id"], "cancel")
    assert await _places(events) == []


async def test_an_exhibition_that_has_begun_is_still_on(events_with_register: Running) -> None:
    events = events_with_register
    tour = {
        "starts_at": (TODAY - timedelta(days=20)).isoformat(),
        "ends_at": (TODAY + timedelta(days=20)).isoformat(),
    }
    await brought(
        events,
        PUBLISHED,
        form="exhibition",
        occurrences=[occurrence(place="巡展", **tour), occurrence(3, place="讲解")],
    )
    assert await _places(events) == ["巡展", "讲解"]
    assert await _places(events, f"to={(TODAY + timedelta(days=1)).date()}") == ["巡展"]
    assert await _places(events, f"from={(TODAY + timedelta(days=21)).date()}") == []


NARROWED: list[tuple[str, list[str]]] = [
    (f"division={COUNTY}", ["县", "镇"]),
    (f"division={TOWNSHIP}000", ["镇"]),
    ("division=6302", ["邻"]),
    ("form=training", ["邻"]),
    ("language=bo", ["县", "镇"]),
    (f"division=63&form=lecture&language=bo&to={(START + timedelta(days=1)).date()}", ["县"]),
    (f"from={(START + timedelta(days=3)).date()}", ["镇"]),
]


async def test_filters_narrow_what_is_on(events_with_register: Running) -> None:
    events = events_with_register
    given: list[dict[str, Any]] = [
        {
            "occurrences": [
                occurrence(place="县"),
                occurrence(5, place="镇", division_code=TOWNSHIP),
            ]
        },
        {
            "form": "training",
            "languages": ["zh"],
            # Where it takes place decides, not who holds it.
            "occurrences": [occurrence(1, place="邻", division_code="630202")],
        },
    ]
    for over in given:
        await brought(events, PUBLISHED, **over)
    for query, places in NARROWED:
        assert (query, await _places(events, query)) == (query, places)


async def test_a_filter_that_says_nothing_is_refused(events_with_register: Running) -> None:
    async with events_with_register.as_() as public:
        for query in ("division=63012", "form=party", "from=monday", "cursor=abc"):
            answer = await public.get(f"/occurrences?{query}")
            said = (answer.status_code, answer.json()["errors"][0]["pointer"])
            assert said == (422, "/" + query.partition("=")[0])


async def test_pages_of_what_is_on_follow_each_other(events_with_register: Running) -> None:
    events = events_with_register
    # Several at the same moment: the id decides, and none is lost between two pages.
    at = [occurrence(number // 3, place=str(number)) for number in range(8)]
    async with events.as_(staff("approver", COUNTY)) as approver:
        found = await drafted(approver, occurrences=at)
        for action in ("submit", "approve", "publish"):
            await act(approver, found["id"], action)
        seen, cursor = [], ""
        while cursor is not None:
            query = f"limit=3&division={COUNTY}{cursor and f'&cursor={cursor}'}"
            answer = await approver.get(f"/occurrences?{query}")
            seen += [item["place"] for item in answer.json()["items"]]
            cursor = answer.json()["next"]
            assert ("link" in answer.headers) == (cursor is not None)
    assert seen == [str(number) for number in range(8)]
