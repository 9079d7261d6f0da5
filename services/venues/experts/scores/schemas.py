"""Wire shapes of score sheets, panels and bands."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.venues.experts.invitations.rules import SeatState
from services.venues.experts.scores.rules import SheetState
from services.venues.experts.shapes import FIELD, Given
from services.venues.programmes.definition import Texts

CriterionKey = Annotated[str, StringConstraints(pattern=FIELD)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class SheetIn(Given):
    """A sheet as far as it is filled in; saving takes whatever is there."""

    points: dict[CriterionKey, Annotated[int, Field(strict=True, ge=0)]] = Field(max_length=200)
    """Criterion → whole points."""
    comments: dict[CriterionKey, Comment] = Field(default_factory=dict, max_length=200)
    opinion: str = Field(default="", max_length=4000)


class SheetOut(BaseModel):
    """One's own sheet. Its state is null, and its version 0, until it is saved."""

    seat_id: UUID
    seat_state: SeatState
    points: dict[str, int]
    comments: dict[str, str]
    opinion: str
    state: SheetState | None
    version: int
    saved_at: datetime | None
    submitted_at: datetime | None
    reopen_reason: str | None
    allowed_actions: list[str]


class SectionOut(BaseModel):
    key: str
    mean: int
    """In hundredths of a point."""
    floor: int
    met: bool


class ResultOut(BaseModel):
    """What a panel came to; for staff."""

    sheets: int
    sections: list[SectionOut]
    mean: int
    band: str | None
    passes: bool
    spread: int
    divergent: bool


class SeatOut(BaseModel):
    """A seat as whoever keeps the panel sees it."""

    id: UUID
    draw_id: UUID
    expert_id: UUID
    name: str
    """Masked."""
    stratum: str
    rank: int
    slip: str
    state: SeatState
    expires_at: datetime | None
    answered_at: datetime | None
    reason: str | None
    sheet: SheetState | None
    points: dict[str, int] | None
    """Once submitted."""
    allowed_actions: list[str]


class FindingOut(BaseModel):
    """A conflict found afterwards: what the result was, and would be without them."""

    seat_id: UUID
    reasons: list[str]
    found_at: datetime
    with_them: ResultOut | None
    without_them: ResultOut | None
    changes_outcome: bool


class PanelOut(BaseModel):
    """A panel with its work, for whoever keeps it."""

    application_id: UUID
    stage_key: str
    missing: dict[str, int]
    """Stratum → places that nobody has accepted."""
    seats: list[SeatOut]
    result: ResultOut | None
    findings: list[FindingOut]


class BandOut(BaseModel):
    """All that applicant and public learn of the scores."""

    application_id: UUID
    band: str | None
    title: Texts | None
    passes: bool
