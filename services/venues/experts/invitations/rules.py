"""Lifecycle of a seat on a panel: pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.kit.access import P
from services.kit.problems import Conflict, Missing
from services.kit.workflow import Needs, Relation, Workflow

DAYS_TO_ANSWER = 3
"""How long an invitation waits, unless whoever draws says otherwise."""


def lasts(days: int) -> timedelta:
    """How long an invitation waits."""
    return timedelta(days=days)


class SeatState(StrEnum):
    STANDING_BY = "standing_by"  # 候补: drawn as an alternate, not asked yet
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    IN_CONFLICT = "in_conflict"
    RELEASED = "released"  # gave the seat back, or was taken from it, after accepting
    CLOSED = "closed"  # nobody needs an answer any more


class Answer(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    CONFLICT = "conflict"


class InvitationGone(Missing):
    """No invitation has this token: another link was made since, or it never was one."""


class InvitationAnswered(Conflict):
    """The invitation has its answer; the same answer sent again is no error."""


class InvitationLapsed(Conflict):
    """The time to answer is over."""


class InvitationClosed(Conflict):
    """Nobody needs an answer any more: the review is over, or the seat was taken back."""


class StaffAccount(Conflict):
    """Experts judge under their own account as citizens: with one of staff, whoever makes the link
    could sit on the panel themselves."""


class AnotherExpertsAccount(Conflict):
    """The account belongs to another expert, or the expert has another account."""


class NotSeated(Conflict):
    """The seat is not, or no longer, an accepted one."""


S = SeatState
_NOBODY: set[Needs] = set()

LIFECYCLE: Workflow[SeatState] = Workflow(
    "seat",
    # action     from                       to              needs
    ("invite", S.STANDING_BY, S.INVITED, _NOBODY),
    ("accept", S.INVITED, S.ACCEPTED, Relation.OWN),
    ("decline", S.INVITED, S.DECLINED, Relation.OWN),
    ("conflict", {S.STANDING_BY, S.INVITED, S.ACCEPTED}, S.IN_CONFLICT, Relation.OWN),
    ("lapse", S.INVITED, S.EXPIRED, _NOBODY),
    ("release", S.ACCEPTED, S.RELEASED, {P.EXPERT_MANAGE}),
    ("close", {S.INVITED, S.STANDING_BY}, S.CLOSED, _NOBODY),
)


def is_late(expires_at: datetime | None, now: datetime) -> bool:
    """Is the time to answer over?"""
    return expires_at is None or expires_at <= now


def require_open(state: SeatState, expires_at: datetime | None, now: datetime) -> None:
    """Raise what has become of an invitation that waits for no answer."""
    if state in (S.ACCEPTED, S.DECLINED, S.IN_CONFLICT):
        raise InvitationAnswered()
    if state is S.EXPIRED or (state is S.INVITED and is_late(expires_at, now)):
        raise InvitationLapsed()
    if state is not S.INVITED:
        raise InvitationClosed()


TAKEN = (S.INVITED, S.ACCEPTED)
"""States that hold a place of the panel."""
GIVEN_BACK = {S.INVITED: "close", S.ACCEPTED: "release"}
"""How such a place is given back by whoever leaves the pool."""
COUNTED = (S.INVITED, S.ACCEPTED)
"""States that count as a review of the year."""
