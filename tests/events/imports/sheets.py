"""Workbooks of stations as an officer makes them, and the errors that are planted in one."""

import random
from typing import Any

from tests.support.workbooks import workbook

HEADINGS = (
    "行政区划代码",
    "阵地类型",
    "阵地名称",
    "牵头部门",
    "责任单位",
    "启用日期",
    "联系人",
    "联系电话",
)
WRONG = (
    ("A", 0, "630123999", "division-not-standing"),
    ("A", 0, "6301x", "division-code"),
    ("A", 0, "6.30123E+11", "digits-lost"),
    ("A", 0, "6321", "row-out-of-reach"),
    ("B", 1, "电影院", "enum"),
    ("C", 2, None, "missing-field"),
    ("F", 5, "2024-13-01", "cell-day"),
    ("H", 7, "一三八", "cell-phone"),
    ("D", 3, "科", "string-too-short"),
)


def row(number: int, code: str = "630123101", **over: object) -> list[object]:
    given = {
        "code": code,
        "kind": "科普站",
        "name": f"第{number}科普站",
        "lead": "县科协",
        "unit": "乡政府",
        "since": "2024-05-01",
        "contact": "才让卓玛",
        "phone": "13800000000",
    }
    return list((given | over).values())


def stations(rows: int, **over: object) -> bytes:
    return workbook(HEADINGS, [row(number, **over) for number in range(rows)])  # type: ignore[arg-type]


def planted(many: int, wrong: int) -> tuple[list[list[Any]], dict[str, str]]:
    """So many rows, and in `wrong` of them one bad cell: the rule that each of those breaks."""
    chance = random.Random(wrong)
    rows = [row(number) for number in range(many)]
    rules: dict[str, str] = {}
    for number, at in enumerate(chance.sample(range(many), wrong)):
        letter, column, value, rule = WRONG[number % len(WRONG)]
        rows[at][column] = value
        rules[f"{letter}{at + 2}"] = rule
    return rows, rules
