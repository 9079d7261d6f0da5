"""湟中县 630122 becomes 湟中区 630106, with all its townships and villages, under thousands of records."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.events.follows import FOLLOWS
from services.events.recoding import moving
from tests.events.recoding.records import ACTIVITIES, NEW, OLD, ORDER, TOWNSHIP, VILLAGE
from tests.events.recoding.story import (
    activities,
    done,
    emptied,
    entered,
    figures,
    folded,
    job_ended,
    tallies,
)
from tests.support.apps import Running, staff

MANAGER = staff("administrator", "6301")


async def stands(running: Running) -> dict[str, Any]:
    """What stands where, table by table: at the old codes now, recorded there, and altogether."""
    return {
        each.table: (
            await running.rows(
                f"SELECT count(*) FILTER (WHERE starts_with({each.column}, :old)),"
                f" count(*) FILTER (WHERE starts_with({each.recorded}, :old)), count(*)"
                f" FROM {each.table} WHERE :table <> 'jobs'",
                old=OLD,
                table=each.table,
            )
        )[0]
        for each in FOLLOWS
    }


async def test_the_change_does_what_its_rehearsal_said_and_orphans_nothing(full: Running) -> None:
    await folded(full)
    before = await stands(full)
    assert sum(all_ for *_, all_ in before.values()) > 10_000
    async with full.as_(MANAGER) as manager, full.as_() as public:
        old_figures = (await figures(public, OLD, "now"))["figures"]
        of_village = await activities(public, VILLAGE, "now")
        province = (await figures(public, "63", "now"))["figures"]
        cells = await tallies(full)

        where = await entered(manager, ORDER)
        rehearsed = await done(manager, where, "rehearse")
        assert (await stands(full), await tallies(full)) == (before, cells)
        assert (await public.get(f"/divisions/{OLD}")).json()["abolished_on"] is None
        assert (await public.get(f"/divisions/{NEW}")).status_code == 404
        applied = await done(manager, where, "apply")
        order = (await manager.get(where)).json()

        # The rehearsal was equal to the run, and both to the rows.
        assert applied.pop("left") == {}
        assert applied == rehearsed
        assert {name: each["rows"] for name, each in applied["tables"].items()} == {
            name: rows for name, (rows, *_) in before.items()
        } | {"jobs": 0}
        assert (order["state"], order["allowed_actions"]) == ("applied", [])
        assert order["rehearsed"] == rehearsed

        # Nothing is orphaned: no row less, none at an old code, each says where it was recorded.
        after = await stands(full)
        assert after == {name: (0, was, all_) for name, (_, was, all_) in before.items()}
        orphans = await full.scalar(
            " UNION ALL ".join(
                f"SELECT count(*) FROM {each.table} t LEFT JOIN divisions d ON"
                f" d.code = t.{each.column} AND d.abolished_on IS NULL WHERE d.code IS NULL"
                for each in FOLLOWS
            )
        )
        assert orphans == 0

        # Both maps are right.
        assert (await figures(public, NEW, "now"))["figures"] == old_figures
        assert (await figures(public, OLD, "then"))["figures"] == old_figures
        assert await activities(public, VILLAGE.replace(OLD, NEW), "now") == of_village
        assert await activities(public, VILLAGE, "then") == of_village
        nothing = [await activities(public, OLD, "now"), await activities(public, NEW, "then")]
        assert nothing == [0, 0]
        for on, shown, hidden in (("now", NEW, OLD), ("then", OLD, NEW)):
            whole = await figures(public, "63", on)
            assert whole["figures"] == province
            city = {
                child["code"]: child for child in (await figures(public, "6301", on))["children"]
            }
            assert city[shown]["figures"] == old_figures
            assert hidden not in city or city[hidden]["figures"]["activities"] == 0
        series = (
            await public.get(
                f"/reports/series?division={OLD}&from=2019-09-01&to=2019-09-30&map=then"
            )
        ).json()
        assert series["items"][0]["figures"]["activities"] == old_figures["activities"]

        # The register says what became of it.
        old = (await public.get(f"/divisions/{OLD}")).json()
        assert (old["abolished_on"], old["change"]) == ("2020-07-22", "recode")
        assert [each["code"] for each in old["successors"]] == [NEW]
        new = (await public.get(f"/divisions/{NEW}")).json()
        assert (new["name"], new["kind"], new["parent"]["code"]) == ("湟中区", "市辖区", "6301")
        village = (await public.get(f"/divisions/{VILLAGE}")).json()
        assert [each["code"] for each in village["today"]] == [VILLAGE.replace(OLD, NEW)]
        county = (await public.get(f"/divisions/{NEW}/children?limit=100")).json()["items"]
        was = (
            await public.get(f"/divisions?parent={OLD}&include_abolished=true&limit=100")
        ).json()["items"]
        assert [each["name"] for each in county] == [each["name"] for each in was]
        history = (await public.get(f"/divisions/{NEW}/history")).json()["came_from"]
        assert [(step["code"], step["basis"]) for step in history] == [(OLD, ORDER["document"])]

    # The same facts folded again give the same figures.
    folded_before = await tallies(full)
    await emptied(full)
    await folded(full)
    assert await tallies(full) == folded_before


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "BATCH", 300)


async def test_a_change_that_is_interrupted_again_and_again_comes_to_the_same(
    full: Running, small_batches: None
) -> None:
    async with full.as_(MANAGER) as manager:
        where = await entered(manager, ORDER)
        rehearsed = await done(manager, where, "rehearse")
        job = (await manager.post(f"{where}/apply")).headers["location"]
        for pause in (0.3, 0.6, 0.2, 0.2, 0.2, 0.2):
            await asyncio.sleep(pause)
            # What a process leaves that is killed between two batches: the job is another's.
            await full.rows(
                "UPDATE jobs SET worker = :w, lease_until = now()"
                " WHERE ended_at IS NULL RETURNING id",
                w=uuid4(),
            )
        found = await job_ended(manager, job)
        refused = await manager.post(f"{where}/resume")
    assert (found["state"], found["result"].pop("left")) == ("done", {})
    assert found["result"] == rehearsed
    assert refused.json()["type"] == "/api/v1/problems/wrong-state"


async def test_whoever_writes_at_old_codes_meanwhile_is_neither_refused_nor_lost(
    full: Running,
) -> None:
    informant, over = staff("informant", OLD), asyncio.Event()
    written: list[tuple[int, str]] = []

    async def write() -> None:
        async with full.as_(informant) as client:
            while not over.is_set():
                answer = await client.post(
                    "/activities",
                    json={"title": "夜校", "form": "lecture", "division_code": TOWNSHIP},
                )
                written.append((answer.status_code, answer.json().get("id", answer.text)))
                # Each sees what it just wrote, with the grant of before the change.
                if answer.status_code == 201:
                    seen = await client.get(answer.headers["location"])
                    written.append((seen.status_code, ""))
                await asyncio.sleep(0.05)

    async with full.as_(MANAGER) as manager:
        writers = [asyncio.create_task(write()) for _ in range(2)]
        where = await entered(manager, ORDER)
        applied = await done(manager, where, "apply")
        await asyncio.sleep(0.3)
        over.set()
        await asyncio.gather(*writers)
    assert {status for status, _ in written} == {201, 200}, written[-3:]
    assert applied["left"] == {}
    number = len([1 for status, _ in written if status == 201])
    rows = await full.rows(
        "SELECT count(*) FILTER (WHERE division_code = :new),"
        " count(*) FILTER (WHERE recorded_code IN (:old, :new)), count(*)"
        " FROM activities WHERE title = '夜校'",
        new=TOWNSHIP.replace(OLD, NEW),
        old=TOWNSHIP,
    )
    assert rows == [(number, number, number)]
    hosts = "SELECT count(*) FROM activity_hosts WHERE starts_with(division_code, :old)"
    assert await full.scalar(hosts, old=OLD) == 0
    assert await full.scalar("SELECT count(*) FROM activities") == ACTIVITIES + number


async def test_a_token_of_before_the_change_reaches_the_same_rows_after_it(full: Running) -> None:
    old_grant, foreign = staff("approver", OLD), staff("approver", "630102")
    new_grant = staff("approver", NEW)
    registration = (
        await full.rows("SELECT id FROM registrations WHERE division_code = :v LIMIT 1", v=VILLAGE)
    )[0][0]

    async def sees() -> list[int]:
        found = []
        for caller in (old_grant, new_grant, foreign):
            async with full.as_(caller) as client:
                # Behind row-level security, whose reach is drawn from the grants.
                found.append((await client.get(f"/registrations/{registration}")).status_code)
        return found

    assert await sees() == [200, 404, 404]
    async with full.as_(MANAGER) as manager:
        await done(manager, await entered(manager, ORDER), "apply")
    assert await sees() == [200, 200, 404]
