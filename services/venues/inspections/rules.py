"""Vocabulary and lifecycles of inspections, rectifications and samples: pure, no I/O."""

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.workflow import Needs, Relation, Workflow
from services.venues.programmes.definition import Definition, Grade, Stage


class InspectionKind(StrEnum):
    SITE_VISIT = "site_visit"  # 实地考察
    ANNUAL = "annual"  # 年度检查
    EVALUATION = "evaluation"  # 周期评估
    RANDOM = "random"  # 随机抽查
    RECHECK = "recheck"  # 整改复查


class InspectionState(StrEnum):
    DUE = "due"  # to be done; nobody has said when and by whom
    PLANNED = "planned"
    RECORDED = "recorded"  # done; only staff see what was found
    RELEASED = "released"  # the venue sees it, and may answer
    CANCELLED = "cancelled"


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"


class Standing(StrEnum):
    """Of one finding."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_SEEN = "not_seen"


class FilePart(StrEnum):
    PHOTO = "photo"
    ANSWER = "answer"


class RectificationState(StrEnum):
    ORDERED = "ordered"
    ANSWERED = "answered"  # the venue says that it is done
    FULFILLED = "fulfilled"  # a re-check passed
    FAILED = "failed"  # a re-check failed, or its last day went by without an answer
    REMOVAL_PROPOSED = "removal_proposed"  # 建议摘牌: decided with the honour
    CLOSED = "closed"  # the honour was taken away, or is over for another reason


class SampleState(StrEnum):
    FROZEN = "frozen"
    DRAWN = "drawn"
    VOID = "void"


class TeamTooSmall(BrokenRule):
    """Fewer than two people inspect (行政处罚法 42: 不得少于两人)."""


class TeamPartial(Conflict):
    """Somebody of the team applies or acts for what is inspected."""


class InspectionUnderWay(Conflict):
    """There is one of this kind already that is still to be done."""


class RectificationUnderWay(Conflict):
    """The honour has a rectification that is not closed."""


class NotFailed(Conflict):
    """Rectification follows an inspection that was released and not passed."""


class AlreadyExtended(Conflict):
    """The term was extended once."""


class NotOverdue(Conflict):
    """The venue has time left to answer."""


class AnswersClosed(Conflict):
    """What was found is settled: nothing is answered any more."""


class EvidenceStands(Conflict):
    """Photos are added until the findings are released, answers from then on; none is taken back
    that somebody may have read."""


class TooManyInspectionFiles(Conflict):
    """The inspection has as many files as it takes."""


class NothingToInspect(Conflict):
    """No honour that stands can be inspected."""


class SampleUnderWay(Conflict):
    """The programme has a sample of this year that is neither drawn nor void."""


class SampleNotDue(Conflict):
    """The value of the source is entered after its time."""


S, R, D = InspectionState, RectificationState, SampleState
_CONDUCT = P.INSPECTION_CONDUCT

LIFECYCLE: Workflow[InspectionState] = Workflow(
    "inspection",
    # action    from                    to           needs
    ("plan", {S.DUE, S.PLANNED}, S.PLANNED, _CONDUCT),
    ("record", {S.PLANNED, S.RECORDED}, S.RECORDED, _CONDUCT),
    ("release", S.RECORDED, S.RELEASED, _CONDUCT),
    ("cancel", {S.DUE, S.PLANNED}, S.CANCELLED, _CONDUCT),
    ("answer", S.RELEASED, S.RELEASED, Relation.OWN),
)

_BY_RECHECK: set[Needs] = set()  # the result of a re-check does it

RECTIFICATION: Workflow[RectificationState] = Workflow(
    "rectification",
    # action           from                      to                  needs
    ("answer", {R.ORDERED, R.ANSWERED}, R.ANSWERED, Relation.OWN),
    ("extend", R.ORDERED, R.ORDERED, _CONDUCT),
    ("recheck", {R.ORDERED, R.ANSWERED}, R.ANSWERED, _CONDUCT),
    ("fulfil", {R.ORDERED, R.ANSWERED}, R.FULFILLED, _BY_RECHECK),
    ("fail", {R.ORDERED, R.ANSWERED}, R.FAILED, _BY_RECHECK),
    ("lapse", R.ORDERED, R.FAILED, _CONDUCT),
    ("propose_removal", R.FAILED, R.REMOVAL_PROPOSED, _CONDUCT),
    ("reject_removal", R.REMOVAL_PROPOSED, R.ORDERED, P.APPLICATION_DECIDE),
    ("remove", R.REMOVAL_PROPOSED, R.CLOSED, P.APPLICATION_DECIDE),
)

SAMPLE: Workflow[SampleState] = Workflow(
    "sample",
    # action  from      to       needs
    ("draw", D.FROZEN, D.DRAWN, _CONDUCT),
    ("void", D.FROZEN, D.VOID, _CONDUCT),
)

UNANNOUNCED = frozenset({InspectionKind.RANDOM})
"""What the venue hears of only when it is over."""
TO_DO = frozenset({S.DUE, S.PLANNED})
PASSING = frozenset({Grade.EXCELLENT, Grade.QUALIFIED})


def require_team(team: Collection[UUID], partial: Collection[UUID]) -> None:
    """Raise TeamTooSmall under two people, TeamPartial when one of them acts for the inspected."""
    if len(set(team)) < 2:
        raise TeamTooSmall(errors=(FieldError("/team", "team-of-two"),))
    if set(team) & set(partial):
        raise TeamPartial()


def result_of(
    kind: InspectionKind, result: Result | None, grade: Grade | None, definition: Definition | None
) -> Result:
    """What was found, in one word; BrokenRule when it is not said as this kind asks for."""
    if kind is not InspectionKind.EVALUATION:
        if grade is not None:
            raise BrokenRule(errors=(FieldError("/grade", "grade-of-an-evaluation"),))
        if result is None:
            raise BrokenRule(errors=(FieldError("/result", "result-needed"),))
        return result
    grades = definition.inspection.grades if definition else tuple(Grade)
    if grade not in grades:
        values = (("grades", ", ".join(grades)),)
        raise BrokenRule(errors=(FieldError("/grade", "grade-unknown", values),))
    graded = Result.PASSED if grade in PASSING else Result.FAILED
    if result is not None and result is not graded:
        raise BrokenRule(errors=(FieldError("/result", "result-of-the-grade"),))
    return graded


def require_findings(
    findings: Sequence[str | None],
    definition: Definition | None,
    held_on: date,
    today: date,
    named_on: date | None = None,
) -> None:
    """Raise BrokenRule for a criterion that the programme has not, for a day to come, and for one
    before the base was named."""
    known = (
        {criterion.key for section in definition.sections for criterion in section.criteria}
        if definition
        else set()
    )
    errors = [
        FieldError(f"/findings/{number}/criterion", "no-such-criterion")
        for number, key in enumerate(findings)
        if key is not None and key not in known
    ]
    if held_on > today:
        errors.append(FieldError("/held_on", "day-still-to-come"))
    elif named_on is not None and held_on < named_on:
        errors.append(FieldError("/held_on", "day-before-naming", (("day", f"{named_on}"),)))
    if errors:
        raise BrokenRule(errors=tuple(errors))


def is_overdue(due_on: date | None, today: date) -> bool:
    """Is its last day over? Not while that day is unknown."""
    return due_on is not None and today > due_on


def stage_of(definition: Definition, key: str | None) -> Stage | None:
    """The stage of this key, if the definition has it."""
    return next((stage for stage in definition.stages if stage.key == key), None)
