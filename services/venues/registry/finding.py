"""How venues are looked for: what may be asked, and each condition in SQL, once for all lists.

A name is found by any part of it, whether it is the present one, an alias or a former one; an
honour by any part of its title. Characters and pairs of them are indexed (migration 0004): a
word of Chinese has two, and trigrams need three.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.kit.divisions import upper
from services.venues.registry.rules import VenueKind, VenueState

MOST_WORDS = 5

HONOURS = """(SELECT COALESCE(json_agg(json_build_object('id', h.id, 'title', h.title,
    'issuer', h.issuer, 'level', h.level, 'state', h.state, 'valid_until', h.valid_until,
    'period', h.period) ORDER BY h.title, h.id), '[]') FROM honours h
    WHERE h.venue_id = venues.id)"""
COLUMNS = (
    *("id", "name", "kind", "division_code", "address", "longitude", "latitude", "altitude_m"),
    *("admission", "source", "place_evidence", "state", "version"),
)
LINE = ", ".join((*(f"venues.{name}" for name in COLUMNS), f"{HONOURS} AS honours"))
"""What a list shows of a venue."""

# What has one or two characters is found by the index alone.
_NAMED = """venues.grams @> grams(folded({word}))
    AND (length({word}) <= 2 OR strpos(venues.folded, folded({word})) > 0)"""
_HONOURED = """venues.id IN (SELECT h.venue_id FROM honours h
    WHERE h.grams @> grams(folded({honour}))
    AND (length({honour}) <= 2 OR strpos(folded(h.title), folded({honour})) > 0) {rest})"""
_IN_FORCE = """AND h.state IN ('provisional', 'valid', 'rectifying')
    AND COALESCE(h.valid_until >= {today}, true)"""

CONDITIONS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    # name → the condition, and its values with their types
    "division": (
        """((venues.division_code >= {from} AND venues.division_code < {below})
        OR EXISTS (SELECT FROM venue_counties c WHERE c.venue_id = venues.id
            AND c.division_code >= {from} AND c.division_code < {below}))""",
        (("from", "text"), ("below", "text")),
    ),
    "kind": ("venues.kind = {kind}", (("kind", "text"),)),
    "state": ("venues.state = {state}", (("state", "text"),)),
    "honour": (_HONOURED.replace("{rest}", ""), (("honour", "text"),)),
    "honour_in_force": (
        _HONOURED.replace("{rest}", _IN_FORCE),
        (("honour", "text"), ("today", "date")),
    ),
    "radius": (
        "great_circle_m({lon}, {lat}, venues.longitude, venues.latitude) <= {metres}",
        (("lon", "float8"), ("lat", "float8"), ("metres", "float8")),
    ),
    **{
        f"word{number}": (
            _NAMED.replace("{word}", f"{{word{number}}}"),
            ((f"word{number}", "text"),),
        )
        for number in range(MOST_WORDS)
    },
}


@dataclass(frozen=True)
class Wanted:
    """The filters of a list of venues."""

    division: str | None = None
    kind: VenueKind | None = None
    state: VenueState | None = None
    q: str | None = None
    honour: str | None = None
    in_force: bool = False
    represented: bool = False

    def asked(self, today: date) -> dict[str, dict[str, Any]]:
        """The conditions that are asked for, each with its values."""
        found: dict[str, dict[str, Any]] = {}
        if self.division is not None:
            found["division"] = {"from": self.division, "below": upper(self.division)}
        if self.kind is not None:
            found["kind"] = {"kind": self.kind.value}
        if self.state is not None:
            found["state"] = {"state": self.state.value}
        if self.in_force:
            found["honour_in_force"] = {"honour": self.honour or "", "today": today}
        elif self.honour is not None:
            found["honour"] = {"honour": self.honour}
        for number, word in enumerate((self.q or "").split()[:MOST_WORDS]):
            found[f"word{number}"] = {f"word{number}": word}
        return found


def filters(names: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Conditions in SQL, with what stands for each value."""
    return [CONDITIONS[name][0].format(**values) for name in names]


def named_values(names: Iterable[str]) -> dict[str, str]:
    """For SQLAlchemy's text: CAST(:kind AS text)."""
    return {
        value: f"CAST(:{value} AS {kind})" for name in names for value, kind in CONDITIONS[name][1]
    }


def hot_values(names: Iterable[str], first: int) -> dict[str, str]:
    """For a hot list: $4::text, counted from `first` in the order of the names."""
    of_all = [(value, kind) for name in names for value, kind in CONDITIONS[name][1]]
    return {value: f"${first + at}::{kind}" for at, (value, kind) in enumerate(of_all)}
