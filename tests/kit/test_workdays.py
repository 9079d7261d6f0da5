"""Working days: what is known of them, what an operator adds, and that nothing is guessed."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.workdays import (
    KNOWN_UNTIL,
    CalendarUnreadable,
    WorkingDays,
    day_of,
    days_between,
    read,
    require_calendar,
    working_days,
)

PLAIN = WorkingDays()
WHOLE_2027 = """
[2027]
holidays = ["2027-01-01..2027-01-03", "2027-02-05..2027-02-11", "2027-04-05",
    "2027-05-01..2027-05-05", "2027-10-01..2027-10-07"]
working = ["2027-02-14"]
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """An operator's file with this text, in use."""

    def write(content: str) -> Path:
        path = tmp_path / "workdays.toml"
        path.write_text(content, "utf-8")
        monkeypatch.setenv("KEPU_WORKDAYS_FILE", str(path))
        return path

    return write


def test_five_working_days_from_the_thirtieth_of_september_end_on_the_twelfth_of_october() -> None:
    first = date(2026, 9, 30)
    worked = [day for day in days_between(first, date(2026, 10, 12)) if PLAIN.is_working(day)]
    assert worked == [first, *(date(2026, 10, day) for day in (8, 9, 10, 12))]
    assert PLAIN.due(first, 5, first_day_counts=True) == date(2026, 10, 12)
    assert PLAIN.due(first, 5, first_day_counts=False) == date(2026, 10, 13)
    assert PLAIN.count(first, date(2026, 10, 12)) == 5


@pytest.mark.parametrize(
    ("first", "days", "counts", "due"),
    [
        # 5–11 December 2023: the notice of seven bases in 2023, five working days.
        (date(2023, 12, 5), 5, True, date(2023, 12, 11)),
        # Begins on a holiday: its first day cannot count.
        (date(2026, 10, 1), 1, True, date(2026, 10, 8)),
        # A Sunday that makes up for the Spring Festival.
        (date(2026, 2, 13), 2, True, date(2026, 2, 14)),
        (date(2026, 12, 31), 1, True, date(2026, 12, 31)),
        # Across the turn into a year that nobody has announced.
        (date(2026, 12, 31), 2, True, None),
        (date(2027, 3, 1), 1, True, None),
    ],
)
def test_terms_end_where_the_calendar_says_and_nowhere_when_it_does_not(
    first: date, days: int, counts: bool, due: date | None
) -> None:
    assert PLAIN.due(first, days, counts) == due


def test_a_year_that_nobody_announced_is_not_guessed() -> None:
    assert PLAIN.is_working(date(2027, 3, 1)) is None
    assert PLAIN.count(date(2026, 12, 30), date(2027, 1, 4)) is None
    assert PLAIN.known_until == 2026


@given(st.dates(date(2024, 1, 1), date(2026, 6, 1)), st.integers(1, 60), st.booleans())
def test_a_term_holds_as_many_working_days_as_it_says(first: date, days: int, counts: bool) -> None:
    due = PLAIN.due(first, days, counts)
    assert due is not None
    assert PLAIN.is_working(due) is True
    extra = 0 if counts or not PLAIN.is_working(first) else 1
    assert PLAIN.count(first, due) == days + extra


def test_an_operator_supplies_a_year_before_the_library_does(
    written: Callable[[str], Path],
) -> None:
    written(WHOLE_2027)
    calendar = working_days()
    assert calendar.due(date(2026, 12, 31), 2, True) == date(2027, 1, 4)
    assert calendar.is_working(date(2027, 2, 14)) is True
    assert calendar.is_working(date(2027, 2, 13)) is False
    assert calendar.is_working(date(2028, 1, 3)) is None
    assert (calendar.known_until, KNOWN_UNTIL._value.get()) == (2027, 2027)


def test_a_day_of_a_known_year_is_changed_alone(written: Callable[[str], Path]) -> None:
    # A county's own holiday (那达慕) beside the national ones.
    written('[2026]\nholidays = ["2026-08-03"]\nworking = ["2026-10-11"]\n')
    calendar = working_days()
    assert calendar.is_working(date(2026, 8, 3)) is False
    assert calendar.due(date(2026, 9, 30), 5, True) == date(2026, 10, 11)


def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(
    written: Callable[[str], Path],
) -> None:
    path = written("")
    assert working_days().is_working(date(2027, 1, 4)) is None
    path.write_text(WHOLE_2027, "utf-8")
    os.utime(path, ns=(1, 1))
    assert working_days().is_working(date(2027, 1, 4)) is True
    path.write_text("[2027", "utf-8")
    os.utime(path, ns=(2, 2))
    assert working_days().is_working(date(2027, 1, 4)) is True


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[2027", "is not TOML in UTF-8"),
        ("[next]\n", "[next] is not a year from 2004 on."),
        ("holidays = []\n", "[holidays] is not a year from 2004 on."),
        ("2027 = 1\n", "[2027] holds 1; it takes lists named holidays and working."),
        ("[2027]\nfree = []\n", "[2027] holds free; it takes lists named holidays and working."),
        ('[2026]\nholidays = "x"\n', "holidays of 2026 is not a list of days."),
        (
            '[2026]\nholidays = ["2026-13-01"]\n',
            '"2026-13-01" in holidays of 2026 is not a day (2027-02-05) nor a span of days'
            " (2027-02-05..2027-02-11).",
        ),
        ('[2026]\nworking = ["2027-01-01"]\n', '"2027-01-01" in working is not within 2026.'),
        (
            '[2026]\nholidays = ["2026-05-05..2026-05-01"]\n',
            '"2026-05-05..2026-05-01" in holidays is not within 2026.',
        ),
        (
            '[2026]\nholidays = ["2026-05-05"]\nworking = ["2026-05-05"]\n',
            "2026-05-05 is both a holiday and worked.",
        ),
        (
            '[2027]\nholidays = ["2027-01-01"]\n',
            "2027 has 1 holidays; a whole year has at least 13.",
        ),
        (
            WHOLE_2027.replace('"2027-02-14"', '"2027-02-15"'),
            "2027-02-15 is a weekday, worked anyway: a make-up day is at a weekend.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    path = tmp_path / "workdays.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(CalendarUnreadable) as refused:
        read(path)
    said = str(refused.value)
    assert said.startswith(str(path))
    assert said.endswith("." if sentence.startswith("is not") else sentence)
    assert sentence in said


def test_a_process_does_not_start_with_a_file_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPU_WORKDAYS_FILE", str(tmp_path / "none.toml"))
    with pytest.raises(SystemExit) as stopped:
        require_calendar()
    assert "none.toml" in str(stopped.value)


def test_the_day_changes_at_midnight_in_shanghai() -> None:
    assert day_of(datetime(2026, 9, 29, 15, 59, tzinfo=UTC)) == date(2026, 9, 29)
    assert day_of(datetime(2026, 9, 29, 16, 0, tzinfo=UTC)) == date(2026, 9, 30)
