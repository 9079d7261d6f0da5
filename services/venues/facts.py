"""What services/venues publishes."""

from datetime import date, datetime
from uuid import UUID

from services.kit.facts import Fact


class VenuePublished(Fact, type="venues.venue_published.v1"):
    """A venue can be found by the public."""

    kind: str
    name: str | None = None
    """Its public name, for whoever shows it; facts of earlier versions have none."""


class VenueChanged(Fact, type="venues.venue_changed.v1"):
    """What the public reads of a venue changed."""

    kind: str
    name: str | None = None


class VenueClosed(Fact, type="venues.venue_closed.v1"):
    """A venue no longer receives the public."""


class HallChanged(Fact, type="venues.hall_changed.v1"):
    """A hall was entered, or is called otherwise, or is given out no more; its subject is it."""

    venue_id: UUID
    name: str
    open: bool


class _OfHonour(Fact):
    """An honour, by whose it is: a venue's or a division's."""

    venue_id: UUID | None
    subject_code: str | None
    programme_id: UUID | None


class HonourGranted(_OfHonour, type="venues.honour_granted.v1"):
    """A venue or a division was named, or an honour named elsewhere was entered."""

    level: str | None
    valid_until: date | None


class HonourConfirmed(_OfHonour, type="venues.honour_confirmed.v1"):
    """The creation period of an honour is over, and it stands."""


class HonourRectifying(_OfHonour, type="venues.honour_rectifying.v1"):
    """An honour stands under rectification."""


class HonourSuspended(_OfHonour, type="venues.honour_suspended.v1"):
    """An honour may not be shown for the time being."""


class HonourReinstated(_OfHonour, type="venues.honour_reinstated.v1"):
    """An honour stands again after a rectification or a suspension."""


class HonourRevoked(_OfHonour, type="venues.honour_revoked.v1"):
    """An honour was taken back for good."""


class HonourExpired(_OfHonour, type="venues.honour_expired.v1"):
    """The term of an honour is over."""


class HonourFollowed(_OfHonour, type="venues.honour_followed.v1"):
    """Another honour stands in the place of this one: renewed, or a higher one."""

    followed_by: UUID


class HonourHostChanged(_OfHonour, type="venues.honour_host_changed.v1"):
    """The honour stands under another host institution, with a new certificate."""


class _Reservation(Fact):
    """A party that reserved; the subject is the reservation."""

    recipient: UUID | None
    venue_id: UUID
    venue: str
    """The public name that the venue has now: what the recipient is told needs one."""
    starts_at: datetime


class ReservationConfirmed(_Reservation, type="venues.reservation_confirmed.v1"):
    """A party has its places, at once, by an offer or by an approval."""

    places: int


class ReservationRequested(_Reservation, type="venues.reservation_requested.v1"):
    """A group waits for the approval of the venue."""

    places: int


class ReservationApproved(_Reservation, type="venues.reservation_approved.v1"):
    """A group was approved, and has its places."""

    places: int


class ReservationRefused(_Reservation, type="venues.reservation_refused.v1"):
    """A group was not approved; why, the reservation says."""


class ReservationWaitlisted(_Reservation, type="venues.reservation_waitlisted.v1"):
    """A party stands on the waiting list of its slot."""


class VisitOffered(_Reservation, type="venues.visit_offered.v1"):
    """Places came free and are kept for this party until the offer expires."""

    places: int
    expires_at: datetime


class ReservationLapsed(_Reservation, type="venues.reservation_lapsed.v1"):
    """An offer was not taken in time, or the slot began before there was a place or a decision."""


class ReservationCancelled(_Reservation, type="venues.reservation_cancelled.v1"):
    """A reservation ended: by its owner, by the desk, or because the venue is closed that day."""

    cause: str


class ReservationMissed(_Reservation, type="venues.reservation_missed.v1"):
    """Nobody came, and the places went to others."""


class ReservationArrived(_Reservation, type="venues.reservation_arrived.v1"):
    """So many of a party have come."""

    people: int


class _Penalty(Fact):
    """The subject is the penalty."""

    recipient: UUID
    venue_id: UUID
    venue: str
    until_at: datetime


class PenaltyImposed(_Penalty, type="venues.penalty_imposed.v1"):
    """Too many no-shows: no reservations for a while."""


class PenaltyAppealed(_Penalty, type="venues.penalty_appealed.v1"):
    """The person asks for a penalty to be lifted."""


class PenaltyUpheld(_Penalty, type="venues.penalty_upheld.v1"):
    """An appeal was refused."""


class PenaltyLifted(_Penalty, type="venues.penalty_lifted.v1"):
    """A penalty holds no more."""


class VisitRecorded(Fact, type="venues.visit_recorded.v1"):
    """People who came to a venue on a day: the subject is the visit, the numbers are whole.

    `source` is check_in (a party) or head_count (the day): for one day the count stands in the
    place of the parties.
    """

    venue_id: UUID
    day: date
    people: int
    children: int
    free: bool
    source: str


