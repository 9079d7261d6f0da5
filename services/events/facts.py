"""What services/events publishes. Bodies are thin: ids, divisions, numbers; never personal data.

`recipient` is an account id: it tells the gateway whom to notify and means nothing outside it.
"""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.kit.facts import Fact


class VenueAsked(BaseModel):
    """A venue, and perhaps a hall of it, that an occurrence is held in."""

    model_config = ConfigDict(frozen=True)

    occurrence_id: UUID
    venue_id: UUID
    hall_id: UUID | None
    starts_at: datetime
    ends_at: datetime


class ActivityFact(Fact):
    """What every fact about a public activity says."""

    hosts: list[str]
    """The lead division first, then the co-hosts that have accepted."""
    day: date
    """Of the first occurrence that is not cancelled, in Asia/Shanghai; of its publication for an
    umbrella without occurrences of its own."""
    occurrences: int
    """Those that are not cancelled."""
    form: str
    campaign_id: UUID | None = None
    places: list[VenueAsked] = Field(default_factory=list)
    """Its occurrences in venues, whole, without those that are postponed or cancelled: a hall
    that is not named any more is free again."""


class ActivitySubmitted(Fact, type="events.activity_submitted.v1"):
    """A draft waits for approval."""


class ActivityReturned(Fact, type="events.activity_returned.v1"):
    """Sent back with a reason."""

    recipient: UUID


class ActivityApproved(Fact, type="events.activity_approved.v1"):
    """Approved, and not public yet."""

    recipient: UUID


class HallLost(Fact, type="events.hall_lost.v1"):
    """A public occurrence has not, or no longer, the hall that it asked for; of the activity."""

    recipient: UUID
    occurrence_id: UUID
    starts_at: datetime
    cause: str
    """As the venue said it: taken, shut, closed, unknown, given_back, venue_closed, day_closed."""


class ActivityPublished(ActivityFact, type="events.activity_published.v1"):
    """The public can see it and register."""


class ActivityRescheduled(ActivityFact, type="events.activity_rescheduled.v1"):
    """Times, places, hosts or the number of occurrences changed after publication."""


class ActivityCompleted(ActivityFact, type="events.activity_completed.v1"):
    """It has been held."""


class ActivityCancelled(ActivityFact, type="events.activity_cancelled.v1"):
    """It will not be held: it counts no more."""


class AttendanceChanged(Fact, type="events.attendance_changed.v1"):
    """The numbers of one occurrence, whole: subject is the occurrence, version its own."""

    activity_id: UUID
    hosts: list[str]
    day: date
    verified: int
    counted: int
    estimated: int
    online: int


class FeedbackReleased(Fact, type="events.feedback_released.v1"):
    """The released answers about an activity, whole: subject is the activity, version their own."""

    hosts: list[str]
    day: date
    answers: int
    satisfied: int


class DeviceEnrolled(Fact, type="events.device_enrolled.v1"):
    """A device may check people in at and below the fact's division."""


class DeviceRevoked(Fact, type="events.device_revoked.v1"):
    """A device may not any more: it was lost, or given away."""


class _Registration(Fact):
    recipient: UUID | None
    activity_id: UUID
    occurrence_id: UUID


class RegistrationConfirmed(_Registration, type="events.registration_confirmed.v1"):
    """A party has its places."""

    places: int


class RegistrationEntered(_Registration, type="events.registration_entered.v1"):
    """A party stands in a draw."""


class RegistrationWaitlisted(_Registration, type="events.registration_waitlisted.v1"):
    """A party stands on the waiting list."""


class PlaceOffered(_Registration, type="events.place_offered.v1"):
    """Places came free and are kept for this party until the offer expires."""

    places: int
    expires_at: datetime


class OfferLapsed(_Registration, type="events.offer_lapsed.v1"):
    """The offer was not taken in time."""


class RegistrationCancelled(_Registration, type="events.registration_cancelled.v1"):
    """A registration ended: by its owner, by staff, or with its activity."""

    cause: str


class RegistrationRescheduled(_Registration, type="events.registration_rescheduled.v1"):
    """A registration's occurrence moved or was postponed; `starts_at` is null while unknown."""

    starts_at: datetime | None


class _Draw(Fact):
    """The subject is the draw."""

    activity_id: UUID
    occurrence_id: UUID
    commitment_sha256: str


class DrawOpened(_Draw, type="events.draw_opened.v1"):
    """What a draw will go by is promised, and parties may enter."""


class DrawFrozen(_Draw, type="events.draw_frozen.v1"):
    """Who stands in the draw stands still: told every time, so that none is tried in silence."""

    pool_sha256: str
    entries: int


class DrawDrawn(_Draw, type="events.draw_drawn.v1"):
    """The draw is made; its report can be replayed."""

    pool_sha256: str
    entries: int


class DrawVoided(_Draw, type="events.draw_voided.v1"):
    """The draw is not made; why, and what was hidden until then, stands in its log."""


class DivisionChanged(Fact, type="events.division_changed.v1"):
    """A division was recoded, merged, split or abolished."""

    code: str
    successors: list[str]
    kind: str
    takes: str | None = None
    """The one of them where its rows and grants go; null while no order says so."""
    change_id: UUID | None = None
    """The order, where there is one."""


class _Station(Fact):
    kind: str
    sector: str | None


class StationOpened(_Station, type="events.station_opened.v1"):
    """A station is there, or there again."""


class StationChanged(_Station, type="events.station_changed.v1"):
    """What is known of a station changed: its kind, who leads it, who is responsible."""


class StationClosed(_Station, type="events.station_closed.v1"):
    """A station is not there any more."""


class _Post(Fact):
    role: str
    station_id: UUID | None


class PostTaken(_Post, type="events.post_taken.v1"):
    """Somebody holds a post, or will from a day on."""


class PostChanged(_Post, type="events.post_changed.v1"):
    """What is known of a post changed."""


class PostEnded(_Post, type="events.post_ended.v1"):
    """A post has a last day, or was taken back before it began."""
