"""The fold: any order and any repetition of the same facts gives the count of their ends."""

from contextlib import suppress
from datetime import date
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import event, text

from services.events.facts import ActivityPublished
from services.events.reporting.consumer import CONSUMER, READS
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.facts import Envelope, Fact
from services.kit.inbox import apply
from tests.events.reporting.histories import CODES, DAYS, TALLIES, History, State, count
from tests.support.apps import Running

HOSTS = st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True).map(tuple)
SMALL = st.integers(min_value=0, max_value=3)


def states(numbers: int, cancelled: st.SearchStrategy[bool]) -> st.SearchStrategy[Any]:
    one = st.builds(State, st.sampled_from(DAYS), HOSTS, st.tuples(*[SMALL] * numbers), cancelled)
    return st.lists(one, min_size=1, max_size=5).map(tuple)


HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.just("activity"), states(1, st.booleans())),
        st.tuples(st.just("attendance"), states(4, st.just(False))),
    ),
    min_size=1,
    max_size=6,
).map(lambda found: [History(source, n, of) for n, (source, of) in enumerate(found)])


class Undo(Exception):
    """Ends a transaction without a trace."""


async def folded(events: Running, batches: list[list[Envelope]]) -> list[tuple[Any, ...]]:
    """The tallies after these batches; nothing is kept."""
    found: list[tuple[Any, ...]] = []
    with suppress(Undo):
        async with events.kit.database.transaction(SERVICE) as db:
            for batch in batches:
                await apply(db, CONSUMER, batch)
            found = [tuple(row) for row in (await run(db, text(TALLIES))).all()]
            raise Undo
    return found


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories=HISTORIES, seed=st.integers(min_value=0), size=st.integers(1, 12))
async def test_any_order_and_repetition_gives_the_count_of_the_last_states(
    events: Running, histories: list[History], seed: int, size: int
) -> None:
    chance = Random(seed)
    facts = [fact for history in histories for fact in history.envelopes()]
    facts += chance.choices(facts, k=len(facts) // 2)
    chance.shuffle(facts)
    batches = [facts[start : start + size] for start in range(0, len(facts), size)]
    assert await folded(events, batches) == count(histories)


async def test_a_cancelled_activity_counts_no_more_and_its_attendance_stays(
    events: Running,
) -> None:
    day = DAYS[2]
    held = State(day, ("630102", "6302"), (2,))
    activity = History("activity", 1, (held, State(day, ("630102", "6302"), (2,), True)))
    attendance = History("attendance", 2, (State(day, ("630102",), (30, 0, 5, 900)),))
    found = await folded(events, [activity.envelopes() + attendance.envelopes()])
    assert found == [
        (division, grain, of, 0, 0, 0, 1, 30, 0, 5, 900)
        for division in ("63", "6301", "630102")
        for grain, of in (("day", day), ("month", day.replace(day=1)))
    ]


async def test_a_late_fact_does_not_bring_a_cancelled_activity_back(events: Running) -> None:
    states_ = (State(DAYS[0], ("6302",)), State(DAYS[0], ("6302",), is_cancelled=True))
    published, cancelled = History("activity", 1, states_).envelopes()
    assert await folded(events, [[cancelled], [published]]) == []


async def test_a_fact_without_hosts_is_refused(events: Running) -> None:
    [fact] = History("activity", 1, (State(DAYS[0], ("6302",)),)).envelopes()
    bad = fact.model_copy(update={"data": {**fact.data, "hosts": []}})
    with pytest.raises(ValidationError):
        await folded(events, [[bad]])


async def test_a_batch_is_three_statements_however_many_facts_and_divisions(
    events: Running,
) -> None:
    said: list[str] = []
    engine = events.kit.database.engine.sync_engine

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "tallies" in statement or "contributions" in statement:
            said.append(statement.split()[0])

    moved = [
        fact
        for n in range(40)
        for fact in History(
            "activity", n, (State(DAYS[0], CODES), State(DAYS[1], CODES[:2]))
        ).envelopes()
    ]
    event.listen(engine, "before_cursor_execute", note)
    try:
        await folded(events, [moved[0::2], moved[1::2]])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert said == ["INSERT", "INSERT", "INSERT", "INSERT", "DELETE", "SELECT"]


def test_what_is_read_is_what_is_published() -> None:
    sample = ActivityPublished(
        hosts=["6301"], day=date(2026, 9, 18), occurrences=1, form="lecture", campaign_id=uuid4()
    ).model_dump(mode="json")
    for fact_type, (_, body, _) in READS.items():
        published = Fact.published[fact_type]
        assert set(body.model_fields) <= set(published.model_fields), fact_type
        if fact_type.startswith("events.activity_"):
            assert body.model_validate(sample).day == date(2026, 9, 18)
