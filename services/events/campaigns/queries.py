"""Reads of campaigns: public and hot."""

from functools import cache
from typing import Any
from uuid import UUID

from services.kit.divisions import upper
from services.kit.hot import HotList, HotRow

_MAX_AGE = 60
_FIRST = ("9999", UUID(int=2**128 - 1))
_SELECT = """SELECT c.id, c.name, c.theme, c.starts_on, c.ends_on, c.place, c.division_code,
    d.name AS division_name, c.reported, c.source
    FROM campaigns c LEFT JOIN divisions d ON d.code = c.division_code"""

CAMPAIGN = HotRow(f"{_SELECT} WHERE c.id = $1", max_age=_MAX_AGE)


@cache
def _campaigns(*conditions: str) -> HotList:
    where = " AND ".join(["(c.starts_on, c.id) < ($2, $3::uuid)", *conditions])
    return HotList(
        f"{_SELECT} WHERE {where} ORDER BY c.starts_on DESC, c.id DESC LIMIT $1 + 1",
        key=("starts_on", "id"),
        max_age=_MAX_AGE,
    )


def campaigns(
    after: tuple[str, UUID] | None, division: str | None
) -> tuple[HotList, tuple[Any, ...]]:
    """The list, the latest first, and the values for its statement behind the limit."""
    values = after or _FIRST
    if division is None:
        return _campaigns(), values
    within = "c.division_code >= $4 AND c.division_code < $5"
    return _campaigns(within), (*values, division, upper(division))
