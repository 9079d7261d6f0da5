"""When an answer may be given, and what of the answers may be shown: pure, no I/O.

The rule of suppression. The answers about one activity are cut into groups of at least LEAST as
they are released; a group is released once, whole, and never changes. Every figure that anybody
sees is a sum over whole groups: of an activity, of a division, of a period, today or last year. Two
figures therefore differ by whole groups too, and so does every combination of them: whatever is
subtracted from whatever, nothing smaller than a group of LEAST people comes out. Answers that are
in no group yet are in no figure at all, neither a parent's nor a child's.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.events.activities.rules import SHANGHAI
from services.kit.problems import Conflict, Forbidden

LEAST = 5
"""People in the smallest group that is shown."""
SATISFIED_FROM = 4
"""Of five: 4 满意, 5 非常满意."""
OPEN_DAYS = 30
"""Days after the end of an occurrence within which those who came may answer."""


class NotAttended(Conflict):
    """Nobody of the party has checked in: there is nothing to give feedback on."""


class FeedbackGiven(Conflict):
    """The one right to give feedback on this activity is spent."""


class FeedbackClosed(Conflict):
    """The time for feedback is over."""


class OnlyWhoCame(Forbidden):
    """Feedback is given by whoever came, and by nobody for them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said: a rating from 1 to 5, and perhaps a comment."""

    rating: int
    comment: str | None = None

    def text(self) -> str:
        """As it is sealed."""
        return json.dumps([self.rating, self.comment], ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> "Answer":
        """As it was sealed."""
        return cls(*json.loads(text))


@dataclass(frozen=True, slots=True)
class Group:
    """What is published of answers released together."""

    answers: int
    satisfied: int


def released(waiting: Sequence[Answer]) -> Group | None:
    """The group that the waiting answers make, or None while there are too few of them."""
    if len(waiting) < LEAST:
        return None
    return Group(len(waiting), sum(each.rating >= SATISFIED_FROM for each in waiting))


def last_moment(ends_at: datetime) -> datetime:
    """When feedback on an occurrence closes."""
    return ends_at + timedelta(days=OPEN_DAYS)


def require_open(now: datetime, ends_at: datetime) -> None:
    """Raise FeedbackClosed once it is too late."""
    if now >= last_moment(ends_at):
        raise FeedbackClosed(days=OPEN_DAYS)


def day(now: datetime) -> date:
    """The day that an answer is given on, which is all that is kept of its time."""
    return now.astimezone(SHANGHAI).date()
