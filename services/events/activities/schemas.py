"""Wire shapes of activities, their occurrences and hosts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.events.activities.pictures_schemas import PictureOut
from services.events.activities.rules import (
    ActivityState,
    Audience,
    Form,
    HostRole,
    OccurrenceState,
    SpokenLanguage,
)
from services.events.activities.times_and_places import MOST_REPEATS, Every
from services.events.registrations.rules import ListRule
from services.events.registrations.schemas import PlacesIn
from services.kit.days import Day, Moment
from services.kit.divisions import DivisionCode

UNSET: Any = None
"""The default of a field that may be left out and may not be null; see `exclude_unset`."""

Title = Annotated[str, Field(max_length=200)]
Summary = Annotated[str, Field(max_length=5000)]
Reason = Annotated[str, Field(min_length=2, max_length=1000)]
Translated = Literal["bo", "mn", "en"]
"""What a text may be translated into; zh-CN is the text itself."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Text(_In):
    """Title and summary in one language."""

    title: Title = ""
    summary: Summary = ""


class _Where(_In):
    """A place on the ground, a venue, an address online: one at least. WGS-84 degrees."""

    division_code: DivisionCode | None = None
    """Where it takes place; null is the lead's."""
    place: str | None = Field(default=None, min_length=1, max_length=200)
    venue_id: UUID | None = None
    hall_id: UUID | None = None
    """A hall of the venue, held for it once it is public."""
    longitude: float | None = Field(default=None, allow_inf_nan=False)
    latitude: float | None = Field(default=None, allow_inf_nan=False)
    online_url: str | None = Field(default=None, max_length=500, pattern=r"^https?://\S+$")
    registration_opens_at: Moment | None = None
    registration_closes_at: Moment | None = None


class OccurrenceIn(_Where, PlacesIn):
    """A time and place, with its places: `capacity` alone, or pools and tickets."""

    starts_at: Moment
    ends_at: Moment
    list_rule: ListRule = ListRule.STRICT
    offer_minutes: int = Field(default=120, ge=1, le=20160)


class OccurrencePatch(_Where):
    """After publication only the registration times and `offer_minutes`; moves have a verb."""

    starts_at: Moment = Field(default=UNSET)
    ends_at: Moment = Field(default=UNSET)
    list_rule: ListRule = ListRule.STRICT
    offer_minutes: int = Field(default=120, ge=1, le=20160)


class RescheduleIn(_Where):
    """The new time; what is left out of the place stays."""

    starts_at: Moment
    ends_at: Moment


class ActivityIn(_In):
    """A draft. It may lack much: `submit` says what.

    `is_umbrella`: other activities may stand under it. `expected_headcount`: people expected at one
    time and place (每场次), not over all occurrences.
    """

    client_id: UUID | None = None
    """Given by a client that works offline: sent twice, it is drafted once."""
    division_code: DivisionCode
    campaign_id: UUID | None = None
    is_umbrella: bool = False
    title: Title = ""
    summary: Summary = ""
    translations: dict[Translated, Text] = Field(default_factory=dict)
    form: Form
    audiences: list[Audience] = Field(default_factory=list, max_length=len(Audience))
    languages: list[SpokenLanguage] = Field(default_factory=list, max_length=len(SpokenLanguage))
    expected_headcount: int | None = Field(default=None, ge=0, le=10_000_000)
    safety_plan: str | None = Field(default=None, max_length=20_000)
    occurrences: list[OccurrenceIn] = Field(default_factory=list, max_length=MOST_REPEATS)


class ActivityPatch(_In):
    """As a draft (or sent back): anything but the lead. Once published: the texts.

    `safety_plan` alone also while it waits for approval or publication; a crowd keeps one.
    """

    campaign_id: UUID | None = None
    is_umbrella: bool = False
    title: Title = ""
    summary: Summary = ""
    translations: dict[Translated, Text] = Field(default_factory=dict)
    form: Form = Field(default=UNSET)
    audiences: list[Audience] = Field(default_factory=list, max_length=len(Audience))
    languages: list[SpokenLanguage] = Field(default_factory=list, max_length=len(SpokenLanguage))
    expected_headcount: int | None = Field(default=None, ge=0, le=10_000_000)
    safety_plan: str | None = Field(default=None, max_length=20_000)


class ReasonIn(_In):
    reason: Reason


class FieldReason(_In):
    """A field, as a JSON pointer into the activity, and what is wrong with it."""

    pointer: str = Field(min_length=2, max_length=200)
    reason: Reason


