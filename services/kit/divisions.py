"""Division codes: an unpadded code is its own path, so ancestry is a prefix and a subtree a range.

Tiers by length (GB/T 2260, GB/T 10114): 2 province, 4 prefecture, 6 county, 9 township, 12 village.
A prefecture without counties (4419) has townships directly below: 441900101.
"""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from services.kit.context import current


class Tier(StrEnum):
    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


TIER_BY_LENGTH = {
    2: Tier.PROVINCE,
    4: Tier.PREFECTURE,
    6: Tier.COUNTY,
    9: Tier.TOWNSHIP,
    12: Tier.VILLAGE,
}
_LENGTHS = tuple(TIER_BY_LENGTH)
_CODE = re.compile(r"[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{3}(?:[0-9]{3})?)?)?)?", re.ASCII)
_PADDING = ((12, "000"), (9, "000"), (6, "00"), (4, "00"))


def normalise(code: str) -> str:
    """The unpadded form: 630000 → 63, 630123101000 → 630123101. ValueError for what is no code."""
    code = code.strip()
    if not _CODE.fullmatch(code):
        raise ValueError("not a division code")
    for length, padding in _PADDING:
        if len(code) == length and code.endswith(padding):
            code = code[: -len(padding)]
    return code


def tier_of(code: str) -> Tier:
    """The tier of an unpadded code."""
    return TIER_BY_LENGTH[len(code)]


def lineage(code: str) -> tuple[str, ...]:
    """The code and its ancestors, province first. A prefix that no register holds is harmless."""
    return tuple(code[:length] for length in _LENGTHS if length <= len(code))


def upper(code: str) -> str:
    """The exclusive upper bound of a subtree in C collation: 6301 → 6302, 6309 → 630:."""
    return code[:-1] + chr(ord(code[-1]) + 1)


def covers(above: str, code: str) -> bool:
    """Is `code` at or below `above`?"""
    return code.startswith(above)


def topmost(codes: frozenset[str]) -> tuple[str, ...]:
    """The codes without those that another of them covers, in order."""
    return tuple(
        sorted(code for code in codes if not any(above in codes for above in lineage(code)[:-1]))
    )


def _checked(code: str) -> str:
    try:
        code = normalise(code)
    except ValueError:
        raise PydanticCustomError("division-code", "not a division code") from None
    work = current()
    return work.today(code) if work is not None and work.today is not None else code


DivisionCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=12),
    AfterValidator(_checked),
]
"""A division in a request: padded codes are accepted and normalised at the door.

What changes something is taken to name today's divisions: a code that was given up becomes its
successor. What only reads may ask for a former division.
"""
