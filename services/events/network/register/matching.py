"""Which division of the next edition follows which of the last: decided from names, pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from services.events.network.register.rules import Tier, ancestors, normalise_name, stem_of, tier_of


class Edition(NamedTuple):
    """One yearly edition of the register: its year, reference day, and every code's name."""

    year: int
    as_of: date
    names: Mapping[str, str]


class Match(NamedTuple):
    """An old code, the units that follow it (none: not known), how that was found, and more."""

    old: str
    successors: tuple[str, ...]
    basis: str
    note: str = ""


Reviewed = Mapping[str, Match]
_UPPER_TIERS: tuple[Tier, ...] = ("province", "prefecture", "county", "township")


def match_editions(old: Edition, new: Edition, reviewed: Reviewed) -> list[Match]:
    """One match for every code of `old` that `new` lacks or, by a reviewed row, gave to another."""
    lost = {code for code in old.names if code not in new.names} | reviewed.keys()
    claimed = {code for match in reviewed.values() for code in match.successors}
    found = {code for code in new.names if code not in old.names or code in reviewed} - claimed
    follows: dict[str, tuple[str, ...]] = {
        code: (code,) for code in old.names if code in new.names and code not in reviewed
    }
    matches: dict[str, Match] = {}

    def accept(match: Match) -> None:
        matches[match.old] = match
        follows[match.old] = match.successors

    for match in reviewed.values():
        accept(match)
    for tier in _UPPER_TIERS:
        here = _of_tier(tier, lost - matches.keys()), _of_tier(tier, found)
        for match in _match_upper(old, new, *here, follows):
            accept(match)
    come = _of_tier("village", found)
    villages = _match_villages(old, new, _of_tier("village", lost) - matches.keys(), come, follows)
    # Where a township's villages went says what the names could not; then the villages go again,
    # knowing all the townships that succeed theirs.
    for match in _match_townships_by_villages(old, new, matches, follows, villages):
        accept(match)
    gone = _of_tier("village", lost) - matches.keys()
    for match in _match_villages(old, new, gone, come, follows):
        accept(match)
    for match in list(matches.values()):
        if tier_of(match.old) == "township" and match.old not in reviewed:
            accept(match._replace(note=_evidence(old, match.old, matches)))
    for code in lost - matches.keys():
        accept(Match(code, (), "unmatched", _why_not(code, old, new, lost, found)))
    return [matches[code] for code in sorted(matches)]


def parent_in(names: Collection[str], code: str) -> str:
    """The nearest ancestor that the edition has; "" for a province."""
    return next((candidate for candidate in ancestors(code) if candidate in names), "")


