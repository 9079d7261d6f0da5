"""What cannot be a day or a body is a 422 that says so: it was a 500 and a 400 of "our side"."""

import pytest

from services.kit.access import Role
from tests.support.apps import Running, staff

OFFICER = staff(Role.OFFICER, "630123")


@pytest.mark.parametrize("path", ["/activities", "/occurrences"])
@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
async def test_a_list_is_not_asked_for_days_that_no_zone_can_count(
    events: Running, path: str, day: str
) -> None:
    async with events.as_(OFFICER) as officer:
        answer = await officer.get(path, params={"from": day, "to": day})
    assert answer.status_code == 422
    assert [(each["pointer"], each["rule"]) for each in answer.json()["errors"]] == [
        ("/from", "day-out-of-range"),
        ("/to", "day-out-of-range"),
    ]


async def test_an_occurrence_is_not_held_at_the_end_of_all_days(events: Running) -> None:
    times = {"starts_at": "9999-12-31T20:00:00Z", "ends_at": "9999-12-31T23:59:59Z"}
    draft = {"division_code": "630123", "title": "讲座", "form": "lecture", "occurrences": [times]}
    async with events.as_(OFFICER) as officer:
        answer = await officer.post("/activities", json=draft)
    assert answer.status_code == 422
    assert {each["rule"] for each in answer.json()["errors"]} == {"day-out-of-range"}


async def test_no_body_takes_a_day_of_the_first_year(events: Running) -> None:
    day, errors = "0001-01-01", []
    bodies = {
        "/stations": ("opened_on", {"kind": "science_station", "name": "申中站"}),
        "/posts": ("begins_on", {"role": "informant", "name": "卓玛"}),
        "/targets": ("due_on", {"measure": "rural_bases", "source": "方案"}),
        "/divisions/changes": (
            "effective_on",
            {"document": "一号", "decided_on": "2026-01-01", "kind": "rename"}
            | {"lines": [{"code": "630123", "successor": "630123", "name": "新县"}]},
        ),
    }
    async with events.as_(staff(Role.ADMINISTRATOR, "63")) as administrator:
        for path, (name, body) in bodies.items():
            at = {} if path == "/divisions/changes" else {"division_code": "630123"}
            answer = await administrator.post(path, json={**body, **at, name: day})
            errors += [(path, each["pointer"], each["rule"]) for each in answer.json()["errors"]]
    assert errors == [(path, f"/{name}", "day-out-of-range") for path, (name, _) in bodies.items()]


@pytest.mark.parametrize(
    "body",
    [b'{"title": "\xff"}', b"[" * 20000, b'{"title": ' + b"9" * 6000 + b"}"],
    ids=["not-utf-8", "too-deep", "too-long-a-number"],
)
async def test_a_body_that_cannot_be_read_is_the_callers_mistake(
    events: Running, body: bytes
) -> None:
    kind = {"Content-Type": "application/json"}
    async with events.as_(OFFICER) as officer:
        answer = await officer.post("/activities", content=body, headers=kind)
    assert (answer.status_code, answer.json()["type"], answer.json()["status"]) == (
        422,
        "/api/v1/problems/unreadable-body",
        422,
    )
