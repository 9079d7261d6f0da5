"""Jobs: progress, restarts, cancelling, watching, and who sees them."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.kit.access import SERVICE as AS_SERVICE
from services.kit.jobs.work import FORGET_JOBS
from services.kit.settings import suite
from services.kit.tokens import Signer
from tests.kit.counting import main as counting
from tests.support.apps import Running, citizen, staff, until
from tests.support.queries import counted

if TYPE_CHECKING:
    from tests.engines import TestCluster

HUANGYUAN = "630123"
OWNER = staff("officer", HUANGYUAN)


@pytest.fixture
async def database(
    postgres: "TestCluster", environment: pytest.MonkeyPatch, events_template: str
) -> AsyncIterator[str]:
    """A database with a table to count in, and the environment that leads to it."""
    name = await postgres.create_database("events", template=events_template)
    connection = await asyncpg.connect(postgres.dsn(name))
    await connection.execute(counting.TABLE)
    await connection.execute("GRANT ALL ON counted TO kepu_events")
    await connection.close()
    for variable, value in postgres.environ("events", name).items():
        environment.setenv(variable, value)
    environment.setenv("EVENTS_JOB_LEASE_S", "1")
    yield name
    await postgres.drop_database(name)


def replica() -> FastAPI:
    return counting.create_app()


@pytest.fixture
async def counter(database: str) -> AsyncIterator[Running]:
    app = replica()
    async with app.router.lifespan_context(app):
        yield Running(app, "events", Signer(suite().keys), database)


async def started(client: httpx.AsyncClient, name: str = "count", **given: Any) -> str:
    answer = await client.post(f"/counts/{HUANGYUAN}/{name}", json=given)
    assert answer.status_code == 202, answer.text
    where: str = answer.headers["location"]
    assert where == f"/jobs/{answer.json()['id']}"
    return where


async def ended(client: httpx.AsyncClient, where: str, within_s: float = 10) -> dict[str, Any]:
    async def is_over() -> Any:
        found = (await client.get(where)).json()
        return found if found["ended_at"] else None

    found: dict[str, Any] = await until(is_over, within_s=within_s)
    return found


def uuid_of(where: str) -> UUID:
    return UUID(where.removeprefix("/jobs/events-"))


async def numbers(running: Running, where: str) -> list[int]:
    sql = "SELECT number FROM counted WHERE job = :job ORDER BY number"
    return [row[0] for row in await running.rows(sql, job=uuid_of(where))]


async def test_a_job_goes_from_the_queue_to_its_result(counter: Running) -> None:
    async with counter.as_(OWNER, **{"Accept-Language": "en"}) as owner:
        where = await started(owner, total=20)
        found = await ended(owner, where)
        assert await numbers(counter, where) == list(range(1, 21))
    shown = {name: found[name] for name in ("title", "state", "phase_title", "done", "total")}
    assert shown == {
        "title": "Counting",
        "state": "done",
        "phase_title": "counting",
        "done": 20,
        "total": 20,
    }
    assert found["result"] == {"counted": 20, "by": str(OWNER.subject)}
    assert (found["problem"], found["note"], found["allowed_actions"]) == (None, None, [])


async def test_a_job_of_a_request_that_fails_never_began(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        assert (
            await owner.post(f"/counts/{HUANGYUAN}/count", json={"total": 0})
        ).status_code == 409
        assert (await owner.get("/jobs")).json()["items"] == []


async def test_two_of_one_key_do_not_run_at_once(counter: Running) -> None:
    body = {"total": 10, "step": 1, "pause_s": 0.05}
    async with counter.as_(OWNER) as owner:
        first = await owner.post(f"/counts/{HUANGYUAN}/count?key=k", json=body)
        second = await owner.post(f"/counts/{HUANGYUAN}/count?key=k", json=body)
        assert (first.status_code, second.status_code) == (202, 409)
        assert second.json()["type"] == "/api/v1/problems/job-running"
        await ended(owner, first.headers["location"])
        third = await owner.post(f"/counts/{HUANGYUAN}/count?key=k", json=body)
        assert third.status_code == 202


async def test_a_failure_is_said_in_the_language_of_whoever_asks(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, total=20, fails_at=15)
        found = await ended(owner, where)
        english = (await owner.get(where, headers={"Accept-Language": "en"})).json()
    assert (found["state"], found["done"], found["problem"]["title"]) == (
        "failed",
        10,
        "数到 15 就数不下去了",
    )
    assert english["problem"] == {
        "type": "/api/v1/problems/overflowed",
        "title": "It does not go beyond 15",
        "status": 409,
        "instance": where,
    }
    assert english["note"] == "10 had been done before it stopped; they stay."
    assert await numbers(counter, where) == list(range(1, 11))


async def test_a_handler_that_breaks_leaks_nothing_and_the_next_job_runs(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        broken = await ended(owner, await started(owner, breaks=True))
        after = await ended(owner, await started(owner, total=5))
    assert broken["problem"]["type"] == "/api/v1/problems/job-broke"
    assert "foresaw" not in str(broken)
    assert (broken["state"], broken["done"], after["state"]) == ("failed", 5, "done")


async def test_what_can_be_undone_is_undone_after_a_failure(counter: Running) -> None:
    async with counter.as_(OWNER, **{"Accept-Language": "en"}) as owner:
        where = await started(owner, "uncount", total=20, fails_at=15)
        found = await ended(owner, where)
    assert (found["state"], found["done"], found["undone"]) == ("failed", 0, True)
    assert found["note"] == "What had been done has been taken back."
    assert await numbers(counter, where) == []


# -- Cancelling -------------------------------------------------------------------------

SLOW: dict[str, Any] = {"total": 400, "step": 1, "pause_s": 0.02}


async def begun(client: httpx.AsyncClient, where: str, done: int = 2) -> None:
    async def is_on_its_way() -> Any:
        return (await client.get(where)).json()["done"] >= done

    await until(is_on_its_way)


async def test_cancelling_takes_effect_between_batches_and_says_what_was_done(
    counter: Running,
) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, **SLOW)
        await begun(owner, where)
        asked = (await owner.post(f"{where}/cancel")).json()
        assert (asked["state"], asked["allowed_actions"]) == ("running", [])
        assert (await owner.post(f"{where}/cancel")).status_code == 200
        found = await ended(owner, where)
        again = await owner.post(f"{where}/cancel")
    assert (found["state"], found["problem"]) == ("cancelled", None)
    assert 2 <= found["done"] < 400
    assert await numbers(counter, where) == list(range(1, found["done"] + 1))
    assert found["note"] == f"停止前已完成 {found['done']} 项，已完成的部分保留。"
    assert (again.status_code, again.json()["type"]) == (409, "/api/v1/problems/job-ended")


async def test_cancelling_undoes_where_the_job_can(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, "uncount", **SLOW)
        await begun(owner, where)
        await owner.post(f"{where}/cancel")
        found = await ended(owner, where)
    assert (found["state"], found["undone"], found["done"]) == ("cancelled", True, 0)
    assert await numbers(counter, where) == []


async def test_a_job_that_cannot_be_cancelled_runs_to_its_end(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, "endure", total=20, step=1, pause_s=0.02)
        await begun(owner, where)
        refused = await owner.post(f"{where}/cancel")
        assert refused.json()["type"] == "/api/v1/problems/job-not-cancellable"
        assert (await ended(owner, where))["state"] == "done"


async def test_a_job_that_waits_is_cancelled_at_once(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        busy = [await started(owner, **SLOW) for _ in range(2)]  # as many as there are workers
        for where in busy:
            await begun(owner, where)
        waiting = await started(owner, "endure", **SLOW)
        assert (await owner.get(waiting)).json()["allowed_actions"] == ["cancel"]
        found = (await owner.post(f"{waiting}/cancel")).json()
    assert (found["state"], found["note"]) == ("cancelled", "停止前什么也没有改动。")
    assert await numbers(counter, waiting) == []


# -- Restarts and replicas --------------------------------------------------------------


async def serve(folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.kit", "serve", "tests.kit.counting", "--uds", str(folder / "s")),
        env=dict(os.environ),
        stdout=asyncio.subprocess.DEVNULL,
    )


async def test_a_killed_process_leaves_a_job_that_the_next_one_carries_to_its_end(
    database: str, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {Signer(suite().keys).sign(OWNER, 'events')}"}
    transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "s"), verify=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://service", headers=headers
    ) as owner:

        async def answers() -> bool:
            try:
                return (await owner.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        process = await serve(tmp_path)
        try:
            await until(answers, within_s=30)
            where = await started(owner, total=100, step=1, pause_s=0.02)
            await begun(owner, where, 5)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        (tmp_path / "s").unlink()
        process = await serve(tmp_path)
        try:
            await until(answers, within_s=30)
            assert 5 <= (await owner.get(where)).json()["done"] < 100
            found = await ended(owner, where, within_s=20)
            assert (found["state"], found["result"]["counted"]) == ("done", 100)
            # The events stay open while a job runs, and end with it, also when the process drains.
            slow = await started(owner, **SLOW)
            async with owner.stream("GET", f"{slow}/events") as stream:
                lines = stream.aiter_lines()
                assert [await anext(lines) for _ in range(2)] == [": kepu", "retry: 2000"]
                process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                assert await process.wait() == 0
                assert time.monotonic() - began < 8
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    connection = await asyncpg.connect(os.environ["EVENTS_DATABASE_URL"])
    sql = "SELECT number FROM counted WHERE job = $1 ORDER BY number"
    found_rows = [row[0] for row in await connection.fetch(sql, uuid_of(where))]
    # A process that ends in good order hands its job over at once.
    lease = "SELECT lease_until <= now() FROM jobs WHERE id = $1"
    assert await connection.fetchval(lease, uuid_of(slow))
    await connection.close()
    assert found_rows == list(range(1, 101))


async def test_replicas_share_the_jobs_and_do_nothing_twice(counter: Running) -> None:
    second = replica()
    async with second.router.lifespan_context(second), counter.as_(OWNER) as owner:
        jobs = [await started(owner, total=15, step=1, pause_s=0.01) for _ in range(8)]
        for where in jobs:
            assert (await ended(owner, where))["state"] == "done"
            assert await numbers(counter, where) == list(range(1, 16))


async def test_a_worker_that_lost_its_lease_leaves_nothing_behind(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, total=60, step=1, pause_s=0.02)
        await begun(owner, where)
        for _ in range(3):  # as if another had taken it up each time, and died
            await counter.rows(
                "UPDATE jobs SET worker = :w, lease_until = now() WHERE id = :id RETURNING id",
                w=uuid4(),
                id=uuid_of(where),
            )
            await asyncio.sleep(0.1)
        assert (await ended(owner, where))["state"] == "done"
    assert await numbers(counter, where) == list(range(1, 61))


async def test_a_batch_that_stalled_while_another_did_it_is_undone(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, total=20, step=5, stalls=True)
        assert (await ended(owner, where))["state"] == "done"
        await asyncio.sleep(2)
    assert await numbers(counter, where) == list(range(1, 21))


async def test_a_job_that_ends_its_process_every_time_is_given_up(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        found = await ended(owner, await started(owner, dies=True), within_s=15)
    assert found["problem"]["type"] == "/api/v1/problems/job-keeps-stopping"


# -- Who sees it ------------------------------------------------------------------------


async def test_only_its_owner_and_staff_with_the_reach_see_a_job(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, **SLOW)
    for foreign in (
        staff("officer", "630121"),
        staff("observer", HUANGYUAN),  # sees drafts, but does not hold what this job asks for
        staff("administrator", "63"),
        citizen(),
        None,
    ):
        async with counter.as_(foreign) as client:
            answers = [
                await client.get(where),
                await client.get(f"{where}/events"),
                await client.post(f"{where}/cancel"),
            ]
            assert {answer.status_code for answer in answers} == {404}
            items = (await client.get("/jobs")).json().get("items", [])
            assert items == []
    async with counter.as_(staff("informant", "6301")) as above:
        assert [item["id"] for item in (await above.get("/jobs")).json()["items"]] == [
            where.removeprefix("/jobs/")
        ]
        assert (await above.post(f"{where}/cancel")).status_code == 200
        assert (await ended(above, where))["state"] == "cancelled"


@pytest.mark.parametrize(
    "where", ["/jobs/venues-{}", "/jobs/{}", "/jobs/events-{{{}}}", "/jobs/events-x"]
)
async def test_an_id_has_one_spelling(counter: Running, where: str) -> None:
    async with counter.as_(OWNER) as owner:
        number = uuid_of(await started(owner, total=1))
        assert (await owner.get(where.format(number))).status_code == 404


async def test_a_list_asks_the_same_of_the_database_for_any_number_of_jobs(
    counter: Running,
) -> None:
    asked = set()
    async with counter.as_(OWNER) as owner:
        for _ in range(3):
            for _ in range(2):
                last = await started(owner, total=1)
                await ended(owner, last)
            async with counted(counter) as statements:
                page = (await owner.get("/jobs?state=done&name=count&division=6301")).json()
            asked.add(len(statements))
        assert (asked, len(page["items"])) == ({1}, 6)
        assert page["items"][0]["id"] == last.removeprefix("/jobs/")
        first = (await owner.get("/jobs?limit=4")).json()
        rest = (await owner.get(f"/jobs?limit=4&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [
        item["id"] for item in page["items"]
    ]


# -- Watching ---------------------------------------------------------------------------


def events_of(text: str) -> list[tuple[str, str]]:
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields["id"], fields["event"]))
    return found


async def test_the_events_of_a_job_end_with_it_and_resume_where_they_were(
    counter: Running,
) -> None:
    async with counter.as_(OWNER) as owner:
        where = await started(owner, total=60, step=1, pause_s=0.02)
        answer = await owner.get(f"{where}/events")
        seen = events_of(answer.text)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert [event for _, event in seen[:-1]] == ["progress"] * (len(seen) - 1)
        assert (len(seen) > 2, seen[-1][1]) == (True, "end")
        last = await owner.get(f"{where}/events", headers={"Last-Event-ID": seen[0][0]})
        assert events_of(last.text) == [seen[-1]]
        over = await owner.get(f"{where}/events", headers={"Last-Event-ID": seen[-1][0]})
        assert (over.status_code, over.text) == (204, "")


async def test_those_who_watch_hold_no_connection(counter: Running) -> None:
    size = counter.kit.database.engine.pool.size()  # type: ignore[attr-defined]
    async with counter.as_(OWNER) as owner:
        where = await started(owner, **{**SLOW, "total": 100})
        watching = [asyncio.create_task(owner.get(f"{where}/events")) for _ in range(size + 5)]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        assert (await owner.get(where)).json()["state"] in ("queued", "running")
        assert time.monotonic() - began < 1.5
        ends = [events_of((await each).text)[-1][1] for each in watching]
    assert ends == ["end"] * (size + 5)


async def test_old_jobs_are_forgotten_and_running_ones_are_not(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        old, young = await started(owner, total=1), await started(owner, total=1)
        await ended(owner, old)
        await ended(owner, young)
        running = await started(owner, **SLOW)
        await counter.rows(
            "UPDATE jobs SET created_at = now() - interval '40 days', ended_at ="
            " CASE WHEN ended_at IS NULL THEN NULL ELSE now() - interval '31 days' END"
            " WHERE id <> :young RETURNING id",
            young=uuid_of(young),
        )
        async with counter.kit.database.transaction(AS_SERVICE) as db:
            assert await FORGET_JOBS.turn(db) == 1
        found: list[int] = [(await owner.get(where)).status_code for where in (old, young, running)]
    assert found == [404, 200, 200]


async def test_the_operator_sees_what_waits_and_what_failed(counter: Running) -> None:
    async with counter.as_(OWNER) as owner:
        await ended(owner, await started(owner, fails_at=1))
        await started(owner, **SLOW)
        state = await counter.kit.state()
    assert (state["jobs_open"], state["jobs_failed_today"]) == (1, 1)
