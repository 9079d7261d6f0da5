"""Wire shapes of the second factor."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

FactorCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, pattern=r"^([0-9]{6}|[A-Za-z2-9]{5}-[A-Za-z2-9]{5})$"
    ),
]
"""Six digits from the app, or a recovery code."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EnrolIn(_In):
    """The password once more: a session left open enrols nobody else's phone."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class FactorIn(_In):
    code: FactorCode


class FactorOut(BaseModel):
    """`needed_by`: the last day on which my roles are mine without one; null when never needed."""

    enrolled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int
    needed_by: date | None
    given_at: datetime | None
    """When it was given in this session."""


class Enrolment(BaseModel):
    """To be scanned or typed into an app, and confirmed with its first code. Said once."""

    secret: str
    uri: str
    qr: str
    """The same as a picture: `data:image/svg+xml;…`."""


class RecoveryCodes(BaseModel):
    """Said once: each opens the account one time when the phone is not at hand."""

    codes: list[str]
