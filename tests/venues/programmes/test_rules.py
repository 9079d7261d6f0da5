"""What is wrong with a definition is found whole, each fault at its place."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from services.venues.applications.measures import MEASURES
from services.venues.programmes.definition import read
from services.venues.programmes.rules import faults
from services.venues.programmes.shipped import FOLDER, shipped

Change = Callable[[dict[str, Any]], None]
SOUND = shipped()["research_base"].model_dump(mode="json")
COUNTY = shipped()["county"].model_dump(mode="json")
ELIGIBILITY, REVIEW, VISIT, CREDIT, MEETING, NOTICE, NAMING = range(7)


def found(change: Change, base: dict[str, Any] = SOUND) -> list[tuple[str, str]]:
    """The faults of a changed definition. What is uncertain may be gone: it is not asked here."""
    given = deepcopy(base)
    given["uncertain"] = {}
    change(given)
    return [(each.pointer, each.rule) for each in faults(read(given), frozenset(MEASURES))]


def put(*path: Any, value: Any) -> Change:
    """Set what stands at a path."""

    def change(given: dict[str, Any]) -> None:
        here: Any = given
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = value

    return change


def order(*numbers: int) -> Change:
    """The stages in this order; those that are not named go."""

    def change(given: dict[str, Any]) -> None:
        given["stages"] = [given["stages"][number] for number in numbers]

    return change


ALL = (ELIGIBILITY, REVIEW, VISIT, CREDIT, MEETING, NOTICE, NAMING)
FAULTS: list[tuple[str, Change, list[tuple[str, str]]]] = [
    ("nothing", lambda _: None, []),
    (
        "no Chinese",
        put("stages", 0, "title", value={"en": "x"}),
        [("/stages/0/title", "chinese-needed")],
    ),
    ("a key twice", put("stages", 1, "key", value="eligibility"), [("/stages/1/key", "key-twice")]),
    (
        "a criterion twice, in another section",
        put("sections", 1, "criteria", 0, "key", value="visits"),
        [("/sections/1/criteria/0/key", "key-twice")],
    ),
    (
        "a field of experts twice",
        put("panel", "strata", 2, "field", value="natural_sciences"),
        [("/panel/strata/2/field", "key-twice")],
    ),
    (
        "no naming",
        order(*ALL[:-1]),
        [("/stages", "naming-missing"), ("/stages/5", "notice-not-before-naming")],
    ),
    (
        "naming before the notice",
        order(0, 1, 2, 3, 4, NAMING, NOTICE),
        [
            ("/stages/5", "naming-not-last"),
            ("/stages/6", "notice-not-before-naming"),
            ("/safeguards/3", "safeguard-without-stage"),
        ],
    ),
    (
        "no notice",
        order(0, 1, 2, 3, 4, NAMING),
        [("/stages", "notice-missing"), ("/safeguards/3", "safeguard-without-stage")],
    ),
    (
        "a meeting after the notice",
        order(0, 1, 2, 3, NOTICE, MEETING, NAMING),
        [("/stages/4", "notice-not-before-naming")],
    ),
    (
        "a notice that is not declared",
        put("safeguards", value=["expert_review", "site_visit", "credit_check"]),
        [("/safeguards", "notice-not-declared")],
    ),
    (
        "a visit that is not declared",
        put("safeguards", value=["expert_review", "credit_check", "notice"]),
        [("/safeguards", "safeguard-not-declared")],
    ),
    (
        "a declared visit without a stage",
        order(0, 1, 3, 4, 5, 6),
        [("/safeguards/1", "safeguard-without-stage")],
    ),
    (
        "a recommendation that nobody gives",
        put("safeguards", 0, value="recommendation"),
        [("/safeguards/0", "safeguard-without-stage"), ("/safeguards", "safeguard-not-declared")],
    ),
    ("no panel", put("panel", value=None), [("/panel", "panel-needed")]),
    (
        "a panel without a review",
        order(0, 2, 3, 4, 5, 6),
        [
            ("/safeguards/0", "safeguard-without-stage"),
            ("/panel", "panel-unused"),
            ("/sections", "criteria-unused"),
        ],
    ),
    (
        "a panel of nobody",
        put("panel", "strata", value=[{"field": "one", "quota": 0, "alternates": 0}]),
        [("/panel/strata", "panel-empty")],
    ),
    ("no credit rule", put("credit", value=None), [("/credit", "credit-rule-needed")]),
    (
        "a credit rule without a check",
        order(0, 1, 2, 4, 5, 6),
        [("/safeguards/2", "safeguard-without-stage"), ("/credit", "credit-unused")],
    ),
    (
        "a check after the experts, promised before them only",
        put("credit", "before", value=["expert_review"]),
        [("/credit/before", "credit-order")],
    ),
    (
        "a check before the experts, promised before the name only",
        order(0, CREDIT, REVIEW, VISIT, 4, 5, 6),
        [("/credit/before", "credit-order")],
    ),
    (
        "no criteria",
        put("sections", value=[]),
        [("/sections", "criteria-needed"), ("/bands", "bands-without-criteria")],
    ),
    (
        "a floor above the points",
        put("sections", 0, "floor", value=31),
        [("/sections/0/floor", "floor-too-high")],
    ),
    (
        "a band above the points",
        put("bands", 0, "at_least", value=101),
        [("/bands/0/at_least", "band-unreachable")],
    ),
    (
        "bands in disorder",
        put("bands", 1, "at_least", value=85),
        [("/bands/1/at_least", "bands-not-descending")],
    ),
    (
        "a lower band that passes",
        put("bands", 0, "passes", value=False),
        [("/bands/1/passes", "band-passes-below-one-that-fails")],
    ),
    (
        "an unknown figure",
        put("sections", 0, "criteria", 0, "measure", value="smiles"),
        [("/sections/0/criteria/0/measure", "unknown-measure")],
    ),
    (
        "a figure without its end",
        put("sections", 0, "criteria", 0, "full_at", value=None),
        [("/sections/0/criteria/0/full_at", "measure-and-full-at")],
    ),
    *(
        (f"the number {pattern}", put("number", value=pattern), [("/number", "number-pattern")])
        for pattern in (
            "第{serial}号",
            "{year}{serial}{serial}",
            "{year.real}-{serial}",
            "{year}-{serial:9999}",
            "{year}{serial",
            "{year}-{serial}-{key}",
        )
    ),
    (
        "channels that nobody recommends by",
        put("channels", value=[{"key": "ab", "title": {"zh-CN": "x"}}]),
        [("/channels", "channels-without-recommendation")],
    ),
    (
        "levels of a venue",
        put("subject_levels", value=["county"]),
        [("/subject_levels", "levels-of-a-venue")],
    ),
    (
        "a county that names",
        put("stages", NAMING, "tier", value="county"),
        [("/stages/6/tier", "naming-by-the-authority")],
    ),
    (
        "a province above a prefecture's programme",
        put("division", value="6301"),
        [(f"/stages/{n}/tier", "tier-above-authority") for n in ALL],
    ),
    (
        "closing before opening",
        lambda given: given.update(opens_on="2026-03-02", closes_on="2026-03-01"),
        [("/closes_on", "closes-before-it-opens")],
    ),
    (
        "a year that is none",
        put("targets", value={"２０２５": 1}),
        [("/targets/２０２５", "target-year")],
    ),
    (
        "a place that is not there",
        put("uncertain", value={"/stages/7": "?", "/panel": "?"}),
        [("/uncertain/~1stages~17", "no-such-field")],
    ),
]


@pytest.mark.parametrize(
    ("change", "wanted"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_each_fault_is_found_at_its_place(change: Change, wanted: list[tuple[str, str]]) -> None:
    assert found(change) == wanted


def test_divisions_that_are_named_have_levels_and_nobody_below_them_acts() -> None:
    assert found(put("subject_levels", value=[]), COUNTY) == [("/subject_levels", "levels-needed")]
    assert found(put("subject_levels", value=["prefecture"]), COUNTY) == [
        ("/stages/0/tier", "tier-below-subject")
    ]
    higher = found(put("division", value="6301"), {**COUNTY, "subject_levels": ["province"]})
    assert higher[0] == ("/subject_levels/0", "level-above-authority")


def test_every_fault_is_told_at_once() -> None:
    def spoiled(given: dict[str, Any]) -> None:
        put("title", value={"en": "x"})(given)
        put("number", value="号")(given)
        put("bands", 0, "at_least", value=500)(given)

    assert [rule for _, rule in found(spoiled)] == [
        "chinese-needed",
        "band-unreachable",
        "number-pattern",
    ]


def test_the_shipped_programmes_are_sound_and_name_their_source_and_their_doubts() -> None:
    targets = {key: definition.targets["2025"] for key, definition in shipped().items()}
    assert targets == {
        **{"research_base": 10, "education_base": 20, "rural_base": 50},
        **{"community": 50, "county": 15},
    }
    for key, definition in shipped().items():
        assert faults(definition, frozenset(MEASURES)) == ()
        assert definition.source_url is not None
        assert "/number" in definition.uncertain
        assert f"{key}.toml" in (FOLDER / "README.md").read_text("utf-8")
    flow = [stage.kind.value for stage in shipped()["research_base"].stages]
    assert flow == [
        *("eligibility", "expert_review", "site_visit", "credit_check", "deliberation"),
        *("notice", "naming"),
    ]
    assert shipped()["education_base"].validity_months == 24
    assert shipped()["county"].stages[0].at_least_months == 12
