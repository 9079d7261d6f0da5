"""The register of Qinghai: what its files hold, and the changes that people will look for."""

from collections import Counter
from datetime import date

import pytest

from services.events.network.register.checks import Register, contradictions, read_register
from services.events.network.register.files import (
    read_county_points,
    read_county_seats,
    read_township_points,
)
from services.events.network.register.rules import Succession, place_today, resolve


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register()


@pytest.fixture(scope="module")
def succession(register: Register) -> Succession:
    return register.succession()


@pytest.fixture(scope="module")
def names(register: Register) -> dict[str, str]:
    return {division.code: division.name for division in register.divisions}


def test_the_province_has_five_tiers_of_known_size(register: Register) -> None:
    assert Counter(division.tier for division in register.divisions) == {
        "province": 1,
        "prefecture": 8,
        "county": 45,
        "township": 422,
        "village": 4716,
    }
    assert register.edition == 2023


def test_quasi_units_are_told_from_formal_ones(register: Register) -> None:
    quasi = Counter(d.tier for d in register.divisions if not d.official)
    assert quasi == {"county": 1, "township": 18, "village": 35}


def test_a_parent_is_the_code_without_its_last_part(register: Register) -> None:
    length_above = {2: 0, 4: 2, 6: 4, 9: 6, 12: 9}
    assert [d for d in register.divisions if d.parent != d.code[: length_above[len(d.code)]]] == []


def test_the_ministrys_codes_name_their_system_and_are_not_ours(register: Register) -> None:
    ours = {d.name: d for d in register.divisions if d.code.startswith("630202") if d.mca_code}
    assert (ours["雨润镇"].code, ours["高庙镇"].mca_code) == ("630202101", "630202101")
    assert {d.mca_code_system for d in register.divisions if d.mca_code} == {"MCA-2026"}


def test_the_files_do_not_contradict_one_another(register: Register) -> None:
    assert list(contradictions(register)) == []


def test_only_the_codes_marked_as_reused_are_old_and_living(
    register: Register, names: dict[str, str]
) -> None:
    reused = {change.old_code for change in register.changes if change.old_code in names}
    assert reused == {"630224204200", "630224204207", "632723104207", "632723104208"}
    assert {c.old_code for c in register.changes if c.reused} == reused


def test_every_old_code_resolves_to_living_codes_or_is_said_to_be_unknown(
    register: Register, succession: Succession, names: dict[str, str]
) -> None:
    ended = {c.old_code for c in register.changes if not c.reused}
    lost = {code for code in ended if not resolve(code, succession)}
    living = {today for code in ended for today in resolve(code, succession)}
    assert living - names.keys() == set()
    # 47 ended with nothing known, and 3 more led only to one of those.
    assert (len(ended), len(lost)) == (809, 50)


def test_every_old_code_has_a_place_on_todays_map(
    register: Register, succession: Succession, names: dict[str, str]
) -> None:
    places = [place_today(gone.code, succession) for gone in register.abolished]
    assert [place for place in places if not place.codes] == []
    assert {code for place in places for code in place.codes} - names.keys() == set()


def test_nothing_is_claimed_to_have_ended_without_a_successor(register: Register) -> None:
    assert [c for c in register.changes if c.kind == "abolish"] == []
    unknown = [c for c in register.changes if c.kind == "unknown"]
    assert Counter(c.tier for c in unknown) == {"township": 2, "village": 45}
    assert {(c.successor_code, c.basis) for c in unknown} == {("", "unmatched")}


@pytest.mark.parametrize(
    ("old", "new", "townships", "villages"),
    [("630122", "630106", 17, 397), ("632321", "632301", 11, 82)],
)
def test_a_county_was_recoded_with_everything_below_it(
    register: Register, old: str, new: str, townships: int, villages: int
) -> None:
    county = [c for c in register.changes if c.old_code == old]
    assert [(c.successor_code, c.kind, c.precision) for c in county] == [(new, "rename", "month")]
    below = [
        c
        for c in register.changes
        if c.old_code.startswith(old) and c.edition == county[0].edition and c.tier != "county"
    ]
    assert Counter(c.tier for c in below) == {"township": townships, "village": villages}
    assert [c for c in below if not c.successor_code.startswith(new)] == []
    assert {(c.effective_after, c.effective_on) for c in below} == {
        (county[0].effective_after, county[0].effective_on)
    }


def test_huangzhong_changed_in_november_2019(register: Register) -> None:
    change = next(c for c in register.changes if c.old_code == "630122")
    assert (change.old_name, change.successor_name) == ("湟中县", "湟中区")
    assert (change.effective_after, change.effective_on) == (date(2019, 10, 31), date(2019, 11, 30))


@pytest.mark.parametrize(
    ("old_name", "code", "today"),
    [
        ("冷湖行政委员会", "632858", ["茫崖市"]),
        ("茫崖行政委员会", "632859", ["茫崖市"]),
        ("冷湖镇", "632858100", ["冷湖镇"]),
        ("碾伯镇", "630202100", ["碾伯街道", "岗沟街道"]),
        ("平安镇", "630203100", ["平安街道"]),
        ("小峡镇", "630203101", ["小峡街道"]),
        ("高寨镇", "630223102", ["高寨街道"]),
        ("宁秀乡", "632323200", ["宁秀镇"]),
        ("群加乡", "630122200", ["群加藏族乡"]),
        ("康川街道", "630122001", ["康川街道"]),
        ("班麻坡村委会", "630122102201", ["班麻坡村委会"]),
        ("团结村村民委员会", "630102101208", ["团结村村民委员会"]),
        ("湖东种羊场", "632521401", []),
    ],
)
def test_an_old_code_answers_with_its_old_name_and_todays_units(
    register: Register,
    succession: Succession,
    names: dict[str, str],
    old_name: str,
    code: str,
    today: list[str],
) -> None:
    assert [gone.name for gone in register.abolished if gone.code == code] == [old_name]
    assert [names[found] for found in resolve(code, succession)] == today


def test_a_chain_of_changes_is_followed_to_its_end(succession: Succession) -> None:
    assert succession["630122001"][0].successor_code == "630106001"
    assert resolve("630122001", succession) == ("630106401",)
    assert resolve("630102101208", succession) == ("630102006201",)


def test_a_village_that_is_lost_from_sight_stands_with_its_township(succession: Succession) -> None:
    assert resolve("630122001200", succession) == ()
    assert place_today("630122001200", succession) == (("630106401",), False)


def test_a_reused_code_means_the_old_unit_only_for_old_records(succession: Succession) -> None:
    assert resolve("632723104207", succession) == ("632723104207",)
    assert resolve("632723104207", succession, recorded_in=2022) == ("632723104208",)
    assert resolve("632723104207", succession, recorded_in=2023) == ("632723104207",)


def test_a_name_changed_under_a_kept_code_is_remembered(register: Register) -> None:
    assert [
        (n.old_name, n.new_name, n.edition) for n in register.former_names if n.code == "630224209"
    ] == [("阿什奴乡", "阿什努乡", 2022)]


def test_points_stand_for_divisions_of_their_tier_and_name(names: dict[str, str]) -> None:
    for points, tier_length, count in (
        (read_county_points(), 6, 45),
        (read_county_seats(), 6, 45),
        (read_township_points(), 9, 226),
    ):
        assert len(points) == count
        assert {len(point.code) for point in points} == {tier_length}
        assert [point for point in points if names[point.code] != point.name] == []
        # The province's own bounds: a swapped pair of degrees falls outside.
        outside = [p for p in points if not (89 < p.longitude < 104 and 31 < p.latitude < 40)]
        assert outside == []
