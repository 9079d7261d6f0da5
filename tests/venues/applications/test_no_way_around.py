"""No path reaches the name past a declared safeguard, a running notice or an open objection.

Programmes are generated, sound or not; those that the check accepts are walked by random actions,
while objections come and go and checks succeed and fail. The gates are facts of the walk; which of
them is asked, and what they stop, is the platform's own rule.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.kit.problems import FieldError, Problem
from services.venues.applications.rules import (
    ADVANCE,
    GATED,
    Action,
    ApplicationState,
    At,
    asked,
    move,
    table,
)
from services.venues.programmes.definition import Definition, Safeguard, Stage, StageKind, read
from services.venues.programmes.rules import faults

K = StageKind
TEXT = {"zh-CN": "文字"}
PANEL = {"strata": [{"field": "science", "quota": 3, "alternates": 1}], "divergence": 10}
SECTIONS = [{"key": "all", "title": TEXT, "criteria": [{"key": "one", "title": TEXT, "most": 10}]}]
BEFORE_NAME = [K.RECOMMENDATION, K.ELIGIBILITY, K.SELF_ASSESSMENT, K.EXPERT_REVIEW]
BEFORE_NAME += [K.SITE_VISIT, K.CREDIT_CHECK, K.DELIBERATION]


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Mostly sound: sometimes with a stage out of place, a safeguard too many or too few."""
    kinds = [*draw(st.lists(st.sampled_from(BEFORE_NAME), max_size=6)), K.NOTICE, K.NAMING]
    if draw(st.integers(0, 9)) == 0:
        kinds = draw(st.permutations(kinds))
    if draw(st.integers(0, 9)) == 0:
        kinds.insert(draw(st.integers(0, len(kinds))), draw(st.sampled_from(list(K))))
    guards = [guard.value for guard in Safeguard if guard.value in kinds]
    if draw(st.integers(0, 9)) == 0:
        guards = draw(st.lists(st.sampled_from([guard.value for guard in Safeguard])))
    before = draw(st.sampled_from([["naming"], ["expert_review", "naming"], ["expert_review"]]))
    return read(
        {
            **{"title": TEXT, "honour": TEXT, "authority": "厅", "division": "63"},
            **{"subject": "venue", "basis": "规则", "number": "{year}-{serial}"},
            "stages": [
                {
                    **{"key": f"s{number}", "kind": kind.value, "title": TEXT, "office": "处"},
                    **{"tier": "province", "may_return": draw(st.booleans())},
                }
                for number, kind in enumerate(kinds)
            ],
            "safeguards": guards,
            "notice": {"working_days": 5, "offices": ["甲", "乙"]},
            "panel": PANEL if K.EXPERT_REVIEW in kinds else None,
            "sections": SECTIONS if {K.EXPERT_REVIEW, K.SELF_ASSESSMENT} & set(kinds) else [],
            "credit": {"before": before, "valid_days": 30} if K.CREDIT_CHECK in kinds else None,
        }
    )


@dataclass
class Walk:
    """An application, and what is true around it."""

    definition: Definition
    at: At = field(default_factory=lambda: At(ApplicationState.DRAFT))
    done: set[str] = field(default_factory=set)
    """Stages whose work is done, as their gate would find it now."""
    objection: bool = False
    passed: list[str] = field(default_factory=list)
    late: bool = False

    def gate(self, stage: Stage) -> bool:
        """Would the gate of a stage let go? A notice does not, with an objection."""
        if stage.kind in (K.NAMING, K.DELIBERATION):
            return True
        return stage.key in self.done and not (stage.kind is K.NOTICE and self.objection)

    def take(self, action: Action) -> None:
        """As the engine does it: what is asked, then the one move."""
        missing: tuple[FieldError, ...] = ()
        if action in GATED and self.at.state is ApplicationState.UNDER_WAY:
            stages = asked(self.definition, self.definition.stage(self.at.stage or ""))
            missing = tuple(FieldError(s.key, "missing") for s in stages if not self.gate(s))
        here = self.at
        self.at = move(table(self.definition), action, here, missing=missing, late=self.late)
        if action in GATED:
            self.passed.append(here.stage or "")


EVENTS = [*Action, *["on"] * 10, "work", "undo", "late", "in time"]
EVENTS += ["objection", "objection", "answered"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_is_named_past_a_safeguard_a_notice_or_an_objection(data: st.DataObject) -> None:
    definition = data.draw(definitions())
    assume(not faults(definition, frozenset()))
    walk = Walk(definition)
    walk.take(Action.SUBMIT)
    for event in data.draw(st.lists(st.sampled_from(EVENTS), min_size=10, max_size=60)):
        happen(walk, event, data)
        if walk.at.state is ApplicationState.NAMED:
            named_rightly(walk)
            return


def happen(walk: Walk, event: Any, data: st.DataObject) -> None:
    keys = [stage.key for stage in walk.definition.stages]
    match event:
        case "work" | "on":
            walk.done.add(walk.at.stage or keys[0])
            if event == "on" and walk.at.state is ApplicationState.UNDER_WAY:
                stage = walk.definition.stage(walk.at.stage or "")
                happen(walk, ADVANCE[stage.kind], data)
        case "undo":
            walk.done.discard(data.draw(st.sampled_from(keys)))
        case "objection" | "answered":
            walk.objection = event == "objection"
        case "late" | "in time":
            walk.late = event == "late"
        case _:
            try:
                walk.take(event)
            except Problem:
                return


def named_rightly(walk: Walk) -> None:
    """Every stage was passed, in order, at the end of the way; and what must hold now, holds."""
    stages = walk.definition.stages
    assert walk.passed == [stage.key for stage in stages]
    passed = {stage.kind.value for stage in stages if stage.key in walk.passed[:-1]}
    assert {guard.value for guard in walk.definition.safeguards} <= passed
    assert K.NOTICE.value in {guard.value for guard in walk.definition.safeguards}
    notices = [stage for stage in stages if stage.kind is K.NOTICE]
    assert notices == [stages[-2]]
    assert notices[0].key in walk.done
    assert not walk.objection
    credit = walk.definition.credit
    if credit is not None and "naming" in credit.before:
        assert [s.key for s in stages if s.kind is K.CREDIT_CHECK][-1] in walk.done


@settings(max_examples=60, deadline=None)
@given(definitions())
def test_the_walk_that_does_all_the_work_reaches_the_name(definition: Definition) -> None:
    assume(not faults(definition, frozenset()))
    walk = Walk(definition, done={stage.key for stage in definition.stages})
    walk.take(Action.SUBMIT)
    for stage in definition.stages:
        walk.take(ADVANCE[stage.kind])
    assert walk.at == At(ApplicationState.NAMED)
    named_rightly(walk)
