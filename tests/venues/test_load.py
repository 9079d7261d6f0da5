"""The real venues: carried over once, told once, and people's changes stay."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.kit.divisions import covers
from services.venues.load import load
from services.venues.registry.known import SYSTEM, known
from tests.support.apps import Running, staff


@pytest.fixture
def loading(venues: Running) -> Callable[[], Awaitable[list[str]]]:
    """Load into the database of the running service; answers what was said of venues."""

    async def once() -> list[str]:
        said: list[str] = []
        await load(said.append)
        return [line for line in said if line.startswith(("场馆", "荣誉"))]

    return once


Loading = Callable[[], Awaitable[list[str]]]


async def test_the_known_venues_are_published_and_told_once(
    venues: Running, loading: Loading
) -> None:
    assert await loading() == [
        "场馆：新增 60，均有公开来源，已发布",
        "荣誉：新增 54，同一场馆可有多项",
    ]
    before = await venues.rows("SELECT * FROM venues ORDER BY id")
    assert await loading() == ["场馆：60 个已在册，没有变化"]
    assert await venues.rows("SELECT * FROM venues ORDER BY id") == before
    assert await venues.rows(
        "SELECT type, version, count(*), count(DISTINCT subject) FROM outbox"
        " WHERE type ~ 'venues.(venue|honour)' GROUP BY 1, 2 ORDER BY 1"
    ) == [
        # What is over by now is no news.
        ("venues.honour_granted.v1", 1, 34, 34),
        ("venues.venue_published.v1", 1, 60, 60),
    ]
    assert await venues.rows("SELECT DISTINCT state, created_by FROM venues") == [
        ("published", SYSTEM)
    ]


async def test_another_province_gets_none_of_our_venues(
    venues: Running, loading: Loading, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("KEPU_REGISTER", "another province")
    assert await loading() == ["场馆：名册是自备的（KEPU_REGISTER），不预置青海的场馆"]
    assert await venues.scalar("SELECT count(*) FROM venues") == 0


async def test_two_loads_at_once_add_every_venue_once(venues: Running, loading: Loading) -> None:
    both = await asyncio.gather(loading(), loading())
    assert sorted(lines[0][:8] for lines in both) == ["场馆：60 个已", "场馆：新增 60"]
    assert await venues.scalar("SELECT count(*) FROM venues") == 60
    assert await venues.scalar("SELECT count(*) FROM honours") == 54


async def test_the_public_reads_a_venue_with_its_source(venues: Running, loading: Loading) -> None:
    await loading()
    async with venues.as_() as public:
        found = (await public.get("/venues?division=630103")).json()["items"]
    assert [(one["name"], one["kind"], one["place_evidence"]) for one in found] == [
        ("西宁科技馆", "science_museum", "confirmed")
    ]
    assert found[0]["source"].startswith("http")


async def test_a_venue_holds_several_honours_and_the_honours_expire(
    venues: Running, loading: Loading
) -> None:
    await loading()
    async with venues.as_() as public:
        found = (await public.get("/venues?q=科学技术馆")).json()["items"]
        mars = (await public.get("/venues?q=火星&honour=科研科普基地")).json()["items"]
        former = (await public.get("/venues?q=藏文化博物院")).json()["items"]
    assert [
        (one["title"], one["issuer"], one["state"], one["valid_until"])
        for one in found[0]["honours"]
    ] == [
        ("全国科普教育基地", "中国科协", "expired", "2025-12-31"),
        ("青海省科普教育基地", "青海省科协", "expired", "2022-12-31"),
    ]
    assert [(one["name"], len(one["honours"])) for one in mars] == [
        ("火星研学旅行实践教育科研科普基地", 1)
    ]
    assert [one["name"] for one in former] == ["青海藏医药文化博物馆"]


async def test_what_people_changed_is_not_overwritten(venues: Running, loading: Loading) -> None:
    await loading()
    async with venues.as_(staff("approver", "63")) as officer:
        found = (await officer.get("/venues?division=630103")).json()["items"][0]
        await officer.post(f"/venues/{found['id']}/close")
        assert await loading() == ["场馆：60 个已在册，没有变化"]
        assert (await officer.get(f"/venues/{found['id']}")).json()["state"] == "closed"


def test_a_venue_with_several_honours_is_one_venue_with_an_id_that_stays() -> None:
    venues = [one.venue for one in known()]
    assert len({venue.name for venue in venues}) == len({venue.id for venue in venues}) == 60
    museum = next(venue for venue in venues if venue.name == "青海原子城纪念馆")
    assert str(museum.id) == "59f9111d-3aaa-5db0-9f1b-fcc3d6bd4980"
    assert [one.venue.id for one in known()] == [venue.id for venue in venues]


def test_every_known_venue_names_its_page_and_stands_in_qinghai() -> None:
    for venue in (one.venue for one in known()):
        assert venue.source is not None
        assert venue.source.startswith("http")
        assert covers("63", venue.division_code)
        # No county is claimed where no source names one.
        vague = venue.place_evidence in ("unknown", "several_counties")
        assert vague == (venue.division_code == "63")
