"""A draft that was a mistake goes, with why; what something depends on stays."""

import asyncio
from typing import Any

import httpx

from services.kit.ids import uuid7
from tests.support.apps import Running, citizen, staff
from tests.venues.registry.test_venues import APPROVER, HUANGYUAN, OFFICER, enter

WHY = {"reason": "与湟源县科技馆重复录入"}


async def delete(client: httpx.AsyncClient, venue: Any, version: int = 1) -> httpx.Response:
    headers = {"If-Match": f'"v{version}"'}
    return await client.post(f"/venues/{venue['id']}/delete", json=WHY, headers=headers)


async def test_a_mistaken_draft_goes_whole_and_what_it_was_is_kept(venues: Running) -> None:
    async with venues.as_(OFFICER) as officer, venues.as_(staff("officer", "630121")) as foreign:
        made = await enter(officer, names=[{"name": "县馆"}], counties=["630121"])
        contact = {"name": "才让卓玛", "phone": "13812345678"}
        await officer.post(f"/venues/{made['id']}/contacts", json=contact)
        await officer.post(f"/venues/{made['id']}/halls", json={"name": "报告厅"})
        bare = await officer.post(f"/venues/{made['id']}/delete", json=WHY)
        stale, hidden = await delete(officer, made, 2), await delete(foreign, made)
        done, twice = await delete(officer, made), await delete(officer, made)
        gone = await officer.get(f"/venues/{made['id']}")
        (listed,) = (await officer.get("/venues/deletions")).json()["items"]
        read = (await officer.get(f"/venues/deletions/{made['id']}")).json()
        elsewhere = (await foreign.get("/venues/deletions")).json()["items"]
        not_theirs = await foreign.get(f"/venues/deletions/{made['id']}")
    assert made["allowed_actions"] == ["delete"]
    assert [each.status_code for each in (bare, stale, hidden, done, twice, gone)] == [
        *(428, 412, 404),
        *(200, 404, 404),
    ]
    assert (listed["id"], listed["reason"], elsewhere) == (made["id"], WHY["reason"], [])
    assert not_theirs.status_code == 404
    assert listed["deleted_by"] == str(OFFICER.subject)
    assert read["entered"]["names"][0]["name"] == "县馆"
    assert read["entered"]["counties"] == ["630121"]
    for table in ("venues", "venue_names", "venue_contacts", "halls"):
        assert await venues.scalar(f"SELECT count(*) FROM {table}") == 0


async def test_a_venue_that_was_public_or_that_something_depends_on_stays(venues: Running) -> None:
    async with venues.as_(OFFICER) as officer, venues.as_(APPROVER) as approver:
        made = await enter(officer)
        keeper = citizen()
        account = {"account_id": str(keeper.subject)}
        await officer.post(f"/venues/{made['id']}/representatives", json=account)
        await venues.scalar(
            """INSERT INTO honours (id, venue_id, division_code, recorded_code, title, issuer,
                issued_on, state, version, created_by)
            VALUES (:id, CAST(:venue AS uuid), :code, :code, '青海省科普教育基地', '省科协',
                '2026-01-01', 'valid', 1, :id) RETURNING 1""",
            id=uuid7(),
            venue=made["id"],
            code=HUANGYUAN,
        )
        used = await delete(officer, made)
        async with venues.as_(keeper) as representative:
            theirs = await delete(representative, made)
        public = await enter(officer)
        await approver.post(f"/venues/{public['id']}/publish")
        was_public = await delete(officer, public, 2)
    assert [(each.status_code, each.json()["type"]) for each in (used, was_public)] == [
        (409, "/api/v1/problems/venue-in-use")
    ] * 2
    assert theirs.status_code == 403
    assert [(each["pointer"], each["detail"]) for each in used.json()["errors"]] == [
        ("/honours", "有 1 项命名"),
        ("/representatives", "有 1 位在任代表，请先结束任用"),
    ]
    assert [each["rule"] for each in was_public.json()["errors"]] == ["venue-was-public"]
    assert await venues.scalar("SELECT count(*) FROM venues") == 2


async def test_what_is_published_and_deleted_at_once_is_one_of_them(venues: Running) -> None:
    async with venues.as_(OFFICER) as officer, venues.as_(APPROVER) as approver:
        for _ in range(5):
            made = await enter(officer)
            gone, public = await asyncio.gather(
                delete(officer, made), approver.post(f"/venues/{made['id']}/publish")
            )
            found = await venues.rows(
                "SELECT state FROM venues WHERE id = CAST(:id AS uuid)", id=made["id"]
            )
            assert (gone.status_code, public.status_code, found) in (
                (200, 404, []),
                (412, 200, [("published",)]),
            )
