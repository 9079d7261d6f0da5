"""Another province's register: read from a folder, and refused row by row when it is broken."""

from pathlib import Path

import pytest

from services.events.network.register.checks import read_register
from services.events.network.register.files import (
    edition_in_force,
    read_county_points,
    read_divisions,
    read_succession,
    read_township_points,
)
from services.events.network.register.lines import BadRegister

DIVISIONS = "code,name,short_name,tier,kind,parent,official,mca_code,mca_code_system\n"
SUCCESSION = (
    "old_code,old_name,tier,successor_code,successor_name,kind,edition,effective_after,"
    "effective_on,precision,reused,basis,note\n"
)
ABOLISHED = (
    "code,name,tier,kind,parent,official,last_edition,abolished_after,abolished_on,precision,"
    "reused\n"
)
FORMER_NAMES = "code,tier,old_name,new_name,edition,only_spelling,doubtful\n"

GUANGDONG = """\
44,广东省,广东省,province,省,,1,,
4419,东莞市,东莞市,prefecture,地级市,44,1,,
441900003,东城街道,东城街道,township,街道,4419,1,,
441900003001,岗贝社区居委会,岗贝社区,village,居委会,441900003,1,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The smallest register that reads: a city without counties."""
    (tmp_path / "divisions-2023.csv").write_text(DIVISIONS + GUANGDONG, "utf-8")
    (tmp_path / "succession.csv").write_text(SUCCESSION, "utf-8")
    (tmp_path / "abolished.csv").write_text(ABOLISHED, "utf-8")
    (tmp_path / "former-names.csv").write_text(FORMER_NAMES, "utf-8")
    return tmp_path


def faults_of(error: pytest.ExceptionInfo[BadRegister]) -> list[tuple[int, str, str, str]]:
    return [(fault.row, fault.column, fault.value, fault.rule) for fault in error.value.faults]


def test_a_city_without_counties_is_a_register(folder: Path) -> None:
    register = read_register(folder)
    assert [(d.code, d.tier, d.parent) for d in register.divisions] == [
        ("44", "province", ""),
        ("4419", "prefecture", "44"),
        ("441900003", "township", "4419"),
        ("441900003001", "village", "441900003"),
    ]
    assert (read_county_points(folder), read_township_points(folder)) == ((), ())


def test_the_newest_edition_in_the_folder_is_in_force(folder: Path) -> None:
    (folder / "divisions-2024.csv").write_text(DIVISIONS + "44,粤,粤,province,省,,1,,\n", "utf-8")
    assert edition_in_force(folder) == 2024
    assert [d.name for d in read_divisions(folder)] == ["粤"]


def test_a_folder_without_divisions_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no divisions-YYYY\.csv"):
        read_divisions(tmp_path)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            "4419,东莞市,东莞市,prefecture,地级市,44,1,,",
            (6, "code", "4419", "stands already in row 3"),
        ),
        (
            "440100,广州,广州,prefecture,地级市,44,1,,",
            (6, "tier", "prefecture", "a code of 6 digits is a county"),
        ),
        (
            "4420000,中山市,中山市,prefecture,地级市,44,1,,",
            (6, "code", "4420000", "a code has 2, 4, 6, 9 or 12 digits, not padded"),
        ),
        (
            "441900004,南城街道,南城街道,township,街道,441900,1,,",
            (6, "parent", "441900", "there is no such division in the file"),
        ),
        (
            "441900004,南城街道,南城街道,township,街道,44,1,,",
            (6, "parent", "44", "the nearest division above in the file is 4419"),
        ),
        (
            "441900004,南城街道,南城街道,township,街道,,1,,",
            (6, "parent", "", "must not be empty"),
        ),
        (
            "4420,,中山市,prefecture,地级市,44,1,,",
            (6, "name", "", "must not be empty"),
        ),
        (
            "4420,中山市,中山市,prefecture,地级市,44,yes,,",
            (6, "official", "yes", "must be one of 0, 1"),
        ),
        (
            "441900004,南城街道,南城街道,township,街道,4419,1,441900004,",
            (6, "mca_code_system", "", "must not be empty"),
        ),
    ],
)
def test_a_bad_division_is_named_by_row_column_value_and_rule(
    folder: Path, row: str, fault: tuple[int, str, str, str]
) -> None:
    (folder / "divisions-2023.csv").write_text(f"{DIVISIONS}{GUANGDONG}{row}\n", "utf-8")
    with pytest.raises(BadRegister) as error:
        read_divisions(folder)
    assert fault in faults_of(error)
    assert {row for row, *_ in faults_of(error)} == {6}


