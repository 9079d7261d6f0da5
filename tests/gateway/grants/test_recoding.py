"""Grants follow a division that changes: all of them, once, with an entry in the audit chain."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from gateway.grants.recoding import CONSUMER, FOLLOWS
from gateway.identity import audit
from services.events.facts import DivisionChanged
from services.kit.access import SERVICE
from services.kit.context import new_traceparent
from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from services.kit.inbox import apply
from tests.gateway.conftest import RunningGateway
from tests.support.apps import until

OLD, NEW = "630122", "630106"


def fact(code: str, takes: str | None, **over: Any) -> Envelope:
    body = DivisionChanged(code=code, successors=[takes or NEW], kind="recode", takes=takes, **over)
    return Envelope(
        id=uuid7(),
        source="/events",
        type=body.type,
        subject=code,
        time="2026-11-21T00:00:00Z",  # type: ignore[arg-type]
        division=code,
        traceparent=new_traceparent(),
        aggregateversion=1,
        data=body.model_dump(mode="json"),
    )


async def told(gateway: RunningGateway, *facts: Envelope) -> None:
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        await apply(db, CONSUMER, list(facts))


async def grants_of(gateway: RunningGateway, account: UUID) -> list[tuple[Any, ...]]:
    return await gateway.running.rows(
        "SELECT role, division_code, recorded_code, from_day::text, until_day::text,"
        " ended_at IS NOT NULL FROM grants WHERE account_id = :a"
        " ORDER BY ended_at IS NOT NULL, role, from_day",
        a=account,
    )


async def test_ten_thousand_grants_follow_and_nothing_is_orphaned(gateway: RunningGateway) -> None:
    order = uuid7()
    somebody = await gateway.account("somebody", OLD, ("officer", OLD))
    other = await gateway.account("other", "630123", ("officer", "630123"))
    await gateway.running.rows(
        """INSERT INTO grants (id, account_id, role, division_code, recorded_code, from_day,
            until_day, reason)
        SELECT md5('g' || i)::uuid, :a, 'informant', '630122' || lpad((100 + i % 20)::text, 3, '0'),
            '630122' || lpad((100 + i % 20)::text, 3, '0'), date '2000-01-01' + i, date '2000-01-01' + i, '测试'
        FROM generate_series(1, 10000) i RETURNING id""",
        a=somebody,
    )
    # 630122110 has no fact (yet): its grants stay where they are, and never go with the county's,
    # where they would reach further.
    townships = [f"{OLD}{number}" for number in range(100, 120) if number != 110]
    await told(
        gateway,
        fact(OLD, NEW, change_id=order),
        *(fact(code, code.replace(OLD, NEW), change_id=order) for code in townships),
    )
    at = (
        "SELECT count(*) FILTER (WHERE starts_with(division_code, :old)),"
        " count(*) FILTER (WHERE starts_with(division_code, :new)),"
        " count(*) FILTER (WHERE starts_with(recorded_code, :old)), count(*) FROM grants"
    )
    assert await gateway.running.rows(at, old=OLD, new=NEW) == [(500, 9_501, 10_001, 10_002)]
    await told(gateway, fact(f"{OLD}110", f"{NEW}110", change_id=order))
    assert await gateway.running.rows(at, old=OLD, new=NEW) == [(0, 10_001, 10_001, 10_002)]
    wider = "SELECT count(*) FROM grants WHERE length(division_code) <> length(recorded_code)"
    assert await gateway.running.scalar(wider) == 0
    assert (await grants_of(gateway, other))[0][1:3] == ("630123", "630123")
    homes = "SELECT home_code, recorded_code FROM accounts WHERE id = :a"
    assert await gateway.running.rows(homes, a=somebody) == [(NEW, OLD)]
    entries = await gateway.running.rows(
        "SELECT subject, division_code, jsonb_array_length(details->'grants'),"
        " details->>'order' FROM audit WHERE action = 'division_recoded' ORDER BY subject"
    )
    assert entries[0] == (OLD, NEW, 1, str(order))
    assert sum(entry[2] for entry in entries) == 10_001
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        assert await audit.first_broken(db) is None


async def test_two_posts_that_become_one_remain_once_for_the_days_of_both(
    gateway: RunningGateway,
) -> None:
    village, into = "630122100201", "630122100202"
    account = await gateway.account("both", "630122100")
    days = {village: ("2026-01-01", "2026-06-30"), into: ("2026-03-01", None)}
    for code, (first, last) in days.items():
        await gateway.running.rows(
            """INSERT INTO grants (id, account_id, role, division_code, recorded_code, from_day,
                until_day, reason)
            VALUES (:id, :a, 'informant', :code, :code, :first, :last, '测试') RETURNING id""",
            id=uuid7(),
            a=account,
            code=code,
            first=date.fromisoformat(first),
            last=last and date.fromisoformat(last),
        )
    await told(gateway, fact(village, into))
    await told(gateway, fact(village, into))  # once more changes nothing
    assert await grants_of(gateway, account) == [
        ("informant", into, village, "2026-01-01", None, False),
        ("informant", into, into, "2026-03-01", None, True),
    ]


async def test_who_signed_in_before_keeps_what_they_may_do(gateway: RunningGateway) -> None:
    administrator = await gateway.staff("administrator", OLD)
    await gateway.account("below", f"{OLD}100", ("officer", f"{OLD}100"))
    assert len((await administrator.get("/api/v1/accounts")).json()["items"]) == 2
    await told(gateway, fact(OLD, NEW), fact(f"{OLD}100", f"{NEW}100"))

    async def follows() -> bool:
        shown = (await administrator.get("/api/v1/accounts")).json()["items"]
        return {each["home_code"] for each in shown} == {NEW, f"{NEW}100"}

    await until(follows, within_s=3)  # long before the memory of the token ends
    # What cannot be rewritten, the audit chain, stays within reach.
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        await audit.note(db, "granted", actor=None, subject="x", division=f"{OLD}100")
    shown = (await administrator.get("/api/v1/audit?subject=x")).json()["items"]
    assert [each["division_code"] for each in shown] == [f"{OLD}100"]
    me = (await administrator.get("/api/v1/me")).json()
    assert NEW in str(me)


async def test_a_grant_given_at_an_old_code_stands_at_its_successor(
    gateway: RunningGateway,
) -> None:
    await told(gateway, fact(OLD, NEW))
    late = await gateway.account("late", OLD, ("officer", OLD))
    assert await grants_of(gateway, late) == [("officer", NEW, OLD, "2020-01-01", None, False)]


async def test_a_division_without_a_successor_takes_no_grant_along(
    gateway: RunningGateway,
) -> None:
    stays = await gateway.account("stays", OLD, ("officer", OLD))
    await told(gateway, fact(OLD, None))
    assert (await grants_of(gateway, stays))[0][1] == OLD


async def test_every_column_with_a_division_follows_or_stays(gateway: RunningGateway) -> None:
    found = await gateway.running.rows(
        """SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
        WHERE c.table_schema = 'public'
            AND (c.collation_name = 'C' AND c.character_maximum_length = 12
                OR c.column_name LIKE '%division%')"""
    )
    follows = {f"{f.table}.{name}" for f in FOLLOWS for name in (f.column, f.recorded)}
    stay = {
        "audit.division_code",  # sealed: reached through kit.recoding.Codes.widen
        "messages.division_code",  # where it was when the message was sent
        "recodings.old_code",
        "recodings.new_code",
        "outbox.division",
    }
    assert {name for (name,) in found} == follows | stay


async def test_without_a_change_nobody_is_widened(gateway: RunningGateway) -> None:
    async with gateway.running.kit.database.transaction(SERVICE) as db:
        assert (await run(db, text("SELECT count(*) FROM recodings"))).scalar_one() == 0
    assert gateway.running.kit.codes.today(OLD) == OLD
