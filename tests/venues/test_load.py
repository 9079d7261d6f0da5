"""The real venues: carried over once, told once, and people's changes stay."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.kit.divisions import covers
from services.venues.load import load
from services.venues.registry.actions import SYSTEM, known_venues
from tests.support.apps import Running, staff


@pytest.fixture
def loading(venues: Running) -> Callable[[], Awaitable[list[str]]]:
    """Load into the database of the running service; answers what was said."""

    async def once() -> list[str]:
        said: list[str] = []
        await load(said.append)
        return said

    return once


Loading = Callable[[], Awaitable[list[str]]]


async def test_the_known_venues_are_published_and_told_once(
    venues: Running, loading: Loading
) -> None:
    assert await loading() == ["场馆：新增 60，均有公开来源，已发布"]
    before = await venues.rows("SELECT * FROM venues ORDER BY id")
    assert await loading() == ["场馆：60 个已在册，没有变化"]
    assert await venues.rows("SELECT * FROM venues ORDER BY id") == before
    assert await venues.rows(
        "SELECT type, version, count(*), count(DISTINCT subject) FROM outbox GROUP BY 1, 2"
    ) == [("venues.venue_published.v1", 1, 60, 60)]
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
    assert await venues.scalar("SELECT count(*) FROM outbox") == 60


async def test_the_public_reads_a_venue_with_its_source(venues: Running, loading: Loading) -> None:
    await loading()
    async with venues.as_() as public:
        found = (await public.get("/venues?division=630103")).json()["items"]
    assert [(one["name"], one["kind"], one["place_evidence"]) for one in found] == [
        ("西宁科技馆", "science_museum", "confirmed")
    ]
    assert found[0]["source"].startswith("http")


async def test_what_people_changed_is_not_overwritten(venues: Running, loading: Loading) -> None:
    await loading()
    async with venues.as_(staff("approver", "63")) as officer:
        found = (await officer.get("/venues?division=630103")).json()["items"][0]
        await officer.post(f"/venues/{found['id']}/close")
        assert await loading() == ["场馆：60 个已在册，没有变化"]
        assert (await officer.get(f"/venues/{found['id']}")).json()["state"] == "closed"


def test_a_venue_with_several_honours_is_one_venue_with_an_id_that_stays() -> None:
    venues = known_venues()
    assert len({venue.name for venue in venues}) == len({venue.id for venue in venues}) == 60
    museum = next(venue for venue in venues if venue.name == "青海原子城纪念馆")
    assert str(museum.id) == "59f9111d-3aaa-5db0-9f1b-fcc3d6bd4980"
    assert [venue.id for venue in known_venues()] == [venue.id for venue in venues]


def test_every_known_venue_names_its_page_and_stands_in_qinghai() -> None:
    for venue in known_venues():
        assert venue.source is not None
        assert venue.source.startswith("http")
        assert covers("63", venue.division_code)
        # No county is claimed where no source names one.
        vague = venue.place_evidence in ("unknown", "several_counties")
        assert vague == (venue.division_code == "63")
