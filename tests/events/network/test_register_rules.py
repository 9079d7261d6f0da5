"""How division names compare, and how an old code is followed to today's."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.network.register.rules import (
    Change,
    Succession,
    ancestors,
    by_old_code,
    normalise_name,
    place_today,
    resolve,
    stem_of,
    tier_of,
)


def change(old: str, new: str, edition: int, *, reused: bool = False) -> Change:
    tier = tier_of(old)
    assert tier is not None
    return Change(
        old,
        f"旧{old}",
        tier,
        new,
        f"新{new}" if new else "",
        "recode" if new else "unknown",
        edition,
        None,
        date(edition, 10, 31),
        "edition",
        reused,
        "test",
        "",
    )


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("大庄村委会", "大庄"),
        ("大庄村村民委员会", "大庄"),
        ("格青牧委会", "格青"),
        ("德干村牧委会", "德干"),
        ("尕强村民委员会", "尕强"),
        ("杏园社区居民委员会", "杏园"),
        ("长江路居社区委会", "长江路"),
        ("兴业路社区委员会", "兴业路"),
        ("乐荣村（十村)委会", "乐荣村(十村)"),
        ("査玛村（二村）委会", "查玛村(二村)"),
        ("场部生活区", "场部"),
        ("社区居委会", "社区"),
        ("村委会", "村委会"),
        ("中村村委会", "中"),
        ("昆仑路街道办事处", "昆仑路街道"),
        ("火车西站办事处", "火车西站街道"),
        ("乐家湾镇政府", "乐家湾镇"),
        ("大柴旦行政委员会", "大柴旦行政委员会"),
    ],
)
def test_a_name_is_compared_without_what_varies_between_editions(name: str, bare: str) -> None:
    assert normalise_name(name) == bare


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("湟中县", "湟中"),
        ("湟中区", "湟中"),
        ("群加藏族乡", "群加"),
        ("大通回族土族自治县", "大通"),
        ("茫崖行政委员会", "茫崖"),
        ("碾伯街道", "碾伯"),
        ("海东市", "海东"),
        ("东乡族自治县", "东乡族自治县"),
    ],
)
def test_a_stem_is_the_name_without_its_class(name: str, stem: str) -> None:
    assert stem_of(name) == stem


@given(st.text(alphabet="大庄村社区居民委员会牧街道办事处镇乡县（）() 生活政府", min_size=1))
def test_a_name_that_says_something_is_never_made_empty(name: str) -> None:
    assert bool(normalise_name(name)) == bool(name.strip())
    assert bool(stem_of(name)) == bool(name.strip())


def test_a_code_is_of_the_tier_that_its_length_says() -> None:
    codes = ("63", "6301", "630102", "630102001", "630102001001", "630", "63010200", "63010a", "")
    assert [tier_of(code) for code in codes] == [
        "province",
        "prefecture",
        "county",
        "township",
        "village",
        None,
        None,
        None,
        None,
    ]


def test_ancestors_come_nearest_first() -> None:
    assert list(ancestors("441900003001")) == ["441900003", "441900", "4419", "44"]
    assert list(ancestors("63")) == []


def test_a_code_that_never_changed_is_its_own_answer() -> None:
    assert resolve("630102", {}) == ("630102",)
    assert place_today("630102", {}) == (("630102",), True)


def test_several_steps_splits_and_merges_end_at_todays_codes() -> None:
    succession = by_old_code(
        [
            change("630001", "630002", 2018),
            change("630002", "630003", 2019),
            change("630002", "630004", 2019),
            change("630004", "630003", 2021),
        ]
    )
    assert resolve("630001", succession) == ("630003",)
    assert resolve("630002", succession, recorded_in=2018) == ("630003",)


def test_two_units_that_changed_codes_are_told_apart_by_the_records_edition() -> None:
    succession = by_old_code(
        [
            change("630001", "630002", 2020, reused=True),
            change("630002", "630001", 2020, reused=True),
        ]
    )
    assert [resolve("630001", succession, year) for year in (2019, 2020, None)] == [
        ("630002",),
        ("630001",),
        ("630001",),
    ]


def test_an_old_code_written_down_late_still_means_its_unit() -> None:
    succession = by_old_code([change("630001", "630002", 2018)])
    assert resolve("630001", succession, recorded_in=2023) == ("630002",)


def test_a_unit_with_no_known_successor_stands_with_its_nearest_ancestor() -> None:
    succession = by_old_code(
        [
            change("630001001001", "630001001002", 2017),
            change("630001001002", "", 2018),
            change("630001001", "", 2019),
            change("630001", "630009", 2020),
        ]
    )
    assert resolve("630001001001", succession) == ()
    assert place_today("630001001001", succession) == (("630009",), False)


CODES = st.sampled_from([f"6300{n:02}" for n in range(8)])
CHANGES = st.lists(
    st.builds(
        lambda old, new, edition, reused: change(old, new, edition, reused=reused),
        CODES,
        st.one_of(CODES, st.just("")),
        st.integers(2015, 2023),
        st.booleans(),
    ),
    max_size=20,
)


@given(CHANGES, CODES, st.one_of(st.none(), st.integers(2014, 2024)))
def test_resolve_ends_on_any_data_with_known_codes_in_order(
    changes: list[Change], code: str, recorded_in: int | None
) -> None:
    succession = by_old_code(changes)
    found = resolve(code, succession, recorded_in)
    assert list(found) == sorted(set(found))
    assert set(found) <= {code} | {c.successor_code for c in changes if c.successor_code}


@given(CHANGES, CODES)
def test_the_order_of_the_rows_does_not_matter(changes: list[Change], code: str) -> None:
    backwards = by_old_code(reversed(changes))
    assert resolve(code, by_old_code(changes)) == resolve(code, backwards)


@st.composite
def histories(draw: st.DrawFn) -> Succession:
    """Codes that are never given twice: each step leads only to codes with a higher number."""
    changes: list[Change] = []
    for number in range(6):
        found = draw(st.sets(st.integers(number + 1, 9), max_size=2))
        changes.extend(
            change(f"6300{number:02}", f"6300{successor:02}", 2015 + number) for successor in found
        )
    return by_old_code(changes)


@given(histories(), st.integers(0, 9))
def test_where_no_code_is_given_twice_every_answer_is_final(
    succession: Succession, number: int
) -> None:
    code = f"6300{number:02}"
    found = resolve(code, succession)
    assert found != ()
    assert [resolve(today, succession) for today in found] == [(today,) for today in found]
    steps = {c.successor_code for c in succession.get(code, ())} or {code}
    assert set(found) == {today for step in steps for today in resolve(step, succession)}
    assert place_today(code, succession) == (found, True)
