"""Wire shapes of inspections, rectifications and samples."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.kit.days import Day, Moment
from services.kit.files.schemas import FileIn
from services.venues.experts.shapes import Given
from services.venues.inspections.rules import (
    FilePart,
    InspectionKind,
    InspectionState,
    RectificationState,
    Result,
    SampleState,
    Standing,
)
from services.venues.programmes.definition import Grade, Key

SERVICE = "venues"
Reason = Annotated[str, StringConstraints(min_length=2, max_length=1000)]
Words = Annotated[str, StringConstraints(max_length=5000)]
Days = Annotated[int, Field(ge=1, le=730)]


class InspectionIn(Given):
    """One more to be done: of an honour, or a second visit of an application in its stage.

    Random checks are drawn (samples), re-checks follow a rectification.
    """

    kind: Literal["annual", "evaluation", "site_visit"]
    honour_id: UUID | None = None
    application_id: UUID | None = None
    due_on: Day | None = None


class PlanIn(Given):
    """When, and by whom: the accounts of at least two people, the first of whom leads."""

    planned_on: Day
    team: Annotated[list[UUID], Field(min_length=1, max_length=20)]


class FindingIn(Given):
    """What was found of a criterion, or of something else."""

    criterion: Key | None = None
    standing: Standing
    text: Annotated[str, StringConstraints(max_length=2000)] = ""


class RecordIn(Given):
    """What was found. An evaluation has a grade; everything else has a result."""

    held_on: Day
    findings: Annotated[list[FindingIn], Field(max_length=200)] = Field(default_factory=list)
    summary: Annotated[str, StringConstraints(min_length=4, max_length=5000)]
    result: Result | None = None
    grade: Grade | None = None


class ReasonIn(Given):
    reason: Reason


class AnswerIn(Given):
    """What the venue says to it; evidence is sent as files."""

    text: Annotated[str, StringConstraints(min_length=2, max_length=5000)]


class InspectionFileIn(FileIn):
    """A photo of the inspectors, or evidence of the venue: a picture, PDF, XLSX or CSV."""

    part: FilePart
    finding: int | None = Field(default=None, ge=0, le=199)
    """The number of the finding that it shows."""
    caption: Annotated[str, StringConstraints(max_length=300)] = ""


class FindingOut(BaseModel):
    criterion: str | None
    standing: Standing
    text: str


class AnswerOut(BaseModel):
    """What the venue said."""

    text: str
    rectification_id: UUID | None
    late: bool
    answered_at: datetime


class InspectionLine(BaseModel):
    """An inspection in a list. What was found is null until it is released to the venue."""

    id: UUID
    kind: InspectionKind
    application_id: UUID | None
    honour_id: UUID | None
    rectification_id: UUID | None
    programme_id: UUID | None
    venue_id: UUID | None
    venue_name: str | None
    subject_code: str | None
    division_code: str
    due_on: date | None
    overdue: bool
    planned_on: date | None
    state: InspectionState
    held_on: date | None
    result: Result | None
    grade: Grade | None
    released_at: datetime | None
    version: int
    allowed_actions: list[str]


class InspectionOut(InspectionLine):
    """An inspection with what was found and answered."""

    version_id: UUID | None
    team: list[UUID]
    """Accounts, the leader first; empty for whoever is inspected."""
    findings: list[FindingOut]
    summary: str
    cancel_reason: str | None
    answers: list[AnswerOut]


class InspectionFileOut(BaseModel):
    """A file of an inspection."""

    id: str
    part: FilePart
    finding: int | None
    name: str
    caption: str
    media_type: str
    size: int
    ready: bool
    url: str | None
    preview_url: str | None
    upload_url: str | None
    added_at: datetime


class RectifyIn(Given):
    """What has to be put right. Days as the programme counts them; left out, its own term."""

    demands: Annotated[
        list[Annotated[str, StringConstraints(min_length=2, max_length=1000)]],
        Field(min_length=1, max_length=50),
    ]
    reason: Reason
    days: Days | None = None


class ExtendIn(Given):
    """Once, from the present last day on."""

    days: Days
    reason: Reason


class RejectRemovalIn(ExtendIn):
    """Why it is not taken away, and the days that the base gets again, from today on."""


class RecheckIn(Given):
    due_on: Day | None = None


class RectificationOut(BaseModel):
    """What a base has to put right, by when, and how it stands."""

    id: UUID
    inspection_id: UUID
    honour_id: UUID
    programme_id: UUID | None
    venue_id: UUID | None
    venue_name: str | None
    division_code: str
    demands: list[str]
    first_day: date
    days: int
    working: bool
    due_on: date | None
    due_open: bool
    """The last day is not known: the calendar of that year is not announced."""
    overdue: bool
    extended: bool
    state: RectificationState
    removal_reason: str | None
    ordered_at: datetime
    closed_at: datetime | None
    version: int
    allowed_actions: list[str]


class SourceIn(Given):
    """A public source of chance that nobody here decides, and when its value is known."""

    name: str = Field(min_length=4, max_length=200)
    at: Moment


class SampleIn(Given):
    """Unannounced checks of some of the honours of a programme, drawn."""

    programme_id: UUID
    wanted: Annotated[int, Field(ge=1, le=1000)]
    alternates: Annotated[int, Field(ge=0, le=1000)] = 0
    """Who is visited instead when a visit cannot be made."""
    due_on: Day
    """The last day of the checks."""
    source: SourceIn | None = None
    """Without one, whoever held the secret could foresee the draw, and the report says so."""
    rest_days: Annotated[int, Field(ge=0, le=1830)] = 365
    """Who was checked at random within so many days stands behind who was not."""


class ValueIn(Given):
    """What the named source said, letter for letter."""

    value: str = Field(min_length=1, max_length=500)


class SampleOut(BaseModel):
    """A sample as everybody may see it: who was drawn stands there under salted ids."""

    id: UUID
    programme_id: UUID
    division_code: str
    year: int
    wanted: int
    alternates: int
    due_on: date
    state: SampleState
    commitment_sha256: str
    pool_sha256: str
    entries: int
    foreseeable: bool
    """There is no public source, so whoever held the secret could foresee the draw."""
    source_at: datetime | None
    void_reason: str | None
    salt: str | None
    """Once every check is over: with it, anybody can tell which honour each salted id was."""
    created_at: datetime
    drawn_at: datetime | None
    version: int
    allowed_actions: list[str]
