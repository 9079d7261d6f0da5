"""Is a programme sound? Every fault of a definition, each with the place where it stands: pure.

What passes here cannot be gone around: a declared safeguard is a stage before the naming, a notice
is always one, and nothing stands between the notice and the name.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from string import Formatter
from typing import Any

from services.kit.access import P
from services.kit.divisions import TIER_BY_LENGTH, Tier, tier_of
from services.kit.pointers import pointer_exists
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.workflow import Workflow
from services.venues.programmes.definition import Definition, Safeguard, Stage, StageKind
from services.venues.programmes.states import VersionState


class FaultyDefinition(BrokenRule):
    """The definition has faults; each is named with its place."""


class KeyTaken(Conflict):
    """Another programme has this key."""


class AnotherInForce(Conflict):
    """Another version was published at the same moment."""


LIFECYCLE: Workflow[VersionState] = Workflow(
    "programme version",
    # action     from                    to                      needs
    ("edit", VersionState.DRAFT, VersionState.DRAFT, P.PROGRAMME_EDIT),
    ("publish", VersionState.DRAFT, VersionState.PUBLISHED, P.PROGRAMME_EDIT),
    ("withdraw", VersionState.PUBLISHED, VersionState.WITHDRAWN, P.PROGRAMME_EDIT),
)

_TIERS = [TIER_BY_LENGTH[length] for length in sorted(TIER_BY_LENGTH)]
"""The highest first."""


def require_sound(definition: Definition, measures: Collection[str]) -> None:
    """Raise FaultyDefinition with every fault."""
    errors = faults(definition, measures)
    if errors:
        raise FaultyDefinition(errors=errors)


def faults(definition: Definition, measures: Collection[str]) -> tuple[FieldError, ...]:
    """Every fault of a definition; `measures` are the figures that the platform knows."""
    found: list[FieldError] = []
    for look in _LOOKS:
        found += look(definition)
    found += _measures(definition, measures)
    return tuple(found)


def _fault(pointer: str, rule: str, **values: Any) -> FieldError:
    return FieldError(pointer, rule, tuple(values.items()))


# ── Words and keys ───────────────────────────────────────────────────────────────────────────────


def _titled(definition: Definition) -> Iterator[tuple[str, Any]]:
    """Everything with a key and a title, with where it stands."""
    for name in ("stages", "categories", "conditions", "materials", "channels", "bands"):
        for number, each in enumerate(getattr(definition, name)):
            yield f"/{name}/{number}", each
    for number, section in enumerate(definition.sections):
        yield f"/sections/{number}", section
        for inner, criterion in enumerate(section.criteria):
            yield f"/sections/{number}/criteria/{inner}", criterion


def _in_chinese(definition: Definition) -> Iterator[FieldError]:
    texts = [("/title", definition.title), ("/honour", definition.honour)]
    texts += [(f"{pointer}/title", each.title) for pointer, each in _titled(definition)]
    for pointer, words in texts:
        if "zh-CN" not in words:
            yield _fault(pointer, "chinese-needed")


def _keys_once(definition: Definition) -> Iterator[FieldError]:
    def group(pointer: str) -> str:
        parts = pointer.split("/")
        return parts[3] if len(parts) > 3 else parts[1]

    placed = [(group(pointer), each.key, f"{pointer}/key") for pointer, each in _titled(definition)]
    if definition.panel is not None:
        placed += [
            ("strata", stratum.field, f"/panel/strata/{number}/field")
            for number, stratum in enumerate(definition.panel.strata)
        ]
    seen: set[tuple[str, str]] = set()
    for kind, key, pointer in placed:
        if (kind, key) in seen:
            yield _fault(pointer, "key-twice", key=key)
        seen.add((kind, key))


# ── Stages and safeguards ────────────────────────────────────────────────────────────────────────


def _at(definition: Definition, *kinds: StageKind) -> list[int]:
    return [number for number, stage in enumerate(definition.stages) if stage.kind in kinds]


def _naming(definition: Definition) -> Iterator[FieldError]:
    namings, last = _at(definition, StageKind.NAMING), len(definition.stages) - 1
    if not namings:
        yield _fault("/stages", "naming-missing")
    for number in namings[1:]:
        yield _fault(f"/stages/{number}", "naming-twice")
    if namings and namings[-1] != last:
        yield _fault(f"/stages/{namings[-1]}", "naming-not-last")


def _notice(definition: Definition) -> Iterator[FieldError]:
    """One notice, directly before the name: after every deliberation, and nothing after it."""
    notices, before_name = _at(definition, StageKind.NOTICE), len(definition.stages) - 2
    if not notices:
        yield _fault("/stages", "notice-missing")
    for number in notices:
        if number != before_name:
            yield _fault(f"/stages/{number}", "notice-not-before-naming")


def _safeguards(definition: Definition) -> Iterator[FieldError]:
    """Each declared one is a stage before the name; a stage that is one is declared."""
    namings = _at(definition, StageKind.NAMING)
    until = namings[0] if namings else len(definition.stages)
    kinds = [stage.kind.value for stage in definition.stages[:until]]
    for number, guard in enumerate(definition.safeguards):
        if guard.value not in kinds:
            yield _fault(f"/safeguards/{number}", "safeguard-without-stage", safeguard=guard.value)
        if guard in definition.safeguards[:number]:
            yield _fault(f"/safeguards/{number}", "key-twice", key=guard.value)
    if Safeguard.NOTICE not in definition.safeguards:
        yield _fault("/safeguards", "notice-not-declared")
    declared = {guard.value for guard in definition.safeguards}
    for guard in Safeguard:
        if guard is not Safeguard.NOTICE and guard.value in kinds and guard.value not in declared:
            yield _fault("/safeguards", "safeguard-not-declared", safeguard=guard.value)


def _panel(definition: Definition) -> Iterator[FieldError]:
    reviews = _at(definition, StageKind.EXPERT_REVIEW)
    if reviews and definition.panel is None:
        yield _fault("/panel", "panel-needed")
    if definition.panel is not None:
        if not reviews:
            yield _fault("/panel", "panel-unused")
        if not sum(stratum.quota for stratum in definition.panel.strata):
            yield _fault("/panel/strata", "panel-empty")


def _credit(definition: Definition) -> Iterator[FieldError]:
    """What it is promised before fits the order; what is before the experts is also asked by the
    gate of the stage that leads to them (credit/rules.py)."""
    checks, rule = _at(definition, StageKind.CREDIT_CHECK), definition.credit
    reviews = _at(definition, StageKind.EXPERT_REVIEW)
    if rule is None:
        if checks:
            yield _fault("/credit", "credit-rule-needed")
        return
    if not checks:
        yield _fault("/credit", "credit-unused")
        return
    for number, before in enumerate(rule.before):
        if before in rule.before[:number]:
            yield _fault(f"/credit/before/{number}", "key-twice", key=before)
    early = [check for check in checks if reviews and check < reviews[0]]
    late = [check for check in checks if not reviews or check > reviews[-1]]
    if "expert_review" in rule.before and not reviews:
        yield _fault("/credit/before", "credit-order", before="expert_review")
    for name, there in (("expert_review", early), ("naming", late)):
        if there and name not in rule.before:
            yield _fault("/credit/before", "credit-order", before=name)
    for check in checks:
        if check not in early and check not in late:
            yield _fault(f"/stages/{check}", "credit-within-review")


# ── Scores ───────────────────────────────────────────────────────────────────────────────────────


def _scores(definition: Definition) -> Iterator[FieldError]:
    scored = _at(definition, StageKind.EXPERT_REVIEW, StageKind.SELF_ASSESSMENT)
    if scored and not definition.sections:
        yield _fault("/sections", "criteria-needed")
    if definition.sections and not scored:
        yield _fault("/sections", "criteria-unused")
    for number, section in enumerate(definition.sections):
        most = sum(criterion.most for criterion in section.criteria)
        if section.floor > most:
            yield _fault(f"/sections/{number}/floor", "floor-too-high", most=most)


def _bands(definition: Definition) -> Iterator[FieldError]:
    bands = definition.bands
    if bands and not definition.sections:
        yield _fault("/bands", "bands-without-criteria")
        return
    most = sum(each.most for section in definition.sections for each in section.criteria)
    for number, band in enumerate(bands):
        pointer = f"/bands/{number}"
        if band.at_least > most:
            yield _fault(f"{pointer}/at_least", "band-unreachable", most=most)
        if number and band.at_least >= bands[number - 1].at_least:
            yield _fault(f"{pointer}/at_least", "bands-not-descending")
        if number and band.passes and not bands[number - 1].passes:
            yield _fault(f"{pointer}/passes", "band-passes-below-one-that-fails")
    if bands and not any(band.passes for band in bands):
        yield _fault("/bands", "no-band-passes")


def _measures(definition: Definition, known: Collection[str]) -> Iterator[FieldError]:
    for number, section in enumerate(definition.sections):
        for inner, criterion in enumerate(section.criteria):
            pointer = f"/sections/{number}/criteria/{inner}"
            if criterion.measure is not None and criterion.measure not in known:
                yield _fault(
                    f"{pointer}/measure", "unknown-measure", known=", ".join(sorted(known))
                )
            if (criterion.measure is None) != (criterion.full_at is None):
                yield _fault(f"{pointer}/full_at", "measure-and-full-at")


# ── Numbers, quotas, places and days ─────────────────────────────────────────────────────────────


def _number(definition: Definition) -> Iterator[FieldError]:
    """{year} and {serial}, each once and plain, and no other brace."""
    try:
        fields = [
            (name, spec, conversion)
            for _, name, spec, conversion in Formatter().parse(definition.number)
            if name is not None
        ]
    except ValueError:
        fields = []
    if sorted(fields, key=str) != [("serial", "", None), ("year", "", None)]:
        yield _fault("/number", "number-pattern")


def _quotas(definition: Definition) -> Iterator[FieldError]:
    if definition.channels and not _at(definition, StageKind.RECOMMENDATION):
        yield _fault("/channels", "channels-without-recommendation")


def _tiers(definition: Definition) -> Iterator[FieldError]:
    """The authority names; nobody above it acts, and nobody below what is named."""
    levels, authority = definition.subject_levels, tier_of(definition.division)
    if definition.subject == "venue" and levels:
        yield _fault("/subject_levels", "levels-of-a-venue")
    if definition.subject == "division" and not levels:
        yield _fault("/subject_levels", "levels-needed")
    for number, level in enumerate(levels):
        if _TIERS.index(level) < _TIERS.index(authority):
            yield _fault(f"/subject_levels/{number}", "level-above-authority")
    for number, stage in enumerate(definition.stages):
        yield from _tier(number, stage, authority, levels)


def _tier(
    number: int, stage: Stage, authority: Tier, levels: tuple[Tier, ...]
) -> Iterator[FieldError]:
    rank, pointer = _TIERS.index(stage.tier), f"/stages/{number}/tier"
    if rank < _TIERS.index(authority):
        yield _fault(pointer, "tier-above-authority")
    elif levels and rank > min(_TIERS.index(level) for level in levels):
        yield _fault(pointer, "tier-below-subject")
    elif stage.kind is StageKind.NAMING and stage.tier is not authority:
        yield _fault(pointer, "naming-by-the-authority")


def _days(definition: Definition) -> Iterator[FieldError]:
    opens, closes = definition.opens_on, definition.closes_on
    if opens is not None and closes is not None and closes < opens:
        yield _fault("/closes_on", "closes-before-it-opens")
    for year in definition.targets:
        if not (len(year) == 4 and year.isascii() and year.isdecimal() and year >= "2000"):
            yield _fault(f"/targets/{_escaped(year)}", "target-year")
    grades = Counter(definition.inspection.grades)
    if max(grades.values()) > 1:
        yield _fault("/inspection/grades", "key-twice", key=grades.most_common(1)[0][0].value)


def _uncertain(definition: Definition) -> Iterator[FieldError]:
    document = definition.model_dump(mode="json", exclude={"uncertain"})
    for pointer in definition.uncertain:
        if not pointer_exists(pointer, document):
            yield _fault(f"/uncertain/{_escaped(pointer)}", "no-such-field", given=pointer)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


_LOOKS: tuple[Callable[[Definition], Iterable[FieldError]], ...] = (
    *(_in_chinese, _keys_once, _naming, _notice, _safeguards, _panel, _credit),
    *(_scores, _bands, _number, _quotas, _tiers, _days, _uncertain),
)
