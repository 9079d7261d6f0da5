"""kill -9 of every part, one after the other, while a county registers: nothing lost or doubled."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from deploy.engines.process import PROJECT, alive
from deploy.suite import NAMES
from tests.faults.inside import (
    nobody_is_left_over,
    nothing_is_on_its_way,
    nothing_waits,
    pids,
    restarts,
    rows,
    state_of,
    suite_of,
    until,
)
from tests.faults.storm import Storm, everything
from tests.support.province import Answer, Person, Province, province

OFFICER, MAKER = "officer-630123101", "approver-630123"
TOWNSHIP, VILLAGE = "630123101", "630123101200"
REGISTRATIONS, WORKERS = 480, 20
FEW, PLENTY = 100, 500
KILL_EVERY, HUNG = 60, 20
KILLED = ("events", "NATS", "gateway", "PostgreSQL")
# An approver a kill, whose token the gateway has not seen before: identity is asked in the outage.
TIERS = ("63", "6301", "630123", TOWNSHIP, VILLAGE)
REPORTED = "'events.activity_published.v1'"


def lecture(division: str, starts_at: datetime, *capacities: int) -> dict[str, Any]:
    """An activity with an occurrence for each capacity."""
    return {
        "division_code": division,
        "title": "高原天文科普讲座",
        "summary": "认识高原星空。",
        "form": "lecture",
        "audiences": ["farmers_and_herders"],
        "languages": ["zh"],
        "occurrences": [
            {
                "division_code": division,
                "place": "文化活动室",
                "starts_at": starts_at.isoformat(),
                "ends_at": (starts_at + timedelta(hours=2)).isoformat(),
                "capacity": capacity,
            }
            for capacity in capacities
        ],
    }


async def hold(storm: Storm, maker: Person, body: dict[str, Any]) -> Answer:
    """From the draft to the publication, each step repeated until it is acknowledged."""
    key = f"hold-{body['division_code']}"
    answer = await storm.insist(maker, "/activities", body, key)
    where = f"/activities/{answer['id']}"
    for step in ("submit", "approve", "publish"):
        answer = await storm.insist(maker, f"{where}/{step}", None, f"{key}-{step}")
    assert answer["state"] == "published"
    return answer


async def kill_one_by_one(
    storm: Storm,
    qinghai: Province,
    makers: list[Person],
    starts_at: datetime,
    group: asyncio.TaskGroup,
) -> None:
    """Each part after so many more acknowledgements; an activity is published through each kill."""
    for number, name in enumerate(KILLED, 1):
        await storm.reached(KILL_EVERY * number)
        if name == "NATS":
            # Hung at first: facts are written to it, and it takes them with it unacknowledged.
            os.kill(pids(qinghai)[name], signal.SIGSTOP)
            await storm.reached(KILL_EVERY * number + HUNG)
        os.kill(pids(qinghai)[name], signal.SIGKILL)
        body = lecture(TIERS[number - 1], starts_at, 10)
        group.create_task(hold(storm, makers[number - 1], body))
    await storm.reached(KILL_EVERY * 5)

    async def is_back() -> bool:
        return restarts(qinghai) == {**dict.fromkeys(KILLED, 1), "events-2": 0, "venues": 0}

    await until(is_back, "every part was started again, once")
    assert len(storm.registered) < REGISTRATIONS
    supervisor, before = qinghai.running.process, pids(qinghai)
    assert state_of(qinghai)["pid"] == supervisor.pid
    os.kill(supervisor.pid, signal.SIGKILL)
    group.create_task(hold(storm, makers[4], lecture(TIERS[4], starts_at, 10)))
    assert await asyncio.to_thread(supervisor.wait) == -signal.SIGKILL
    assert supervisor.stdout is not None
    supervisor.stdout.close()
    starting = asyncio.create_task(asyncio.to_thread(qinghai.up))
    try:
        await asyncio.shield(starting)
    finally:
        # Also when the test has failed meanwhile: what has started is stopped by `province`.
        await asyncio.wait({starting})
    assert [pid for pid in before.values() if alive(pid)] == []


async def register_all(storm: Storm, officer: Person, occurrences: list[str]) -> None:
    """The storm: workers take parties from one queue, of one and of two people in turn."""
    parties = iter(range(REGISTRATIONS))

    async def work() -> None:
        for number in parties:
            size = 2 if number % 6 < 2 else 1
            body = {
                "occurrence_id": occurrences[number % 2],
                "party": [{"name": f"群众{number}", "age": 30 + each} for each in range(size)],
                "on_behalf": True,
            }
            await storm.register(officer, body, f"party-{number}")

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work())


async def each_party_is_there_once(
    storm: Storm, qinghai: Province, officer: Person, occurrences: list[str]
) -> None:
    """What was promised is what is listed and what is stored, in the order of arrival."""
    promised = {each.id: each for each in storm.registered.values()}
    assert len(promised) == REGISTRATIONS
    for occurrence, capacity in zip(occurrences, (FEW, PLENTY), strict=True):
        stored = await rows(
            qinghai,
            "events",
            "SELECT id::text, number, state, party_size FROM registrations"
            " WHERE occurrence_id = $1::uuid ORDER BY number",
            occurrence,
        )
        assert len(stored) == REGISTRATIONS // 2
        assert [number for _, number, _, _ in stored] == list(range(1, len(stored) + 1))
        assert {id_: state for id_, _, state, _ in stored} == {
            id_: promised[id_].state for id_, *_ in stored
        }
        listed = await everything(officer, f"/registrations?occurrence={occurrence}")
        assert Counter(each["id"] for each in listed) == Counter(id_ for id_, *_ in stored)

        # Whoever was acknowledged before another asked at all has the smaller number.
        first_told = float("inf")
        for id_, *_ in reversed(stored):
            assert promised[id_].asked_at < first_told
            first_told = min(first_told, promised[id_].acknowledged_at)

        # Nobody passes on a strict list: the confirmed came first, the others wait in order.
        confirmed = [size for _, _, state, size in stored if state == "confirmed"]
        waiting = [id_ for id_, _, state, _ in stored if state == "waiting"]
        assert [state for _, _, state, _ in stored] == ["confirmed"] * len(confirmed) + [
            "waiting"
        ] * len(waiting)
        assert capacity - 1 <= sum(confirmed) <= capacity or not waiting
        ahead = {each["id"]: each["position"] for each in listed}
        assert [ahead[id_]["parties_ahead"] for id_ in waiting] == list(range(len(waiting)))
        (pool,) = (await officer.get(f"/occurrences/{occurrence}/places"))["pools"]
        told = [pool[name] for name in ("capacity", "confirmed", "offered", "waiting")]
        assert told == [capacity, sum(confirmed), 0, len(waiting)]
        assert sum(confirmed) <= capacity
    members = await rows(
        qinghai,
        "events",
        "SELECT r.party_size - count(m.id) FROM registrations r"
        " LEFT JOIN members m ON m.registration_id = r.id GROUP BY r.id",
    )
    assert members == [(0,)] * REGISTRATIONS


async def each_fact_took_effect_once(storm: Storm, qinghai: Province, officer: Person) -> None:
    """One fact, one message for each registration: by what it became."""
    expected = Counter(
        (
            "registration-confirmed" if each.state == "confirmed" else "registration-waitlisted",
            each.id,
        )
        for each in storm.registered.values()
    )
    messages = await everything(officer, "/messages")
    told = Counter((each["template"], each["values"]["registration_id"]) for each in messages)
    assert told == expected
    facts = await rows(
        qinghai,
        "events",
        "SELECT type, subject FROM outbox WHERE type LIKE 'events.registration%'",
    )
    assert Counter(facts) == Counter(
        (f"events.{template.replace('-', '_')}.v1", id_) for template, id_ in expected
    )
    delivered = await rows(qinghai, "gateway", "SELECT count(*) FROM message_deliveries")
    assert delivered == await rows(qinghai, "gateway", "SELECT count(*) FROM messages")


async def rollups(person: Person, day: str) -> list[Any]:
    """The figures of every tier."""
    return [
        (await person.get(f"/reports/rollup?division={code}&from={day}&to={day}")).body
        for code in TIERS
    ]


async def the_totals_fold_again_to_the_same(qinghai: Province, maker: Person, day: str) -> None:
    """Each activity counts once; a rebuild from the first fact on gives the same numbers."""
    (facts,) = await rows(
        qinghai, "events", f"SELECT count(*) FROM outbox WHERE type IN ({REPORTED})"
    )
    taken = "SELECT count(*) FROM inbox WHERE consumer = 'events-reporting'"
    tallies = "SELECT * FROM tallies ORDER BY division_code, grain, day"

    async def folded() -> bool:
        return await rows(qinghai, "events", taken) == [facts]

    await until(folded, "reporting took every fact")
    figures, totals = await rollups(maker, day), await rows(qinghai, "events", tallies)
    counted = [(each["figures"]["activities"], each["figures"]["occurrences"]) for each in figures]
    # Five of one occurrence, one at each tier, and the township's with two.
    assert counted == [(6, 7), (5, 6), (4, 5), (3, 4), (1, 1)]

    suite = suite_of(qinghai)
    rebuild = ("facts", "rebuild", "services.events", "reporting")
    rebuilt = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.kit", *rebuild],
        cwd=PROJECT,
        env=suite.environ(suite.home.secrets(NAMES)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = "reporting is emptied; it fills again from the first fact\n"
    assert (rebuilt.returncode, rebuilt.stdout) == (0, said), rebuilt.stderr
    await until(folded, "reporting folded every fact again")
    assert await rollups(maker, day) == figures
    assert await rows(qinghai, "events", tallies) == totals


@pytest.mark.timeout(300)
async def test_no_registration_is_lost_or_doubled_whatever_is_killed() -> None:
    # One officer registers them all: more than anybody does in a minute.
    with province(GATEWAY_RATE_WRITES="0", EVENTS_PROCESSES="2") as qinghai:
        connector = aiohttp.TCPConnector(limit=WORKERS * 2)
        # No request waits longer than the gateway's own deadline.
        limit = aiohttp.ClientTimeout(total=40)
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:
            officer = await qinghai.staff(http, OFFICER)
            maker = await qinghai.staff(http, MAKER)
            makers = [await qinghai.staff(http, f"approver-{code}") for code in TIERS]
            starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
            day = (starts_at + timedelta(hours=8)).date().isoformat()
            storm = Storm()
            activity = await hold(storm, maker, lecture(f"{TOWNSHIP}000", starts_at, FEW, PLENTY))
            (few,), (plenty,) = (
                [each["id"] for each in activity["occurrences"] if each["capacity"] == capacity]
                for capacity in (FEW, PLENTY)
            )

            async with asyncio.TaskGroup() as group:
                group.create_task(register_all(storm, officer, [few, plenty]))
                group.create_task(kill_one_by_one(storm, qinghai, makers, starts_at, group))
            print(dict(storm.troubles), storm.replayed, "replayed")
            # Answers were lost after their effects: without the keys these were doubled.
            assert storm.replayed > 0
            await nothing_waits(qinghai)
            await nothing_is_on_its_way(qinghai)
            nobody_is_left_over(qinghai)
            await each_party_is_there_once(storm, qinghai, officer, [few, plenty])
            await each_fact_took_effect_once(storm, qinghai, officer)
            await the_totals_fold_again_to_the_same(qinghai, maker, day)
            await nothing_is_on_its_way(qinghai)
            await nothing_waits(qinghai)
