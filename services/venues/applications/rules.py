"""The lifecycle of an application, built from the rule that it runs under: pure, no I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.kit.access import Caller, P
from services.kit.divisions import TIER_BY_LENGTH, Tier
from services.kit.problems import BrokenRule, Conflict, FieldError, Forbidden
from services.kit.workflow import Needs, Relation, WrongState
from services.venues.programmes.definition import Definition, Stage, StageKind


class ApplicationState(StrEnum):
    DRAFT = "draft"
    UNDER_WAY = "under_way"  # in the stage `stage_key`
    RETURNED = "returned"  # with the applicant, to be supplemented for `stage_key`
    WITHDRAWN = "withdrawn"
    NOT_NAMED = "not_named"
    NAMED = "named"


class RunState(StrEnum):
    OPEN = "open"
    PASSED = "passed"
    RETURNED = "returned"
    REFUSED = "refused"
    ENDED = "ended"  # the application was withdrawn


class Action(StrEnum):
    SUBMIT = "submit"  # 申报; after a return: 补正后重新提交
    RECOMMEND = "recommend"  # 推荐
    PASS = "pass"  # noqa: S105 — 通过
    NAME = "name"  # 命名
    SEND_BACK = "send_back"  # 退回补正
    EXTEND = "extend"  # 延长补正期限
    REFUSE = "refuse"  # 不予命名
    WITHDRAW = "withdraw"  # 撤回


class NotTheApplicant(Forbidden):
    """Only who represents the venue does this; staff do where staff drafted it on its behalf."""


class StageNotReady(Conflict):
    """The stage cannot be passed yet: everything that is missing is listed."""


class ApplicationIncomplete(BrokenRule):
    """What an application lacks to be submitted: all of it, each with its field."""


class SupplementLate(Conflict):
    """The days to supplement are over; the office may extend them, or refuse."""


class SupplementNotLate(Conflict):
    """While the applicant has days left to supplement, nobody refuses for not having done so."""


class AlreadyRunning(Conflict):
    """The subject has an application under this programme in this year."""


class ReapplyLater(Conflict):
    """After a refusal or a revocation the programme sets a time before the next application."""


class ProgrammeClosed(Conflict):
    """The programme takes no application now: no published version, or outside its window."""


class ChannelFull(Conflict):
    """Who recommends has given all the places that the programme lets this channel have."""


S = ApplicationState
EDITABLE = frozenset({S.DRAFT, S.RETURNED})
FINAL = frozenset({S.WITHDRAWN, S.NOT_NAMED, S.NAMED})
FIXED_ONCE_PASSED = frozenset({"host_name", "host_uscc", "category", "channel"})
"""What a stage that was passed has looked at: a supplement does not change it afterwards, or the
host that was checked would not be the one that is named."""

ADVANCE: dict[StageKind, Action] = {
    kind: {StageKind.RECOMMENDATION: Action.RECOMMEND, StageKind.NAMING: Action.NAME}.get(
        kind, Action.PASS
    )
    for kind in StageKind
}
"""What it is called to go on from a stage."""

_DECIDE = frozenset[Needs]({P.APPLICATION_DECIDE})
_REVIEW = frozenset[Needs]({P.APPLICATION_REVIEW})
STAFF_NEED: dict[StageKind, frozenset[Needs]] = {
    StageKind.RECOMMENDATION: _DECIDE,
    StageKind.ELIGIBILITY: _REVIEW,
    StageKind.SELF_ASSESSMENT: _REVIEW,
    StageKind.EXPERT_REVIEW: _REVIEW,
    StageKind.SITE_VISIT: _REVIEW,
    StageKind.CREDIT_CHECK: _REVIEW,
    StageKind.DELIBERATION: _DECIDE,
    StageKind.NOTICE: _DECIDE,
    StageKind.NAMING: _DECIDE,
}
"""The permission of whoever does the work of a stage."""

_OWN = frozenset[Needs]({Relation.OWN})
NEVER_RETURN = frozenset({StageKind.NOTICE, StageKind.NAMING})
"""What the public was shown is not changed afterwards: it is named, or it is not."""


@dataclass(frozen=True, slots=True)
class At:
    """Where an application stands."""

    state: ApplicationState
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the verb, from where, to where, and who."""

    action: Action
    source: At
    target: At
    needs: frozenset[Needs]
    tier: Tier | None = None
    """Whose staff: at the application's division, or the one above it of this tier."""


