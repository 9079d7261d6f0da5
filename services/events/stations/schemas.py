"""Wire shapes of stations and posts."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.events.activities.rules import SpokenLanguage
from services.events.registrations.schemas import Given, PersonName, Phone
from services.events.stations.rules import PostRole, PostState, Sector, StationKind, StationState
from services.kit.days import Day
from services.kit.divisions import DivisionCode

UNSET: Any = None
"""The default of a field that may be left out and may not be null; see `exclude_unset`."""

Name = Annotated[str, StringConstraints(min_length=2, max_length=100)]
Unit = Annotated[str, StringConstraints(min_length=2, max_length=200)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class ContactIn(Given):
    """Whom to ask. Sealed at once; staff within reach see it masked."""

    name: PersonName
    phone: Phone | None = None


class _StationFields(Given):
    sector: Sector | None = None
    lead_department: Unit | None = None
    responsible_unit: Unit | None = None
    place: str | None = Field(default=None, min_length=1, max_length=200)
    longitude: float | None = Field(default=None, ge=73, le=136, allow_inf_nan=False)
    latitude: float | None = Field(default=None, ge=3, le=54, allow_inf_nan=False)
    """WGS-84 degrees: both or neither."""
    languages: list[SpokenLanguage] = Field(default_factory=list, max_length=len(SpokenLanguage))
    opened_on: Day | None = None
    contact: ContactIn | None = None


class StationIn(_StationFields):
    """A station to open. 中心 stands in a county, 所 in a township, 站 in a village."""

    division_code: DivisionCode
    kind: StationKind
    name: Name


class StationPatch(_StationFields):
    """Anything but the division; `contact: null` forgets whom to ask."""

    kind: StationKind = Field(default=UNSET)
    name: Name = Field(default=UNSET)


class CloseIn(Given):
    closed_on: Day | None = None
    """The first day without it; today when left out."""
    reason: Reason


class ContactOut(BaseModel):
    """Masked."""

    name: str
    phone: str | None


class StationOut(BaseModel):
    id: UUID
    division_code: str
    division_name: str | None
    kind: StationKind
    name: str
    sector: Sector | None
    sector_name: str | None
    lead_department: str | None
    responsible_unit: str | None
    place: str | None
    longitude: float | None
    latitude: float | None
    languages: list[SpokenLanguage]
    opened_on: date | None
    closed_on: date | None
    close_reason: str | None
    state: StationState
    contact: ContactOut | None
    """Null when there is none, and for those who may not read it."""
    version: int
    created_at: datetime
    allowed_actions: list[str]


class PersonOpened(BaseModel):
    """A person unmasked; `opening_id` is the note of who opened it and why."""

    opening_id: UUID
    name: str
    phone: str | None


class _PostPerson(Given):
    name: PersonName
    phone: Phone | None = None
    account_id: UUID | None = None
    """The person's account, when there is one: they see their own post."""


class PostIn(_PostPerson):
    """A post to give: at a station, or at a division itself."""

    division_code: DivisionCode | None = None
    """Left out, it is the station's."""
    station_id: UUID | None = None
    role: PostRole
    sector: Sector | None = None
    """Left out, it is the station's."""
    begins_on: Day
    ends_on: Day | None = None


class PostPatch(Given):
    """What was written down wrongly. Another person is a handover; an end has a verb."""

    name: PersonName = Field(default=UNSET)
    phone: Phone | None = None
    account_id: UUID | None = None
    role: PostRole = Field(default=UNSET)
    sector: Sector | None = None
    begins_on: Day = Field(default=UNSET)


class HandOverIn(_PostPerson):
    """Who follows, and from which day on; the predecessor's last day is the day before."""

    begins_on: Day
    ends_on: Day | None = None


class EndIn(Given):
    ends_on: Day
    """The last day."""
    reason: Reason


class PostOut(BaseModel):
    """A post, its person masked."""

    id: UUID
    division_code: str
    division_name: str | None
    station_id: UUID | None
    station_name: str | None
    role: PostRole
    sector: Sector | None
    name: str
    phone: str | None
    begins_on: date
    ends_on: date | None
    end_reason: str | None
    state: PostState
    """Today, in Asia/Shanghai."""
    predecessor_id: UUID | None
    successor_id: UUID | None
    version: int
    created_at: datetime
    allowed_actions: list[str]
