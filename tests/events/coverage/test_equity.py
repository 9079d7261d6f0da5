"""Equity over HTTP: who was reached where, and what nobody can know yet."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import text

from services.events.activities.rules import SHANGHAI, ActivityState
from services.events.coverage.populations import load_populations, read_populations
from services.events.load import load
from services.events.network.register.lines import BadRegister
from services.kit.access import SERVICE
from services.kit.db import run
from tests.events.coverage.network import DIVISIONS, province
from tests.events.coverage.test_coverage import read
from tests.support.activities import published_activity
from tests.support.apps import Running

NOW = datetime.now(SHANGHAI)


async def held(
    events: Running,
    code: str,
    *,
    form: str = "exhibition",
    languages: tuple[str, ...] = (),
    days_ago: int = 1,
    state: ActivityState = ActivityState.COMPLETED,
    **over: Any,
) -> None:
    start = NOW - timedelta(days=days_ago)
    ids = await published_activity(
        events, code, None, activity_state=state, starts_at=start, state="completed", **over
    )
    async with events.kit.database.transaction(SERVICE) as db:
        await run(
            db,
            text("UPDATE activities SET form = :form, languages = :languages WHERE id = :id"),
            {"form": form, "languages": list(languages), "id": ids.activity},
        )


async def counted_people(events: Running, number: int) -> None:
    """The same number counted at every occurrence."""
    async with events.kit.database.transaction(SERVICE) as db:
        await run(
            db,
            text(
                "INSERT INTO attendance (occurrence_id, grade, number, recorded_by)"
                " SELECT id, 'counted', :number, id FROM occurrences"
            ),
            {"number": number},
        )


async def people(events: Running, **counties: int) -> None:
    async with events.kit.database.transaction(SERVICE) as db:
        rows = [(code[1:], 2020, number, "第七次全国人口普查") for code, number in counties.items()]
        await load_populations(db, rows)


async def test_villages_without_anything_are_counted_and_named(events: Running) -> None:
    await province(events)
    await held(events, "630123101201", form="lecture", days_ago=400)
    await held(events, "630123101202")
    await held(events, "630102001001", form="lecture", state=ActivityState.CANCELLED)
    await held(events, "630123101201", days_ago=-3)
    found = await read(events, "/coverage/63/equity", **{"Accept-Language": "en"})
    assert found["villages"] == {
        "villages": 3,
        "without_activity": 2,
        "without_lecture": 3,
        "without_caravan_visit": None,
    }
    longer = await read(events, "/coverage/630123/equity?months=24")
    assert longer["villages"]["without_activity"] == 0
    assert longer["villages"]["without_lecture"] == 1
    page = await read(events, "/coverage/63/equity/villages?without=activity")
    last = (NOW - timedelta(days=400)).date().isoformat()
    assert [(each["code"], each["last_held_on"]) for each in page["items"]] == [
        ("630102001001", None),
        ("630123101201", last),
    ]
    assert page["items"][1]["township"] == {"code": "630123101", "name": "日月藏族乡"}
    lecture = await read(events, "/coverage/63/equity/villages?without=lecture&months=24")
    assert [each["code"] for each in lecture["items"]] == ["630102001001", "630123101202"]


async def test_nothing_is_said_per_head_without_a_sourced_population(events: Running) -> None:
    await province(events)
    await held(events, "630123101201")
    found = await read(events, "/coverage/63/equity", **{"Accept-Language": "en"})
    assert (found["population"], found["occurrences_per_10000_people"], found["gini"]) == (
        None,
        None,
        None,
    )
    assert {each["field"]: each["reason"] for each in found["unknown"]} == {
        "villages/without_caravan_visit": "caravans-unknown",
        "occurrences_per_10000_people": "no-population",
        "gini": "no-population",
        "attendance": "no-attendance",
    }
    await people(events, _63=6_000_000, _630123=100_000)
    some = await read(events, "/coverage/63/equity")
    assert (some["gini"], some["occurrences_per_10000_people"]) == (None, 0.002)
    assert "population-incomplete" in {each["reason"] for each in some["unknown"]}
    village = await read(events, "/coverage/630123101/equity")
    assert "no-county" in {each["reason"] for each in village["unknown"]}


async def test_with_people_counted_evenness_is_said_and_names_its_source(events: Running) -> None:
    await province(events)
    await people(events, _63=200_000, _630102=100_000, _630123=100_000)
    nothing = await read(events, "/coverage/63/equity")
    assert (nothing["gini"], nothing["occurrences_per_10000_people"]) == (None, 0.0)
    assert "nothing-held" in {each["reason"] for each in nothing["unknown"]}
    await held(events, "630123101201")
    one_sided = await read(events, "/coverage/63/equity")
    assert one_sided["gini"] == 0.5
    await held(events, "630102001001")
    even = await read(events, "/coverage/63/equity")
    assert (even["gini"], even["occurrences_per_10000_people"]) == (0.0, 0.1)
    assert even["population"] == {"people": 200_000, "year": 2020, "source": "第七次全国人口普查"}


async def test_what_was_held_is_told_by_county_language_place_and_form(events: Running) -> None:
    await province(events)
    await held(events, "630123101201", form="lecture", languages=("zh", "bo"), verified=7)
    await held(events, "630123101201", form="lecture")
    await held(events, "630102001001", languages=("zh",))
    await held(events, "630102", languages=("zh",))
    await counted_people(events, 20)
    found = await read(events, "/coverage/63/equity")

    def numbers(each: dict[str, Any]) -> tuple[int, int, int, int]:
        came = each["attendance"]
        return each["activities"], each["occurrences"], came["verified"], came["counted"]

    assert {each["code"]: numbers(each) for each in found["counties"]} == {
        "630102": (2, 2, 0, 40),
        "630123": (2, 2, 7, 40),
    }
    assert {each["language"]: numbers(each) for each in found["languages"]} == {
        "bo": (1, 1, 7, 20),
        "zh": (3, 3, 7, 60),
        None: (1, 1, 0, 20),
    }
    assert {each["area"]: numbers(each) for each in found["areas"]} == {
        "mixed": (1, 1, 0, 20),
        "rural": (2, 2, 7, 40),
        "town": (1, 1, 0, 20),
    }
    assert {each["form"]: numbers(each) for each in found["forms"]} == {
        "exhibition": (2, 2, 0, 40),
        "lecture": (2, 2, 7, 40),
    }


async def test_what_is_not_public_is_not_counted(events: Running) -> None:
    await province(events)
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text("UPDATE activities SET published_at = NULL"))
    await held(events, "630123101201", state=ActivityState.DRAFT)
    found = await read(events, "/coverage/63/equity")
    assert (found["forms"], found["villages"]["without_activity"]) == ([], 3)


def test_every_wrong_cell_of_a_population_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "code,year,people,source\n630123000000,2020,120000,人口普查\n630123,2020,1,人口普查\n"
        "999999,20,0,\n",
        "utf-8",
    )
    with pytest.raises(BadRegister) as bad:
        read_populations(path, DIVISIONS)
    assert [(fault.row, fault.column) for fault in bad.value.faults] == [
        (3, "code"),
        (4, "code"),
        (4, "year"),
        (4, "people"),
        (4, "source"),
    ]
    path.write_text("code,people\n", "utf-8")
    with pytest.raises(BadRegister) as bad:
        read_populations(path, DIVISIONS)
    assert [fault.column for fault in bad.value.faults] == ["year", "source"]


async def test_a_population_file_is_loaded_at_first_start_and_replaces_the_one_before(
    events_with_register: Running, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    events = events_with_register
    path = tmp_path / "people.csv"
    environment.setenv("KEPU_POPULATIONS", str(path))
    rows = []
    for line in ("630123,2020,120000,人口普查", "630102,2021,360000,年鉴"):
        path.write_text(f"code,year,people,source\n{line}\n", "utf-8")
        await load(lambda _: None)
        rows.append(
            await events.rows("SELECT division_code, year, people, source FROM populations")
        )
    assert rows == [[("630123", 2020, 120000, "人口普查")], [("630102", 2021, 360000, "年鉴")]]
    path.write_text("code,year,people,source\n630102,2021,,年鉴\n", "utf-8")
    with pytest.raises(click.ClickException) as refused:
        await load(lambda _: None)
    assert "people.csv 第 2 行 people 列" in refused.value.message
