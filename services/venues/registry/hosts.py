"""The unified social credit code of a host institution (GB 32100-2015).

What cannot be a code is refused. A check digit that does not fit is only remarked: codes that fail
it have been issued (91350211M0000XUF46).
"""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc

# Eighteen of 31 signs (no I, O, S, V, Z). stdnum wants a digit first; rural collectives have N1.
_SHAPE = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}", re.ASCII)
LENGTH = 18


def uscc_fault(given: str) -> str | None:
    """The slug of why it cannot be a code; None when it can."""
    if len(given) != LENGTH:
        return "uscc-length"
    return None if _SHAPE.fullmatch(given) else "uscc-alphabet"


def check_digit_fits(code: str) -> bool:
    """Is the last sign the one that the others give?"""
    return code[-1:] == uscc.calc_check_digit(code[:-1])


def _checked(given: str) -> str:
    code = uscc.compact(given)
    fault = uscc_fault(code)
    if fault is not None:
        raise PydanticCustomError(fault, "not a credit code")
    return code


Uscc = Annotated[str, StringConstraints(max_length=30), AfterValidator(_checked)]
"""A credit code in a request, in capitals and without blanks."""
