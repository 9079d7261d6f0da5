"""Vocabulary and lifecycle of registrations: pure, no I/O."""

from enum import StrEnum

from services.kit.access import P
from services.kit.workflow import Relation, Workflow


class ListRule(StrEnum):
    """How a freed place goes to the waiting list; published with the occurrence."""

    STRICT = "strict"
    """Nobody passes: when the first party does not fit, its place is kept until it does."""
    GREEDY = "greedy"
    """The first party that fits."""


class RegistrationState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class Grade(StrEnum):
    """How attendance is known; grades are never added together."""

    VERIFIED = "verified"
    COUNTED = "counted"
    ESTIMATED = "estimated"
    ONLINE = "online"


S = RegistrationState
_MINE_OR_STAFF = {Relation.OWN, P.REGISTRATION_MANAGE}

LIFECYCLE: Workflow[RegistrationState] = Workflow(
    "registration",
    # action   from                               to           needs
    ("offer", S.WAITING, S.OFFERED, P.REGISTRATION_MANAGE),
    ("accept", S.OFFERED, S.CONFIRMED, _MINE_OR_STAFF),
    ("decline", S.OFFERED, S.CANCELLED, _MINE_OR_STAFF),
    ("lapse", S.OFFERED, S.LAPSED, P.REGISTRATION_MANAGE),
    ("cancel", {S.WAITING, S.CONFIRMED, S.OFFERED}, S.CANCELLED, _MINE_OR_STAFF),
)
