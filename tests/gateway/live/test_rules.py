"""Who is shown which fact, by table: the deny-by-default side of the live stream."""

from datetime import UTC, datetime
from typing import Any

import pytest

import services.events.facts
import services.venues.facts  # noqa: F401 - publishes
from gateway.live.positions import event_id, positions_of
from gateway.live.rules import EVERYBODY, VISIBLE, may_see, shown
from services.kit.access import ANONYMOUS, Caller
from services.kit.facts import Envelope, Fact
from services.kit.ids import uuid7
from tests.support.apps import citizen, staff

COUNTY = "630123"
OWNER = uuid7()
HONOUR_STEPS = (
    *("confirmed", "expired", "followed", "granted", "host_changed"),
    *("rectifying", "reinstated", "revoked", "suspended"),
)


def fact(type_: str, *, division: str = COUNTY, **data: Any) -> Envelope:
    return Envelope(
        id=uuid7(),
        source="/events",
        type=type_,
        subject=str(uuid7()),
        time=datetime(2026, 9, 18, tzinfo=UTC),
        division=division,
        traceparent="",
        aggregateversion=1,
        data=data,
    )


@pytest.mark.parametrize("type_", sorted(Fact.published))
def test_nobody_known_sees_exactly_the_facts_that_the_table_opens_to_everybody(type_: str) -> None:
    seen = may_see(ANONYMOUS, fact(type_, recipient=str(OWNER)), "")
    assert seen is (type_ in VISIBLE and VISIBLE[type_] is EVERYBODY)


def test_what_is_open_to_everybody_is_what_the_public_may_read_anyway() -> None:
    assert sorted(type_ for type_, audience in VISIBLE.items() if audience is EVERYBODY) == [
        "events.activity_cancelled.v1",
        "events.activity_completed.v1",
        "events.activity_published.v1",
        "events.activity_rescheduled.v1",
        "events.draw_drawn.v1",
        "events.draw_frozen.v1",
        "events.draw_opened.v1",
        "events.draw_voided.v1",
        *(f"venues.honour_{step}.v1" for step in HONOUR_STEPS),
        *(f"venues.notice_{step}.v1" for step in ("changed", "finished", "opened", "withdrawn")),
        *(f"venues.panel_{step}.v1" for step in ("disclosed", "drawn", "frozen", "voided")),
        "venues.programme_published.v1",
        "venues.programme_withdrawn.v1",
        *(f"venues.venue_{step}.v1" for step in ("changed", "closed", "published")),
    ]


def test_every_type_in_the_table_is_published_by_somebody() -> None:
    assert set(VISIBLE) - set(Fact.published) == set()


def test_no_fact_that_names_a_recipient_is_open_to_everybody() -> None:
    naming = {type_ for type_, each in Fact.published.items() if "recipient" in each.model_fields}
    assert {type_ for type_ in naming if VISIBLE.get(type_) is EVERYBODY} == set()


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (ANONYMOUS, False),
        (citizen(OWNER), False),
        (staff("approver", COUNTY), True),
        (staff("approver", "6301"), True),
        (staff("approver", "630121"), False),
        (staff("approver", "630123101"), False),
        (staff("officer", COUNTY), False),
        (staff("administrator", "63"), False),
    ],
)
def test_a_draft_that_waits_is_shown_to_its_approvers_only(caller: Caller, seen: bool) -> None:
    assert may_see(caller, fact("events.activity_submitted.v1"), "") is seen


@pytest.mark.parametrize("type_", ["events.device_enrolled.v1", "events.device_revoked.v1"])
@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (ANONYMOUS, False),
        (citizen(OWNER), False),
        (staff("checker", COUNTY), True),
        (staff("officer", "6301"), True),
        (staff("checker", "630121"), False),
        (staff("checker", "630123101"), False),
        (staff("observer", COUNTY), False),
    ],
)
def test_a_device_at_the_door_is_shown_to_those_who_answer_for_the_door(
    type_: str, caller: Caller, seen: bool
) -> None:
    assert may_see(caller, fact(type_), "") is seen


@pytest.mark.parametrize(
    "type_",
    sorted(type_ for type_, each in VISIBLE.items() if each.name == "recipient"),
)
def test_what_names_a_recipient_is_shown_to_them_and_to_nobody_else(type_: str) -> None:
    given = fact(type_, recipient=str(OWNER))
    assert may_see(citizen(OWNER), given, "") is True
    assert may_see(citizen(), given, "") is False
    assert may_see(ANONYMOUS, given, "") is False
    assert may_see(staff("approver", "63"), given, "") is False
    assert may_see(ANONYMOUS, fact(type_, recipient=None), "") is False


@pytest.mark.parametrize(
    ("watched", "seen"),
    [
        ("", True),
        ("63", True),
        (COUNTY, True),
        ("630123101", False),
        ("630121", False),
        ("6322", True),
    ],
)
def test_public_facts_are_held_to_the_division_watched_hosts_included(
    watched: str, seen: bool
) -> None:
    given = fact("events.activity_published.v1", hosts=[COUNTY, "632221"])
    assert may_see(ANONYMOUS, given, watched) is seen


def test_ones_own_facts_come_whatever_division_one_watches() -> None:
    given = fact("events.place_offered.v1", recipient=str(OWNER))
    assert may_see(citizen(OWNER), given, "632221") is True


def test_whom_a_fact_names_is_never_sent() -> None:
    sent = shown(fact("events.place_offered.v1", recipient=str(OWNER), places=2))
    assert sorted(sent) == ["data", "division", "subject", "time", "type"]
    assert sent["data"] == {"places": 2}
    assert str(OWNER) not in str(sent)


def test_a_position_comes_back_as_it_was_said() -> None:
    positions = {"FACTS_VENUES": 4, "FACTS_EVENTS": 17}
    assert event_id(positions) == "FACTS_EVENTS:17,FACTS_VENUES:4"
    assert positions_of(event_id(positions)) == positions


@pytest.mark.parametrize("given", ["", "17", "FACTS_EVENTS:", "FACTS_EVENTS:1x", "a:1", "A:1,"])
def test_what_is_no_position_is_none(given: str) -> None:
    assert positions_of(given) is None
