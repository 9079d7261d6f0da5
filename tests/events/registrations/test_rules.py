"""The decisions by table: who is admitted, who is served, who may come, and when."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.events.registrations.parties import choose, party_errors, take_off
from services.events.registrations.rules import (
    LIFECYCLE,
    CheckInClosed,
    Counts,
    ListRule,
    OccurrenceStarted,
    OfferExpired,
    PartyCheckedIn,
    Queued,
    RegistrationState,
    admit,
    allowed_actions,
    expiry,
    hand_out,
    holds,
    require_door_open,
)
from services.kit.access import P
from services.kit.problems import BrokenRule
from services.kit.workflow import Relation, WrongState

S = RegistrationState
NOW = datetime(2026, 9, 18, 1, tzinfo=UTC)
START = NOW + timedelta(hours=5)
FREE = {"now": NOW, "starts_at": START, "expires_at": None, "checked_in": False}


@pytest.mark.parametrize(
    ("capacity", "counts", "size", "state"),
    [
        (3, Counts(), 3, S.CONFIRMED),
        (3, Counts(confirmed=1), 2, S.CONFIRMED),
        (3, Counts(confirmed=1), 3, S.WAITING),
        (3, Counts(confirmed=1, offered=1), 2, S.WAITING),
        (3, Counts(confirmed=2, waiting=1), 1, S.WAITING),
    ],
)
def test_a_party_is_confirmed_when_it_fits_and_nobody_waits(
    capacity: int, counts: Counts, size: int, state: RegistrationState
) -> None:
    assert admit(capacity, counts, size, split_ok=False) is state


def test_a_party_that_could_never_fit_is_told_at_once() -> None:
    with pytest.raises(BrokenRule):
        admit(2, Counts(), 3, split_ok=False)
    assert admit(2, Counts(), 3, split_ok=True) is S.WAITING


@pytest.mark.parametrize(
    ("free", "line", "strict", "greedy"),
    [
        (0, ["1"], [], []),
        (1, ["1", "1"], [1], [1]),
        (3, ["1", "2", "1"], [1, 2], [1, 2]),
        (2, ["3", "1", "1"], [], [0, 1, 1]),
        (2, ["3s", "1"], [2], [2]),
        (3, ["1", "3", "2"], [1], [1, 0, 2]),
        (3, ["2", "2s", "1"], [2, 1], [2, 1]),
        (4, ["5", "4s", "1"], [], [0, 4]),
        (2, ["99", "2"], [0, 2], [0, 2]),
    ],
)
def test_the_line_is_served_by_the_published_rule(
    free: int, line: list[str], strict: list[int], greedy: list[int]
) -> None:
    queued = [
        Queued(UUID(int=index), int(party.rstrip("s")), party.endswith("s"))
        for index, party in enumerate(line)
    ]
    for rule, expected in ((ListRule.STRICT, strict), (ListRule.GREEDY, greedy)):
        offers = hand_out(10, Counts(confirmed=10 - free), queued, rule)
        assert offers == [(UUID(int=i), places) for i, places in enumerate(expected) if places]


def test_what_a_registration_holds_follows_its_state() -> None:
    assert [holds(state, 3, 2) for state in S] == [
        Counts(waiting=1),
        Counts(offered=2),
        Counts(confirmed=3),
        Counts(),
        Counts(),
        Counts(),
    ]


def test_an_offer_ends_in_time_and_never_after_the_start() -> None:
    assert expiry(NOW, 60, START) == NOW + timedelta(hours=1)
    assert expiry(NOW, 600, START) == START


@pytest.mark.parametrize("action", [step.action for step in LIFECYCLE])
@pytest.mark.parametrize("state", list(S))
def test_every_action_from_every_state(action: str, state: RegistrationState) -> None:
    step = LIFECYCLE.steps[action]
    facts = FREE | {"expires_at": START}
    if state in step.sources:
        assert LIFECYCLE.next(action, state, **facts) is step.target
    else:
        with pytest.raises(WrongState):
            LIFECYCLE.next(action, state, **facts)


def test_the_list_takes_its_own_steps_and_no_person_does() -> None:
    everything = {state: allowed_actions(state, 2, lambda _: True, **FREE) for state in S}
    assert everything == {
        S.WAITING: ["cancel", "reduce"],
        S.OFFERED: ["decline", "cancel", "reduce"],
        S.CONFIRMED: ["cancel", "reduce"],
        S.LAPSED: [],
        S.CANCELLED: [],
        S.ENTERED: ["cancel", "reduce"],
    }
    standing = FREE | {"expires_at": START}
    assert allowed_actions(S.OFFERED, 1, lambda need: need is Relation.OWN, **standing) == [
        "accept",
        "decline",
        "cancel",
    ]
    assert allowed_actions(S.OFFERED, 1, lambda need: need is P.PERSONAL_OPEN, **standing) == []


def test_the_guards_name_what_failed() -> None:
    with pytest.raises(OfferExpired):
        LIFECYCLE.next("accept", S.OFFERED, **FREE | {"expires_at": NOW})
    with pytest.raises(OccurrenceStarted):
        LIFECYCLE.next("cancel", S.CONFIRMED, **FREE | {"starts_at": NOW})
    with pytest.raises(PartyCheckedIn):
        LIFECYCLE.next("cancel", S.CONFIRMED, **FREE | {"checked_in": True})


def test_a_guardian_is_needed_below_fourteen_and_an_age_only_where_it_is_limited() -> None:
    def rules(age: int | None, guarded: bool, low: int | None = None) -> list[str]:
        found = party_errors([age], [guarded], min_age=low, max_age=None, max_party=5)
        return [error.rule for error in found]

    assert rules(13, False) == ["guardian-needed"]
    assert rules(13, True) == []
    assert rules(14, False) == []
    assert rules(None, False) == []
    assert rules(None, False, low=6) == ["age-needed"]
    assert rules(5, False, low=6) == ["age-out-of-range", "guardian-needed"]


def test_who_of_a_party_comes_and_who_stays() -> None:
    a, b, c = (UUID(int=index) for index in range(3))
    assert choose([a, b, c], None, 2) == [a, b]
    assert choose([a, b, c], [c, a, c], 2) == [a, c]
    assert take_off([a, b, c], [b]) == [a, c]
    for wrong in (
        lambda: choose([a, b, c], [a, b, c], 2),
        lambda: choose([a], [b], 1),
        lambda: take_off([a, b], [a, b]),
    ):
        with pytest.raises(BrokenRule):
            wrong()


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-09-18T07:29:59+08:00", False),
        ("2026-09-18T07:30:00+08:00", True),
        ("2026-09-19T23:59:59+08:00", True),
        ("2026-09-20T00:00:00+08:00", False),
    ],
)
def test_the_door_opens_two_hours_before_and_shuts_after_the_next_day(
    at: str, is_open: bool
) -> None:
    start = datetime.fromisoformat("2026-09-18T09:30:00+08:00")
    end = datetime.fromisoformat("2026-09-18T11:00:00+08:00")
    if is_open:
        require_door_open(datetime.fromisoformat(at), start, end)
    else:
        with pytest.raises(CheckInClosed):
            require_door_open(datetime.fromisoformat(at), start, end)
