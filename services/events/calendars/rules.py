"""What a calendar says of an occurrence, and how far a feed reaches: pure, no I/O.

The UID is the occurrence's id: the same in every feed, for ever. SEQUENCE is the occurrence's; it
grows with every change of time, place or state, while texts change LAST-MODIFIED alone. A feed has
no METHOD, so DTSTAMP says when the entry last changed (RFC 5545, 3.8.7.2), and a feed in which
nothing changed is the same bytes.

iCalendar has no word for postponed. An occurrence whose new time is not known stays at its former
time as TENTATIVE, marked in its title and leaving the reader's day free; CANCELLED would make some
programs drop it, and the new time with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.events.activities.rules import OccurrenceState

BACK = timedelta(days=30)
AHEAD = timedelta(days=366)
MOST_BEFORE = 200
MOST_COMING = 800
"""Of what began before today the latest, of what comes the next: a province's feed stays readable
by a phone; who wants all of it asks for a county's."""

REFRESH = timedelta(hours=1)
MAX_AGE_S = 300

STATUS = {
    OccurrenceState.SCHEDULED: "CONFIRMED",
    OccurrenceState.COMPLETED: "CONFIRMED",
    OccurrenceState.POSTPONED: "TENTATIVE",
    OccurrenceState.CANCELLED: "CANCELLED",
}
MARKS = {
    OccurrenceState.POSTPONED: "calendar-postponed",
    OccurrenceState.CANCELLED: "calendar-cancelled",
}
"""Many programs show a cancelled or tentative entry like any other: its title says it too."""

_LINE_ENDS = dict.fromkeys(map(ord, "\v\f\x85\u2028\u2029"), "\n")
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n"} | {127: None}
_TEXT = _CONTROLS | _LINE_ENDS


@dataclass(frozen=True)
class Entry:
    """One occurrence with what its activity says of it. Hashable: a feed is drawn once."""

    id: UUID
    activity_id: UUID
    state: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    place: str | None
    division_name: str | None
    longitude: float | None
    latitude: float | None
    online_url: str | None
    cancel_reason: str | None
    title: str
    title_language: str
    summary: str
    summary_language: str
    published_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Feed:
    """A calendar: its name, the language asked for, its entries by time."""

    name: str
    language: str
    origin: str
    """Where people reach the platform: the entries' links begin with it."""
    entries: tuple[Entry, ...]


def clean(text: str) -> str:
    """Without characters that a content line may not hold (RFC 5545, 3.1), whoever typed them."""
    return text.replace("\r\n", "\n").translate(_TEXT)


def one_line(text: str) -> str:
    """The same for a name or a title."""
    return clean(text).replace("\n", " ")
