"""Feeds as text: what two parsers that know nothing of one another read out of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import vobject  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from services.events.activities.rules import SHANGHAI, OccurrenceState
from services.events.calendars.drawing import drawn
from services.events.calendars.rules import STATUS, Entry, Feed
from services.kit.languages import load_words

ONE = UUID("01920000-0000-7000-8000-000000000001")
START = datetime(2026, 9, 18, 1, 30, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def _words() -> None:
    load_words("services.events")


def entry(**over: Any) -> Entry:
    """A lecture on the square of 湟源县."""
    return Entry(
        **{
            "id": ONE,
            "activity_id": ONE,
            "state": "scheduled",
            "sequence": 3,
            "starts_at": START,
            "ends_at": START + timedelta(hours=2),
            "place": "文化广场",
            "division_name": "湟源县",
            "longitude": 101.25,
            "latitude": 36.68,
            "online_url": None,
            "cancel_reason": None,
            "title": "青海湖的鸟",
            "title_language": "zh-CN",
            "summary": "听专家讲候鸟；带上望远镜, 早到。\n免费",
            "summary_language": "zh-CN",
            "published_at": START - timedelta(days=9),
            "changed_at": START - timedelta(days=5),
            **over,
        }
    )


def text_of(*entries: Entry, name: str = "湟源县", language: str = "zh-CN") -> bytes:
    return drawn(Feed(name, language, "https://kepu.example", entries))


def test_the_icalendar_library_reads_what_was_said() -> None:
    calendar = Calendar.from_ical(text_of(entry()))
    (zone,), (event,) = calendar.walk("VTIMEZONE"), calendar.walk("VEVENT")
    assert calendar.errors == [] == event.errors
    assert (str(zone["TZID"]), str(calendar["X-WR-CALNAME"])) == ("Asia/Shanghai", "湟源县")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (
        datetime(2026, 9, 18, 9, 30, tzinfo=SHANGHAI),
        datetime(2026, 9, 18, 11, 30, tzinfo=SHANGHAI),
    )
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert (event["DTSTAMP"].dt, event["LAST-MODIFIED"].dt) == (START - timedelta(days=5),) * 2
    assert {
        name: str(event[name])
        for name in ("UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "URL", "SEQUENCE")
    } == {
        "UID": str(ONE),
        "SUMMARY": "青海湖的鸟",
        "DESCRIPTION": "听专家讲候鸟；带上望远镜, 早到。\n免费",
        "LOCATION": "文化广场, 湟源县",
        "STATUS": "CONFIRMED",
        "URL": f"https://kepu.example/api/v1/activities/{ONE}",
        "SEQUENCE": "3",
    }
    assert event["GEO"].to_ical() == "36.68;101.25"


def test_vobject_reads_the_same() -> None:
    calendar = vobject.readOne(text_of(entry()).decode())
    event = calendar.vevent
    assert (event.uid.value, event.summary.value, event.location.value, event.status.value) == (
        str(ONE),
        "青海湖的鸟",
        "文化广场, 湟源县",
        "CONFIRMED",
    )
    assert (event.dtstart.value, event.dtend.value) == (START, START + timedelta(hours=2))
    assert event.dtstart.value.utcoffset() == timedelta(hours=8)
    calendar.validate(raiseException=True)


@pytest.mark.parametrize("state", list(OccurrenceState))
def test_each_state_has_its_status_and_shows_in_the_title(state: OccurrenceState) -> None:
    given_state = entry(state=state.value, cancel_reason="大雪封路")
    (event,) = Calendar.from_ical(text_of(given_state)).walk("VEVENT")
    marks = {"cancelled": "【已取消】 ", "postponed": "【延期，时间待定】 "}
    assert (str(event["STATUS"]), str(event["SUMMARY"])) == (
        STATUS[state],
        f"{marks.get(state, '')}青海湖的鸟",
    )
    assert str(event["TRANSP"]) == ("TRANSPARENT" if state in marks else "OPAQUE")
    assert ("大雪封路" in event["DESCRIPTION"]) == (state == "cancelled")


def test_online_only_has_its_address_as_location() -> None:
    online = entry(place=None, longitude=None, latitude=None, online_url="https://live.example/1")
    (event,) = Calendar.from_ical(text_of(online)).walk("VEVENT")
    assert (str(event["LOCATION"]), "GEO" in event) == ("https://live.example/1", False)


@given(
    title=st.text(st.characters(exclude_categories=("Cs",)), max_size=120),
    tibetan=st.text("མཚོ་སྔོན་པོའི་བྱ། ", max_size=200),
)
@settings(max_examples=60, deadline=None)
def test_any_text_is_folded_at_75_octets_and_comes_back(title: str, tibetan: str) -> None:
    title = title.replace("\0", "")
    body = text_of(entry(title=title, summary=tibetan), name=title)
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    for line in lines:
        line.decode()  # no character is cut in two
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    if title.isprintable():
        assert str(event["SUMMARY"]) == title
    assert str(event.get("DESCRIPTION", "")) == tibetan
    read = vobject.readOne(body.decode()).vevent
    if tibetan:
        assert read.description.value == tibetan


def test_the_same_feed_is_the_same_bytes() -> None:
    assert text_of(entry(), entry(id=UUID(int=7))) == text_of(entry(), entry(id=UUID(int=7)))
