"""Draws over HTTP: promised, entered, frozen by the clock, drawn, replayed by a stranger."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from deploy.cli import main
from services.events.draws import drawing
from services.events.draws.drawing import freeze_draw
from services.events.draws.entering import register
from services.events.draws.rules import Party, entries
from services.events.registrations.schemas import PlacesIn, PoolIn, RegistrationIn
from services.kit.access import SERVICE, Caller
from services.kit.db import run
from services.kit.draws import read, verify
from services.kit.ids import uuid7
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, citizen, staff
from tests.support.queries import counted

TOWNSHIP = "630123101"
BOSS = staff("approver", TOWNSHIP)
SOON = timedelta(minutes=10)
SOURCE = "福彩双色球第 2026133 期开奖号码"
COUNTS = "SELECT capacity, confirmed, offered, waiting, open FROM pools ORDER BY id"
STATES = "SELECT state, count(*) FROM registrations GROUP BY state ORDER BY state"


def at(after: timedelta) -> str:
    return (datetime.now(UTC) + after).isoformat()


async def opened(events: Running, ids: Ids, *, source: bool = True, **over: Any) -> Any:
    body = {"closes_at": at(SOON), **over}
    if source:
        body["source"] = {"name": SOURCE, "at": at(2 * SOON)}
    async with events.as_(BOSS) as client:
        answer = await client.post(f"/occurrences/{ids.occurrence}/draw", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def entered(events: Running, ids: Ids, size: int = 1, **over: Any) -> tuple[Caller, Any]:
    person = citizen()
    async with events.as_(person) as client:
        answer = await client.post("/registrations", json=ids.party(size, **over))
    assert answer.status_code == 201, answer.text
    return person, answer.json()


async def pass_by(events: Running, ids: Ids) -> None:
    """As if the time for entering were over."""
    await rewind(events, "closes_at = closes_at - interval '11 minutes'")
    async with events.kit.database.transaction(SERVICE) as db:
        await freeze_draw(db, events.kit.vault, ids.occurrence, datetime.now(UTC))


async def rewind(events: Running, change: str, table: str = "draws") -> None:
    async with events.kit.database.transaction(SERVICE) as db:
        await run(db, text(f"UPDATE {table} SET {change}"))


async def value(events: Running, ids: Ids, said: str = "03 07 11 19 24 30 + 08") -> Any:
    await rewind(events, "source_at = source_at - interval '21 minutes' WHERE state = 'frozen'")
    async with events.as_(BOSS) as client:
        return await client.post(f"/occurrences/{ids.occurrence}/draw/value", json={"value": said})


async def get(events: Running, path: str, caller: Caller | None = None) -> Any:
    async with events.as_(caller) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_session_is_drawn_and_a_stranger_replays_it(events: Running, tmp_path: Any) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=5)
    draw = await opened(events, ids)
    people = [await entered(events, ids, size) for size in (1, 2, 3, 1, 2)]
    assert {answer["state"] for _, answer in people} == {"entered"}
    assert people[0][1]["allowed_actions"] == ["cancel"]
    async with events.as_(people[0][0]) as client:
        twice = await client.post("/registrations", json=ids.party())
    assert twice.json()["type"].endswith("/already-registered")
    assert await events.rows(COUNTS) == [(5, 0, 0, 0, False)]
    slips = [
        await get(events, f"/registrations/{answer['id']}/slip", who) for who, answer in people
    ]
    await pass_by(events, ids)
    where = f"/occurrences/{ids.occurrence}/draw"
    frozen = await get(events, f"{where}/report")
    assert frozen["result"] is None
    assert {row["id"] for row in frozen["pool"]} == {slip["slip"] for slip in slips}
    drawn = await value(events, ids)
    assert (drawn.status_code, drawn.json()["state"]) == (200, "drawn")
    assert drawn.json()["commitment_sha256"] == draw["commitment_sha256"]
    async with events.as_(None) as stranger:
        file = tmp_path / "report.json"
        file.write_bytes((await stranger.get(f"{where}/report")).content)
    report = read(file.read_bytes())
    assert verify(report) == report.result
    outcome = report.result.strata["普通"]
    for (person, answer), slip in zip(people, slips, strict=True):
        now = await get(events, f"/registrations/{answer['id']}", person)
        after = await get(events, f"/registrations/{answer['id']}/slip", person)
        chosen = slip["slip"] in outcome.chosen
        assert (now["state"], after["chosen"]) == ("confirmed" if chosen else "waiting", chosen)
        assert after["rank"] == [*outcome.chosen, *outcome.following].index(slip["slip"]) + 1
        if not chosen:
            ahead = outcome.following.index(slip["slip"])
            assert now["position"]["parties_ahead"] == ahead
    ((capacity, confirmed, _, waiting, is_open),) = await events.rows(COUNTS)
    assert (capacity, waiting, is_open) == (5, len(outcome.following), True)
    size = {row.id: row.size for row in report.pool}
    assert confirmed == sum(size[slip] for slip in outcome.chosen) <= 5
    told = await events.rows(
        "SELECT type, count(*)::int FROM outbox WHERE type LIKE 'events.registration%'"
        " GROUP BY type ORDER BY type"
    )
    assert told == [
        ("events.registration_confirmed.v1", len(outcome.chosen)),
        ("events.registration_entered.v1", 5),
        ("events.registration_waitlisted.v1", len(outcome.following)),
    ]
    good = CliRunner().invoke(
        main, ["draw", "verify", str(file), "--commitment", draw["commitment_sha256"]]
    )
    assert (good.exit_code, good.output.splitlines()[-1]) == (0, "✓ 普通: 结果一致 the same result")
    file.write_text(file.read_text().replace(SOURCE, SOURCE.replace("133", "134")))
    bad = CliRunner().invoke(main, ["draw", "verify", str(file)])
    assert (bad.exit_code, bad.output) == (
        1,
        "Error: The commitment is not the one whose hash was published.\n",
    )


async def test_without_a_source_it_is_drawn_at_the_freeze_and_says_that_it_was_foreseeable(
    events: Running, tmp_path: Any
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    assert (await opened(events, ids, source=False))["foreseeable"] is True
    await entered(events, ids)
    await entered(events, ids)
    await pass_by(events, ids)
    assert await events.rows(STATES) == [("confirmed", 1), ("waiting", 1)]
    file = tmp_path / "report.json"
    async with events.as_(None) as stranger:
        file.write_bytes((await stranger.get(f"/occurrences/{ids.occurrence}/draw/report")).content)
    said = CliRunner().invoke(main, ["draw", "verify", str(file)])
    assert said.exit_code == 0
    assert "foreseen" in said.output


async def test_who_leaves_after_the_freeze_gives_the_place_to_the_line(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=2)
    await opened(events, ids)
    people = [await entered(events, ids) for _ in range(3)]
    await pass_by(events, ids)
    for person, answer in people[:2]:
        async with events.as_(person) as client:
            gone = await client.post(f"/registrations/{answer['id']}/cancel")
            assert gone.json()["state"] == "cancelled"
    assert (await value(events, ids)).status_code == 200
    report = read(await events.scalar("SELECT report FROM draws"))
    assert len(report.pool) == 3
    last = await get(events, f"/registrations/{people[2][1]['id']}", people[2][0])
    assert last["state"] in ("confirmed", "offered")
    ((_, confirmed, offered, waiting, _),) = await events.rows(COUNTS)
    assert (confirmed + offered, waiting) == (1, 0)


async def test_a_storm_of_entries_beside_the_freeze_loses_nobody(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=7)
    await opened(events, ids, source=False)

    async def enter() -> int:
        async with events.as_(citizen()) as client:
            return (await client.post("/registrations", json=ids.party())).status_code

    storm = [asyncio.create_task(enter()) for _ in range(24)]
    await asyncio.sleep(0.15)
    await pass_by(events, ids)
    codes = await asyncio.gather(*storm)
    ((capacity, confirmed, offered, waiting, _),) = await events.rows(COUNTS)
    rows = await events.scalar("SELECT count(*) FROM registrations")
    assert codes.count(201) == rows == confirmed + waiting
    assert set(codes) <= {201, 409}
    assert (confirmed, offered) == (min(rows, capacity), 0)
    assert await events.scalar("SELECT count(*) FROM registrations WHERE state = 'entered'") == 0


async def test_the_freeze_waits_for_an_entry_that_came_before_it(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, ids, source=False)
    person = citizen()
    given = RegistrationIn.model_validate(ids.party())
    async with events.kit.database.transaction(person) as db:
        await register(db, person, events.kit.vault, given, datetime.now(UTC))
        freeze = asyncio.create_task(pass_by(events, ids))
        await asyncio.sleep(0.5)
    await freeze
    assert await events.rows(STATES) == [("confirmed", 1)]


async def test_an_entry_waits_for_a_freeze_that_came_before_it_and_is_out(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, ids)
    await rewind(events, "closes_at = closes_at - interval '11 minutes'")
    async with events.as_(citizen()) as client:
        late = await client.post("/registrations", json=ids.party())
        await rewind(events, "closes_at = closes_at + interval '11 minutes'")
        async with events.kit.database.transaction(SERVICE) as db:
            now = datetime.now(UTC) + SOON
            await freeze_draw(db, events.kit.vault, ids.occurrence, now)
            entry = asyncio.create_task(client.post("/registrations", json=ids.party()))
            await asyncio.sleep(0.5)
        answers = [late, await entry]
    assert [answer.json()["type"].rpartition("/")[2] for answer in answers] == [
        "registration-closed",
        "registration-closed",
    ]
    assert await events.scalar("SELECT count(*) FROM registrations") == 0


async def test_a_draw_is_refused_where_it_would_break_a_promise(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    path = f"/occurrences/{ids.occurrence}/draw"
    good = {"closes_at": at(SOON)}
    tried = {}
    for name, caller, body in (
        ("officer", staff("officer", TOWNSHIP), good),
        ("elsewhere", staff("approver", "630121"), good),
        ("past", BOSS, {"closes_at": at(-SOON)}),
        ("after the start", BOSS, {"closes_at": at(timedelta(days=2))}),
        ("source first", BOSS, {**good, "source": {"name": SOURCE, "at": at(SOON / 2)}}),
        ("no zone", BOSS, {"closes_at": "2026-11-30T10:00:00"}),
        ("good", BOSS, good),
        ("twice", BOSS, good),
    ):
        async with events.as_(caller) as client:
            answer = await client.post(path, json=body)
        tried[name] = (answer.status_code, answer.json().get("type", "").rpartition("/")[2])
    assert tried == {
        "officer": (403, "forbidden"),
        "elsewhere": (403, "forbidden"),
        "past": (422, "broken-rule"),
        "after the start": (422, "broken-rule"),
        "source first": (422, "broken-rule"),
        "no zone": (422, "broken-rule"),
        "good": (201, ""),
        "twice": (409, "draw-under-way"),
    }
    with pytest.raises(IntegrityError, match="draws_live"):
        await events.rows(
            "INSERT INTO draws SELECT (d).* FROM (SELECT jsonb_populate_record(d, jsonb_build_object("
            "'id', CAST(:id AS text))) AS d FROM draws d) one RETURNING id",
            id=str(uuid7()),
        )
    full = await published_activity(events, TOWNSHIP, capacity=1)
    await entered(events, full)
    await entered(events, full)
    async with events.as_(BOSS) as client:
        late = await client.post(f"/occurrences/{full.occurrence}/draw", json=good)
    assert late.json()["type"].endswith("/places-given-out")


async def test_the_value_comes_after_its_time_and_once(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, ids)
    await entered(events, ids)
    path = f"/occurrences/{ids.occurrence}/draw/value"
    said = {"value": "03 07"}
    async with events.as_(BOSS) as client:
        unfrozen = await client.post(path, json=said)
        await pass_by(events, ids)
        early = await client.post(path, json=said)
    for answer in (unfrozen, early):
        assert answer.json()["type"].endswith("/source-not-due")
    async with events.as_(staff("officer", TOWNSHIP)) as client:
        assert (await client.post(path, json=said)).status_code == 403
    assert (await value(events, ids)).status_code == 200
    assert (await value(events, ids, "other")).status_code == 404
    assert await events.rows(STATES) == [("confirmed", 1)]


async def test_fewer_places_than_were_frozen_are_not_drawn(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=3)
    await opened(events, ids)
    for _ in range(4):
        await entered(events, ids)
    await pass_by(events, ids)
    path = f"/occurrences/{ids.occurrence}/places/{ids.pool}"
    async with events.as_(BOSS) as client:
        cut = await client.patch(path, json={"capacity": 2}, headers={"If-Match": '"v1"'})
        assert cut.status_code == 200, cut.text
        refused = await value(events, ids)
        grown = await client.patch(path, json={"capacity": 4}, headers={"If-Match": '"v2"'})
        assert grown.status_code == 200, grown.text
    assert refused.json()["type"].endswith("/places-changed")
    assert (await value(events, ids)).status_code == 200
    assert await events.rows(COUNTS) == [(4, 3, 1, 0, True)]


async def test_a_void_draw_stays_in_the_log_and_its_entries_go_to_the_next(
    events: Running,
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, ids)
    await entered(events, ids)
    await pass_by(events, ids)
    path = f"/occurrences/{ids.occurrence}/draw"
    async with events.as_(BOSS) as client:
        voided = (await client.post(f"{path}/void", json={"reason": "彩票停开一期"})).json()
    assert [step["event"] for step in voided["log"]] == ["opened", "frozen", "voided"]
    assert sorted(voided["log"][2]["detail"]) == ["reason", "secret"]
    with pytest.raises(Exception, match="permission denied"):
        await rewind(events, "event = 'opened'", "draw_log")
    _, again = await opened(events, ids, source=False), await entered(events, ids)
    await pass_by(events, ids)
    assert await events.rows(STATES) == [("confirmed", 1), ("waiting", 1)]
    listed = await get(events, f"/occurrences/{ids.occurrence}/draws")
    assert [item["state"] for item in listed["items"]] == ["drawn", "void"]
    assert again[1]["state"] == "entered"


async def test_places_of_a_draw_and_of_who_waits_for_the_next_stay_shut_when_the_session_moves(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await published_activity(events, TOWNSHIP, capacity=2, place="文化站")
    path = f"/occurrences/{ids.occurrence}"

    async def moved(days: int) -> None:
        times = {
            "starts_at": at(timedelta(days=days)),
            "ends_at": at(timedelta(days=days, hours=2)),
        }
        done = await client.post(f"{path}/reschedule", json=times)
        assert done.status_code == 200, done.text
        assert await events.rows(COUNTS) == [(2, 0, 0, 0, False)]

    await opened(events, ids)
    async with events.as_(BOSS) as client:
        await moved(3)
        await entered(events, ids)
        await client.post(f"{path}/draw/void", json={"reason": "彩票停开一期"})
        await moved(4)


async def test_the_places_say_that_they_go_by_draw_and_until_when(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=2)
    path = f"/occurrences/{ids.occurrence}/places"
    shown = [(await get(events, path))["draw"]]
    draw = await opened(events, ids)
    shown.append((await get(events, path))["draw"])
    await entered(events, ids)
    await pass_by(events, ids)
    shown.append((await get(events, path))["draw"]["state"])
    assert (await value(events, ids)).status_code == 200
    shown.append((await get(events, path))["draw"])
    opened_draw = {"state": "open", "closes_at": draw["closes_at"]}
    assert shown == [None, opened_draw, "frozen", None]


async def test_a_draw_that_nobody_entered_returns_to_first_come(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, ids)
    async with events.as_(BOSS) as client:
        await client.post(f"/occurrences/{ids.occurrence}/draw/void", json={"reason": "误开抽签"})
    _, answer = await entered(events, ids)
    assert answer["state"] == "confirmed"


@pytest.mark.parametrize(
    ("source", "table", "change"),
    [
        (True, "draws", "source_at = source_at - interval '21 minutes'"),
        (False, "occurrences", "starts_at = starts_at - interval '2 days'"),
    ],
)
async def test_a_draw_that_missed_its_freeze_is_voided_and_holds_up_no_other(
    events: Running, source: bool, table: str, change: str
) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, ids, source=source)
    await entered(events, ids)
    await rewind(events, change, table)
    await pass_by(events, ids)
    assert await events.rows("SELECT state, void_reason FROM draws") == [("void", drawing.TOO_LATE)]


async def test_moving_and_cancelling_reach_who_stands_in_a_draw(
    events_with_register: Running,
) -> None:
    events = events_with_register
    ids = await published_activity(events, TOWNSHIP, capacity=1, place="文化站")
    await opened(events, ids)
    _, answer = await entered(events, ids)
    moved = {"starts_at": at(timedelta(days=3)), "ends_at": at(timedelta(days=3, hours=2))}
    path = f"/occurrences/{ids.occurrence}"
    async with events.as_(BOSS) as client:
        done = await client.post(f"{path}/reschedule", json=moved)
        assert done.status_code == 200, done.text
        assert await events.rows(COUNTS) == [(1, 0, 0, 0, False)]
        _, other = await entered(events, ids)
        assert other["state"] == "entered"
        done = await client.post(f"{path}/cancel", json={"reason": "大雪封路"})
        assert done.status_code == 200, done.text
    assert await events.rows(STATES) == [("cancelled", 2)]
    assert await events.rows("SELECT state FROM draws") == [("void",)]
    told = await events.rows(
        "SELECT type FROM outbox WHERE subject = :id ORDER BY seq", id=answer["id"]
    )
    assert [kind.split(".")[1] for (kind,) in told] == [
        "registration_entered",
        "registration_rescheduled",
        "registration_cancelled",
    ]


async def test_families_and_recent_winners_stand_behind_when_the_rule_says_so(
    events: Running,
) -> None:
    first = await published_activity(events, TOWNSHIP, capacity=1)
    await opened(events, first, source=False)
    winner, _ = await entered(events, first)
    await pass_by(events, first)
    ids = await published_activity(
        events,
        TOWNSHIP,
        places=PlacesIn(pools=[PoolIn(name="成人", capacity=2)], tickets=[]),
    )
    await opened(events, ids, source=False, winners_after_days=90)
    async with events.as_(winner) as client:
        await client.post("/registrations", json=ids.party())
    phone = {"party": [{"name": "多杰", "phone": "13897101234"}]}
    for _ in range(2):
        await entered(events, ids, **phone)
    await entered(events, ids)
    await pass_by(events, ids)
    report = read(
        await events.scalar("SELECT report FROM draws WHERE occurrence_id = :o", o=ids.occurrence)
    )
    late = [row.id for row in report.pool if row.after]
    family = [row.id for row in report.pool if row.family]
    assert (len(late), len(family), len({row.family for row in report.pool})) == (1, 2, 2)
    outcome = verify(report).strata["成人"]
    assert len(set(outcome.chosen) & set(family)) == 1
    assert outcome.following[0] in family or outcome.following[0] in late
    assert not set(late) & set(outcome.chosen)


def test_parties_that_share_phones_one_after_another_are_one_family() -> None:
    parties = [
        Party(uuid7(), "x", 1, uuid7(), phones)
        for phones in ((b"a",), (b"a", b"b"), (b"b",), (b"c",), ())
    ]
    labels = [entry.family for entry in entries(b"salt", parties, (), families=True)]
    assert labels[0] == labels[1] == labels[2]
    assert labels[0] is not None
    assert labels[3:] == [None, None]
    alone = entries(b"salt", parties, (), families=False)
    assert [entry.family for entry in alone] == [None] * 5


async def test_a_slip_is_for_its_owner_and_a_list_of_draws_costs_the_same(events: Running) -> None:
    ids = await published_activity(events, TOWNSHIP, capacity=1)
    costs = []
    for _ in range(3):
        await opened(events, ids)
        async with events.as_(None) as client, counted(events) as statements:
            answer = await client.get(f"/occurrences/{ids.occurrence}/draws")
        costs.append((len(answer.json()["items"]), len(statements)))
        async with events.as_(BOSS) as client:
            await client.post(
                f"/occurrences/{ids.occurrence}/draw/void", json={"reason": "重新抽签"}
            )
    assert costs == [(number, costs[0][1]) for number in (1, 2, 3)]
    await opened(events, ids)
    _, answer = await entered(events, ids)
    async with events.as_(citizen()) as stranger:
        assert (await stranger.get(f"/registrations/{answer['id']}/slip")).status_code == 404
