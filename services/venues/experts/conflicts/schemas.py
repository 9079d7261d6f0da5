"""Wire shapes of ties, and of the people behind an application."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.kit.days import Day
from services.venues.experts.models import TieKind
from services.venues.experts.shapes import Given, PersonName, Word


class TieIn(Given):
    """What ties an expert: to an institution, a person, or one application outright."""

    kind: TieKind
    institution_id: UUID | None = None
    application_id: UUID | None = None
    person: PersonName | None = None
    from_on: Day | None = None
    until_on: Day | None = None


class TieOut(BaseModel):
    """A tie; a person is masked."""

    id: UUID
    expert_id: UUID
    kind: TieKind
    institution_id: UUID | None
    application_id: UUID | None
    person: str | None
    from_on: date | None
    until_on: date | None
    set_for: str | None
    """The division in whose name it was set; null when the expert declared it."""
    set_at: datetime
    lifted_at: datetime | None
    lift_reason: str | None
    allowed_actions: list[str]


class PersonIn(Given):
    """Somebody behind an application."""

    name: PersonName
    duty: Word | None = None


class PeopleIn(Given):
    """Everybody behind an application: who answers for it, and who worked on what it shows."""

    people: list[PersonIn] = Field(max_length=50)


class PersonOut(BaseModel):
    """Masked."""

    name: str
    duty: str | None


class PeopleOut(BaseModel):
    items: list[PersonOut]
