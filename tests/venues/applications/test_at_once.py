"""Two who act on one application at the same moment: the second one sees what the first one did."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller
from services.kit.db import run
from services.kit.workflow import WrongState
from services.venues.applications import engine
from services.venues.applications.rules import Action
from services.venues.notices import actions, objection_actions
from services.venues.notices.objection_rules import ObjectionLate
from services.venues.notices.objection_schemas import ObjectionIn
from services.venues.notices.rules import ObjectionsOpen
from tests.support.apps import Running, citizen, staff, until
from tests.support.certification import application, programme
from tests.venues.notices.conftest import OBJECTION, OFFICER, Then, at
from tests.venues.notices.test_windows import HONOUR

Step = Callable[[AsyncSession], Awaitable[Any]]
COLLEAGUE = staff("approver", "63")
WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@pytest.fixture
def then(venues: Running) -> Then:
    return Then(venues)


async def one_after_the_other(
    venues: Running, first: tuple[Caller, Step], second: tuple[Caller, Step]
) -> Any:
    """`second` begins while `first` has done everything but commit; answers what became of it."""

    async def follow() -> Any:
        async with venues.kit.database.transaction(second[0]) as db:
            return await second[1](db)

    async def waits() -> bool:
        return following.done() or await venues.scalar(WAITING) > 0

    async with venues.kit.database.transaction(first[0]) as db:
        await first[1](db)
        await db.flush()
        following = asyncio.create_task(follow())
        await until(waits)
    return (await asyncio.gather(following, return_exceptions=True))[0]


def passing(row: UUID, stage: str) -> Step:
    """An officer lets it go on."""

    async def step(db: AsyncSession) -> Any:
        who, now = COLLEAGUE, datetime.now(UTC)
        return await engine.go_on(db, who, row, Action.PASS, stage, None, now)

    return step


def refusing(row: UUID, stage: str) -> Step:
    """Another one does not name it."""

    async def step(db: AsyncSession) -> Any:
        return await engine.refuse(db, OFFICER, row, stage, "不符合条件", datetime.now(UTC))

    return step


def naming(row: UUID, who: Caller) -> Step:
    """An officer names it."""

    async def step(db: AsyncSession) -> Any:
        return await engine.go_on(db, who, row, Action.NAME, "naming", None, datetime.now(UTC))

    return step


async def test_of_two_reviewers_who_decide_at_the_same_moment_the_second_one_is_told(
    venues: Running,
) -> None:
    rule = await programme(venues, credit=None, safeguards=["notice"])
    row = await application(venues, rule, "eligibility")
    second = await one_after_the_other(
        venues, (COLLEAGUE, passing(row, "eligibility")), (OFFICER, refusing(row, "eligibility"))
    )
    assert isinstance(second, WrongState)
    assert await venues.rows("SELECT state, stage_key FROM applications") == [
        ("under_way", "review")
    ]
    assert await venues.rows("SELECT action FROM decisions") == [("pass",)]
    # And the other way round: what was refused is not passed.
    row = await application(venues, rule, "eligibility")
    second = await one_after_the_other(
        venues, (OFFICER, refusing(row, "eligibility")), (COLLEAGUE, passing(row, "eligibility"))
    )
    assert isinstance(second, WrongState)
    assert await venues.rows("SELECT state FROM stage_runs WHERE application_id = :id", id=row) == [
        ("refused",)
    ]


async def shown_to_the_end(venues: Running, then: Then) -> UUID:
    """An application whose notice is over, and which waits for its name."""
    rule = await programme(venues, credit=None, safeguards=["notice"])
    row = await application(venues, rule, "notice")
    await then.opened(row, now=at(9, 30))
    await then.turned(at(10, 13))
    async with venues.kit.database.transaction(OFFICER) as db:
        await passing(row, "notice")(db)
    return row


async def test_two_officers_who_name_at_the_same_moment_name_once(
    venues: Running, then: Then
) -> None:
    row = await shown_to_the_end(venues, then)
    second = await one_after_the_other(
        venues, (OFFICER, naming(row, OFFICER)), (COLLEAGUE, naming(row, COLLEAGUE))
    )
    assert isinstance(second, WrongState)
    assert await venues.rows("SELECT application_id, created_by FROM honours") == [
        (row, OFFICER.subject)
    ]
    assert await venues.scalar("SELECT last FROM honour_serials") == 1


LAST_MOMENT = at(10, 12, 23).replace(minute=59, second=59, microsecond=999_999)


async def test_an_objection_is_in_time_to_the_last_moment_of_the_last_day_and_no_longer(
    venues: Running, then: Then
) -> None:
    row = await application(venues, await programme(venues), "notice")
    notice = await then.opened(row, now=at(9, 30))
    # A second after, and the clock has not come by yet.
    with pytest.raises(ObjectionLate):
        await then.objected(notice, citizen(), at(10, 13, 0))
    in_time = await then.objected(notice, citizen(), LAST_MOMENT)
    assert await then.turned(at(10, 13, 1)) == 0
    assert (await then.entries(notice))[0][::2] == ("open", 1)
    await then.taken(in_time, "refuse", at(10, 13, 9))
    # The last day did not count: another one follows its answer.
    assert [str(day) for _, day, _ in await then.entries(notice)] == ["2026-10-14"]


def objecting(venues: Running, notice: UUID, who: Caller, now: datetime) -> Step:
    """Somebody objects."""

    async def step(db: AsyncSession) -> Any:
        given = ObjectionIn(**OBJECTION)
        return await objection_actions.hand_in(db, who, venues.kit.vault, notice, given, now)

    return step


def finishing(notice: UUID) -> Step:
    """The office finishes the notice, as soon as it may."""

    async def step(db: AsyncSession) -> Any:
        return await actions.finish(db, OFFICER, notice, at(10, 13, 0))

    return step


async def test_an_objection_that_came_first_keeps_the_name_back_in_the_database_itself(
    venues: Running, then: Then
) -> None:
    row = await application(venues, await programme(venues), "notice")
    notice, objector = await then.opened(row, now=at(9, 30)), citizen()
    second = await one_after_the_other(
        venues,
        (objector, objecting(venues, notice, objector, LAST_MOMENT)),
        (OFFICER, finishing(notice)),
    )
    assert isinstance(second, ObjectionsOpen)
    with pytest.raises(Exception, match="no finished notice"):
        await venues.scalar(HONOUR, id=row, applied=True)


async def test_an_objection_that_came_after_the_end_is_told_so_also_when_it_was_sent_before(
    venues: Running, then: Then
) -> None:
    row = await application(venues, await programme(venues), "notice")
    notice, objector = await then.opened(row, now=at(9, 30)), citizen()
    second = await one_after_the_other(
        venues,
        (OFFICER, finishing(notice)),
        (objector, objecting(venues, notice, objector, LAST_MOMENT)),
    )
    assert isinstance(second, ObjectionLate)
    assert await venues.scalar(HONOUR, id=row, applied=True) == 1
    with pytest.raises(ObjectionLate):
        await then.objected(notice, citizen(), LAST_MOMENT)


def said(sql: str) -> Step:
    """A statement that thinks of no rule and holds nothing."""

    async def step(db: AsyncSession) -> Any:
        return await run(db, text(sql))

    return step


OBJECTS = """INSERT INTO objections (id, notice_id, entry_id, application_id, division_code,
        recorded_code, office, account_id, name_sealed, name_masked, phone_sealed,
        statement_sealed, state, received_at, version)
    SELECT gen_random_uuid(), notice_id, id, application_id, '63', '63', '处',
        gen_random_uuid(), 'x', '多', 'x', 'x', 'received', now(), 1 FROM notice_entries"""
FINISHES = """UPDATE notice_entries SET state = 'finished',
    closed_at = '2026-10-13 00:00:00+08'"""


async def test_the_database_lets_an_objection_and_the_end_pass_each_other_in_no_order(
    venues: Running, then: Then
) -> None:
    row = await application(venues, await programme(venues), "notice")
    notice = await then.opened(row, now=at(9, 30))
    objects, finishes = (SERVICE, said(OBJECTS)), (SERVICE, said(FINISHES))
    second = await one_after_the_other(venues, objects, finishes)
    assert "notice_entries_finished" in str(second)
    with pytest.raises(Exception, match="no finished notice"):
        await venues.scalar(HONOUR, id=row, applied=True)
    await venues.scalar(
        "UPDATE objections SET state = 'refused', outcome = '不属实', closed_at = now() RETURNING 1"
    )
    second = await one_after_the_other(venues, finishes, objects)
    assert "objections are open only while the notice is" in str(second)
    assert (await then.entries(notice))[0][::2] == ("finished", 0)
