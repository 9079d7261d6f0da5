"""Figures over HTTP: what adds up, what is unknown, and what it costs."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.events.reporting.consumer import CONSUMER
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.inbox import apply
from tests.events.reporting.histories import History, State
from tests.support.apps import Running

DIVISIONS = (
    ("63", "青海省", "province", None),
    ("6301", "西宁市", "prefecture", "63"),
    ("6302", "海东市", "prefecture", "63"),
    ("630102", "城东区", "county", "6301"),
    ("630123", "湟源县", "county", "6301"),
)
YEAR = "from=2026-01-01&to=2026-12-31"
NOTHING = {"verified": 0, "counted": 0, "estimated": 0, "online": 0}


def one(day: str, *hosts: str, occurrences: int = 1) -> History:
    state = State(date.fromisoformat(day), hosts, (occurrences,))
    return History("activity", uuid4().int, (state,))


def attended(day: str, host: str, *numbers: int) -> History:
    return History("attendance", uuid4().int, (State(date.fromisoformat(day), (host,), numbers),))


async def told(events: Running, *histories: History) -> None:
    """The register as above, and the facts of these histories, folded."""
    async with events.kit.database.transaction(SERVICE) as db:
        for code, name, tier, parent in DIVISIONS:
            await run(
                db,
                text(
                    "INSERT INTO divisions (code, name, short_name, tier, kind, parent_code,"
                    " official, edition) VALUES (:code, :name, :name, :tier, '', :parent, true,"
                    " '2023') ON CONFLICT DO NOTHING"
                ),
                {"code": code, "name": name, "tier": tier, "parent": parent},
            )
        await apply(db, CONSUMER, [fact for history in histories for fact in history.envelopes()])


async def read(events: Running, path: str, **headers: str) -> dict[str, Any]:
    async with events.as_(None, **headers) as public:
        answer = await public.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_cohosted_activity_counts_once_above_and_its_shares_add_up(
    events: Running,
) -> None:
    await told(
        events,
        one("2026-09-18", "630102", "630123", "6302", occurrences=3),
        one("2026-09-19", "6301"),
        attended("2026-09-18", "630102", 12, 0, 30, 500),
        one("2025-09-19", "6302"),
    )
    rollup = await read(events, f"/reports/rollup?division=63&{YEAR}")
    assert rollup["division"] == {
        "code": "63",
        "name": "青海省",
        "tier": "province",
        "abolished_on": None,
    }
    assert rollup["figures"] == {
        "activities": 2,
        "activity_share": 2.0,
        "occurrences": 4,
        "occurrences_with_attendance": 1,
        "attendance": {"verified": 12, "counted": 0, "estimated": 30, "online": 500},
        "satisfaction": None,
        "activities_per_10000_people": None,
    }
    shown = [
        (child["code"], child["figures"]["activities"], child["figures"]["activity_share"])
        for child in rollup["children"]
    ]
    assert shown == [("6301", 2, 1.666667), ("6302", 1, 0.333333)]
    assert (rollup["compare"]["from"], rollup["compare"]["to"]) == ("2025-01-01", "2025-12-31")
    assert rollup["compare"]["figures"]["activities"] == 1
    assert [child["compare"]["activities"] for child in rollup["children"]] == [0, 1]

    below = await read(events, f"/reports/rollup?division=630100&{YEAR}")
    assert (below["figures"]["activity_share"], below["own_share"]) == (1.666667, 1.0)
    assert [child["figures"]["activity_share"] for child in below["children"]] == [
        0.333334,
        0.333333,
    ]


async def test_days_are_included_at_both_ends_and_nothing_beyond(events: Running) -> None:
    await told(events, *(one(f"2026-09-{day}", "630102") for day in (17, 18, 19, 20)))
    rollup = await read(events, "/reports/rollup?division=63&from=2026-09-18&to=2026-09-19")
    assert rollup["figures"]["activities"] == 2


async def test_zero_is_zero_and_unknown_is_null_with_its_reason(events: Running) -> None:
    await told(events, one("2026-09-18", "6302"))
    rollup = await read(events, f"/reports/rollup?division=63&{YEAR}", **{"Accept-Language": "en"})
    assert {child["code"]: child["figures"]["attendance"] for child in rollup["children"]} == {
        "6301": NOTHING,
        "6302": None,
    }
    assert [(each["field"], each["reason"]) for each in rollup["unknown"]] == [
        ("activities_per_10000_people", "no-population"),
        ("attendance", "no-attendance"),
        ("satisfaction", "too-few-answers"),
    ]
    assert rollup["unknown"][1]["detail"].startswith("There are activities")


async def test_a_child_that_is_abolished_is_shown_when_it_has_figures(events: Running) -> None:
    await told(events, one("2025-03-01", "630123"))
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE divisions SET abolished_on = '2025-06-01' WHERE code ~ '.{6}'"))
    rollup = await read(events, f"/reports/rollup?division=6301&{YEAR}")
    assert [(child["code"], child["abolished_on"]) for child in rollup["children"]] == [
        ("630123", "2025-06-01")
    ]


async def test_a_series_has_every_month_and_sums_to_the_rollup(events: Running) -> None:
    await told(
        events, one("2026-01-31", "6302"), one("2026-03-01", "6301"), one("2026-03-20", "6301")
    )
    series = await read(events, "/reports/series?division=63&from=2026-01-15&to=2026-03-20")
    assert [
        (step["from"], step["to"], step["figures"]["activities"]) for step in series["items"]
    ] == [
        ("2026-01-15", "2026-01-31", 1),
        ("2026-02-01", "2026-02-28", 0),
        ("2026-03-01", "2026-03-20", 2),
    ]
    assert series["next"] is None


@pytest.mark.parametrize("report", ["rollup", "series"])
async def test_a_division_that_the_register_does_not_know_is_missing(
    events: Running, report: str
) -> None:
    async with events.as_() as public:
        answer = await public.get(f"/reports/{report}?division=6399&{YEAR}")
    assert answer.status_code == 404


async def test_a_bad_period_names_the_field_in_the_callers_language(events: Running) -> None:
    async with events.as_(None, **{"Accept-Language": "en"}) as public:
        answer = await public.get("/reports/rollup?division=63&from=2026-02-01&to=2026-01-01")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "pointer": "/to",
            "rule": "period-backwards",
            "detail": "the last day is before the first",
        }
    ]


@pytest.mark.parametrize(
    "path", ["rollup?division=63", "rollup?division=630102", "series?division=6301"]
)
async def test_each_report_is_one_query_at_every_depth(
    events: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await told(events, one("2026-09-18", "630102"))
    said: list[str] = []
    pool = await events.kit.database.hot()
    async with pool.acquire() as connection:
        connection.add_query_logger(lambda record: said.append(record.query))
        monkeypatch.setattr(events.kit.database, "_hot", Always(connection))
        await read(events, f"/reports/{path}&{YEAR}")
        monkeypatch.undo()
        await asyncio.sleep(0.01)  # the driver tells its loggers a moment later
        assert len(said) == 1


class Always:
    """A pool of the one connection that is watched."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def acquire(self) -> "Always":
        return self

    async def __aenter__(self) -> Any:
        return self.connection

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_an_answer_has_a_strong_tag_that_a_second_read_may_name(events: Running) -> None:
    await told(events, one("2026-09-18", "630102"))
    async with events.as_() as public:
        first = await public.get(f"/reports/rollup?division=63&{YEAR}")
        again = await public.get(
            f"/reports/rollup?division=63&{YEAR}", headers={"If-None-Match": first.headers["etag"]}
        )
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "public, max-age=10"
