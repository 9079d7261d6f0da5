"""Lifecycles and findings of inspections: every action from every state, and who may."""

from datetime import date
from uuid import UUID

import pytest

from services.kit.problems import BrokenRule, Problem
from services.kit.workflow import Workflow, WrongState
from services.venues.inspections.rules import (
    LIFECYCLE,
    RECTIFICATION,
    SAMPLE,
    InspectionKind,
    InspectionState,
    RectificationState,
    Result,
    SampleState,
    TeamPartial,
    TeamTooSmall,
    is_overdue,
    require_findings,
    require_team,
    result_of,
)
from services.venues.programmes.definition import Grade
from tests.venues.assessment.cases import definition

ONE, TWO = UUID(int=1), UUID(int=2)

TABLES: list[tuple[Workflow, type, dict[str, dict[str, str]]]] = [  # type: ignore[type-arg]
    (LIFECYCLE, InspectionState, {
        "due": {"plan": "planned", "cancel": "cancelled"},
        "planned": {"plan": "planned", "record": "recorded", "cancel": "cancelled"},
        "recorded": {"record": "recorded", "release": "released"},
        "released": {"answer": "released"},
        "cancelled": {},
    }),
    (RECTIFICATION, RectificationState, {
        "ordered": {"answer": "answered", "extend": "ordered", "recheck": "answered",
                    "fulfil": "fulfilled", "fail": "failed", "lapse": "failed"},
        "answered": {"answer": "answered", "recheck": "answered", "fulfil": "fulfilled",
                     "fail": "failed"},
        "fulfilled": {},
        "failed": {"propose_removal": "removal_proposed"},
        "removal_proposed": {"reject_removal": "ordered", "remove": "closed"},
        "closed": {},
    }),
    (SAMPLE, SampleState, {"frozen": {"draw": "drawn", "void": "void"}, "drawn": {}, "void": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "states", "expected"), TABLES)
def test_every_action_from_every_state_leads_where_the_table_says(  # type: ignore[no-untyped-def]
    table, states, expected
) -> None:
    found: dict[str, dict[str, str]] = {state.value: {} for state in states}
    for state in states:
        for step in table:
            try:
                found[state.value][step.action] = table.next(step.action, state).value
            except WrongState:
                continue
    assert found == expected


def test_two_people_inspect_and_none_of_them_for_themselves() -> None:
    require_team([ONE, TWO], set())
    for team in ([], [ONE], [ONE, ONE]):
        with pytest.raises(TeamTooSmall):
            require_team(team, set())
    with pytest.raises(TeamPartial):
        require_team([ONE, TWO], {TWO})


@pytest.mark.parametrize(
    ("kind", "result", "grade", "expected"),
    [
        ("annual", "passed", None, "passed"),
        ("annual", None, None, "result-needed"),
        ("random", "failed", "qualified", "grade-of-an-evaluation"),
        ("evaluation", None, "excellent", "passed"),
        ("evaluation", None, "qualified", "passed"),
        ("evaluation", None, "rectification", "failed"),
        ("evaluation", "failed", "unqualified", "failed"),
        ("evaluation", "passed", "unqualified", "result-of-the-grade"),
        ("evaluation", "passed", None, "grade-unknown"),
    ],
)
def test_an_evaluation_has_a_grade_and_everything_else_a_result(
    kind: str, result: str | None, grade: str | None, expected: str
) -> None:
    given = (
        InspectionKind(kind),
        Result(result) if result else None,
        Grade(grade) if grade else None,
    )
    if expected in ("passed", "failed"):
        assert result_of(*given, definition()) == Result(expected)
        return
    with pytest.raises(BrokenRule) as refused:
        result_of(*given, definition())
    assert [error.rule for error in refused.value.errors] == [expected]


def test_a_grade_that_the_programme_has_not_is_refused() -> None:
    rule = definition(inspection={"grades": ["excellent", "qualified"]})
    with pytest.raises(Problem):
        result_of(InspectionKind.EVALUATION, None, Grade.UNQUALIFIED, rule)


def test_findings_name_criteria_of_the_rule_and_days_that_were() -> None:
    today = date(2026, 11, 22)
    require_findings(["days", None], definition(), today, today)
    with pytest.raises(BrokenRule) as refused:
        require_findings(["days", "gone"], definition(), date(2026, 11, 23), today)
    assert [error.pointer for error in refused.value.errors] == [
        "/findings/1/criterion",
        "/held_on",
    ]
    named_on = date(2024, 10, 20)
    require_findings([], definition(), named_on, today, named_on)
    with pytest.raises(BrokenRule) as early:
        require_findings([], definition(), date(2023, 11, 22), today, named_on)
    assert [error.rule for error in early.value.errors] == ["day-before-naming"]


@pytest.mark.parametrize(
    ("due_on", "late"),
    [(date(2026, 11, 21), True), (date(2026, 11, 22), False), (None, False)],
)
def test_the_last_day_is_not_late_and_an_unknown_one_never_is(
    due_on: date | None, late: bool
) -> None:
    assert is_overdue(due_on, date(2026, 11, 22)) is late
