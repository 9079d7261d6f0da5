"""The same again: repeated within an activity, or drafted anew from one."""

from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events.activities.rules import SHANGHAI, ActivityState
from services.events.activities.times_and_places import MOST_REPEATS, Every, repeats
from tests.events.activities.bodies import COUNTY, brought, drafted, facts, occurrence
from tests.support.apps import Running, staff

LAST_OF_JANUARY = datetime(2027, 1, 31, 19, 0, tzinfo=SHANGHAI)


def _days(start: datetime, every: Every, **until: Any) -> list[str]:
    wanted = {"count": None, "until": None, **until}
    return [
        (start + shift).astimezone(SHANGHAI).date().isoformat()
        for shift in repeats(start, every, **wanted)
    ]


@pytest.mark.parametrize(
    ("every", "until", "days"),
    [
        (Every.DAY, {"count": 2}, ["2027-02-01", "2027-02-02"]),
        (Every.WEEK, {"until": date(2027, 2, 20)}, ["2027-02-07", "2027-02-14"]),
        (Every.WEEK, {"until": date(2027, 2, 21)}, ["2027-02-07", "2027-02-14", "2027-02-21"]),
        (Every.WEEK, {"until": date(2027, 1, 31)}, []),
        # A month without a 31st has its last day, and the next one has its 31st again.
        (Every.MONTH, {"count": 3}, ["2027-02-28", "2027-03-31", "2027-04-30"]),
        (Every.MONTH, {"count": 13}, None),
    ],
)
def test_repetitions_fall_on_the_days_that_people_expect(
    every: Every, until: dict[str, Any], days: list[str] | None
) -> None:
    found = _days(LAST_OF_JANUARY, every, **until)
    assert found == days if days is not None else found[-2:] == ["2028-01-31", "2028-02-29"]


@given(
    start=st.datetimes(
        datetime(2026, 1, 1), datetime(2060, 1, 1), timezones=st.just(ZoneInfo("UTC"))
    ),
    every=st.sampled_from(Every),
)
@settings(max_examples=100, deadline=None)
def test_repetitions_keep_the_hour_and_go_forward_without_end_but_one_too_many(
    start: datetime, every: Every
) -> None:
    local = start.astimezone(SHANGHAI)
    moved = [local + shift for shift in repeats(start, every, count=None, until=date(2999, 1, 1))]
    assert len(moved) == MOST_REPEATS + 1
    assert {at.timetz() for at in moved} == {local.timetz()}
    assert all(
        one < other for one, other in zip([local, *moved], islice(moved, None), strict=False)
    )


async def test_a_weekly_lecture_is_one_activity_with_its_places_each_time(
    events_with_register: Running,
) -> None:
    tickets = {
        "capacity": None,
        "pools": [{"name": "座位", "capacity": 40}],
        "tickets": [
            {"name": "成人", "pool": "座位", "min_age": 18},
            {"name": "学生", "pool": "座位", "max_age": 17, "max_party": 60},
        ],
    }
    async with events_with_register.as_(staff("informant", COUNTY)) as informant:
        found = await drafted(informant, occurrences=[occurrence(**tickets)])
        answer = await informant.post(
            f"/activities/{found['id']}/repeat", json={"every": "week", "count": 3}
        )
    body = answer.json()
    first = datetime.fromisoformat(found["occurrences"][0]["starts_at"])
    assert [datetime.fromisoformat(one["starts_at"]) for one in body["occurrences"]] == [
        first + timedelta(weeks=week) for week in range(4)
    ]
    assert [one["capacity"] for one in body["occurrences"]] == [40] * 4
    assert await events_with_register.rows(
        "SELECT t.name, p.name, t.min_age, t.max_age, t.max_party, count(*)::int FROM tickets t"
        " JOIN pools p ON p.id = t.pool_id AND p.occurrence_id = t.occurrence_id"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY t.min_age"
    ) == [("成人", "座位", 18, None, 10, 4), ("学生", "座位", None, 17, 60, 4)]
    assert (body["series_id"], body["occurrence_count"]) == (None, 4)


