"""Wire shapes of self-assessment and evidence."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.kit.files.schemas import FileIn
from services.venues.assessment.rules import Cause, CorrectionState, FilePart, Source
from services.venues.experts.shapes import Given
from services.venues.programmes.definition import Key

SERVICE = "venues"
Words = Annotated[str, StringConstraints(max_length=2000)]
Why = Annotated[str, StringConstraints(min_length=2, max_length=1000)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class AnswerIn(Given):
    """Points of the applicant for a criterion that the platform does not know, or a remark."""

    points: Annotated[int, Field(ge=0, le=1000)] | None = None
    explanation: Words = ""


class AnswersIn(Given):
    """What is written of the criteria named; the others stay."""

    answers: Annotated[dict[Key, AnswerIn], Field(min_length=1, max_length=200)]


class FigureOut(BaseModel):
    """What the platform knows of a criterion, or why it does not."""

    measure: str
    value: int | None
    source: str
    source_text: str
    unknown: str | None
    unknown_text: str | None
    days: int | None
    """Days that the figure rests on, where records do not cover the whole period."""


class LineOut(BaseModel):
    """A criterion with its points and where they come from."""

    section: str
    criterion: str
    title: str
    most: int
    points: int | None
    by: Source
    explanation: str
    figure: FigureOut | None


class SectionOut(BaseModel):
    """Criteria that stand together, and the floor that they must reach."""

    key: str
    title: str
    floor: int
    points: int
    most: int
    lines: list[LineOut]


class AssessmentOut(BaseModel):
    """The self-assessment: as it stands while it can be written, as submitted afterwards."""

    application_id: UUID
    first_day: date
    last_day: date
    """The days that figures are taken from."""
    snapshot: int | None
    """The number of the snapshot shown; null: figures of this moment."""
    points: int
    most: int
    sections: list[SectionOut]
    handed_in_at: datetime | None
    version: int
    allowed_actions: list[str]


class SnapshotOut(BaseModel):
    """An assessment as it was decided on."""

    number: int
    cause: Cause
    version_id: UUID
    first_day: date
    last_day: date
    points: int
    lines: list[LineOut]
    taken_at: datetime


class CorrectionIn(Given):
    """A figure that the applicant holds for wrong."""

    criterion: Key
    claimed: Count
    reason: Why


class AcceptIn(Given):
    """The figure that counts from now on; left out, it is the one that was claimed."""

    value: Count | None = None
    reason: Why


class RefuseIn(Given):
    reason: Why


class CorrectionOut(BaseModel):
    """A correction that was asked for, and what became of it."""

    id: UUID
    application_id: UUID
    criterion: str
    measure: str
    figure: int | None
    claimed: int
    reason: str
    state: CorrectionState
    settled: int | None
    settled_reason: str | None
    settled_at: datetime | None
    asked_at: datetime
    version: int
    allowed_actions: list[str]


class EvidenceIn(FileIn):
    """A file that will be sent: PDF, a picture, XLSX or CSV; for a material or for a criterion."""

    part: FilePart
    key: Key
    caption: Annotated[str, StringConstraints(max_length=300)] = ""
    replaces: str | None = Field(default=None, pattern=r"^venues-[0-9a-f-]{36}$")
    """A file of the same place that this one takes the place of, once it has arrived."""


class EvidenceOut(BaseModel):
    """A file of an application."""

    id: str
    part: FilePart
    key: str
    name: str
    caption: str
    media_type: str
    size: int
    ready: bool
    submitted_at: datetime | None
    superseded_at: datetime | None
    replaces: str | None
    url: str | None
    preview_url: str | None
    upload_url: str | None
    added_at: datetime
