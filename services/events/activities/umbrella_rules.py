"""Umbrellas: activities that others stand under, and who puts one there; pure, no I/O.

An umbrella (全国科普月青海主场, a county's science week) is declared by whoever drafts it.
Activities led at or below its division join it, one level deep: what people draw is one poster with
a list of events, and a tree of posters would count and cancel in ways that nobody could foresee.

Nobody is asked for consent. Declaring the umbrella opens it; whoever edits a child attaches it,
and passes its own tier's approval; and whoever owns the umbrella stands at or above the child, so
that grants already let them detach what does not belong. A round of asking and agreeing for each
of 4,716 villages would be a second approval of the same thing.

In the figures an umbrella counts by its own occurrences only: without any it is a heading, and the
sum at a division stays the number of distinct activities held below it.
"""

from enum import StrEnum
from typing import Protocol

from services.events.activities.rules import ActivityState
from services.kit.access import P
from services.kit.divisions import covers
from services.kit.problems import BrokenRule, Conflict, broken
from services.kit.workflow import Workflow

MOST_CANCELLED = 200
"""Children called off together with their umbrella, in one transaction."""

OVER = frozenset({ActivityState.COMPLETED, ActivityState.ARCHIVED, ActivityState.CANCELLED})


class Membership(StrEnum):
    """Whether an activity stands under an umbrella."""

    ALONE = "alone"
    UNDER = "under"


class AfterCancelling(StrEnum):
    """What becomes of an umbrella's children when it is called off."""

    KEEP = "keep"
    """They are held all the same, each on its own."""
    CANCEL = "cancel"
    """Those approved or public are called off with it, for the same reason."""


MEMBERSHIP: Workflow[Membership] = Workflow(
    "umbrella",
    # action    from                to        needs: which one, `change_needs` says
    ("attach", set(Membership), Membership.UNDER, {P.ACTIVITY_EDIT, P.ACTIVITY_RUN}),
    ("detach", Membership.UNDER, Membership.ALONE, {P.ACTIVITY_EDIT, P.ACTIVITY_RUN}),
)


class UnderAnUmbrella(Conflict):
    """An umbrella does not stand under another: there is one level."""


class UmbrellaHasChildren(Conflict):
    """It is an umbrella as long as activities stand under it."""


class UmbrellaOver(Conflict):
    """The umbrella is over: nothing joins it any more."""


class TooManyChildren(Conflict):
    """More children than are called off at once."""


class SayWhatOfChildren(BrokenRule):
    """An umbrella with children is called off with a word about them."""


class Standing(Protocol):
    """What the rule reads of an activity: a table row, or a test's own."""

    @property
    def division_code(self) -> str: ...
    @property
    def is_umbrella(self) -> bool: ...
    @property
    def state(self) -> ActivityState: ...


def may_attach(child: Standing, umbrella: Standing | None) -> None:
    """Raise unless `child` may stand under `umbrella` (None: no such activity for this caller)."""
    if child.is_umbrella:
        raise UnderAnUmbrella()
    if umbrella is None or not umbrella.is_umbrella:
        raise broken("/umbrella_id", "no-umbrella")
    if not covers(umbrella.division_code, child.division_code):
        raise broken("/umbrella_id", "umbrella-not-above", division=umbrella.division_code)
    if umbrella.state in OVER:
        raise UmbrellaOver()
