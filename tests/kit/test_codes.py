"""Codes in memory: today's code for an old one, and callers who keep exactly what they had."""

from services.kit.access import Caller, Grant, Kind, P, Role
from services.kit.ids import uuid7
from services.kit.recoding import Codes

RECODED = [("630122", "630106", True, True), ("630122100", "630106100", True, True)]


def caller(division: str) -> Caller:
    return Caller(Kind.STAFF, uuid7(), (Grant(Role.OFFICER, division),))


def reach(codes: Codes, division: str) -> tuple[str, ...]:
    return codes.widen(caller(division)).reach(P.ACTIVITY_EDIT)


def test_a_grant_means_the_same_division_before_and_after() -> None:
    codes = Codes()
    assert reach(codes, "630122") == ("630122",)
    codes.learn(RECODED)
    both = ("630106", "630122")
    assert (reach(codes, "630122"), reach(codes, "630106")) == (both, both)
    assert reach(codes, "630122100") == ("630106100", "630122100")
    assert reach(codes, "6301") == ("6301",)
    assert reach(codes, "630123") == ("630123",)


def test_a_code_that_no_change_names_is_never_taken_to_what_is_above_it() -> None:
    codes = Codes()
    codes.learn(RECODED)
    assert reach(codes, "630122999") == ("630122999",)
    assert (codes.today("630122999"), codes.today("630122")) == ("630122999", "630106")


def test_an_announced_change_reaches_both_places_and_translates_nothing_yet() -> None:
    codes = Codes()
    codes.learn([(old, new, whole, False) for old, new, whole, _ in RECODED])
    assert codes.today("630122") == "630122"
    assert reach(codes, "630122") == ("630106", "630122")


def test_who_follows_a_divided_division_does_not_reach_its_other_parts() -> None:
    codes = Codes()
    codes.learn(
        [
            ("630122", "630107", False, True),
            ("630122100", "630108100", True, True),
            ("630122101", "630107101", True, True),
        ]
    )
    assert reach(codes, "630107") == ("630107", "630122101")
    assert reach(codes, "630122") == ("630107", "630122101")
