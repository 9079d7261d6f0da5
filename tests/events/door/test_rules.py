"""The fold over scans, by property: no order, interleaving or repetition changes what it comes to."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events.door.rules import (
    Claim,
    Outcome,
    Scan,
    Window,
    code_of,
    corrected,
    cut_of,
    entered,
    is_barred,
    moments,
    needs_new_contact,
    refusal_of,
    settle,
    step_of,
    steps_around,
)
from services.events.registrations.rules import RegistrationState

NOON = datetime(2026, 9, 18, 4, tzinfo=UTC)
WINDOW = Window(NOON - timedelta(hours=2), NOON + timedelta(hours=10))
MINUTE = timedelta(minutes=1)
DEVICES = [UUID(int=number) for number in (1, 2, 3)]
PEOPLE = [UUID(int=number) for number in range(101, 107)]


def scan(seq: int, minute: float, *people: int, device: int = 0, **over: object) -> Scan:
    """A scan of the device's `seq`, `minute` minutes past noon by its clock."""
    values = {
        "key": bytes([device, seq]),
        "device": DEVICES[device],
        "seq": seq,
        "device_at": NOON + MINUTE * minute,
        "contact_at": NOON - MINUTE * 60,
        "offset": timedelta(0),
        "received_at": NOON + MINUTE * 60,
        "people": tuple(PEOPLE[number] for number in people),
    }
    return Scan(**{**values, **over})  # type: ignore[arg-type]


def fold(*scans: Scan, online: dict[UUID, datetime] | None = None, **over: object):  # type: ignore[no-untyped-def]
    values = {"taken_back": {}, "barred": frozenset(), "window": WINDOW}
    return settle(scans, online or {}, **{**values, **over})  # type: ignore[arg-type]


@st.composite
def evenings(draw: st.DrawFn) -> list[Scan]:
    """Scans of three devices, whose clocks run wild: decades off, set back, set forward."""
    return [
        scan(
            seq,
            draw(st.integers(-30_000_000, 30_000_000) | st.integers(-90, 90)),
            *draw(st.lists(st.integers(0, 5), max_size=3, unique=True)),
            device=device,
            contact_at=NOON + MINUTE * draw(st.sampled_from([-60, -5, 7])),
            offset=MINUTE * draw(st.sampled_from([0, 180, -180, 10_000_000])),
        )
        for device in range(3)
        for seq in range(1, draw(st.integers(0, 6)) + 1)
    ]