def table(definition: Definition) -> tuple[Row, ...]:
    """The lifecycle of an application under this rule: every row there is."""
    stages = definition.stages
    draft, withdrawn, not_named = At(S.DRAFT), At(S.WITHDRAWN), At(S.NOT_NAMED)
    rows = [
        Row(Action.SUBMIT, draft, At(S.UNDER_WAY, stages[0].key), _OWN),
        Row(Action.WITHDRAW, draft, withdrawn, _OWN),
    ]
    for number, stage in enumerate(stages):
        here, back = At(S.UNDER_WAY, stage.key), At(S.RETURNED, stage.key)
        last = number == len(stages) - 1
        on = At(S.NAMED) if last else At(S.UNDER_WAY, stages[number + 1].key)
        need, tier = STAFF_NEED[stage.kind], stage.tier
        # A self-assessment is the applicant's own work: they say themselves when it is done.
        who = need | _OWN if stage.kind is StageKind.SELF_ASSESSMENT else need
        rows += [
            Row(ADVANCE[stage.kind], here, on, who, tier),
            Row(Action.REFUSE, here, not_named, need, tier),
            Row(Action.WITHDRAW, here, withdrawn, _OWN),
        ]
        if may_return(stage):
            rows += [
                Row(Action.SEND_BACK, here, back, need, tier),
                Row(Action.SUBMIT, back, here, _OWN),
                Row(Action.EXTEND, back, back, need, tier),
                Row(Action.REFUSE, back, not_named, need, tier),
                Row(Action.WITHDRAW, back, withdrawn, _OWN),
            ]
    return tuple(rows)


def may_return(stage: Stage) -> bool:
    """May the stage send an application back for supplement?"""
    return stage.may_return and stage.kind not in NEVER_RETURN


def asked(definition: Definition, stage: Stage) -> list[Stage]:
    """The stages whose gates are asked when `stage` is passed: its own, and when naming, again
    what can have changed since: the notice with its objections, and the credit of the host."""
    if stage.kind is not StageKind.NAMING:
        return [stage]
    again = {StageKind.NOTICE}
    if definition.credit is not None and "naming" in definition.credit.before:
        again.add(StageKind.CREDIT_CHECK)
    # The last of each kind: an earlier credit check was asked for the review.
    last = {each.kind: each for each in definition.stages if each.kind in again}
    return [stage, *last.values()]


def is_late(due_on: date | None, today: date) -> bool:
    """Is the last day over? Never, while nobody knows which day that is."""
    return due_on is not None and today > due_on


def find(rows: Sequence[Row], action: Action, at: At) -> Row:
    """The row of `action` from `at`; WrongState when there is none."""
    for row in rows:
        if row.action is action and row.source == at:
            return row
    raise WrongState(action=action.value, state=at.stage or at.state.value)


def move(
    rows: Sequence[Row],
    action: Action,
    at: At,
    *,
    missing: tuple[FieldError, ...] = (),
    late: bool = False,
) -> At:
    """Where `action` leads from `at`: the one place that lets an application go on.

    `missing` is what the gates of `asked` miss. Raises WrongState, StageNotReady, SupplementLate,
    SupplementNotLate.
    """
    row = find(rows, action, at)
    if missing and action in GATED:
        raise StageNotReady(errors=missing)
    if at.state is S.RETURNED:
        if action is Action.SUBMIT and late:
            raise SupplementLate()
        if action is Action.REFUSE and not late:
            raise SupplementNotLate()
    return row.target


SPOKEN = frozenset({StageKind.DELIBERATION})
"""Where no result of the stage says why it goes on: those who deliberated write it down."""

GATED = frozenset({Action.RECOMMEND, Action.PASS, Action.NAME})
"""What asks the gates of the stage."""


def holder(caller: Caller, code: str, *, own: bool) -> Callable[[Needs, Tier | None], bool]:
    """Does the caller hold what a row needs, for an application at `code`? `own`: it is theirs."""

    def holds(need: Needs, tier: Tier | None) -> bool:
        return caller.may(need, at=office_of(code, tier)) if isinstance(need, P) else own

    return holds


def allowed(
    rows: Sequence[Row], at: At, holds: Callable[[Needs, Tier | None], bool], *, late: bool
) -> list[str]:
    """The actions that whoever `holds` what they need may do from `at`. What is missing in a stage
    is said when they try: the action itself is theirs."""
    found = []
    for row in rows:
        if row.source != at or not any(holds(need, row.tier) for need in row.needs):
            continue
        if at.state is S.RETURNED and (
            (row.action is Action.SUBMIT and late) or (row.action is Action.REFUSE and not late)
        ):
            continue
        found.append(row.action.value)
    return found


_LENGTH_OF = {tier: length for length, tier in TIER_BY_LENGTH.items()}


def office_of(division_code: str, tier: Tier | None) -> str:
    """Where the staff of a stage sit: the ancestor of `division_code` of that tier, or itself.

    >>> office_of("630123", Tier.PROVINCE), office_of("630123", Tier.VILLAGE)
    ('63', '630123')
    """
    return division_code if tier is None else division_code[: _LENGTH_OF[tier]]