def succeeding_parents(
    code: str, names: Collection[str], follows: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The units of the next edition that follow the parent of `code`."""
    return follows.get(parent_in(names, code), ())


def _match_upper(
    old: Edition,
    new: Edition,
    lost: Collection[str],
    found: Collection[str],
    follows: Mapping[str, tuple[str, ...]],
) -> list[Match]:
    """One tier above the village: the same name, else stem, under the succeeding parent."""
    gone, come = set(lost), set(found)
    result: list[Match] = []

    def pair(basis: str, key: Callable[[str], str]) -> None:
        pairs = _unique_pairs(
            gone,
            come,
            lambda c: [(p, key(old.names[c])) for p in succeeding_parents(c, old.names, follows)],
            lambda c: (parent_in(new.names, c), key(new.names[c])),
        )
        for before, after in pairs:
            result.append(Match(before, (after,), basis))
            gone.discard(before)
            come.discard(after)

    pair("same name under the succeeding parent", normalise_name)
    pair("same name but for the unit's class, under the succeeding parent", stem_of)
    return result


def _match_villages(
    old: Edition,
    new: Edition,
    lost: Collection[str],
    found: Collection[str],
    follows: Mapping[str, tuple[str, ...]],
) -> list[Match]:
    """Villages, most certain rule first; each pairs only what is unique on both sides."""
    gone, come = set(lost), set(found)
    result: list[Match] = []

    def townships(code: str) -> tuple[str, ...]:
        return succeeding_parents(code, old.names, follows)

    def counties(code: str) -> tuple[str, ...]:
        return succeeding_parents(parent_in(old.names, code), old.names, follows)

    def pair(
        basis: str, before: Callable[[str], list[Hashable]], after: Callable[[str], Hashable]
    ) -> None:
        for one, other in _unique_pairs(gone, come, before, after):
            result.append(Match(one, (other,), basis))
            gone.discard(one)
            come.discard(other)

    def township_of(code: str) -> str:
        return parent_in(new.names, code)

    pair(
        "same full name under the succeeding township",
        lambda c: [(t, old.names[c]) for t in townships(c)],
        lambda c: (township_of(c), new.names[c]),
    )
    pair(
        "same name but for the committee word, under the succeeding township",
        lambda c: [(t, normalise_name(old.names[c])) for t in townships(c)],
        lambda c: (township_of(c), normalise_name(new.names[c])),
    )
    pair(
        "same full name in the succeeding county, another township",
        lambda c: [(t, old.names[c]) for t in counties(c)],
        lambda c: (parent_in(new.names, township_of(c)), new.names[c]),
    )
    pair(
        "same name but for the committee word, in the succeeding county, another township",
        lambda c: [(t, normalise_name(old.names[c])) for t in counties(c)],
        lambda c: (parent_in(new.names, township_of(c)), normalise_name(new.names[c])),
    )
    similar = {
        (one, other)
        for one in gone
        for township in townships(one)
        if len(townships(one)) == 1
        and township != parent_in(old.names, one)
        and (other := township + one[9:]) in come
        and set(normalise_name(old.names[one])) & set(normalise_name(new.names[other]))
    }
    for one, other in sorted(similar):
        result.append(
            Match(
                one, (other,), "same serial under the recoded township, the names share a character"
            )
        )
        gone.discard(one)
        come.discard(other)
    return result + _match_into_one(old, new, gone, come, townships)


def _match_into_one(
    old: Edition,
    new: Edition,
    gone: Collection[str],
    come: Collection[str],
    townships: Callable[[str], tuple[str, ...]],
) -> list[Match]:
    """Villages that went into another: it bears their name now, or it is all that began there."""
    members: dict[str, list[str]] = defaultdict(list)
    for code in _of_tier("village", new.names):
        members[parent_in(new.names, code)].append(code)
    result: list[Match] = []
    for code in sorted(gone):
        here = [member for township in townships(code) for member in members[township]]
        renamed = [
            member
            for member in here
            if new.names[member] == old.names[code]
            and old.names.get(member, new.names[member]) != new.names[member]
        ]
        if len(renamed) == 1:
            basis = "its full name is now borne by a neighbour that kept its code"
            result.append(Match(code, (renamed[0],), basis))
        elif len(here) == 1 and here[0] in come:
            basis = "the only village of the succeeding township, and new"
            result.append(Match(code, (here[0],), basis))
    return result


def _match_townships_by_villages(
    old: Edition,
    new: Edition,
    matches: Mapping[str, Match],
    follows: Mapping[str, tuple[str, ...]],
    villages: Iterable[Match],
) -> list[Match]:
    """A township without a namesake follows at least half of its villages; one with a namesake
    was split when villages went to another township that is new and nobody's namesake."""
    destinations: dict[str, Counter[str]] = defaultdict(Counter)
    for match in villages:
        for successor in match.successors:
            destinations[parent_in(old.names, match.old)][parent_in(new.names, successor)] += 1
    size = Counter(parent_in(old.names, code) for code in _of_tier("village", old.names))
    named = {code for match in matches.values() for code in match.successors}
    result: list[Match] = []
    for township, went in sorted(destinations.items()):
        if township in new.names:
            continue
        if township not in matches:
            if 2 * went.total() >= size[township]:
                result.append(Match(township, tuple(sorted(went)), "where its villages went"))
            continue
        match = matches[township]
        more = tuple(sorted(t for t in went if t not in named and t not in old.names))
        if more and follows[township]:
            result.append(
                match._replace(
                    successors=tuple(sorted({*match.successors, *more})),
                    basis=f"{match.basis}; and where its villages went",
                )
            )
    return result


def _of_tier(tier: Tier, codes: Iterable[str]) -> set[str]:
    return {code for code in codes if tier_of(code) == tier}


def _unique_pairs(
    gone: Collection[str],
    come: Collection[str],
    before: Callable[[str], Iterable[Hashable]],
    after: Callable[[str], Hashable],
) -> list[tuple[str, str]]:
    """Pairs whose key stands exactly once on either side; a key that repeats proves nothing."""
    old_side: dict[Hashable, list[str]] = defaultdict(list)
    new_side: dict[Hashable, list[str]] = defaultdict(list)
    for code in gone:
        for key in before(code):
            old_side[key].append(code)
    for code in come:
        new_side[after(code)].append(code)
    pairs = [
        (codes[0], new_side[key][0])
        for key, codes in old_side.items()
        if len(codes) == 1 and len(new_side.get(key, ())) == 1
    ]
    once = Counter(one for one, _ in pairs)
    return sorted(pair for pair in pairs if once[pair[0]] == 1)


def _evidence(old: Edition, township: str, matches: Mapping[str, Match]) -> str:
    """How many of the township's villages the derivation found again under its successors."""
    members = [
        code for code in _of_tier("village", old.names) if parent_in(old.names, code) == township
    ]
    successors = matches[township].successors
    under = sum(
        any(s.startswith(successors) for s in matches[code].successors)
        for code in members
        if code in matches
    )
    return f"{under} of its {len(members)} villages stand under it again" if members else ""


def _why_not(
    code: str, old: Edition, new: Edition, lost: Collection[str], found: Collection[str]
) -> str:
    name = normalise_name(old.names[code])
    namesakes = sum(len(c) == len(code) and normalise_name(new.names[c]) == name for c in found)
    rivals = sum(len(c) == len(code) and normalise_name(old.names.get(c, "")) == name for c in lost)
    if namesakes:
        return f"ambiguous: {rivals} ended and {namesakes} began with this name in the province"
    return "no unit of this name began in this edition"
