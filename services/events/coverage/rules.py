"""What there is to have, and how even it is: pure."""

from collections.abc import Sequence
from enum import StrEnum

from services.kit.divisions import Tier, tier_of
from services.kit.problems import broken

TIERS = tuple(Tier)


class Have(StrEnum):
    """The plan's four haves; and the 科普活动场所 that every county needs at least one of."""

    INSTITUTION = "institution"  # 机构: an open station
    PEOPLE = "people"  # 人员: a post that somebody holds
    LEAD_DEPARTMENT = "lead_department"  # 牵头部门, named at an open station
    RESPONSIBLE_UNIT = "responsible_unit"  # 责任单位, named at an open station
    VENUE = "venue"  # 科普活动场所 anywhere in the county


FOUR = (Have.INSTITUTION, Have.PEOPLE, Have.LEAD_DEPARTMENT, Have.RESPONSIBLE_UNIT)


class Area(StrEnum):
    """What kind of place a division is, as far as its kind in the register tells."""

    RURAL = "rural"  # 农牧区: 村委会, 乡, 民族乡
    TOWN = "town"  # 城镇: 居委会, 街道
    MIXED = "mixed"  # 镇, and everything above townships


KINDS_OF_AREA: dict[Area, tuple[str, ...]] = {
    Area.RURAL: ("村委会", "类似村委会", "乡", "民族乡"),
    Area.TOWN: ("居委会", "类似居委会", "街道"),
}


class Touch(StrEnum):
    """What a village may have been without."""

    ACTIVITY = "activity"
    LECTURE = "lecture"


def asked_tier(code: str, have: Have, tier: Tier) -> None:
    """Raise BrokenRule for a tier above `code`, or one where `have` is not counted."""
    if TIERS.index(tier) < TIERS.index(tier_of(code)):
        raise broken("/tier", "tier-above-division", tier=tier_of(code).value)
    if have is Have.VENUE and tier is not Tier.COUNTY:
        raise broken("/tier", "venue-is-by-county")


def gini(values: Sequence[float], weights: Sequence[float]) -> float | None:
    """How unevenly `values` (per head) lie over people (`weights`): 0 even, towards 1 one has all.

    The mean absolute difference between two people over twice the mean; None when nobody has
    anything, since there is nothing to be uneven.

    >>> gini([1, 1], [5, 2]), gini([0, 4], [1, 1])
    (0.0, 0.5)
    """
    pairs = sorted(zip(values, weights, strict=True))
    people = sum(weights)
    total = sum(value * weight for value, weight in pairs)
    if not total:
        return None
    below = under_curve = 0.0
    for value, weight in pairs:
        upto = below + value * weight
        under_curve += weight * (below + upto)
        below = upto
    return max(0.0, 1 - under_curve / (people * total))


def first_of_months(year: int, month: int, months: int) -> tuple[int, int]:
    """The year and month that begin a span of `months`, this one the last of them.

    >>> first_of_months(2026, 2, 3)
    (2025, 12)
    """
    years, index = divmod(year * 12 + month - months, 12)
    return years, index + 1
