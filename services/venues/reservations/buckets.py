"""Quarters of an hour: which slots a day has, which quarters a visit takes, who fits. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

BUCKET = 15
"""Minutes. Slots and visits are whole numbers of it, so a quarter holds exactly who is inside."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day as its places are counted: opening and closing minutes in turn, slots, visits."""

    hours: Sequence[int]
    slot_minutes: int
    visit_minutes: int

    @property
    def spans(self) -> list[tuple[int, int]]:
        return list(zip(self.hours[::2], self.hours[1::2], strict=True))

    def slots(self) -> list[int]:
        """The minutes at which one may come: each slot ends by closing time."""
        return [
            minute
            for opens, closes in self.spans
            for minute in range(_up(opens), closes - self.slot_minutes + 1, self.slot_minutes)
        ]

    def ends(self, starts: int) -> int | None:
        """When who comes at `starts` leaves: at closing time at the latest. None: no such slot."""
        if starts not in self.slots():
            return None
        closes = next(closes for opens, closes in self.spans if opens <= starts < closes)
        return min(starts + self.visit_minutes, closes)

    def stands(self, starts: int) -> bool:
        """Is it open when they come? A slot that was made under other hours may still be kept."""
        return any(opens <= starts < closes for opens, closes in self.spans)

    def buckets(self) -> list[int]:
        """Every quarter that somebody could be inside."""
        return sorted({at for opens, closes in self.spans for at in taken_by(_up(opens), closes)})


def _up(minute: int) -> int:
    return -(-minute // BUCKET) * BUCKET


def taken_by(starts: int, ends: int) -> range:
    """The quarters that a visit from `starts` until `ends` takes."""
    return range(starts // BUCKET * BUCKET, ends, BUCKET)


def is_in_order(hours: Sequence[int]) -> bool:
    """Opening before closing, and one span after the other."""
    return len(hours) % 2 == 0 and all(before <= after for before, after in pairwise(hours))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party on the waiting list of a slot."""

    id: UUID
    starts: int
    ends: int
    size: int


@dataclass(slots=True)
class Room:
    """What is left: of the day, and of each quarter."""

    day: int
    inside: dict[int, int]

    def fits(self, starts: int, ends: int, size: int) -> bool:
        """Is there room for `size` people all the time?"""
        return size <= self.day and all(
            size <= self.inside.get(minute, 0) for minute in taken_by(starts, ends)
        )

    def take(self, starts: int, ends: int, size: int) -> None:
        """They come: room that others do not have."""
        self.day -= size
        for minute in taken_by(starts, ends):
            self.inside[minute] -= size


def hand_out(room: Room, line: Iterable[Waiting]) -> list[Waiting]:
    """Who of the line, in order of arrival, is offered places; takes them from `room`.

    Nobody passes anybody who waits for the same slot; other slots are other lines.
    """
    offers: list[Waiting] = []
    blocked: set[int] = set()
    for party in line:
        if party.starts in blocked:
            continue
        if room.fits(party.starts, party.ends, party.size):
            room.take(party.starts, party.ends, party.size)
            offers.append(party)
        else:
            blocked.add(party.starts)
    return offers


def changes(parties: Iterable[tuple[int, int, int, int]]) -> dict[int, tuple[int, int]]:
    """By quarter: (people, parties waiting) to add, for (starts, ends, people, waiting) each."""
    found: dict[int, tuple[int, int]] = {}
    for starts, ends, people, waiting in parties:
        if people:
            for minute in taken_by(starts, ends):
                before = found.get(minute, (0, 0))
                found[minute] = (before[0] + people, before[1])
        if waiting:
            before = found.get(starts, (0, 0))
            found[starts] = (before[0], before[1] + waiting)
    return found


def left(room: Mapping[int, int], day: int, starts: int, ends: int) -> int:
    """How many may still come at `starts`."""
    return max(0, min([day, *(room.get(minute, 0) for minute in taken_by(starts, ends))]))