class _Hold(Fact):
    """A hall that an activity asked for by being published; the subject is the occurrence."""

    activity_id: UUID
    occurrence_id: UUID
    venue_id: UUID
    hall_id: UUID
    starts_at: datetime
    ends_at: datetime


class HoldConfirmed(_Hold, type="venues.hold_confirmed.v1"):
    """The hall is kept for the occurrence."""


class HoldRefused(_Hold, type="venues.hold_refused.v1"):
    """The hall is not: `cause` is taken, shut (the hall), closed (the venue) or unknown."""

    cause: str


class HoldReleased(_Hold, type="venues.hold_released.v1"):
    """The hall is free again: the occurrence moved or is not held, or the venue took it back.

    `cause` says why it did: given_back (by its desk), venue_closed or day_closed.
    """

    cause: str | None = None


class _OfApplication(Fact):
    """An application; `recipient` is the applicant's account, which only the gateway knows."""

    recipient: UUID
    programme_id: UUID
    number: str
    """The application's."""


class ApplicationSubmitted(_OfApplication, type="venues.application_submitted.v1"):
    """It was handed in, for the first time or after a supplement, and stands in a stage."""

    stage: str | None


class ApplicationReturned(_OfApplication, type="venues.application_returned.v1"):
    """It is with the applicant, to be supplemented until a day; also when that day is put off."""

    stage: str | None
    due_on: date | None


class ApplicationDecided(_OfApplication, type="venues.application_decided.v1"):
    """It came to an end: named, not_named or withdrawn."""

    outcome: str


class _OfNotice(Fact):
    """A notice; its division is the authority's."""

    programme_id: UUID


class NoticeOpened(_OfNotice, type="venues.notice_opened.v1"):
    """The public may read who is to be named, and object."""

    names: int


class NoticeChanged(_OfNotice, type="venues.notice_changed.v1"):
    """A window of the notice was suspended, goes on, got its last day, or is over."""


class NoticeFinished(_OfNotice, type="venues.notice_finished.v1"):
    """No window of the notice runs any more."""


class NoticeWithdrawn(_OfNotice, type="venues.notice_withdrawn.v1"):
    """The notice was taken back."""


class ObjectionAnswered(Fact, type="venues.objection_answered.v1"):
    """An objection was accepted, refused, upheld, rejected or withdrawn. For who objected only."""

    notice_id: UUID
    state: str
    recipient: UUID | None
    """None: it came by letter."""


class _OfPanel(Fact):
    """The subject is the draw; its report can be read by everybody."""

    application_id: UUID
    commitment_sha256: str
    pool_sha256: str
    entries: int


class PanelFrozen(_OfPanel, type="venues.panel_frozen.v1"):
    """The rule of a draw is promised and its pool stands still: told every time."""


class PanelDrawn(_OfPanel, type="venues.panel_drawn.v1"):
    """The draw is made; its report can be replayed."""


class PanelVoided(_OfPanel, type="venues.panel_voided.v1"):
    """The draw is not made; why, and what was hidden until then, stands in its log."""


class PanelDisclosed(_OfPanel, type="venues.panel_disclosed.v1"):
    """The scoring is over, and who sat on the panel can be read."""


class ExpertInvited(Fact, type="venues.expert_invited.v1"):
    """An expert is asked to a panel. For them only: who sits on a panel is nobody else's."""

    recipient: UUID
    application_id: UUID


class ProgrammePublished(Fact, type="venues.programme_published.v1"):
    """A version of a programme is in force: new applications start under it."""

    number: int


class ProgrammeWithdrawn(Fact, type="venues.programme_withdrawn.v1"):
    """A programme takes no new application; running ones go on."""

    number: int


class InspectionRecorded(Fact, type="venues.inspection_recorded.v1"):
    """What an inspection found is recorded: subject is the inspection. The venue may not know yet,
    so it is for those who conduct inspections."""

    kind: str
    result: str
    grade: str | None
    application_id: UUID | None
    honour_id: UUID | None
    venue_id: UUID | None


class InspectionReleased(Fact, type="venues.inspection_released.v1"):
    """The venue may read what was found, and answer."""

    kind: str
    result: str
    grade: str | None
    application_id: UUID | None
    honour_id: UUID | None
    venue_id: UUID | None


class _Rectification(Fact):
    honour_id: UUID
    venue_id: UUID | None
    due_on: date | None


class RectificationOrdered(_Rectification, type="venues.rectification_ordered.v1"):
    """A base has to put something right."""


class RectificationFulfilled(_Rectification, type="venues.rectification_fulfilled.v1"):
    """A re-check found that it did."""


class RectificationFailed(_Rectification, type="venues.rectification_failed.v1"):
    """A re-check found that it did not, or its time went by."""


class RemovalProposed(_Rectification, type="venues.removal_proposed.v1"):
    """Whoever inspects proposes that the honour be taken away."""


class CreditAnswered(Fact, type="venues.credit_answered.v1"):
    """What a provider said about the host of an application: clear, red_line or unknown."""

    result: str
    recipient: UUID
