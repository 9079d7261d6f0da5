"""What services/events publishes. Bodies are thin: ids, divisions, numbers; never personal data.

`recipient` is an account id: it tells the gateway whom to notify and means nothing outside it.
"""

from datetime import date, datetime
from uuid import UUID

from services.kit.facts import Fact


class ActivityFact(Fact):
    """What every fact about a public activity says."""

    hosts: list[str]
    """The lead division first, then the co-hosts that have accepted."""
    day: date
    """Of the first occurrence that is not cancelled, in Asia/Shanghai."""
    occurrences: int
    """Those that are not cancelled."""
    form: str
    campaign_id: UUID | None = None


class ActivitySubmitted(Fact, type="events.activity_submitted.v1"):
    """A draft waits for approval."""


class ActivityReturned(Fact, type="events.activity_returned.v1"):
    """Sent back with a reason."""

    recipient: UUID


class ActivityApproved(Fact, type="events.activity_approved.v1"):
    """Approved, and not public yet."""

    recipient: UUID


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


class _Registration(Fact):
    recipient: UUID | None
    activity_id: UUID
    occurrence_id: UUID


class RegistrationConfirmed(_Registration, type="events.registration_confirmed.v1"):
    """A party has its places."""

    places: int


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


class DivisionChanged(Fact, type="events.division_changed.v1"):
    """A division was recoded, merged, split or abolished."""

    code: str
    successors: list[str]
    kind: str
