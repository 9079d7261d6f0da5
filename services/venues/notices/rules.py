"""Vocabulary and lifecycles of notices, and the window that is counted in working days: pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict
from services.kit.workdays import WorkingDays, day_of
from services.kit.workflow import Needs, Workflow

MOST_ENTRIES = 200
FURTHEST_DAYS = 30
"""How far ahead the first day of a notice may lie."""


class NoticeState(StrEnum):
    OPEN = "open"
    FINISHED = "finished"
    """No window in it runs any more."""
    WITHDRAWN = "withdrawn"


class EntryState(StrEnum):
    OPEN = "open"
    FINISHED = "finished"
    """Shown for all of its days, and every objection closed without being upheld."""
    STOPPED = "stopped"
    """An objection was upheld."""
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    """The application left the stage: withdrawn, or refused."""


class NoticeRunning(Conflict):
    """Somebody's window has not ended."""


class NoticeDueOpen(Conflict):
    """Nobody knows when a window ends: no calendar of that year has been announced."""


class NoticeUnfinished(Conflict):
    """What is to be named has not been shown for all of its days, or an objection is open."""


class ObjectionsOpen(Conflict):
    """A notice is finished or withdrawn once every objection has its answer."""


class AlreadyShown(Conflict):
    """An application is shown by another notice of the same stage."""


class NotInNotice(BrokenRule):
    """Some applications cannot be shown: each with why."""


NS, ES = NoticeState, EntryState
_NOBODY: set[Needs] = set()  # follows from the days, and from what becomes of the application

NOTICE: Workflow[NoticeState] = Workflow(
    "notice",
    # action     from      to            needs
    ("finish", NS.OPEN, NS.FINISHED, P.APPLICATION_DECIDE),
    ("withdraw", NS.OPEN, NS.WITHDRAWN, P.APPLICATION_DECIDE),
)
ENTRY: Workflow[EntryState] = Workflow(
    "notice entry",
    ("finish", ES.OPEN, ES.FINISHED, _NOBODY),
    ("stop", ES.OPEN, ES.STOPPED, _NOBODY),
    ("end", ES.OPEN, ES.ENDED, _NOBODY),
    ("withdraw", ES.OPEN, ES.WITHDRAWN, P.APPLICATION_DECIDE),
)


def last_day(
    calendar: WorkingDays,
    first_on: date,
    days: int,
    first_day_counts: bool,
    suspensions: Iterable[Any] = (),
) -> date | None:
    """The last day of a window: the working days from `first_on` on that no objection took.

    `suspensions`: [first, last] as ISO days, both included. None: the year is not known yet.
    """
    taken = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in suspensions]
    day = first_on if first_day_counts else first_on + timedelta(days=1)
    left = days
    while True:
        worked = calendar.is_working(day)
        if worked is None:
            return None
        left -= worked and not any(first <= day <= last for first, last in taken)
        if not left:
            return day
        day += timedelta(days=1)


def is_over(last_on: date | None, now: datetime) -> bool:
    """Has the last day ended? Never, while nobody knows which day that is."""
    return last_on is not None and day_of(now) > last_on
