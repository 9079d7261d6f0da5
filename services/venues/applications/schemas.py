"""Wire shapes of applications."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.kit.divisions import DivisionCode, Tier
from services.venues.applications.rules import ApplicationState, RunState
from services.venues.programmes.definition import Key, StageKind
from services.venues.registry.hosts import Uscc
from services.venues.registry.schemas import Given, PersonName, Phone

UNSET: Any = None
"""The default of a field that may be left out and may not be null; see `exclude_unset`."""

HostName = Annotated[str, StringConstraints(min_length=2, max_length=200)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=1000)]
Summary = Annotated[str, StringConstraints(max_length=5000)]
Declared = Annotated[dict[Key, bool], Field(max_length=100)]


class ContactIn(Given):
    """Whom to ask. Sealed at once; whoever may read the application sees it masked."""

    name: PersonName
    phone: Phone
    duty: str | None = Field(default=None, max_length=100)


Contacts = Annotated[list[ContactIn], Field(max_length=5)]


class ApplicationIn(Given):
    """An application to draft: of a venue or of a division, as the programme says."""

    client_id: UUID | None = None
    programme_id: UUID
    venue_id: UUID | None = None
    subject_code: DivisionCode | None = None
    year: int | None = Field(default=None, ge=2000, le=2999)
    """Left out, it is this year."""
    host_name: HostName | None = None
    """The host institution (依托单位); left out, it is the venue's."""
    host_uscc: Uscc | None = None
    category: Key | None = None
    channel: Key | None = None
    declared: Declared = Field(default_factory=dict)
    """Key of a condition → whether it is met."""
    summary: Summary = ""
    contacts: Contacts = Field(default_factory=list)


class ApplicationPatch(Given):
    """What is given is changed. Programme, subject and year stay: another one is another draft."""

    host_name: HostName = Field(default=UNSET)
    host_uscc: Uscc | None = None
    category: Key | None = None
    channel: Key | None = None
    declared: Declared = Field(default=UNSET)
    summary: Summary = Field(default=UNSET)
    contacts: Contacts = Field(default=UNSET)


class StepIn(Given):
    """Which stage is gone on from: pressed twice, the second one finds another stage and stops."""

    stage: Key
    reason: Reason | None = None
    """Needed where a meeting decides; elsewhere what the stage came to says why, and this adds."""


class RefuseIn(Given):
    stage: Key
    reason: Reason


class FieldReason(Given):
    """A field to be supplemented, as a JSON pointer into the application."""

    pointer: str = Field(max_length=200)
    reason: Reason


class SendBackIn(RefuseIn):
    fields: list[FieldReason] = Field(default_factory=list, max_length=50)
    working_days: int | None = Field(default=None, ge=1, le=250)
    """To supplement; left out, as the programme says."""


class ExtendIn(RefuseIn):
    working_days: int = Field(ge=1, le=250)
    """From today on."""


class WithdrawIn(Given):
    reason: Reason | None = None


class ContactOut(BaseModel):
    """A contact, masked."""

    position: int
    name: str
    phone: str
    duty: str | None


class ContactOpened(BaseModel):
    """A contact unmasked."""

    position: int
    name: str
    phone: str
    duty: str | None


class ContactsOpened(BaseModel):
    """`opening_id` is the note of who opened them and why."""

    opening_id: UUID
    contacts: list[ContactOpened]


class StageNow(BaseModel):
    """The stage that an application is in, or was returned from."""

    key: str
    kind: StageKind
    title: str
    tier: Tier
    office: str
    """Who is responsible."""
    office_code: str
    """The division whose staff act."""
    opened_at: datetime
    due_on: date | None
    """The last day of its clock; null without a clock, and while `due_open`."""
    due_open: bool
    """A clock runs, and its last day is not known: that year's working days are not announced."""
    overdue: bool
    notice_id: UUID | None
    """The public notice that shows it: its window is the clock of this stage."""
    suspended: bool
    """The window stands still while an objection is open: its last day is known afterwards."""


class Returned(BaseModel):
    """Why it is with the applicant, and until when."""

    reason: str | None
    fields: list[dict[str, str]]
    due_on: date | None
    due_open: bool
    late: bool


class ApplicationLine(BaseModel):
    id: UUID
    programme_id: UUID
    programme_title: str
    rule_number: int
    """The version of the programme that it runs under."""
    venue_id: UUID | None
    venue_name: str | None
    subject_code: str | None
    host_name: str
    division_code: str
    year: int
    number: str | None
    state: ApplicationState
    stage: StageNow | None
    version: int
    submitted_at: datetime | None
    allowed_actions: list[str]


class ApplicationOut(ApplicationLine):
    host_uscc: str | None
    warnings: list[str]
    """What may be wrong and stops nothing: `uscc-check-digit`."""
    category: str | None
    channel: str | None
    declared: dict[str, bool]
    summary: str
    contacts: list[ContactOut]
    returned: Returned | None
    created_at: datetime


class Lacking(BaseModel):
    """One thing that is missing for the next step."""

    pointer: str
    rule: str
    detail: str


class LackingOut(BaseModel):
    action: str | None
    """What it is missing for; null when nothing is to be done."""
    missing: list[Lacking]


class RunOut(BaseModel):
    """One time that the application stood, or will stand, in a stage."""

    stage_key: str
    kind: StageKind
    title: str
    office: str
    office_code: str
    attempt: int | None
    """Null for a stage that is still to come."""
    state: RunState | None
    opened_at: datetime | None
    due_on: date | None
    due_open: bool
    closed_at: datetime | None
    supplement_due_on: date | None
    notice_id: UUID | None


class DecisionOut(BaseModel):
    """A decision as interested parties read it: by which office, never by whom."""

    action: str
    stage_key: str | None
    office: str | None
    """Null: the applicant."""
    reason: str | None
    why: str
    """The reason, or in the reader's language what it rests on."""
    fields: list[dict[str, str]]
    decided_at: datetime


class TimelineOut(BaseModel):
    runs: list[RunOut]
    decisions: list[DecisionOut]


class TrailLine(BaseModel):
    """A decision as staff read it: who, in whose name, under which version of the rule."""

    id: UUID
    action: str
    stage_key: str | None
    rule_number: int | None
    actor: UUID
    acted_for: str | None
    reason: str | None
    """What somebody wrote."""
    grounds: list[dict[str, Any]]
    """What it rests on: [{"rule": "found-notice", "values": {…}}]."""
    why: str
    """The reason, or else the grounds in the reader's language."""
    fields: list[dict[str, str]]
    public: bool
    decided_at: datetime