def test_all_bad_rows_are_told_at_once_and_the_message_shows_ten(folder: Path) -> None:
    rows = "".join(f"44{n},城,城,prefecture,地级市,44,2,,\n" for n in range(20, 35))
    (folder / "divisions-2023.csv").write_text(f"{DIVISIONS}{GUANGDONG}{rows}", "utf-8")
    with pytest.raises(BadRegister) as error:
        read_divisions(folder)
    assert len(error.value.faults) == 15
    lines = str(error.value).splitlines()
    assert lines[0] == "divisions-2023.csv row 6, official '2': must be one of 0, 1"
    assert (len(lines), lines[-1]) == (11, "… and 5 more")


def test_a_missing_column_is_named(folder: Path) -> None:
    (folder / "divisions-2023.csv").write_text("code,name\n44,广东省\n", "utf-8")
    with pytest.raises(BadRegister) as error:
        read_divisions(folder)
    assert [fault[1] for fault in faults_of(error)] == [
        "short_name",
        "tier",
        "kind",
        "parent",
        "official",
        "mca_code",
        "mca_code_system",
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            "441900009,旧镇,township,441900003,东城街道,moved,2020,,2020-06-30,edition,0,x,",
            (2, "kind", "moved", "must be one of recode, rename, merge, split, abolish, unknown"),
        ),
        (
            "441900009,旧镇,township,441900003,东城街道,abolish,2020,,2020-06-30,edition,0,x,",
            (2, "successor_code", "441900003", "kind abolish has no successor"),
        ),
        (
            "441900009,旧镇,township,4419,东莞市,merge,2020,,2020-06-30,edition,0,x,",
            (2, "successor_code", "4419", "a successor stands at the tier of its predecessor"),
        ),
        (
            "441900009,旧镇,township,441900009,新镇,rename,2020,,2020-06-30,edition,0,x,",
            (
                2,
                "successor_code",
                "441900009",
                "a code that was kept is no change: see former-names.csv",
            ),
        ),
        (
            "441900009,旧镇,township,441900003,东城街道,merge,2020,,30.6.2020,edition,0,x,",
            (2, "effective_on", "30.6.2020", "must be a day, YYYY-MM-DD"),
        ),
        (
            "441900009,旧镇,township,441900003,东城街道,merge,2020,2020-07-01,2020-06-30,edition,0,x,",
            (2, "effective_after", "2020-07-01", "must be before effective_on"),
        ),
    ],
)
def test_a_bad_change_is_named_by_row_column_value_and_rule(
    folder: Path, row: str, fault: tuple[int, str, str, str]
) -> None:
    (folder / "succession.csv").write_text(f"{SUCCESSION}{row}\n", "utf-8")
    with pytest.raises(BadRegister) as error:
        read_succession(folder)
    assert faults_of(error) == [fault]


@pytest.mark.parametrize(
    ("change", "gone", "fault"),
    [
        (
            "441900009,旧镇,township,441900008,新镇,recode,2020,,2020-06-30,edition,0,x,",
            "441900009,旧镇,township,镇,4419,1,2019,,2020-06-30,edition,0",
            (2, "successor_code", "441900008", "neither stands today nor has a successor"),
        ),
        (
            "441900009,旧镇,township,441900003,东城街道,merge,2020,,2020-06-30,edition,0,x,",
            "",
            (2, "old_code", "441900009", "has no row in abolished.csv"),
        ),
        (
            "",
            "441900009,旧镇,township,镇,4419,1,2019,,2020-06-30,edition,0",
            (2, "code", "441900009", "has no row in succession.csv"),
        ),
        (
            "441900009,旧镇,township,441900003,东城街道,merge,2020,,2020-06-30,edition,1,x,",
            "441900009,旧镇,township,镇,4419,1,2019,,2020-06-30,edition,1",
            (2, "reused", "1", "1 when the code stands in the register in force, and only then"),
        ),
        (
            "441900009,旧镇,township,441900003,东城街道,merge,2024,,2024-06-30,edition,0,x,",
            "441900009,旧镇,township,镇,4419,1,2023,,2024-06-30,edition,0",
            (2, "edition", "2024", "later than the register in force"),
        ),
    ],
)
def test_files_that_contradict_one_another_are_refused(
    folder: Path, change: str, gone: str, fault: tuple[int, str, str, str]
) -> None:
    (folder / "succession.csv").write_text(f"{SUCCESSION}{change}\n", "utf-8")
    (folder / "abolished.csv").write_text(f"{ABOLISHED}{gone}\n", "utf-8")
    with pytest.raises(BadRegister) as error:
        read_register(folder)
    assert faults_of(error) == [fault]


def test_a_point_off_the_globe_is_refused(folder: Path) -> None:
    (folder / "township-points.csv").write_text(
        "code,name,longitude,latitude,source\n441900003,东城街道,23.0,113.8,测\n", "utf-8"
    )
    with pytest.raises(BadRegister) as error:
        read_township_points(folder)
    assert faults_of(error) == [(2, "latitude", "113.8", "must be degrees between -90 and 90")]
