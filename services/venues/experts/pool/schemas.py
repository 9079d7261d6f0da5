"""Wire shapes of the pool: institutions and experts."""

import re
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.kit.days import Day
from services.kit.divisions import DivisionCode
from services.venues.experts.pool.rules import ExpertKind, ExpertState, ExpertSubkind, Link
from services.venues.experts.shapes import Field_, Given, PersonName, Phone, Reason, Word
from services.venues.registry.hosts import Uscc

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
PAYEE = r"^[0-9]{8,30}$"


def _digits(given: str) -> str:
    if not re.fullmatch(PAYEE, given):
        raise PydanticCustomError("digits-only", "8 to 30 digits")
    return given


Payee = Annotated[
    str, AfterValidator(_digits), WithJsonSchema({"type": "string", "pattern": PAYEE})
]


class InstitutionIn(Given):
    """An institution. How it belongs to another is stated: no code or register tells it."""

    division_code: DivisionCode
    name: Name
    former_names: list[Name] = Field(default_factory=list, max_length=20)
    uscc: Uscc | None = None
    parent_id: UUID | None = None
    link: Link | None = None


class InstitutionPatch(Given):
    """What changes; a new name keeps the old one among the former names."""

    name: Name | None = None
    former_names: list[Name] | None = Field(default=None, max_length=20)
    uscc: Uscc | None = None
    parent_id: UUID | None = None
    link: Link | None = None


class InstitutionOut(BaseModel):
    id: UUID
    division_code: str
    name: str
    former_names: list[str]
    uscc: str | None
    parent_id: UUID | None
    link: Link | None
    version: int


class _Entry(Given):
    kind: ExpertKind
    subkind: ExpertSubkind | None = None
    fields: list[Field_] = Field(min_length=1, max_length=10)
    tags: list[Word] = Field(default_factory=list, max_length=10)
    languages: list[Word] = Field(default_factory=list, max_length=8)
    title: Word | None = None
    employer_id: UUID
    most_reviews_a_year: int | None = Field(default=None, ge=1, le=100)
    rest_days: int = Field(default=0, ge=0, le=730)


class ExpertIn(_Entry):
    """Somebody who enters the pool."""

    division_code: DivisionCode
    name: PersonName
    phone: Phone
    payee: Payee | None = None
    """The number of the bank account that fees are paid to."""
    entered_on: Day | None = None
    entry_reason: Reason
    agreed_year: int | None = Field(default=None, ge=2000, le=2999)
    """The year for which a signed agreement lies before you."""


class ExpertPatch(Given):
    """What changes. A former employer stays, as an affiliation."""

    name: PersonName | None = None
    phone: Phone | None = None
    payee: Payee | None = None
    kind: ExpertKind | None = None
    subkind: ExpertSubkind | None = None
    fields: list[Field_] | None = Field(default=None, min_length=1, max_length=10)
    tags: list[Word] | None = Field(default=None, max_length=10)
    languages: list[Word] | None = Field(default=None, max_length=8)
    title: Word | None = None
    employer_id: UUID | None = None
    most_reviews_a_year: int | None = Field(default=None, ge=1, le=100)
    rest_days: int | None = Field(default=None, ge=0, le=730)


class AgreementIn(Given):
    """The year that the agreement is for."""

    year: int = Field(ge=2000, le=2999)


class ExpertOut(BaseModel):
    """An expert, masked."""

    id: UUID
    division_code: str
    name: str
    phone: str | None
    payee: str | None
    kind: ExpertKind
    subkind: ExpertSubkind | None
    fields: list[str]
    tags: list[str]
    languages: list[str]
    title: str | None
    employer_id: UUID
    employer: str
    most_reviews_a_year: int | None
    rest_days: int
    state: ExpertState
    entered_on: date
    entry_reason: str
    left_on: date | None
    state_reason: str | None
    agreed_year: int | None
    """The last year with an agreement: nobody without this year's stands in a draw."""
    reviews_this_year: int
    version: int
    created_at: datetime
    allowed_actions: list[str]


class ExpertOpened(BaseModel):
    """The personal fields, unmasked; who opened them and why is written down."""

    opening_id: UUID
    name: str
    phone: str | None
    payee: str | None
