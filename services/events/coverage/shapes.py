"""From counted lines to what goes over the wire: nothing unknown is shown as 0."""

from collections.abc import Iterable
from typing import Any

from fastapi import Request, Response

from services.events.coverage.queries import Counted, Line
from services.events.coverage.rules import FOUR, TIERS, Have
from services.events.coverage.schemas import (
    ChildOut,
    CoverageOut,
    DivisionOut,
    EquityOut,
    HavesOut,
    SectorOut,
    SectorsOut,
    TierOut,
)
from services.events.reporting.schemas import UnknownOut
from services.events.stations.rules import SECTOR_NAMES, Sector
from services.kit.context import current
from services.kit.divisions import Tier
from services.kit.hot import tagged
from services.kit.languages import DEFAULT, WORDS, content_language, say

MAX_AGE_S = 10


def _haves(line: Line) -> HavesOut | None:
    if not line.recorded:
        return None
    has: dict[str, Any] = {have.value: line.counts[have.value] > 0 for have in FOUR}
    is_county = line.tier is Tier.COUNTY
    return HavesOut(**has, venue=line.counts[Have.VENUE] > 0 if is_county else None)


def _tier(line: Line) -> TierOut:
    shown: dict[str, int | None] = {**line.counts} if line.recorded else dict.fromkeys(line.counts)
    if line.tier is not Tier.COUNTY:
        shown["venue"] = None
    return TierOut(tier=line.tier, divisions=line.divisions, **shown)


def _parts(of: Counted, sector: str) -> dict[str, Any]:
    lines = sorted(of.lines[sector], key=lambda line: TIERS.index(line.tier))
    own = [line for line in lines if line.tier == of.division["tier"]]
    return {
        "haves": _haves(own[0]) if own else None,
        "tiers": [_tier(line) for line in lines if line not in own],
    }


def _unknown(parts: Iterable[tuple[str, dict[str, Any]]]) -> list[UnknownOut]:
    fields = []
    for prefix, part in parts:
        if part["haves"] is None:
            fields.append(f"{prefix}haves")
        fields += [
            f"{prefix}tiers/{tier.tier}" for tier in part["tiers"] if tier.institution is None
        ]
    return [unknown(field, "nothing-recorded") for field in fields]


def unknown(field: str, reason: str) -> UnknownOut:
    """Why a field is null, in the caller's language."""
    work = current()
    said = say(WORDS[reason]["title"], work.language if work else DEFAULT)[0]
    return UnknownOut(field=field, reason=reason, detail=said)


def coverage_out(found: list[Counted], code: str, sector: Sector | None) -> CoverageOut:
    """A division's coverage, with its children's."""
    key = sector.value if sector else ""
    here = next(each for each in found if each.division["code"] == code)
    own = _parts(here, key)
    children = {
        each.division["code"]: (each, _parts(each, key)) for each in found if each is not here
    }
    return CoverageOut(
        division=DivisionOut(**here.division),
        sector=sector,
        as_of=here.day,
        **own,
        children=[
            ChildOut(
                **{name: each.division[name] for name in ("code", "name", "tier")},
                **parts,
            )
            for each, parts in children.values()
        ],
        unknown=_unknown(
            [("", own), *((f"children/{code}/", parts) for code, (_, parts) in children.items())]
        ),
    )


def sectors_out(here: Counted) -> SectorsOut:
    """A division's coverage sector by sector."""
    parts = {sector: _parts(here, sector.value) for sector in Sector}
    return SectorsOut(
        division=DivisionOut(**here.division),
        as_of=here.day,
        items=[
            SectorOut(sector=sector, name=SECTOR_NAMES[sector], **part)
            for sector, part in parts.items()
        ],
        # What is recorded is so whatever the sector: one sector says it for all.
        unknown=_unknown([("items/", parts[Sector.AST])]),
    )


def languages_of(told: Iterable[UnknownOut]) -> str:
    """The Content-Language of names, which are Chinese, and of why things are unknown."""
    work = current()
    language = work.language if work else DEFAULT
    used = [say(WORDS[each.reason]["title"], language)[1] for each in told]
    return content_language([DEFAULT, *used])


def public(
    answer: CoverageOut | SectorsOut | EquityOut, request: Request, max_age: int = MAX_AGE_S
) -> Response:
    """A public answer with a strong ETag."""
    response = tagged(answer.model_dump_json().encode(), request, max_age)
    response.headers["Content-Language"] = languages_of(answer.unknown)
    return response
