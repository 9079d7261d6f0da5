"""Shapes that every part of experts takes: what is given, how people are named and reached."""

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from services.kit.vault import Vault
from services.venues.experts.pool.rules import name_key

PERSONAL = {"Cache-Control": "private, no-store"}


class Given(BaseModel):
    """What a request gives: nothing unknown, nothing padded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _phone(given: str) -> str:
    """Digits only, without the country code: what the blind index is made of."""
    digits = re.sub(r"[\s\-()]", "", given)
    digits = re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", digits)
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise PydanticCustomError("phone", "not a phone number")
    return digits


PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(_phone)]
FIELD = r"^[a-z][a-z0-9_]{1,39}$"


def _field(given: str) -> str:
    if not re.fullmatch(FIELD, given):
        raise PydanticCustomError("field-key", "not the key of a field")
    return given


Field_ = Annotated[
    str, AfterValidator(_field), WithJsonSchema({"type": "string", "pattern": FIELD})
]
"""A field of knowledge, as the panels of programmes name it."""
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]


class ReasonIn(Given):
    """Why."""

    reason: Reason


class OpenIn(Given):
    """Why the personal fields are opened; kept for ever beside who opened them."""

    purpose: str = Field(min_length=4, max_length=200)


def person_index(vault: Vault, name: str) -> bytes:
    """The blind index by which a person's name is found, wherever experts or applicants say it."""
    return vault.index(name_key(name), "experts.person")
