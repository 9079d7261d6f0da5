"""How a ranked list becomes a panel or an allotment of places: pure, whole numbers, no chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Standing:
    """One of the ranked list: where it may be placed, and how many it is."""

    id: str
    strata: tuple[str, ...]
    size: int = 1
    family: str | None = None


@dataclass(slots=True)
class Allotted:
    """A stratum's ids in the order of rank: those that are in, and those that stand by."""

    chosen: list[str] = field(default_factory=list)
    following: list[str] = field(default_factory=list)


def fill(order: Sequence[Standing], strata: Sequence[tuple[str, int, int]]) -> dict[str, Allotted]:
    """A panel: strata as (name, quota, alternates), filled from a list in the order of rank.

    Whoever comes first is in, if those before can be seated so that there is room: a place is
    found along a chain of moves between strata. So a quota stays open only when no choice at all
    could fill it, and nobody is passed by one of a later rank that took the same room.
    """
    quotas = {name: quota for name, quota, _ in strata}
    seated: dict[str, list[Standing]] = {name: [] for name in quotas}
    full: set[str] = set()
    for person in order:
        if full.issuperset(quotas):
            break
        if not full.issuperset(person.strata):
            full |= _seat(person, seated, quotas)
    taken = {person.id for persons in seated.values() for person in persons}
    rank = {person.id: number for number, person in enumerate(order)}
    found: dict[str, Allotted] = {}
    for name, _, alternates in strata:
        standing_by = [p.id for p in order if p.id not in taken and name in p.strata][:alternates]
        taken.update(standing_by)
        chosen = sorted((person.id for person in seated[name]), key=rank.__getitem__)
        found[name] = Allotted(chosen, standing_by)
    return found


def _seat(
    person: Standing, seated: dict[str, list[Standing]], quotas: Mapping[str, int]
) -> set[str]:
    """Seat `person`, moving others to another of their strata where that makes room.

    Answers the strata that are full for good when there was none: whoever sits in them could only
    move among them.
    """
    came_from: dict[str, tuple[str | None, Standing]] = {}
    waiting: list[str] = []
    for name in quotas:
        if name in person.strata:
            came_from[name] = (None, person)
            waiting.append(name)
    for name in waiting:  # grows as it is read: breadth first, in the order of the rule
        if len(seated[name]) < quotas[name]:
            at: str | None = name
            while at is not None:
                before, mover = came_from[at]
                if before is not None:
                    seated[before].remove(mover)
                seated[at].append(mover)
                at = before
            return set()
        for mover in seated[name]:
            for other in quotas:
                if other in mover.strata and other not in came_from:
                    came_from[other] = (name, mover)
                    waiting.append(other)
    return set(waiting)


def allot(
    order: Sequence[Standing],
    places: Mapping[str, int],
    *,
    strict: bool,
    one_per_family: bool,
) -> dict[str, Allotted]:
    """Places for parties, each in one stratum, whole or not at all; who is not in, follows.

    Strict: once a party does not fit, nobody behind it is in, unless it is bigger than all the
    places there were and so could hold up everybody for nothing.
    """
    left = dict(places)
    shut: set[str] = set()
    found = {name: Allotted() for name in places}
    for party in _families_once(order) if one_per_family else order:
        (name,) = party.strata
        if name not in shut and party.size <= left[name]:
            left[name] -= party.size
            found[name].chosen.append(party.id)
            continue
        found[name].following.append(party.id)
        if strict and party.size <= places[name]:
            shut.add(name)
    return found


def _families_once(order: Sequence[Standing]) -> list[Standing]:
    seen: set[str] = set()
    first: list[Standing] = []
    behind: list[Standing] = []
    for party in order:
        (behind if party.family in seen else first).append(party)
        if party.family is not None:
            seen.add(party.family)
    return first + behind
