"""Deriving succession from editions: small provinces, each with one thing that goes wrong."""

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.events.network.register.checks import read_register
from services.events.network.register.derive import DATA, derive, main
from services.events.network.register.editions import (
    Dates,
    Exceptional,
    classify,
    read_edition,
    read_exceptions,
)
from services.events.network.register.matching import Edition, Match, match_editions

UPPER = {"63": "青海省", "6301": "西宁市", "630122": "湟中县"}
TOWN = {**UPPER, "630122100": "鲁沙尔镇"}


def edition(year: int, names: dict[str, str]) -> Edition:
    return Edition(year, date(year, 10, 31), names)


def matched(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, ...]]:
    matches = match_editions(edition(2019, before), edition(2020, after), {})
    return {match.old: match.successors for match in matches}


def test_a_recoded_county_takes_its_townships_and_villages_along() -> None:
    before = {**TOWN, "630122100200": "陈家滩村委会", "630122100201": "葛一村委会"}
    after = {
        "63": "青海省",
        "6301": "西宁市",
        "630106": "湟中区",
        "630106102": "鲁沙尔镇",
        "630106102200": "陈家滩村民委员会",
        "630106102201": "葛家寨一村委会",
    }
    assert matched(before, after) == {
        "630122": ("630106",),
        "630122100": ("630106102",),
        "630122100200": ("630106102200",),
        "630122100201": ("630106102201",),
    }


def test_a_name_that_repeats_proves_nothing() -> None:
    before = {**TOWN, "630122100200": "大庄村委会", "630122100201": "大庄村民委员会"}
    after = {**TOWN, "630122100202": "大庄牧委会", "630122100203": "大庄社区居委会"}
    matches = match_editions(edition(2019, before), edition(2020, after), {})
    why = "ambiguous: 2 ended and 2 began with this name in the province"
    assert matches == [
        Match("630122100200", (), "unmatched", why),
        Match("630122100201", (), "unmatched", why),
    ]


def test_the_full_name_decides_where_the_bare_name_repeats() -> None:
    before = {**TOWN, "630122100001": "大庄社区居委会", "630122100200": "大庄村委会"}
    after = {**TOWN, "630122100002": "大庄社区居委会", "630122100201": "大庄村委会"}
    assert matched(before, after) == {
        "630122100001": ("630122100002",),
        "630122100200": ("630122100201",),
    }


def test_a_village_that_changed_its_township_is_found_in_the_county() -> None:
    before = {**TOWN, "630122101": "西堡镇", "630122100200": "友谊村委会"}
    after = {**TOWN, "630122101": "西堡镇", "630122101200": "友谊村委会"}
    assert matched(before, after) == {"630122100200": ("630122101200",)}


def test_a_village_of_the_same_name_in_another_county_is_no_successor() -> None:
    before = {**TOWN, "630123": "湟源县", "630123100": "城关镇", "630122100200": "友谊村委会"}
    after = {**TOWN, "630123": "湟源县", "630123100": "城关镇", "630123100200": "友谊村委会"}
    assert matched(before, after) == {"630122100200": ()}


def test_a_divided_township_is_followed_by_where_its_villages_went() -> None:
    before = {**TOWN, "630122100200": "东村委会", "630122100201": "西岗村委会"}
    after = {
        **UPPER,
        "630122001": "鲁沙尔街道",
        "630122002": "西岗街道",
        "630122001200": "东村委会",
        "630122002200": "西岗村委会",
    }
    assert matched(before, after) == {
        "630122100": ("630122001", "630122002"),
        "630122100200": ("630122001200",),
        "630122100201": ("630122002200",),
    }


def test_a_dissolved_unit_follows_its_villages_only_when_half_of_them_are_found() -> None:
    before = {**TOWN, "630122400": "种羊场", "630122400500": "一队", "630122400501": "二队"}
    one_found = {**TOWN, "630122100500": "一队"}
    assert matched(before, one_found)["630122400"] == ("630122100",)
    three = {**before, "630122400502": "三队"}
    assert matched(three, one_found)["630122400"] == ()


def test_a_farm_left_with_one_new_community_went_into_it() -> None:
    farm = {**TOWN, "630122400": "种羊场"}
    before = {**farm, "630122400500": "一队", "630122400501": "二队"}
    assert matched(before, {**farm, "630122400001": "草原社区居委会"}) == {
        "630122400500": ("630122400001",),
        "630122400501": ("630122400001",),
    }
    # A village that goes on by its own name is no proof for its neighbour.
    assert matched(before, {**farm, "630122400001": "一队"}) == {
        "630122400500": ("630122400001",),
        "630122400501": (),
    }


