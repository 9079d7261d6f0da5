"""Wire shapes of registrations, places, check-in and attendance."""

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.events.draws.rules import DrawState
from services.events.registrations.rules import ListRule, RegistrationState

MAX_PARTY = 500


class Given(BaseModel):
    """What a request gives: nothing unknown, nothing padded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _phone(given: str) -> str:
    """Digits only, without the country code: what the blind index is made of."""
    digits = re.sub(r"[\s\-()]", "", given)
    digits = re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", digits)
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise PydanticCustomError("phone", "not a phone number")
    return digits


PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(_phone)]


class GuardianIn(Given):
    """The adult who consents for a child; without consent there is no registration (PIPL 31)."""

    name: PersonName
    phone: Phone
    consent: Literal[True]


class MemberIn(Given):
    """One person of a party. Years of age are needed for ticket kinds with an age limit."""

    name: PersonName
    phone: Phone | None = None
    age: int | None = Field(default=None, ge=0, le=130)
    guardian: GuardianIn | None = None


class RegistrationIn(Given):
    """A party for an occurrence. The ticket kind may be left out when there is only one."""

    occurrence_id: UUID
    ticket_id: UUID | None = None
    ticket: str | None = Field(default=None, max_length=60)
    """Its name, instead of its id."""
    party: list[MemberIn] = Field(min_length=1, max_length=MAX_PARTY)
    split_ok: bool = False
    """Part of the party will come when there is not place for all; otherwise all or none."""
    on_behalf: bool = False
    """Staff register somebody without an account."""
    client_id: UUID | None = None
    """The id that an offline client gave it: sending it twice is harmless."""


class AcceptIn(Given):
    """Who takes the places of an offer smaller than the party; the first ones by default."""

    members: list[UUID] | None = Field(default=None, min_length=1, max_length=MAX_PARTY)


class ReduceIn(Given):
    """Who is taken off the party."""

    members: list[UUID] = Field(min_length=1, max_length=MAX_PARTY)


class OpenIn(Given):
    """Why the personal fields are opened; kept for ever beside who opened them."""

    purpose: str = Field(min_length=4, max_length=200)


class PhoneIn(Given):
    """A phone to look for. It travels in the body: URLs are logged on the way."""

    phone: Phone
    occurrence_id: UUID | None = None


class MemberOut(BaseModel):
    """A member, masked."""

    id: UUID
    number: int
    """The short number within the party, from 1: what a ticket and a check-in name."""
    name: str
    phone: str | None
    age: int | None
    guardian_consented: bool
    dropped_at: datetime | None
    checked_in_at: datetime | None


class PositionOut(BaseModel):
    """Where a party stands on the waiting list."""

    parties_ahead: int
    people_ahead: int


class OfferOut(BaseModel):
    """Places kept for the party until `expires_at`."""

    places: int
    expires_at: datetime


class RegistrationOut(BaseModel):
    id: UUID
    client_id: UUID | None
    occurrence_id: UUID
    activity_id: UUID
    starts_at: datetime
    pool_id: UUID
    ticket_id: UUID
    ticket: str
    division_code: str
    state: RegistrationState
    party_size: int
    split_ok: bool
    on_behalf: bool
    position: PositionOut | None
    offer: OfferOut | None
    party: list[MemberOut]
    version: int
    created_at: datetime
    allowed_actions: list[str]


class GuardianOpened(BaseModel):
    name: str
    phone: str | None


class MemberOpened(BaseModel):
    """A member with the personal fields open."""

    id: UUID
    number: int
    name: str
    phone: str | None
    age: int | None
    guardian: GuardianOpened | None
    guardian_consent_at: datetime | None
    dropped_at: datetime | None


class PartyOpened(BaseModel):
    """The answer of an opening: written down with its purpose."""

    registration_id: UUID
    opening_id: UUID
    party: list[MemberOpened]


# ── Places ───────────────────────────────────────────────────────────────────────────────────────


class PoolIn(Given):
    """Places that several ticket kinds may share."""

    name: str = Field(min_length=1, max_length=60)
    capacity: int = Field(ge=0, le=1_000_000)


class TicketIn(Given):
    """A ticket kind: who may come with it, and the name of the pool it draws from."""

    name: str = Field(min_length=1, max_length=60)
    pool: str
    min_age: int | None = Field(default=None, ge=0, le=130)
    max_age: int | None = Field(default=None, ge=0, le=130)
    max_party: int = Field(default=10, ge=1, le=MAX_PARTY)

    @model_validator(mode="after")
    def _ages(self) -> "TicketIn":
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            raise PydanticCustomError("ages-crossed", "min_age is above max_age")
        return self


class PlacesIn(Given):
    """The places of an occurrence: `capacity` for one pool and one ticket kind, or both in full.

    All left out: no registration, one simply comes. Pools without tickets get one kind each.
    """

    capacity: int | None = Field(default=None, ge=0, le=1_000_000)
    pools: list[PoolIn] = Field(default_factory=list, max_length=20)
    tickets: list[TicketIn] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _consistent(self) -> "PlacesIn":
        names = [pool.name for pool in self.pools]
        if self.capacity is not None and (self.pools or self.tickets):
            raise PydanticCustomError("capacity-or-pools", "capacity, or pools and tickets")
        if len(set(names)) < len(names) or len({t.name for t in self.tickets}) < len(self.tickets):
            raise PydanticCustomError("names-repeat", "names repeat")
        if any(ticket.pool not in names for ticket in self.tickets):
            raise PydanticCustomError("unknown-pool", "a ticket names a pool that is not there")
        return self


class PoolPatch(Given):
    capacity: int = Field(ge=0, le=1_000_000)


class PoolOut(BaseModel):
    """A pool's places. `waiting` counts parties, the others count places."""

    id: UUID
    name: str
    capacity: int
    confirmed: int
    offered: int
    waiting: int
    version: int


class TicketOut(BaseModel):
    id: UUID
    name: str
    pool_id: UUID
    min_age: int | None
    max_age: int | None
    max_party: int


class PlacesDrawOut(BaseModel):
    """The draw by which the places go, and until when one may enter it."""

    state: DrawState
    closes_at: datetime


class PlacesOut(BaseModel):
    """What is left, and by which rule a freed place goes to the waiting list."""

    occurrence_id: UUID
    list_rule: ListRule
    offer_minutes: int
    opens_at: datetime | None
    closes_at: datetime
    draw: PlacesDrawOut | None
    """While places go by a draw instead of first come; null before one and after it."""
    pools: list[PoolOut]
    tickets: list[TicketOut]
