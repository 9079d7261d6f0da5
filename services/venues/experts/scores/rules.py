"""What scores come to: whole points in, means in hundredths out; pure, and no floating point."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from services.kit.access import P
from services.kit.problems import BrokenRule, FieldError
from services.kit.workflow import Relation, Workflow
from services.venues.programmes.definition import Criterion, Definition

COMMENT_BELOW_PERCENT = 60
"""Whoever gives less of a criterion's points says why."""

Points = Mapping[str, int]
"""Criterion → points."""


class SheetState(StrEnum):
    DRAFT = "draft"
    FINAL = "final"


S = SheetState

LIFECYCLE: Workflow[SheetState] = Workflow(
    "score_sheet",
    # action    from     to       needs
    ("save", S.DRAFT, S.DRAFT, Relation.OWN),
    ("submit", S.DRAFT, S.FINAL, Relation.OWN),
    ("reopen", S.FINAL, S.DRAFT, P.EXPERT_MANAGE),
)


@dataclass(frozen=True, slots=True)
class SectionResult:
    """A section over the whole panel."""

    key: str
    mean: int
    """In hundredths of a point, half up."""
    floor: int
    met: bool
    """The exact mean, before any rounding, reaches the floor."""


@dataclass(frozen=True, slots=True)
class PanelResult:
    """What a panel's scores come to."""

    sheets: int
    sections: tuple[SectionResult, ...]
    mean: int
    """Of all sections together, in hundredths."""
    band: str | None
    passes: bool
    spread: int
    """Between the highest and the lowest total, in points."""
    divergent: bool

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def stored(found: Mapping[str, Any]) -> PanelResult:
    """A result as it was stored."""
    sections = tuple(SectionResult(**each) for each in found["sections"])
    return PanelResult(**{**found, "sections": sections})


def criteria(definition: Definition) -> dict[str, Criterion]:
    """Every criterion by its key."""
    return {each.key: each for section in definition.sections for each in section.criteria}


def hundredths(total: int, count: int) -> int:
    """total / count in hundredths, half up: (7, 3) → 233, (1, 200) → 1."""
    return (200 * total + count) // (2 * count)


def result(definition: Definition, sheets: Sequence[Points]) -> PanelResult | None:
    """What the sheets, each whole, come to; None without any."""
    if not sheets or definition.panel is None:
        return None
    count = len(sheets)
    sections = []
    for section in definition.sections:
        total = sum(sheet[each.key] for sheet in sheets for each in section.criteria)
        sections.append(
            SectionResult(
                section.key, hundredths(total, count), section.floor, total >= section.floor * count
            )
        )
    keys = criteria(definition)
    totals = [sum(sheet[key] for key in keys) for sheet in sheets]
    band = reached(definition, sum(totals), count)
    spread = max(totals) - min(totals)
    return PanelResult(
        sheets=count,
        sections=tuple(sections),
        mean=hundredths(sum(totals), count),
        band=band,
        passes=all(each.met for each in sections) and band_passes(definition, band),
        spread=spread,
        divergent=spread >= definition.panel.divergence,
    )


def reached(definition: Definition, total: int, count: int) -> str | None:
    """The highest band whose points the exact mean reaches; None below all, or without any."""
    there = [each for each in definition.bands if total >= each.at_least * count]
    return max(there, key=lambda each: each.at_least).key if there else None


def band_passes(definition: Definition, band: str | None) -> bool:
    """Does this band pass? Where a programme has no bands, the floors decide alone."""
    if not definition.bands:
        return True
    return any(each.passes for each in definition.bands if each.key == band)


def point_errors(definition: Definition, points: Points) -> list[FieldError]:
    """Points for criteria that there are, each within what it may give."""
    known, errors = criteria(definition), []
    for key, value in points.items():
        if key not in known:
            errors.append(FieldError(f"/points/{key}", "unknown-criterion"))
        elif not 0 <= value <= known[key].most:
            most = (("most", known[key].most),)
            errors.append(FieldError(f"/points/{key}", "points-out-of-range", most))
    return errors


def require_whole(definition: Definition, points: Points, comments: Mapping[str, str]) -> None:
    """Raise BrokenRule, naming each field, unless a sheet can be submitted."""
    errors = point_errors(definition, points)
    for key, criterion in criteria(definition).items():
        if key not in points:
            errors.append(FieldError(f"/points/{key}", "points-missing"))
        elif is_low(points[key], criterion.most) and not comments.get(key, "").strip():
            least = (("percent", COMMENT_BELOW_PERCENT),)
            errors.append(FieldError(f"/comments/{key}", "say-why-low", least))
    if errors:
        raise BrokenRule(errors=tuple(errors))


def is_low(points: int, most: int) -> bool:
    """So few points that a comment is asked for."""
    return points * 100 < most * COMMENT_BELOW_PERCENT