def test_a_village_whose_name_a_neighbour_took_went_into_the_neighbour() -> None:
    before = {**TOWN, "630122100500": "窑沟口生活区", "630122100501": "乌兰生活区"}
    after = {**TOWN, "630122100500": "乌兰生活区"}
    assert matched(before, after) == {"630122100501": ("630122100500",)}


def test_the_kinds_of_change_are_told_apart() -> None:
    before = {
        **TOWN,
        "630122200": "群加乡",
        "630122400": "工业园",
        "630122100200": "东村委会",
        "630122400500": "西村委会",
        "630122400501": "南村委会",
    }
    after = {
        **TOWN,
        "630122201": "群加藏族乡",
        "630122100201": "东村民委员会",
        "630122100202": "西村委会",
    }
    changes = derive([edition(2020, after), edition(2019, before)], []).changes
    assert [(c.old_code, c.successor_code, c.kind) for c in changes] == [
        ("630122200", "630122201", "rename"),
        ("630122400", "630122100", "merge"),
        ("630122100200", "630122100201", "recode"),
        ("630122400500", "630122100202", "recode"),
        ("630122400501", "", "unknown"),
    ]


def test_a_change_is_dated_by_the_editions_unless_a_reviewed_row_knows_better() -> None:
    before = {**TOWN, "630122100200": "东村委会", "6301": "西宁市"}
    after = {"63": "青海省", "6301": "西宁市", "630106": "湟中区", "630106100": "鲁沙尔镇"}
    after["630106100200"] = "东村委会"
    plain = derive([edition(2019, before), edition(2020, after)], []).changes
    assert {(c.effective_after, c.effective_on, c.precision) for c in plain} == {
        (date(2019, 10, 31), date(2020, 10, 31), "edition")
    }
    approved = Exceptional(
        "630122", (), None, 2020, Dates(None, date(2019, 11, 30), "day"), "国函〔2019〕106号"
    )
    dated = derive([edition(2019, before), edition(2020, after)], [approved]).changes
    assert {(c.old_code, c.effective_on, c.precision) for c in dated} == {
        ("630122", date(2019, 11, 30), "day"),
        ("630122100", date(2019, 11, 30), "day"),
        ("630122100200", date(2019, 11, 30), "day"),
    }


def test_a_reviewed_row_separates_two_villages_that_changed_codes() -> None:
    before = {**TOWN, "630122100200": "安关雄哇村委会", "630122100201": "雄哇村委会"}
    after = {**TOWN, "630122100200": "雄哇村委会", "630122100201": "安关雄哇村委会"}
    editions = [edition(2019, before), edition(2020, after)]
    kept = derive(editions, [])
    assert kept.changes == []
    assert [(n.code, n.doubtful) for n in kept.former_names] == [
        ("630122100200", True),
        ("630122100201", True),
    ]
    reviewed = [
        Exceptional("630122100200", ("630122100201",), "recode", 2020, None, "swapped"),
        Exceptional("630122100201", ("630122100200",), "recode", 2020, None, "swapped"),
    ]
    swapped = derive(editions, reviewed)
    assert [(c.old_code, c.successor_code, c.reused) for c in swapped.changes] == [
        ("630122100200", "630122100201", True),
        ("630122100201", "630122100200", True),
    ]
    assert [(a.code, a.name, a.reused) for a in swapped.abolished] == [
        ("630122100200", "安关雄哇村委会", True),
        ("630122100201", "雄哇村委会", True),
    ]
    assert swapped.former_names == []


def test_a_kept_code_remembers_its_former_name() -> None:
    before = {**TOWN, "630122100200": "下若约村委会", "630122100201": "东村委会"}
    after = {**TOWN, "630122100200": "下若药村委会", "630122100201": "东村民委员会"}
    names = derive([edition(2019, before), edition(2020, after)], []).former_names
    assert [(n.code, n.old_name, n.only_spelling) for n in names] == [
        ("630122100200", "下若约村委会", False),
        ("630122100201", "东村委会", True),
    ]


@pytest.mark.parametrize(
    ("code", "name", "kind", "official"),
    [
        ("630122", "湟中县", "县", True),
        ("632858", "冷湖行政委员会", "行政委员会", False),
        ("630221", "平安区", "市辖区", True),
        ("632801", "格尔木市", "县级市", True),
        ("6321", "海东地区", "地区", True),
        ("630122001", "康川街道", "街道", True),
        ("630122100", "鲁沙尔镇", "镇", True),
        ("630122202", "汉东回族乡", "民族乡", True),
        ("630122203", "大才乡", "乡", True),
        ("630122400", "甘河工业园", "类似乡级单位", False),
        ("630122100001", "和平路社区", "居委会", True),
        ("630122100200", "东村委会", "村委会", True),
        ("630122400400", "场部", "类似居委会", False),
        ("630122400500", "一队", "类似村委会", False),
    ],
)
def test_a_former_unit_is_classed_by_the_bureaus_coding_rules(
    code: str, name: str, kind: str, official: bool
) -> None:
    assert classify(code, name) == (kind, official)


