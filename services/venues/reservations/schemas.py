"""Wire shapes of reservations."""

import re
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.kit.days import Day
from services.venues.opening.schemas import Clock, Given
from services.venues.reservations.buckets import BUCKET
from services.venues.reservations.rules import PenaltyState, ReservationState

MOST_PEOPLE = 100_000
MONTH = 31


def _phone(given: str) -> str:
    """Digits only, without the country code: what the blind index is made of."""
    digits = re.sub(r"[\s\-()]", "", given)
    digits = re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", digits)
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise PydanticCustomError("phone", "not a phone number")
    return digits


def _quarters(given: int) -> int:
    if given % BUCKET:
        raise PydanticCustomError("quarter-hours", "a whole number of quarters of an hour")
    return given


PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(_phone)]
Quarters = Annotated[int, Field(ge=BUCKET, le=12 * 60), AfterValidator(_quarters)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]


class SettingsIn(Given):
    """How a venue takes reservations; every value has a default that suits a county's museum."""

    accepting: bool = True
    slot_minutes: Quarters = 30
    visit_minutes: Quarters = 60
    """How long a party stays: so long it counts among those inside."""
    per_day: int = Field(ge=1, le=MOST_PEOPLE)
    at_once: int = Field(ge=1, le=MOST_PEOPLE)
    """The most people inside at any time."""
    release_days: int = Field(default=7, ge=0, le=180)
    """A day is opened for reservations so many days before …"""
    group_release_days: int = Field(default=30, ge=0, le=365)
    release_at: Clock = "08:00"
    """… at this time of the day, in Asia/Shanghai."""
    max_party: int = Field(default=5, ge=1, le=100)
    per_person: int = Field(default=2, ge=1, le=MONTH)
    """Live reservations of one person at a time; one a day in any case."""
    group_min: int = Field(default=10, ge=2, le=1000)
    group_max: int = Field(default=100, ge=2, le=MOST_PEOPLE)
    offer_minutes: int = Field(default=60, ge=5, le=7 * 24 * 60)
    grace_minutes: int = Field(default=30, ge=0, le=12 * 60)
    """How long after the start of its slot a party is waited for."""
    no_shows: int = Field(default=3, ge=1, le=100)
    """So many no-shows …"""
    no_show_days: int = Field(default=180, ge=1, le=1000)
    """… within so many days …"""
    penalty_days: int = Field(default=30, ge=0, le=1000)
    """… end reservations for so many; 0: no penalty."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.group_max < self.group_min:
            raise PydanticCustomError("groups-crossed", "group_max is below group_min")
        if self.visit_minutes < self.slot_minutes:
            raise PydanticCustomError("visit-below-slot", "a visit is at least as long as a slot")
        return self


class SettingsOut(SettingsIn):
    venue_id: UUID
    version: int


class ReservationIn(Given):
    """A party for a slot of a venue. `day` and `starts` are local: 2026-12-01, 09:30."""

    venue_id: UUID
    day: Day
    starts: Clock
    party_size: int = Field(ge=1, le=MOST_PEOPLE)
    children: int = Field(default=0, ge=0)
    """How many of the party are under 18."""
    name: PersonName
    phone: Phone | None = None
    group_name: str | None = Field(default=None, min_length=2, max_length=100)
    """Named: a group, which the venue approves."""
    wait: bool = True
    """Join the waiting list when the slot is full; otherwise it is refused."""
    on_behalf: bool = False
    """The desk reserves for somebody without an account."""
    client_id: UUID | None = None
    """The id that an offline client gave it: sending it twice is harmless."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.children > self.party_size:
            raise PydanticCustomError("children-above-party", "more children than people")
        return self


class DecisionIn(Given):
    """Why a group is refused, a penalty lifted or upheld; the person reads it."""

    reason: Reason


class VisitOfferOut(BaseModel):
    """Places kept for the party until `expires_at`."""

    expires_at: datetime


class ReservationOut(BaseModel):
    """A reservation, masked."""

    id: UUID
    client_id: UUID | None
    venue_id: UUID
    venue: str
    day: date
    starts: str
    ends: str
    starts_at: datetime
    division_code: str
    state: ReservationState
    is_group: bool
    group_name: str | None
    party_size: int
    children: int
    on_behalf: bool
    name: str
    phone: str | None
    parties_ahead: int | None
    """On the waiting list: parties that wait for the same slot since before."""
    offer: VisitOfferOut | None
    decision_reason: str | None
    arrived: int | None
    arrived_at: datetime | None
    version: int
    created_at: datetime
    allowed_actions: list[str]


class PurposeIn(Given):
    """Why the personal fields are opened; kept for ever beside who opened them."""

    purpose: str = Field(min_length=4, max_length=200)


class VisitorPhoneIn(Given):
    """A phone to look for. It travels in the body: URLs are logged on the way."""

    phone: Phone
    venue_id: UUID | None = None


class VisitorOpened(BaseModel):
    """Who reserved, unmasked."""

    reservation_id: UUID
    opening_id: UUID
    name: str
    phone: str | None


class VisitCodeOut(BaseModel):
    """The signed code of a reservation."""

    code: str


class VisitorsIn(Given):
    """A party at the door: by its code, or by its id. `people` of it have come; all by default."""

    code: str | None = Field(default=None, max_length=1000)
    reservation_id: UUID | None = None
    venue_id: UUID | None = None
    """Which venue's door it is."""
    people: int | None = Field(default=None, ge=1, le=MOST_PEOPLE)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.code is None) == (self.reservation_id is None):
            raise PydanticCustomError("code-or-reservation", "either code or reservation_id")
        return self


class VisitorsOut(BaseModel):
    """A party that came; `already` when it had been let in before."""

    reservation_id: UUID
    venue_id: UUID
    name: str
    party_size: int
    arrived: int
    arrived_at: datetime
    already: bool


class SlotOut(BaseModel):
    """A time at which one may come, and how many still can."""

    starts: str
    ends: str
    places_left: int
    waiting: int
    """Parties on its waiting list: while it is not 0, newcomers queue."""
    bookable: bool


class SlotsOut(BaseModel):
    """The slots of a venue and day."""

    venue_id: UUID
    day: date
    is_open: bool
    free: bool
    opens_at: datetime
    """From when on reservations are taken."""
    group_opens_at: datetime
    places_left: int
    slots: list[SlotOut]


class AppealIn(Given):
    """What speaks against the penalty."""

    text: str = Field(min_length=4, max_length=2000)


class AppealOpened(BaseModel):
    """An appeal, unmasked."""

    penalty_id: UUID
    opening_id: UUID
    text: str


class PenaltyOut(BaseModel):
    id: UUID
    venue_id: UUID
    venue: str
    division_code: str
    no_shows: int
    from_at: datetime
    until_at: datetime
    state: PenaltyState
    mine: bool
    appealed_at: datetime | None
    decision_reason: str | None
    version: int
    allowed_actions: list[str]
