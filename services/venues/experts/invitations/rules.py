"""Lifecycle of a seat on a panel: pure."""

from datetime import timedelta
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
    """No invitation waits for this token: it is used, replaced, lapsed, or never was one."""


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

TAKEN = (S.INVITED, S.ACCEPTED)
"""States that hold a place of the panel."""
COUNTED = (S.INVITED, S.ACCEPTED)
"""States that count as a review of the year."""