# -- The command ------------------------------------------------------------------------

EXCEPTIONS = (
    "old_code,new_codes,kind,edition,effective_after,effective_on,precision,reason,source\n"
)


def unpacked(folder: Path, year: int, names: dict[str, str]) -> Path:
    """A folder as `npm pack` and `tar` leave it."""
    dist = folder / str(year) / "package" / "dist"
    dist.mkdir(parents=True)
    (dist.parent / "README.md").write_text(
        f"[{year}年统计用区划代码和城乡划分代码（截止时间：{year}-10-31，发布时间：…）]", "utf-8"
    )
    tables = {2: "provinces", 4: "cities", 6: "areas", 9: "streets", 12: "villages"}
    for length, table in tables.items():
        rows = [f'{code},"{name}"' for code, name in names.items() if len(code) == length]
        (dist / f"{table}.csv").write_text("\n".join(["code,name", *rows]), "utf-8")
    return dist.parent.parent


def test_a_citys_own_placeholder_county_is_not_read_as_a_unit(tmp_path: Path) -> None:
    names = {"44": "广东省", "4419": "东莞市", "441900": "东莞市", "441900003": "东城街道"}
    read = read_edition(unpacked(tmp_path, 2023, {**names, "63": "青海省"}), "44")
    assert read == Edition(
        2023, date(2023, 10, 31), {"44": "广东省", "4419": "东莞市", "441900003": "东城街道"}
    )


def test_the_command_writes_a_register_that_reads_and_tells_its_figures(tmp_path: Path) -> None:
    old = unpacked(tmp_path, 2019, {**TOWN, "630122100200": "东村委会", "630122100201": "西村委会"})
    new = unpacked(tmp_path, 2020, {**TOWN, "630122100202": "东村委会"})
    exceptions = tmp_path / "exceptions.csv"
    exceptions.write_text(EXCEPTIONS, "utf-8")
    out = tmp_path / "register"
    out.mkdir()
    (out / "divisions-2020.csv").write_text(
        "code,name,short_name,tier,kind,parent,official,mca_code,mca_code_system\n"
        "63,青海省,青海省,province,省,,1,,\n"
        "6301,西宁市,西宁市,prefecture,地级市,63,1,,\n"
        "630122,湟中县,湟中县,county,县,6301,1,,\n"
        "630122100,鲁沙尔镇,鲁沙尔镇,township,镇,630122,1,,\n"
        "630122100202,东村委会,东,village,村委会,630122100,1,,\n",
        "utf-8",
    )
    result = CliRunner().invoke(
        main, [str(old), str(new), "--exceptions", str(exceptions), "--out", str(out)]
    )
    assert (result.exit_code, result.exception) == (0, None)
    figures = result.output.splitlines()
    assert "  village    matched     1   unmatched   1" in figures
    assert figures[-1] == (
        "  2020  630122100201 西村委会: no unit of this name began in this edition"
    )
    register = read_register(out)
    assert [(c.old_code, c.successor_code) for c in register.changes] == [
        ("630122100200", "630122100202"),
        ("630122100201", ""),
    ]


def test_a_reviewed_row_that_fits_no_edition_is_refused(tmp_path: Path) -> None:
    folders = [str(unpacked(tmp_path, year, TOWN)) for year in (2019, 2020)]
    exceptions = tmp_path / "exceptions.csv"
    for row, message in (
        ("630122,630106,rename,2021,,,,x,y", "no step to edition 2021"),
        ("630122,630106,rename,2020,,,,x,y", "exception 630122 → 630106: not in its two editions"),
    ):
        exceptions.write_text(EXCEPTIONS + row + "\n", "utf-8")
        result = CliRunner().invoke(
            main, [*folders, "--exceptions", str(exceptions), "--out", str(tmp_path)]
        )
        assert result.exit_code == 1
        assert message in result.output


def test_every_reviewed_row_of_the_package_says_why() -> None:
    rows = read_exceptions(DATA / "succession-exceptions.csv")
    assert [row for row in rows if row.reason.startswith(" [") or row.reason.endswith("[]")] == []
