"""Wire shapes of honours and of what anybody may verify."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.kit.days import Day
from services.kit.divisions import DivisionCode
from services.venues.honours.rules import HonourState, Standing
from services.venues.registry.hosts import Uscc

Name = Annotated[str, StringConstraints(min_length=2, max_length=200)]
UNSET: Any = None
"""A field that was left out of a patch; null is refused."""
Title = Annotated[str, StringConstraints(min_length=2, max_length=100)]
Number = Annotated[str, StringConstraints(min_length=2, max_length=100)]
Reason = Annotated[str, StringConstraints(min_length=4, max_length=500)]
Source = Annotated[str, StringConstraints(min_length=10, max_length=500, pattern=r"^https?://\S+$")]
Level = Literal["national", "provincial", "prefecture", "county"]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Entered(_Given):
    @model_validator(mode="after")
    def _in_order(self) -> Self:
        issued, until = getattr(self, "issued_on", None), getattr(self, "valid_until", None)
        if issued is not None and until is not None and until < issued:
            raise PydanticCustomError("honour-term", "the term ends after it begins")
        return self


class HonourIn(_Entered):
    """An honour that was named elsewhere, or before this platform: a venue's or a division's."""

    venue_id: UUID | None = None
    subject_code: DivisionCode | None = None
    title: Title
    issuer: Name
    co_issuers: list[Name] = Field(default_factory=list, max_length=10)
    level: Level | None = None
    number: Number | None = None
    host_name: Name | None = None
    """The host institution; what represents a division (its government) must be said."""
    host_uscc: Uscc | None = None
    issued_on: Day | None = None
    valid_until: Day | None = None
    """The last day; leave it out when no term is known."""
    source: Source
    """The public page that tells of it."""

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.venue_id is None) == (self.subject_code is None):
            raise PydanticCustomError("honour-subject", "either a venue or a division")
        if self.venue_id is None and self.host_name is None:
            raise PydanticCustomError("honour-represented", "who represents the division")
        return self


class HonourPatch(_Entered):
    """Corrects an honour that was named elsewhere; what was there before stays in its history."""

    title: Title = Field(default=UNSET)
    issuer: Name = Field(default=UNSET)
    co_issuers: list[Name] = Field(default_factory=list, max_length=10)
    level: Level | None = None
    number: Number | None = None
    host_name: Name | None = None
    host_uscc: Uscc | None = None
    issued_on: Day | None = None
    valid_until: Day | None = None
    source: Source = Field(default=UNSET)
    reason: Reason
    """Why it is corrected; public."""


class ReasonIn(_Given):
    """Why; public, so without personal data."""

    reason: Reason


class FollowIn(ReasonIn):
    """The honour that stands in this one's place from now on."""

    followed_by: UUID


class HostIn(ReasonIn):
    """The new host institution (依托单位)."""

    host_name: Name
    host_uscc: Uscc | None = None


class ReturnIn(ReasonIn):
    """What came back after a revocation, and when."""

    plaque_returned_on: Day | None = None
    certificate_returned_on: Day | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.plaque_returned_on is None and self.certificate_returned_on is None:
            raise PydanticCustomError("honour-nothing-returned", "say what came back")
        return self


class HonourOut(BaseModel):
    id: UUID
    number: str | None
    title: str
    titles: dict[str, str]
    """The title by language; empty for one named elsewhere."""
    holder: str
    """The venue by its name of today, or what represents the division."""
    venue_id: UUID | None
    subject_code: str | None
    division_code: str
    programme_id: UUID | None
    application_id: UUID | None
    issuer: str
    co_issuers: list[str]
    level: str | None
    host_name: str | None
    host_uscc: str | None
    issued_on: date | None
    valid_until: date | None
    """The last day; null when no term is known."""
    period: str | None
    """The term as the public page of an honour named elsewhere writes it."""
    provisional_until: date | None
    creation_over: bool
    """The creation period is over, and nobody has said whether the honour stands."""
    state: HonourState
    state_since: datetime
    state_reason: str | None
    plaque_returned_on: date | None
    certificate_returned_on: date | None
    followed_by: UUID | None
    source: str | None
    """The public page that an honour named elsewhere is known from."""
    version: int
    allowed_actions: list[str]


class HistoryOut(BaseModel):
    """A step that anybody may know of."""

    id: UUID
    action: str
    stage_key: str | None
    reason: str | None
    why: str
    """The reason, or in the reader's language what it rests on."""
    changed: list[dict[str, str]]
    """[{"pointer": "/host_name", "reason": what stood there before}]."""
    acted_for: str | None
    """The division in whose name."""
    version_id: UUID | None
    """The version of the programme's rule under which."""
    decided_at: datetime


class EditionOut(BaseModel):
    """A certificate that was given out."""

    edition: int
    holder: str
    host_name: str | None
    issued_on: date
    withdrawn_at: datetime | None
    """Given back for the next edition, or because the honour was revoked."""


class VerificationOut(BaseModel):
    """What a certificate is worth now."""

    honour_id: UUID
    number: str | None
    standing: Standing
    """In a word: may it be relied on today."""
    state: HonourState
    since: datetime
    reason: str | None
    title: str
    titles: dict[str, str]
    holder: str
    venue_id: UUID | None
    subject_code: str | None
    division_code: str
    issuer: str
    co_issuers: list[str]
    level: str | None
    host_name: str | None
    issued_on: date | None
    valid_until: date | None
    provisional_until: date | None
    creation_over: bool
    """The creation period is over, and nobody has said whether the honour stands."""
    followed_by: UUID | None
    plaque_returned_on: date | None
    certificate_returned_on: date | None
    editions: list[EditionOut]
    """Certificates that this platform gave out; none for an honour named elsewhere."""
    source: str | None
    document: str | None
    """Where the certificate is given out (PDF), while it may be relied on."""
    credential: str | None
    """Where the verifiable credential is given out (Open Badges 3.0)."""
    page: str
    """The same for people to read."""
    as_of: datetime
    """When this was so."""
    stamp: str
    """The same, signed, for whoever has no line: a JWT (EdDSA; the keys are at /honours/issuer)."""


class IssuerOut(BaseModel):
    """Who signs credentials and stamps, and with which keys."""

    id: str
    """did:web; its document is at /honours/issuer/did.json."""
    keys: list[dict[str, str]]
    """The newest first; former ones stay, so that what they signed can be verified."""
