"""Histories of activities and attendance: their facts, and what a plain count of their ends gives."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from services.events.facts import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityPublished,
    ActivityRescheduled,
    AttendanceChanged,
)
from services.events.reporting.rules import WHOLE
from services.kit.context import new_traceparent
from services.kit.facts import Envelope, Fact
from services.kit.ids import uuid7

SPACE = UUID("6f2c7a52-8a2b-4a86-9d3c-0a9d2f5a9d11")
CODES = ("630102", "630123101", "630123102200", "6302", "632801", "62")
DAYS = (date(2025, 9, 18), date(2026, 2, 28), date(2026, 9, 18))

TALLIES = (
    "SELECT division_code, grain, day, activities, share, occurrences, attended, verified, counted,"
    " estimated, online FROM tallies ORDER BY division_code, grain, day"
)


@dataclass(frozen=True)
class State:
    """One version of a source: version n is the n-th of its history."""

    day: date
    hosts: tuple[str, ...]
    numbers: tuple[int, ...] = (1,)
    """Occurrences, or the four grades of attendance."""
    is_cancelled: bool = False


@dataclass(frozen=True)
class History:
    """One activity, or the attendance of one occurrence."""

    source: str
    number: int
    states: tuple[State, ...] = field(default=())

    @property
    def subject(self) -> UUID:
        return uuid5(SPACE, f"{self.source} {self.number}")

    def fact(self, version: int) -> Fact:
        state = self.states[version - 1]
        if self.source == "attendance":
            verified, counted, estimated, online = state.numbers
            return AttendanceChanged(
                activity_id=self.subject,
                hosts=list(state.hosts),
                day=state.day,
                verified=verified,
                counted=counted,
                estimated=estimated,
                online=online,
            )
        kind: type[Any] = (
            ActivityCancelled
            if state.is_cancelled
            else (ActivityPublished, ActivityRescheduled, ActivityCompleted)[(version - 1) % 3]
        )
        made: Fact = kind(
            hosts=list(state.hosts), day=state.day, occurrences=state.numbers[0], form="lecture"
        )
        return made

    def envelopes(self) -> list[Envelope]:
        return [
            Envelope(
                id=uuid7(),
                source="/events",
                type=self.fact(version).type,
                subject=str(self.subject),
                time=datetime.now(UTC),
                division=self.states[version - 1].hosts[0],
                traceparent=new_traceparent(),
                aggregateversion=version,
                data=self.fact(version).model_dump(mode="json"),
            )
            for version in range(1, len(self.states) + 1)
        ]


def count(histories: list[History]) -> list[tuple[Any, ...]]:
    """The tallies by plain counting of the last states: division by division, source by source."""
    cells: dict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0] * 8)
    for history in histories:
        last = history.states[-1]
        if last.is_cancelled or (history.source == "activity" and not last.numbers[0]):
            continue
        hosts = list(dict.fromkeys(last.hosts))
        for division in {host[:n] for host in hosts for n in (2, 4, 6, 9, 12) if n <= len(host)}:
            for key in (
                (division, "day", last.day),
                (division, "month", date(last.day.year, last.day.month, 1)),
            ):
                _add(cells[key], history.source, last, hosts, division)
    return [(*key, *cells[key]) for key in sorted(cells)]


def _add(cell: list[int], source: str, last: State, hosts: list[str], division: str) -> None:
    if source == "activity":
        each = WHOLE // len(hosts)
        cell[0] += 1
        cell[1] += each * sum(host.startswith(division) for host in hosts)
        cell[1] += (WHOLE - each * len(hosts)) * hosts[0].startswith(division)
        cell[2] += last.numbers[0]
        return
    cell[3] += 1
    for grade in range(4):
        cell[4 + grade] += last.numbers[grade]
