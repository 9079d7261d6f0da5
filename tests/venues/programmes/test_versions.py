"""Versions of a programme: written, checked, put in force; and what runs keeps its own."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.kit.access import SERVICE
from services.venues.programmes.shipped import add_shipped, id_of, shipped
from tests.support.apps import Running, citizen, staff
from tests.venues.applications.cases import (
    ADMINISTRATOR,
    COUNTY_STAFF,
    DEFINITION,
    do,
    drafted,
    ok,
    published,
    venue,
)

OTHER = {**DEFINITION, "title": {"zh-CN": "第二版"}, "stages": DEFINITION["stages"][1:]}
OTHER = {**OTHER, "safeguards": ["notice"], "channels": []}


async def test_a_running_application_keeps_the_version_it_started_under(venues: Running) -> None:
    async with venues.as_(ADMINISTRATOR) as client, venues.as_(COUNTY_STAFF) as county:
        programme = await published(client)
        old = await drafted(county, programme, await venue(venues))
        at = f"/programmes/{programme}/versions"
        second = ok(await client.post(at, json={"definition": OTHER}), 201)
        assert (second["number"], second["state"]) == (2, "draft")
        # What is being written is nobody's rule yet, and nobody else's business.
        assert (await county.get(f"{at}/2")).status_code == 404
        ok(await client.post(f"{at}/2/publish"))
        states = ok(await client.get(at))["items"]
        new = await drafted(county, programme, await venue(venues, "第二馆"), channel=None)
        old, new = await do(county, old, "submit"), await do(county, new, "submit")
        ok(await client.post(f"{at}/2/withdraw"))
        third = await county.post(
            "/applications", json={"programme_id": programme, "venue_id": new["venue_id"]}
        )
    assert [(one["number"], one["state"]) for one in states] == [(2, "published"), (1, "withdrawn")]
    assert [(one["rule_number"], one["stage"]["key"]) for one in (old, new)] == [
        (1, "village_word"),
        (2, "papers"),
    ]
    assert (third.status_code, third.json()["type"]) == (409, "/api/v1/problems/programme-closed")


async def test_a_programme_that_was_never_published_is_its_editors_alone(venues: Running) -> None:
    async with venues.as_(ADMINISTRATOR) as client:
        given = {"key": "post", "definition": DEFINITION}
        made = ok(await client.post("/programmes", json=given), 201)
        seen = {}
        for name, caller in {
            "editor": ADMINISTRATOR,
            "province": staff("administrator", "63"),
            "neighbour": staff("administrator", "6302"),
            "officer": staff("officer", "6301"),
            "citizen": citizen(),
            "anybody": None,
        }.items():
            async with venues.as_(caller) as somebody:
                read = await somebody.get(f"/programmes/{made['id']}")
                listed = ok(await somebody.get("/programmes?division=6301"))["items"]
                seen[name] = (read.status_code, [one["id"] for one in listed])
        ok(await client.post(f"/programmes/{made['id']}/versions/1/publish"))
    inside, outside = (200, [made["id"]]), (404, [])
    assert seen == {
        **{"editor": inside, "province": inside, "neighbour": outside, "officer": outside},
        **{"citizen": outside, "anybody": outside},
    }
    async with venues.as_() as anybody:
        assert (await anybody.get(f"/programmes/{made['id']}")).status_code == 200


async def test_a_draft_is_edited_as_it_was_read_and_a_published_version_never_changes(
    venues: Running,
) -> None:
    async with venues.as_(ADMINISTRATOR) as client:
        given = {"key": "post", "definition": DEFINITION}
        made = ok(await client.post("/programmes", json=given), 201)
        assert (await client.post("/programmes", json=given)).status_code == 409
        at = f"/programmes/{made['id']}/versions/1"
        edit: dict[str, Any] = {"json": {"definition": OTHER}, "headers": {"If-Match": '"v1"'}}
        assert ok(await client.patch(at, **edit))["title"] == "第二版"
        assert (await client.patch(at, **edit)).status_code == 412
        faulty = {"definition": {**OTHER, "number": "x", "safeguards": []}}
        refused = await client.patch(at, json=faulty, headers={"If-Match": '"v2"'})
        assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (
            422,
            ["/safeguards", "/number"],
        )
        elsewhere = {"definition": {**OTHER, "division": "6302"}}
        moved = await client.patch(at, json=elsewhere, headers={"If-Match": '"v2"'})
        assert [one["rule"] for one in moved.json()["errors"]] == ["another-authority"]
        ok(await client.post(f"{at}/publish"))
        edit["headers"] = {"If-Match": '"v3"'}
        assert (await client.patch(at, **edit)).status_code == 409
        assert (await client.delete(at)).status_code == 409
    # The database says so, too.
    for change in ("definition = '{}'", "state = 'draft'"):
        with pytest.raises(DBAPIError, match="never changes"):
            await venues.scalar(f"UPDATE programme_versions SET {change} RETURNING 1")


async def test_a_definition_is_checked_without_being_kept_by_who_may_write_it_there(
    venues: Running,
) -> None:
    async with venues.as_(ADMINISTRATOR) as client:
        sound = ok(await client.post("/programmes/check", json={"definition": DEFINITION}))
        faulty = {**DEFINITION, "stages": DEFINITION["stages"][:-2], "number": "号"}
        refused = await client.post("/programmes/check", json={"definition": faulty})
    assert [(one["key"], one["safeguard"]) for one in sound["stages"]] == [
        *(("village_word", True), ("papers", False), ("meeting", False)),
        *(("notice", True), ("naming", False)),
    ]
    assert [(one["pointer"], one["rule"]) for one in refused.json()["errors"]] == [
        ("/stages", "naming-missing"),
        ("/stages", "notice-missing"),
        ("/safeguards/1", "safeguard-without-stage"),
        ("/number", "number-pattern"),
    ]
    assert await venues.scalar("SELECT count(*) FROM programmes") == 0
    for caller in (staff("administrator", "6302"), staff("approver", "6301"), citizen()):
        async with venues.as_(caller) as somebody:
            given = {"key": "post", "definition": DEFINITION}
            assert (await somebody.post("/programmes", json=given)).status_code == 403


async def test_shipped_programmes_are_put_in_force_once_and_stay_as_they_were_edited(
    venues: Running,
) -> None:
    async def load() -> int:
        async with venues.kit.database.transaction(SERVICE) as db:
            return await add_shipped(db)

    assert await load() == len(shipped()) == 5
    at = f"/programmes/{id_of('research_base')}"
    async with venues.as_(staff("administrator", "63")) as client, venues.as_() as public:
        copy = ok(await client.post(f"{at}/versions", json={}), 201)
        edited = {**copy["definition"], "targets": {"2030": 30}, "uncertain": {}}
        change = {"json": {"definition": edited}, "headers": {"If-Match": '"v1"'}}
        ok(await client.patch(f"{at}/versions/2", **change))
        ok(await client.post(f"{at}/versions/2/publish"))
        assert await load() == 0
        shown = ok(await public.get(at))
        listed = ok(await public.get("/programmes"))["items"]
        progress = ok(await public.get(f"{at}/progress"))
        english = await public.get(at, headers={"Accept-Language": "en"})
        tibetan = await public.get(at, headers={"Accept-Language": "bo"})
    assert (shown["number"], shown["drafts"], shown["allowed_actions"]) == (2, 0, [])
    assert [one["key"] for one in listed] == sorted(shipped())
    assert [(year["year"], year["target"]) for year in progress["years"]] == [(2030, 30)]
    assert english.json()["title"] == "Research-based science popularization bases of Qinghai"
    assert (tibetan.json()["title"], tibetan.headers["Content-Language"]) == (
        "青海省科研科普基地认定",
        "zh-CN",
    )