class SendBackIn(_In):
    reason: Reason
    fields: list[FieldReason] = Field(default_factory=list, max_length=50)


class HostIn(_In):
    division_code: DivisionCode


class RepeatIn(_In):
    """`count` more occurrences, or as many as start up to the day `until`."""

    every: Every
    count: int | None = Field(default=None, ge=1, le=MOST_REPEATS)
    until: Day | None = None
    occurrence_id: UUID | None = None
    """The pattern; the last one that is not cancelled when left out."""


class CloneIn(_In):
    """A draft copy: `shift_days` later (364 days keep the weekday), or with its first occurrence
    on the day `starts_on`. With neither, a copy without occurrences: its times are given anew."""

    shift_days: int | None = Field(default=None, ge=-3660, le=3660)
    starts_on: Day | None = None
    as_series: bool = False
    """Group it with its source under one `series_id`."""


class OccurrenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    activity_id: UUID
    division_code: str
    division_name: str | None
    place: str | None
    venue_id: UUID | None
    hall_id: UUID | None
    hall_hold: str | None
    """What the venue said of the hall: confirmed, refused or released; null: no answer yet."""
    venue_name: str | None
    hall_name: str | None
    """Of the hall that was asked for; `hall_hold` says whether it has it."""
    longitude: float | None
    latitude: float | None
    online_url: str | None
    starts_at: datetime
    ends_at: datetime
    """The former times, while it is postponed."""
    state: OccurrenceState
    cancel_reason: str | None
    sequence: int
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None
    list_rule: ListRule
    offer_minutes: int
    capacity: int | None
    """Null: no registration is needed."""
    places_left: int | None
    version: int
    allowed_actions: list[str]


class HostOut(BaseModel):
    division_code: str
    division_name: str | None
    role: HostRole
    accepted_at: datetime | None
    """Null while it is only invited; the public does not see it then."""


class Returned(BaseModel):
    reason: str
    fields: list[FieldReason]
    at: datetime


class ActivityLine(BaseModel):
    """An activity in a list."""

    id: UUID
    division_code: str
    division_name: str | None
    campaign_id: UUID | None
    series_id: UUID | None
    is_umbrella: bool
    umbrella_id: UUID | None
    """The umbrella that it stands under; its children are `GET /activities?umbrella=`."""
    title: str
    """In the caller's language when there is one, else in zh-CN; see `title_language`."""
    title_language: str
    form: Form
    audiences: list[Audience]
    languages: list[SpokenLanguage]
    state: ActivityState
    hosts: list[str]
    """The lead first, then the co-hosts that have accepted."""
    picture: PictureOut | None
    """The first of its pictures that is there."""
    occurrence_count: int
    """Those that are not cancelled."""
    starts_at: datetime | None
    ends_at: datetime | None
    """From the first to the last of them."""
    version: int
    created_at: datetime
    published_at: datetime | None
    allowed_actions: list[str]


class ActivityOut(ActivityLine):
    """An activity, whole."""

    summary: str
    summary_language: str
    translations: dict[str, Text]
    expected_headcount: int | None
    safety_plan: str | None
    """Shown to staff who may read drafts of one of its hosts."""
    returned: Returned | None
    cancel_reason: str | None
    pictures: list[PictureOut]
    """In order. Those on their way are shown to staff who may read drafts of one of its hosts."""
    occurrences: list[OccurrenceOut]
    co_hosts: list[HostOut]
    editable_fields: list[str]
    """What a PATCH of this caller may name now."""
    umbrella_actions: list[str]
    """What this caller may do about an umbrella above it: attach, detach."""


class OccurrenceWithActivity(OccurrenceOut):
    """An occurrence on its own: with the activity that it belongs to."""

    title: str
    title_language: str
    form: Form
    activity_state: ActivityState


class Upcoming(BaseModel):
    """An occurrence in the public list. PostgreSQL writes it: see upcoming.py."""

    id: UUID
    activity_id: UUID
    title: str
    title_language: str
    form: Form
    languages: list[SpokenLanguage]
    division_code: str
    division_name: str | None
    place: str | None
    venue_id: UUID | None
    venue_name: str | None
    venue_has_closed: bool
    """The venue received nobody any more: whoever holds it is finding another place."""
    hall_name: str | None
    hall_hold: Literal["asked", "confirmed"] | None
    """Null, like its name, where it asks for none, or was refused, or the venue took it back."""
    longitude: float | None
    latitude: float | None
    online_url: str | None
    starts_at: datetime
    ends_at: datetime
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None
    capacity: int | None
    places_left: int | None
    picture: PictureOut | None
    """The activity's first."""