WRONG_REPEATS: list[tuple[dict[str, Any], str, str]] = [
    ({"every": "day"}, "/count", "count-or-until"),
    ({"every": "day", "count": 2, "until": "2030-01-01"}, "/count", "count-or-until"),
    ({"every": "day", "count": 61}, "/count", "less-than-equal"),
    ({"every": "day", "until": "2099-01-01"}, "/until", "too-many-repeats"),
    ({"every": "day", "until": "2020-01-01"}, "/until", "until-after-start"),
    ({"every": "year", "count": 2}, "/every", "enum"),
]


async def test_how_it_cannot_repeat(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.DRAFT)
    async with events_with_register.as_(staff("informant", COUNTY)) as informant:
        for body, pointer, rule in WRONG_REPEATS:
            answer = await informant.post(f"/activities/{found['id']}/repeat", json=body)
            said = [(error["pointer"], error["rule"]) for error in answer.json()["errors"]]
            assert (body, said) == (body, [(pointer, rule)])


async def test_repeating_what_is_public_is_told_once(events_with_register: Running) -> None:
    events = events_with_register
    found = await brought(events, ActivityState.PUBLISHED)
    async with events.as_(staff("approver", COUNTY)) as approver:
        answer = await approver.post(
            f"/activities/{found['id']}/repeat", json={"every": "month", "count": 5}
        )
    assert (answer.status_code, answer.json()["occurrence_count"]) == (200, 6)
    assert await facts(events, found["id"]) == [("activity_rescheduled", 5)]


async def test_an_activity_does_not_grow_without_end(events_with_register: Running) -> None:
    found = await brought(events_with_register, ActivityState.DRAFT)
    path = f"/activities/{found['id']}/repeat"
    async with events_with_register.as_(staff("informant", COUNTY)) as informant:
        answers = [await informant.post(path, json={"every": "day", "count": 60}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 409]
    assert answers[-1].json()["type"] == "/api/v1/problems/too-many-occurrences"


async def test_a_clone_is_a_draft_of_its_own_a_year_later(events_with_register: Running) -> None:
    events = events_with_register
    source = await brought(events, ActivityState.CANCELLED)
    plain = await brought(
        events,
        ActivityState.PUBLISHED,
        translations={"bo": {"title": "བྱ།", "summary": ""}},
        occurrences=[occurrence(), occurrence(7)],
    )
    async with events.as_(staff("informant", COUNTY)) as informant:
        empty = await informant.post(f"/activities/{source['id']}/clone", json={"shift_days": 364})
        answer = await informant.post(f"/activities/{plain['id']}/clone", json={"shift_days": 364})
    clone = answer.json()
    assert (empty.status_code, empty.json()["occurrences"]) == (201, [])
    assert (answer.status_code, answer.headers["location"]) == (201, f"/activities/{clone['id']}")
    same = ("title", "summary", "translations", "form", "audiences", "languages", "division_code")
    assert {name: clone[name] for name in same} == {name: plain[name] for name in same}
    assert (clone["state"], clone["version"], clone["series_id"], clone["hosts"]) == (
        "draft",
        1,
        None,
        [COUNTY],
    )
    assert [
        datetime.fromisoformat(copy["starts_at"]) - datetime.fromisoformat(one["starts_at"])
        for copy, one in zip(clone["occurrences"], plain["occurrences"], strict=True)
    ] == [timedelta(days=364)] * 2
    assert [one["places_left"] for one in clone["occurrences"]] == [30, 30]


async def test_clones_of_a_series_share_its_id(events_with_register: Running) -> None:
    events = events_with_register
    source = await brought(events, ActivityState.PUBLISHED)
    body = {"shift_days": 7, "as_series": True}
    async with events.as_(staff("officer", COUNTY)) as officer:
        clones = [
            (await officer.post(f"/activities/{source['id']}/clone", json=body)).json()
            for _ in range(2)
        ]
        after = (await officer.get(f"/activities/{source['id']}")).json()
    assert {clone["series_id"] for clone in clones} == {after["series_id"]}
    assert (after["series_id"] is not None, after["version"]) == (True, source["version"] + 1)


async def test_only_who_drafts_there_clones(events_with_register: Running) -> None:
    source = await brought(events_with_register, ActivityState.PUBLISHED)
    async with events_with_register.as_(staff("officer", "6302")) as stranger:
        answer = await stranger.post(f"/activities/{source['id']}/clone", json={"shift_days": 1})
    assert answer.status_code == 403
