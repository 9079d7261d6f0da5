"""A feed drawn as iCalendar text, by the icalendar library: it escapes, and folds at 75 octets."""

from datetime import datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, Event, Timezone, TimezoneStandard, vText

from services.events.activities.rules import SHANGHAI, OccurrenceState
from services.events.calendars.rules import (
    AHEAD,
    BACK,
    MARKS,
    MOST_BEFORE,
    MOST_COMING,
    REFRESH,
    STATUS,
    Entry,
    Feed,
    clean,
    one_line,
)
from services.kit.languages import DEFAULT, WORDS, say


def _say(slug: str, language: str, **values: object) -> tuple[str, str]:
    words, tag = say(WORDS[slug]["title"], language)
    return words.format(**values), tag


@lru_cache(maxsize=16)
def drawn(feed: Feed) -> bytes:
    """The feed's bytes. The same feed is the same bytes; the last few are kept."""
    calendar = Calendar()
    about, language = _say(
        "calendar-bounds",
        feed.language,
        back=BACK.days,
        ahead=AHEAD.days,
        before=MOST_BEFORE,
        coming=MOST_COMING,
    )
    for name, value in (
        ("version", "2.0"),
        ("prodid", "-//Kepu//Calendars//ZH"),
        ("calscale", "GREGORIAN"),
        ("name", one_line(feed.name)),
        ("x-wr-calname", one_line(feed.name)),
        ("x-wr-timezone", SHANGHAI.key),
        ("x-wr-caldesc", about),
        ("x-published-ttl", "PT1H"),
    ):
        calendar.add(name, vText(value))
    calendar.add("description", about, parameters={"LANGUAGE": language})
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add_component(_zone())
    for entry in feed.entries:
        calendar.add_component(_event(entry, feed.origin))
    body: bytes = calendar.to_ical()
    return body


def _zone() -> Timezone:
    """Asia/Shanghai as it is since 1991: eight hours ahead, without summer time."""
    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1991, 9, 15, 2))
    standard.add("tzoffsetfrom", timedelta(hours=9))
    standard.add("tzoffsetto", timedelta(hours=8))
    standard.add("tzname", "CST")
    zone = Timezone()
    zone.add("tzid", SHANGHAI.key)
    zone.add_component(standard)
    return zone


def _event(entry: Entry, origin: str) -> Event:
    state = OccurrenceState(entry.state)
    event = Event()
    event.add("uid", str(entry.id))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("created", entry.published_at)
    event.add("dtstart", entry.starts_at.astimezone(SHANGHAI))
    event.add("dtend", entry.ends_at.astimezone(SHANGHAI))
    event.add("status", STATUS[state])
    event.add("transp", "TRANSPARENT" if state in MARKS else "OPAQUE")
    event.add("summary", _title(entry, state), parameters={"LANGUAGE": entry.title_language})
    if text := _text(entry, state):
        event.add("description", text, parameters={"LANGUAGE": entry.summary_language})
    where = [part for part in (entry.place, entry.division_name) if part]
    if entry.place or not entry.online_url:
        event.add("location", one_line(", ".join(where)), parameters={"LANGUAGE": DEFAULT})
    else:
        event.add("location", entry.online_url)
    if entry.latitude is not None and entry.longitude is not None:
        event.add("geo", (entry.latitude, entry.longitude))
    event.add("url", f"{origin}/api/v1/activities/{entry.activity_id}")
    return event


def _title(entry: Entry, state: OccurrenceState) -> str:
    title = one_line(entry.title)
    if state not in MARKS:
        return title
    mark, _ = _say(MARKS[state], entry.title_language)
    return f"{mark} {title}"


def _text(entry: Entry, state: OccurrenceState) -> str:
    language = entry.summary_language
    parts = [entry.summary]
    if state is OccurrenceState.POSTPONED:
        parts.append(_say("calendar-time-unknown", language)[0])
    if state is OccurrenceState.CANCELLED and entry.cancel_reason:
        parts.append(_say("calendar-reason", language, reason=entry.cancel_reason)[0])
    if entry.online_url:
        parts.append(entry.online_url)
    return clean("\n\n".join(part for part in parts if part))
