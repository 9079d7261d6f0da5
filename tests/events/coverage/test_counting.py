"""The counts: whatever happens in whatever order, they are what a count by hand gives."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from services.events.coverage.counting import count_the_day, rebuild, refresh
from services.events.coverage.rules import FOUR
from services.events.stations.queries import today
from services.kit.access import SERVICE
from services.kit.divisions import TIER_BY_LENGTH, lineage
from tests.events.coverage.network import DIVISIONS, post, province, station
from tests.events.stations.bodies import given, opened
from tests.support.apps import Running, staff, until

COUNTS = (
    "SELECT division_code, sector, tier, institution, people, lead_department, responsible_unit,"
    " all_four, venue FROM coverage_counts"
    " WHERE institution + people + lead_department + responsible_unit + venue > 0"
)


async def by_hand(events: Running, day: date) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """Every count from the records themselves, said independently of the code under test."""
    has: dict[tuple[str, str], set[str]] = {}
    stations = await events.rows(
        "SELECT division_code, sector, kind, lead_department, responsible_unit FROM stations"
        " WHERE state = 'open' AND (opened_on IS NULL OR opened_on <= :day)",
        day=day,
    )
    posts = await events.rows(
        "SELECT division_code, sector FROM posts"
        " WHERE begins_on <= :day AND (ends_on IS NULL OR ends_on >= :day)",
        day=day,
    )
    standing = {
        row[0] for row in await events.rows("SELECT code FROM divisions WHERE abolished_on IS NULL")
    }

    def mark(code: Any, sector: Any, what: str) -> None:
        if code in standing:
            for of in {"", sector} - {None}:
                has.setdefault((code, of), set()).add(what)

    for code, sector, kind, lead, unit in stations:
        mark(code, sector, "institution")
        if lead is not None:
            mark(code, sector, "lead_department")
        if unit is not None:
            mark(code, sector, "responsible_unit")
        if kind == "activity_venue" and len(str(code)) >= 6:
            mark(str(code)[:6], sector, "venue")
    for code, sector in posts:
        mark(code, sector, "people")
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for (code, sector), whats in has.items():
        for above in lineage(code):
            found = counts.setdefault((above, sector, TIER_BY_LENGTH[len(code)].value), Counter())
            found.update(whats)
            found["all_four"] += set(FOUR) <= whats
    names = (*FOUR, "all_four", "venue")
    return {key: tuple(found[name] for name in names) for key, found in counts.items()}


async def counts(events: Running) -> dict[tuple[str, str, str], tuple[int, ...]]:
    return {tuple(row[:3]): tuple(row[3:]) for row in await events.rows(COUNTS)}  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(4))
async def test_counting_some_again_and_again_equals_counting_everything_once(
    events: Running, seed: int
) -> None:
    await province(events)
    chance, codes = Random(seed), list(DIVISIONS)
    for _ in range(6):
        touched = chance.choices(codes, k=3)
        async with events.kit.database.transaction(SERVICE) as db:
            for code in touched:
                day = today() + timedelta(days=chance.choice((-3, 0, 3)))
                if chance.random() < 0.5:
                    await station(
                        db,
                        code,
                        kind=chance.choice(("science_station", "activity_venue")),
                        sector=chance.choice((None, "02", "03")),
                        lead=chance.choice((None, "科协")),
                        unit=chance.choice((None, "乡政府")),
                        opened_on=chance.choice((None, day)),
                    )
                else:
                    ends = {"ends_on": day} if chance.random() < 0.5 else {}
                    await post(db, code, sector=chance.choice((None, "02")), **ends)
            await refresh(db, touched)
            # Late, and twice.
            await refresh(db, touched[:1])
    expected = await by_hand(events, today())
    assert await counts(events) == expected
    async with events.kit.database.transaction(SERVICE) as db:
        await rebuild(db)
    assert await counts(events) == expected


async def test_many_who_count_at_once_neither_wait_in_a_ring_nor_count_twice(
    events: Running,
) -> None:
    await province(events)
    villages = [code for code in DIVISIONS if len(code) == 12]
    async with events.kit.database.transaction(SERVICE) as db:
        for code in villages:
            await station(db, code, kind="activity_venue", sector="02")

    async def count(codes: list[str]) -> None:
        async with events.kit.database.transaction(SERVICE) as db:
            await refresh(db, codes)

    for _ in range(3):
        await asyncio.gather(*(count(codes) for codes in (villages, villages[::-1]) * 3))
    assert await counts(events) == await by_hand(events, today())


async def test_a_new_day_counts_what_begins_and_what_has_ended(events: Running) -> None:
    await province(events)
    yesterday = today() - timedelta(days=1)
    async with events.kit.database.transaction(SERVICE) as db:
        await post(db, "630123101201", ends_on=yesterday)
        await post(db, "630123101202", begins_on=today())
        await station(db, "630123", kind="activity_venue", opened_on=today())
        await rebuild(db, yesterday)
    assert await counts(events) == await by_hand(events, yesterday)
    async with events.kit.database.transaction(SERVICE) as db:
        assert await count_the_day(db) == 0
    assert await counts(events) == await by_hand(events, today())
    assert await events.scalar("SELECT day FROM coverage_day") == today()


async def test_the_facts_of_stations_and_posts_move_the_counts(
    events_with_register: Running,
) -> None:
    events = events_with_register
    async with events.as_(staff("officer", "63")) as officer:
        await opened(officer, "630123101201", kind="activity_venue", sector="02")
        held = await given(officer, division_code="630123101201")

        async def as_by_hand() -> bool:
            return bool(await counts(events) == await by_hand(events, today()))

        await until(as_by_hand)
        ended = {"ends_on": str(today() - timedelta(days=1)), "reason": "调离"}
        assert (await officer.post(f"/posts/{held['id']}/end", json=ended)).status_code == 200
        await until(as_by_hand)
    assert await counts(events) == {
        **{
            (code, sector, "village"): (1, 0, 0, 0, 0, 0)
            for code in lineage("630123101201")
            for sector in ("", "02")
        },
        **{
            (code, sector, "county"): (0, 0, 0, 0, 0, 1)
            for code in lineage("630123")
            for sector in ("", "02")
        },
    }
