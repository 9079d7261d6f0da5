"""Wire shapes of programmes."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.kit.divisions import Tier
from services.venues.programmes.definition import Definition, Key, StageKind
from services.venues.programmes.states import VersionState


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProgrammeIn(_Given):
    """A programme with the draft of its first version."""

    key: Key
    """Its short name for good; numbers of applications begin with it."""
    definition: Definition


class VersionIn(_Given):
    """The draft of a next version; left out, the definition is a copy of the newest."""

    definition: Definition | None = None


class VersionPatch(_Given):
    """The definition, whole."""

    definition: Definition


class CheckIn(_Given):
    definition: Definition


class StageLine(BaseModel):
    key: str
    kind: StageKind
    title: str
    tier: Tier
    office: str
    safeguard: bool
    """It is one that the programme declares: nothing goes around it."""


class CheckedOut(BaseModel):
    """A definition without a fault, as it will run."""

    stages: list[StageLine]
    points: int
    """Of all criteria together."""
    uncertain: dict[str, str]


class VersionLine(BaseModel):
    id: UUID
    number: int
    state: VersionState
    title: str
    version: int
    created_at: datetime
    published_at: datetime | None
    allowed_actions: list[str]


class VersionOut(VersionLine):
    programme_id: UUID
    definition: Definition


class ProgrammeLine(BaseModel):
    id: UUID
    key: str
    division_code: str
    title: str
    honour: str
    authority: str
    subject: Literal["venue", "division"]
    number: int
    """Of the version that is shown: the one in force, else the last that was."""
    state: VersionState
    open: bool
    """It takes applications today."""
    opens_on: date | None
    closes_on: date | None
    drafts: int
    """Versions that are being written, for those who may."""
    allowed_actions: list[str]


class ProgrammeOut(ProgrammeLine):
    definition: Definition


class YearOut(BaseModel):
    """One year of a programme. Figures that were not published as targets are null."""

    year: int
    target: int | None
    """How many the plan wants named by the end of it."""
    named: int
    """In that year; what was revoked does not count."""
    named_so_far: int
    """Up to the end of it."""
    under_way: int
    """Applications of that year that are handed in and not decided."""


class PlacesOut(BaseModel):
    """Places of a channel at an office that recommends, in a year."""

    year: int
    channel: str
    office_code: str
    taken: int
    quota: int | None


class ProgressOut(BaseModel):
    years: list[YearOut]
    named_without_a_year: int
    """Honours of before this platform, of which no page says when they were named."""
    recommendations: list[PlacesOut]
