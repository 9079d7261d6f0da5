"""The real campaigns over HTTP."""

from uuid import UUID

import pytest

from services.events.campaigns.actions import read_campaigns
from services.events.campaigns.schemas import CampaignOut
from tests.support.apps import Running
from tests.support.queries import counted


async def test_campaigns_come_latest_first_without_gap_or_repeat(
    events_with_register: Running,
) -> None:
    seen, cursor = [], ""
    async with events_with_register.as_() as public:
        while cursor is not None:
            answer = await public.get(f"/campaigns?limit=4{cursor and f'&cursor={cursor}'}")
            assert answer.headers["content-language"] == "zh-CN"
            page = answer.json()
            seen += [CampaignOut.model_validate(item) for item in page["items"]]
            cursor = page["next"]
    assert len({one.id for one in seen}) == len(seen) == 14
    assert [one.starts_on for one in seen] == sorted((one.starts_on for one in seen), reverse=True)
    assert (seen[0].starts_on, seen[-1].starts_on) == ("2025-09-07", "2012-09")


async def test_a_campaign_names_its_division_and_its_source(events_with_register: Running) -> None:
    async with events_with_register.as_() as public:
        found = (await public.get("/campaigns?division=632222")).json()["items"]
        one = await public.get(f"/campaigns/{found[0]['id']}")
    assert one.json() == found[0]
    assert (found[0]["division_name"], found[0]["source"][:4]) == ("祁连县", "http")
    assert len(found) == 1


async def test_a_division_means_at_or_below(events_with_register: Running) -> None:
    async with events_with_register.as_() as public:
        province = (await public.get("/campaigns?division=63&limit=100")).json()["items"]
        xining = (await public.get("/campaigns?division=630100&limit=100")).json()["items"]
    assert (len(province), len(xining)) == (14, 11)


async def test_an_unknown_campaign_is_not_found(events_with_register: Running) -> None:
    async with events_with_register.as_() as public:
        assert (await public.get(f"/campaigns/{UUID(int=1)}")).status_code == 404


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_the_list_is_one_statement(events_with_register: Running, limit: int) -> None:
    async with events_with_register.as_() as public, counted(events_with_register) as statements:
        await public.get(f"/campaigns?limit={limit}")
    assert len(statements) == 1, statements


def test_a_campaign_has_the_same_id_in_every_load() -> None:
    rows = read_campaigns()
    assert rows == read_campaigns()
    assert str(rows[0][0]) == "3518c199-7841-516b-83a8-cdcb529a62fc"
