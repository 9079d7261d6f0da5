"""Gathering parts: each at its own cost, under one deadline, from servers that really hang."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.overviews.gather import Question, RequiredPartFailed, gather
from gateway.overviews.memory import Memory
from gateway.overviews.rules import Part, PartStatus
from gateway.settings import GatewaySettings
from gateway.upstreams import ServiceDown, ServiceSlow, Upstreams
from services.kit.access import ANONYMOUS, Caller, P
from services.kit.tokens import Signer
from tests.gateway.hanging import hanging
from tests.gateway.servers import served
from tests.gateway.strange import Strange
from tests.support.apps import Running, citizen, staff

COUNTY = "630123"


def part(name: str, service: str, path: str = "/venues", **over: Any) -> Part:
    return Part(name, service, path, lambda code, now: {"division": code}, **over)


VENUES = part("venues", "venues")
HUNG = part("hung", "events")


def question(caller: Caller = ANONYMOUS, seconds: float = 10) -> Question:
    deadline = asyncio.get_running_loop().time() + seconds
    return Question(COUNTY, caller, datetime.now(UTC), deadline)


@asynccontextmanager
async def reaching(keys: Path, **urls: str) -> AsyncIterator[Upstreams]:
    settings = GatewaySettings(**{f"{name}_url": url for name, url in urls.items()})
    upstreams = Upstreams(settings, Signer(keys))
    try:
        yield upstreams
    finally:
        await upstreams.close()


async def test_a_hung_service_costs_its_part_only_and_the_answer_comes_at_the_deadline(
    venues: Running, sockets: Path, key_folder: Path
) -> None:
    async with (
        served(venues.app, sockets / "v") as up,
        hanging(sockets / "e") as hung,
        reaching(key_folder, venues=up, events=hung) as upstreams,
    ):
        began = time.perf_counter()
        found = await gather(upstreams, Memory(), (HUNG, VENUES), question(seconds=0.8))
        took = time.perf_counter() - began
    assert list(found) == ["hung", "venues"]
    assert (found["hung"].status, found["hung"].reason) == (PartStatus.SLOW, "service-slow")
    assert (found["hung"].age_s, found["hung"].data) == (None, None)
    assert (found["venues"].status, found["venues"].reason) == (PartStatus.OK, None)
    assert (found["venues"].age_s, found["venues"].data) == (0, {"items": [], "next": None})
    assert 0.75 <= took < 3, took


async def test_nothing_waits_for_a_hung_service_when_the_others_are_all_that_is_asked(
    venues: Running, sockets: Path, key_folder: Path
) -> None:
    async with (
        served(venues.app, sockets / "v") as up,
        reaching(key_folder, venues=up) as upstreams,
    ):
        began = time.perf_counter()
        found = await gather(
            upstreams, Memory(), (VENUES, part("more", "venues")), question(seconds=30)
        )
    assert [each.status for each in found.values()] == [PartStatus.OK, PartStatus.OK]
    assert time.perf_counter() - began < 3


async def test_a_service_that_is_away_is_down_and_one_that_is_not_installed_is_absent(
    sockets: Path, key_folder: Path
) -> None:
    async with reaching(key_folder, events=f"unix://{sockets}/nobody") as upstreams:
        found = await gather(upstreams, Memory(), (HUNG, VENUES), question())
    assert (found["hung"].status, found["hung"].reason) == (PartStatus.DOWN, "service-down")
    assert (found["venues"].status, found["venues"].reason) == (
        PartStatus.ABSENT,
        "service-not-installed",
    )


async def test_a_required_part_that_hangs_fails_the_whole_at_the_deadline(
    venues: Running, sockets: Path, key_folder: Path
) -> None:
    needed = part("needed", "events", required=True)
    async with (
        served(venues.app, sockets / "v") as up,
        hanging(sockets / "e") as hung,
        reaching(key_folder, venues=up, events=hung) as upstreams,
    ):
        began = time.perf_counter()
        with pytest.raises(ServiceSlow):
            await gather(upstreams, Memory(), (needed, VENUES), question(seconds=0.4))
        assert 0.35 <= time.perf_counter() - began < 3


async def test_a_required_part_that_is_away_fails_the_whole_at_once(
    sockets: Path, key_folder: Path
) -> None:
    needed = part("needed", "venues", required=True)
    async with (
        hanging(sockets / "e") as hung,
        reaching(key_folder, venues=f"unix://{sockets}/nobody", events=hung) as upstreams,
    ):
        began = time.perf_counter()
        with pytest.raises(ServiceDown):
            await gather(upstreams, Memory(), (HUNG, needed), question(seconds=30))
        assert time.perf_counter() - began < 3


async def test_what_a_required_part_refuses_is_passed_on_and_an_optional_ones_is_its_status(
    venues: Running, sockets: Path, key_folder: Path
) -> None:
    missing = "/venues/019a0000-0000-7000-8000-000000000000"
    async with (
        served(venues.app, sockets / "v") as up,
        reaching(key_folder, venues=up) as upstreams,
    ):
        optional = part("one", "venues", missing)
        found = await gather(upstreams, Memory(), (optional, VENUES), question())
        assert (found["one"].status, found["one"].reason) == (PartStatus.ABSENT, "missing")
        needed = part("one", "venues", missing, required=True)
        with pytest.raises(RequiredPartFailed) as failed:
            await gather(upstreams, Memory(), (needed, VENUES), question())
    assert failed.value.answer.status == 404


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (ANONYMOUS, PartStatus.FORBIDDEN),
        (citizen(), PartStatus.FORBIDDEN),
        (staff("observer", COUNTY), PartStatus.FORBIDDEN),
        (staff("approver", "630121"), PartStatus.FORBIDDEN),
        (staff("approver", COUNTY), PartStatus.OK),
        (staff("approver", "63"), PartStatus.OK),
        (staff("approver", "630123101"), PartStatus.OK),
    ],
)
async def test_a_part_for_staff_is_asked_only_for_those_who_hold_its_permission(
    venues: Running, sockets: Path, key_folder: Path, caller: Caller, status: PartStatus
) -> None:
    waiting = part("waiting", "venues", needs=P.ACTIVITY_APPROVE)
    async with (
        served(venues.app, sockets / "v") as up,
        reaching(key_folder, venues=up) as upstreams,
    ):
        found = await gather(upstreams, Memory(), (waiting,), question(caller))
    assert found["waiting"].status is status


async def test_the_last_known_stands_in_with_its_age_and_only_for_the_caller_who_got_it(
    venues: Running, sockets: Path, key_folder: Path
) -> None:
    memory, one, other = Memory(), citizen(), citizen()
    async with (
        served(venues.app, sockets / "v") as up,
        reaching(key_folder, venues=up) as upstreams,
    ):
        await gather(upstreams, memory, (VENUES,), question(one))
    async with reaching(key_folder, venues=f"unix://{sockets}/nobody") as upstreams:
        mine = (await gather(upstreams, memory, (VENUES,), question(one)))["venues"]
        theirs = (await gather(upstreams, memory, (VENUES,), question(other)))["venues"]
    assert (mine.status, mine.age_s, mine.data) == (
        PartStatus.DOWN,
        0,
        {"items": [], "next": None},
    )
    assert (theirs.status, theirs.age_s, theirs.data) == (PartStatus.DOWN, None, None)


async def test_a_public_part_is_asked_in_nobodys_name_and_kept_for_everybody(
    sockets: Path, key_folder: Path
) -> None:
    strange, memory, approver = Strange(), Memory(), staff("approver", COUNTY)
    public, own = (part(name, "venues", public=name == "public") for name in ("public", "own"))
    async with (
        served(strange, sockets / "s") as up,
        reaching(key_folder, venues=up) as upstreams,
    ):
        found = await gather(upstreams, memory, (public, own), question(approver))
        again = await gather(upstreams, memory, (public, own), question())
    asked = {name: "authorization" in found[name].data["headers"] for name in found}
    assert asked == {"public": False, "own": True}
    assert again["public"].data == found["public"].data
    assert "authorization" not in again["own"].data["headers"]
    assert len(strange.requests) == 3
