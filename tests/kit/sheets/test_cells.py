"""A cell as people type it, and the value that it means or the rule that it breaks."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.sheets.cells import Unusable, Wrong
from services.kit.sheets.formulas import acts, shield, unshield
from services.kit.sheets.readers import reader
from tests.kit.sheets.declared import SHEET

NINE = datetime(2026, 9, 18, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "cell", "value"),
    [
        ("name", "  牧场 ", "牧场"),
        ("name", 12.0, "12"),
        ("code", 630102001001.0, "630102001001"),
        ("code", "０１２３", "0123"),
        ("code", "007", "007"),
        ("division_code", 630102000000, "630102"),
        ("division_code", "６３０１", "6301"),
        ("day", datetime(2026, 9, 18), date(2026, 9, 18)),
        ("day", 46283.0, date(2026, 9, 18)),
        ("day", 20260918, date(2026, 9, 18)),
        ("day", "2026.9.18", date(2026, 9, 18)),
        ("day", "2026年9月18日", date(2026, 9, 18)),
        ("day", "２０２６／９／１８", date(2026, 9, 18)),
        ("day", "2026-09-18 09:30", date(2026, 9, 18)),
        ("at", "2026-09-18 09:30", NINE),
        ("at", "2026/9/18 9:30:00", NINE),
        ("at", "2026年9月18日9时30分", NINE),
        ("at", "2026-09-18T01:30:00Z", NINE),
        ("at", 46283.395833333336, NINE),
        ("people", "１２", 12),
        ("people", "1,000", 1000),
        ("people", 3.0, 3),
        ("height", "-3.5", -3.5),
        ("open", "是", True),
        ("open", "NO", False),
        ("open", False, False),
        ("kind", "ས་ཚིགས", "station"),
        ("kind", "Science Station", "station"),
        ("kind", "venue", "venue"),
        ("tongues", "汉语，藏语、汉语", ["zh", "bo"]),
        ("phone", "+86 138-0000-0000", "13800000000"),
        ("phone", 13800000000.0, "13800000000"),
    ],
)
def test_what_people_type_is_understood(key: str, cell: Any, value: Any) -> None:
    assert reader(SHEET.column(key))(cell) == value


@pytest.mark.parametrize(
    ("key", "cell", "rule"),
    [
        ("name", "x" * 21, "string-too-long"),
        ("name", "a\0b", "cell-characters"),
        ("name", Unusable("#N/A", "cell-error"), "cell-error"),
        ("code", "6.30102E+11", "digits-lost"),
        ("code", 632123199001011000.0, "digits-lost"),
        ("division_code", "63010", "division-code"),
        ("division_code", "6.30102E+11", "digits-lost"),
        ("day", "18/9/2026", "cell-day"),
        ("day", "2026-02-30", "cell-day"),
        ("day", 3.0, "cell-day"),
        ("day", True, "cell-day"),
        ("at", "2026-09-18 25:00", "cell-time"),
        ("people", 2.5, "int-parsing"),
        ("people", "七", "int-parsing"),
        ("people", 1001, "less-than-equal"),
        ("people", "1e400", "int-parsing"),
        ("height", "nan", "float-parsing"),
        ("height", True, "float-parsing"),
        ("open", "也许", "cell-yes-no"),
        ("kind", "馆", "enum"),
        ("tongues", "汉语、英语", "enum"),
        ("person", "张**", "cell-masked"),
        ("phone", "138****0000", "cell-phone"),
    ],
)
def test_what_breaks_a_rule_names_it(key: str, cell: Any, rule: str) -> None:
    with pytest.raises(Wrong) as wrong:
        reader(SHEET.column(key))(cell)
    assert wrong.value.rule == rule


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n ＝a1"), max_size=6) | st.text())
def test_a_shielded_text_never_acts_and_comes_back_letter_by_letter(text: str) -> None:
    assert unshield(shield(text)) == text
    assert not shield(text).lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert shield(text)[:1] not in ("\t", "\r", "\n")
    assert acts(shield(text)) is acts(text)