@settings(max_examples=80, deadline=None)
@given(evenings(), st.randoms(use_true_random=False), st.data())
def test_any_order_and_repetition_of_batches_comes_to_the_same(
    evening: list[Scan], chance: object, data: st.DataObject
) -> None:
    """What is kept is a set of scans: each batch adds to it, and everything is weighed anew."""
    whole = fold(*evening)
    batches = data.draw(st.lists(st.lists(st.sampled_from(evening)), max_size=5)) if evening else []
    shuffled = list(evening)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    kept: dict[bytes, Scan] = {}
    last = fold()
    for batch in [*batches, shuffled[: len(shuffled) // 2], shuffled]:
        for each in batch:
            kept.setdefault(each.key, each)
        last = fold(*kept.values())
    assert last == whole
    # Nothing is lost: every scan is answered, and who was scanned by any has come.
    assert set(whole.outcomes) == {each.key for each in evening}
    assert set(whole.firsts) == {person for each in evening for person in each.people}
    assert all(WINDOW.opens <= at <= WINDOW.closes for at, _ in whole.moments.values())


def test_three_scans_of_one_person_are_first_by_time_in_every_order() -> None:
    scans = [scan(1, 5, 0), scan(1, 3, 0, device=1), scan(2, 4, 0, device=2)]
    results = [fold(*order) for order in permutations(scans)]
    assert results == [results[0]] * 6
    assert results[0].firsts == {
        PEOPLE[0]: Claim(NOON + MINUTE * 3, True, DEVICES[1], 1, bytes([1, 1]))
    }
    assert list(results[0].outcomes.values()).count(Outcome.DUPLICATE) == 2


def test_a_clock_that_is_hours_off_is_set_right_by_what_was_measured() -> None:
    fast = scan(1, 180 + 3, 0, device=1, offset=-MINUTE * 180)
    found = fold(scan(1, 4, 0), fast)
    assert found.firsts[PEOPLE[0]].device == DEVICES[1]
    assert found.moments[fast.key] == (NOON + MINUTE * 3, False)


def test_a_clock_set_back_makes_no_scan_earlier_than_one_before_it() -> None:
    found = moments([scan(1, 30), scan(2, -40), scan(3, 31)], WINDOW)
    assert list(found.values()) == [
        (NOON + MINUTE * 30, False),
        (NOON + MINUTE * 30, True),
        (NOON + MINUTE * 31, False),
    ]


@pytest.mark.parametrize(
    ("minute", "at"),
    [
        (-30_000_000, NOON - MINUTE * 60),  # a clock of 1969: not before the last contact
        (30_000_000, WINDOW.closes),
        (0.5, NOON + MINUTE * 0.5),
    ],
)
def test_the_time_stays_within_contact_and_door(minute: float, at: datetime) -> None:
    assert moments([scan(1, minute)], WINDOW)[bytes([0, 1])].at == at


def test_a_clock_beyond_the_calendar_is_answered_too() -> None:
    far = datetime.max.replace(tzinfo=UTC)
    assert corrected(far, timedelta(days=1)) == far
    assert corrected(datetime.min.replace(tzinfo=UTC), -timedelta(days=1)).year == 1


def test_who_was_checked_in_on_line_first_stays_first() -> None:
    found = fold(scan(1, 5, 0, 1), online={PEOPLE[0]: NOON + MINUTE * 4})
    assert found.firsts[PEOPLE[0]] == entered(NOON + MINUTE * 4)
    assert found.outcomes == {bytes([0, 1]): Outcome.COUNTED}
    earlier = fold(scan(1, 3, 0), online={PEOPLE[0]: NOON + MINUTE * 4})
    assert earlier.firsts[PEOPLE[0]].offline


def test_what_was_made_or_known_before_a_check_in_was_taken_back_does_not_count() -> None:
    back = {PEOPLE[0]: NOON + MINUTE * 10}
    before, after = scan(1, 9, 0), scan(2, 11, 0)
    known = scan(3, 12, 0, received_at=NOON + MINUTE * 9)
    found = fold(before, after, known, taken_back=back)
    assert list(found.outcomes.values()) == [
        Outcome.TAKEN_BACK,
        Outcome.COUNTED,
        Outcome.TAKEN_BACK,
    ]


def test_a_revoked_device_is_cut_at_the_first_scan_after_whatever_its_clock_says_then() -> None:
    revoked = NOON + MINUTE * 10
    scans = [scan(1, 8, 0), scan(2, 12, 1), scan(3, 2, 2)]
    assert cut_of(revoked, scans) == 2
    assert [is_barred(each, revoked, 2) for each in scans] == [False, True, True]
    known = scan(4, 30, 3, received_at=NOON + MINUTE * 9)
    assert (cut_of(revoked, [known]), is_barred(known, revoked, 2)) == (None, False)
    found = fold(*scans, barred=frozenset({bytes([0, 2]), bytes([0, 3])}))
    assert found.outcomes == {
        bytes([0, 1]): Outcome.COUNTED,
        bytes([0, 2]): Outcome.DEVICE_REVOKED,
        bytes([0, 3]): Outcome.DEVICE_REVOKED,
    }


def test_every_state_of_a_registration_has_its_answer() -> None:
    ended = dict.fromkeys(
        (RegistrationState.CANCELLED, RegistrationState.LAPSED), Outcome.CANCELLED
    )
    assert {state: refusal_of(state) for state in RegistrationState} == {
        **dict.fromkeys(RegistrationState, Outcome.NOT_CONFIRMED),
        RegistrationState.CONFIRMED: None,
        **ended,
    }


def test_a_contact_is_made_anew_when_it_is_old_or_the_clock_moved() -> None:
    zero, second = timedelta(0), timedelta(seconds=1)
    assert needs_new_contact(NOON + MINUTE * 10, zero, NOON, zero)
    assert not needs_new_contact(NOON + MINUTE * 9, second, NOON, zero)
    assert needs_new_contact(NOON + MINUTE, second * 2, NOON, zero)


def test_the_code_changes_with_its_period_and_neighbours_are_taken() -> None:
    assert step_of(NOON, 30) + 1 == step_of(NOON + timedelta(seconds=30), 30)
    assert list(steps_around(7, 1)) == [6, 7, 8]
    assert code_of(b"\0" * 7 + b"\x2a" + b"\xff" * 24) == "000042"
