"""Wire shapes of venues."""

import re
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.kit.days import Day
from services.kit.divisions import DivisionCode
from services.venues.honours.rules import HonourState
from services.venues.registry.hosts import Uscc
from services.venues.registry.rules import (
    Accessibility,
    Admission,
    Datum,
    Editable,
    Language,
    NameKind,
    PlaceEvidence,
    VenueKind,
    VenueState,
)

UNSET: Any = None
"""The default of a field that may be left out and may not be null; see `exclude_unset`."""

Name = Annotated[str, StringConstraints(min_length=2, max_length=100)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


def _phone(given: str) -> str:
    """Digits only, without the country code: what the blind index is made of."""
    digits = re.sub(r"[\s\-()]", "", given)
    digits = re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", digits)
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise PydanticCustomError("phone", "not a phone number")
    return digits


PersonName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(_phone)]


class Given(BaseModel):
    """What a request gives: nothing unknown, nothing padded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def split_names(given: str) -> list[str]:
    """Names as people write several in one cell."""
    return [name for part in re.split(r"[、，,;；|/\n]+", given) if (name := part.strip())]


class NameIn(Given):
    """Another name: an alias, a former one, or one in another language."""

    name: Name
    kind: NameKind = NameKind.ALIAS
    until_on: Day | None = None
    """The last day of a former name."""


class Exhibit(Given):
    """Something to see or do."""

    title: Line
    hall: Line | None = None
    note: str | None = Field(default=None, min_length=1, max_length=1000)
    hands_on: bool = False


class _Described(Given):
    """What describes a venue: its representatives may write it too."""

    address: Line | None = None
    altitude_m: int | None = Field(default=None, ge=-500, le=9000)
    introduction: Text | None = None
    phone: str | None = Field(default=None, pattern=r"^\+?[0-9][0-9 ()转\-,，、/]{4,58}$")
    """The public's number to ask at; a person's belongs to the contacts."""
    website: str | None = Field(default=None, max_length=300, pattern=r"^https?://[^\s<>\"]+$")
    languages: list[Language] = Field(default_factory=list, max_length=len(Language))
    accessibility: list[Accessibility] = Field(default_factory=list, max_length=len(Accessibility))
    capacity: int | None = Field(default=None, ge=1, le=1_000_000)
    """The most people inside at once."""
    admission: Admission | None = None
    admission_note: str | None = Field(default=None, min_length=1, max_length=500)
    open_all_year: bool | None = None
    exhibits: list[Exhibit] = Field(default_factory=list, max_length=300)


class _Placed(_Described):
    """What identifies and places it: for staff."""

    longitude: Degrees | None = None
    latitude: Degrees | None = None
    """Degrees, both or neither."""
    datum: Datum = Field(default=Datum.WGS84)
    """What the point is given in; it is converted to WGS-84."""
    publicly_funded: bool | None = None
    """Built with government money: it is open all year, and free or discounted for the young."""
    host_name: Line | None = None
    host_uscc: Uscc | None = None
    names: list[NameIn] = Field(default_factory=list, max_length=30)
    counties: list[DivisionCode] = Field(default_factory=list, max_length=20)
    """The other divisions that it lies in."""


class VenueIn(_Placed):
    """A venue to enter, as a draft."""

    name: Name
    kind: VenueKind
    division_code: DivisionCode
    """Who answers for it; the one above them all for a venue that crosses counties."""


class VenuePatch(_Placed):
    """What is given replaces what was there: a list as a whole."""

    name: Name = Field(default=UNSET)
    kind: VenueKind = Field(default=UNSET)
    division_code: DivisionCode = Field(default=UNSET)


DESCRIPTIVE = frozenset(_Described.model_fields)
"""The fields that a representative may edit."""


class NameOut(BaseModel):
    name: str
    kind: NameKind
    until_on: date | None
    source: str | None


class HonourLine(BaseModel):
    """What a venue was named; the honour expires, not the venue."""

    id: UUID
    title: str
    issuer: str
    level: str | None
    state: HonourState
    valid_until: date | None
    period: str | None
    """When, as its source says, where no day is known."""


class Remark(BaseModel):
    """Something to look at: no refusal."""

    pointer: str
    rule: str
    detail: str


class VenueLine(BaseModel):
    """A venue in a list."""

    id: UUID
    name: str
    kind: VenueKind
    division_code: str
    address: str | None
    longitude: float | None
    latitude: float | None
    altitude_m: int | None
    admission: Admission | None
    source: str | None
    place_evidence: PlaceEvidence | None
    honours: list[HonourLine]
    state: VenueState
    version: int
    distance_m: int | None = None
    """Great-circle metres to `near`; null in a list without it."""


class VenueOut(BaseModel):
    id: UUID
    name: str
    kind: VenueKind
    division_code: str
    counties: list[str]
    names: list[NameOut]
    longitude: float | None
    latitude: float | None
    given_datum: Datum | None
    """What the point was given in; null when that was WGS-84 or nobody said."""
    altitude_m: int | None
    address: str | None
    introduction: str | None
    phone: str | None
    website: str | None
    languages: list[Language]
    accessibility: list[Accessibility]
    capacity: int | None
    admission: Admission | None
    admission_note: str | None
    publicly_funded: bool | None
    open_all_year: bool | None
    host_name: str | None
    host_uscc: str | None
    exhibits: list[Exhibit]
    honours: list[HonourLine]
    source: str | None
    """The public page that it is known from; null when people entered it."""
    place_evidence: PlaceEvidence | None
    """How far its division can be trusted; null when people entered it."""
    state: VenueState
    warnings: list[Remark]
    """What may be wrong with what was entered; for those who may edit it."""
    editable: Editable
    version: int
    created_at: datetime
    allowed_actions: list[str]


class ContactIn(Given):
    """Whom to ask. Sealed at once; those who keep the venue see it masked."""

    duty: Line | None = None
    """What they are asked for: 预约, 讲解, 安全 …"""
    name: PersonName
    phone: Phone | None = None


class ContactOut(BaseModel):
    """Masked."""

    id: UUID
    duty: str | None
    name: str
    phone: str | None
    written_at: datetime


class OpenIn(Given):
    """Why the personal fields are opened; kept for ever beside who opened them."""

    purpose: str = Field(min_length=4, max_length=200)


class PersonOpened(BaseModel):
    """A person unmasked; `opening_id` is the note of who opened it and why."""

    opening_id: UUID
    name: str
    phone: str | None


class RepresentativeIn(Given):
    """An account that is to act for the venue; from today on when no day is said."""

    account_id: UUID
    from_on: Day | None = None
    until_on: Day | None = None
    """The last day; left out, until it is ended."""


class EndIn(Given):
    until_on: Day | None = None
    """The last day; today when left out."""
    reason: str = Field(min_length=2, max_length=500)


class RepresentativeOut(BaseModel):
    id: UUID
    venue_id: UUID
    account_id: UUID
    from_on: date
    until_on: date | None
    end_reason: str | None
    in_office: bool
    """Today, in Asia/Shanghai."""
    version: int
    appointed_at: datetime
    allowed_actions: list[str]
