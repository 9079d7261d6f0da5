"""What a division code means, how names compare, and what became of a code that is no more."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple

Tier = Literal["province", "prefecture", "county", "township", "village"]
ChangeKind = Literal["recode", "rename", "merge", "split", "abolish", "unknown"]
Precision = Literal["day", "month", "edition"]

TIER_BY_LENGTH: Mapping[int, Tier] = {
    2: "province",
    4: "prefecture",
    6: "county",
    9: "township",
    12: "village",
}
CHANGE_KINDS: tuple[ChangeKind, ...] = (
    "recode",  # the code changed, the name did not
    "rename",  # the name changed, and the code with it
    "merge",  # went into a unit that others share
    "split",  # went into several units
    "abolish",  # ended with no successor: a claim, made only by a reviewed row
    "unknown",  # gone from the register, and nothing says where to
)
PRECISIONS: tuple[Precision, ...] = ("day", "month", "edition")


class Division(NamedTuple):
    """One row of the register in force; codes are unpadded (2, 4, 6, 9 or 12 digits)."""

    code: str
    name: str
    short_name: str
    tier: Tier
    kind: str
    parent: str
    official: bool
    mca_code: str
    mca_code_system: str


class Change(NamedTuple):
    """One old code and one unit that follows it; `successor_code` is empty when none is known.

    The change happened after `effective_after` (None: on the day) and no later than `effective_on`;
    `edition` is the first edition that shows it. `reused`: the code lives on with another meaning.
    """

    old_code: str
    old_name: str
    tier: Tier
    successor_code: str
    successor_name: str
    kind: ChangeKind
    edition: int
    effective_after: date | None
    effective_on: date
    precision: Precision
    reused: bool
    basis: str
    note: str


class Abolished(NamedTuple):
    """A division that the register in force no longer has, as it last stood."""

    code: str
    name: str
    tier: Tier
    kind: str
    parent: str
    official: bool
    last_edition: int
    abolished_after: date | None
    abolished_on: date
    precision: Precision
    reused: bool


class FormerName(NamedTuple):
    """A name that a division bore under a code it kept; `edition` is the first with the new name.

    `only_spelling`: the committee word, a bracket or a variant character changed, not the name.
    `doubtful`: the new name had been a neighbour's, so the code may have changed hands instead.
    """

    code: str
    tier: Tier
    old_name: str
    new_name: str
    edition: int
    only_spelling: bool
    doubtful: bool


class Point(NamedTuple):
    """A place on the map for a division, WGS-84 degrees."""

    code: str
    name: str
    longitude: float
    latitude: float
    source: str


class Place(NamedTuple):
    """Where a record made at an old code stands today; not `exact` when an ancestor stands in."""

    codes: tuple[str, ...]
    exact: bool


Succession = Mapping[str, tuple[Change, ...]]


def tier_of(code: str) -> Tier | None:
    """The tier that a code's length says, or None when it is no division code."""
    return TIER_BY_LENGTH.get(len(code)) if code.isascii() and code.isdigit() else None


def ancestors(code: str) -> Iterator[str]:
    """Possible ancestor codes, nearest first; some may not exist (4419-style cities)."""
    for length in sorted(TIER_BY_LENGTH, reverse=True):
        if length < len(code):
            yield code[:length]


# -- Names ------------------------------------------------------------------------------

# Variant characters that the yearly editions use for one another.
_VARIANTS = str.maketrans({"査": "查", "—": "-", "－": "-"})
_COMMITTEE = re.compile(
    r"(居民委员会|居委会|居社区委会"
    r"|村民委员会|村民委会|村牧委会|村委会|牧民委员会|牧委会|委员会|委会)$"
)
_SETTLEMENT = re.compile(r"(生活区|社区|村)$")
_OFFICE = (
    (re.compile(r"(?<!街道)办事处$"), "街道"),
    (re.compile(r"(?<=街道)办事处$"), ""),
    (re.compile(r"(?<=[镇乡])政府$"), ""),
)
_NATIONS = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西"
    "|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂"
    "|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|各"
)
_UNIT = re.compile(
    rf"(?:(?:{_NATIONS})族)*(?:行政委员会|自治州|自治县|自治旗|地区|街道|林区|特区|苏木|县|市|区|旗|盟|州|镇|乡)$"
)


def normalise_name(name: str) -> str:
    """A division's name without what varies between editions: 大庄村委会, 大庄村民委员会 → 大庄.

    Brackets are made half-width, the committee word, one 村/社区/生活区 and 办事处 go. Never empty:
    社区居委会, a real name, stays 社区.
    """
    text = unicodedata.normalize("NFKC", name).translate(_VARIANTS)
    text = "".join(text.split())
    for office, replacement in _OFFICE:
        text = office.sub(replacement, text)
    if not text.endswith("行政委员会"):
        text = _COMMITTEE.sub("", text) or text
    return _SETTLEMENT.sub("", text) or text


def stem_of(name: str) -> str:
    """A name of the upper tiers without its class: 群加乡, 群加藏族乡 → 群加; 湟中区 → 湟中."""
    text = normalise_name(name)
    return _UNIT.sub("", text) or text


# -- Succession -------------------------------------------------------------------------


def by_old_code(changes: Iterable[Change]) -> Succession:
    """The changes under each old code, earliest first: what `resolve` reads."""
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.old_code].append(change)
    return {
        code: tuple(sorted(rows, key=lambda c: (c.edition, c.successor_code, c.reused)))
        for code, rows in found.items()
    }


def resolve(code: str, succession: Succession, recorded_in: int | None = None) -> tuple[str, ...]:
    """Today's codes for a code, through every step, in order of code; () when none is known.

    A code that never changed is its own answer. `recorded_in` is the edition that the code was
    read in: it matters for the few codes that were given to another unit later (`reused`); left
    out, a code has its latest meaning. Each step goes to a later edition, so a circle in the
    data cannot hold it.
    """
    ends = _ends(code, succession, _start(code, succession, recorded_in))
    return tuple(sorted({end.code for end in ends if end.living}))


def place_today(code: str, succession: Succession, recorded_in: int | None = None) -> Place:
    """Where a record made at `code` belongs on today's map, never nowhere.

    A step that ends with no known successor is answered by the nearest ancestor that has one.
    """
    codes: set[str] = set()
    exact = True
    for end in _ends(code, succession, _start(code, succession, recorded_in)):
        if end.living:
            codes.add(end.code)
            continue
        exact = False
        for ancestor in ancestors(end.code):
            # The ancestor as it stood in the last edition that still had the unit.
            if found := resolve(ancestor, succession, end.edition - 1):
                codes.update(found)
                break
    return Place(tuple(sorted(codes)), exact)


class _End(NamedTuple):
    code: str
    edition: int
    living: bool


def _start(code: str, succession: Succession, recorded_in: int | None) -> int:
    """The edition to read from: the latest in which the code had a meaning, or one before it."""
    changes = succession.get(code, ())
    if not changes:
        return 0
    last = changes[-1]
    latest = last.edition if last.reused else last.edition - 1
    # Old codes are written down for years after they ended: a later edition changes nothing.
    return latest if recorded_in is None else min(recorded_in, latest)


def _ends(code: str, succession: Succession, since: int) -> Iterator[_End]:
    later = [change for change in succession.get(code, ()) if change.edition > since]
    if not later:
        yield _End(code, since, living=True)
        return
    edition = later[0].edition
    for change in later:
        if change.edition != edition:
            break
        if change.successor_code:
            yield from _ends(change.successor_code, succession, edition)
        else:
            yield _End(code, edition, living=False)
