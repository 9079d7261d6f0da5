"""Vocabulary of credit checks, when one is asked for, and what an answer allows: pure, no I/O."""

import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

from services.kit.access import P
from services.kit.problems import Conflict
from services.kit.workflow import Needs, Workflow
from services.venues.programmes.definition import Definition, Stage, StageKind

VALID_DAYS = 30
"""How old an answer may be where the programme sets no number of days."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
UNKNOWN_WAIT = timedelta(hours=6)


class Result(StrEnum):
    CLEAR = "clear"
    RED_LINE = "red_line"
    UNKNOWN = "unknown"
    """The provider cannot say: it may not know the institution."""


class CheckState(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    DROPPED = "dropped"
    """The application went away before it was answered."""


class Waiting(StrEnum):
    """Why a check waits; each has its words in words.toml as `credit-REASON`."""

    QUEUED = "queued"
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    FAILED = "failed"
    """The provider answered with an error."""
    UNREADABLE = "unreadable"
    """The answer is not as the contract has it."""
    UNSIGNED = "unsigned"
    """The signature is missing or wrong."""
    ELSEWHERE = "elsewhere"
    """The answer is about another question."""
    UNKNOWN = "unknown"
    NO_CODE = "no_code"
    """Without a sound credit code nobody can say that an institution is not on the list."""
    SAME_NAME = "same_name"
    """An institution of this name, with another code, is on the list."""
    NO_LIST = "no_list"
    OLD_LIST = "old_list"


class RemedyKind(StrEnum):
    REPAIR = "repair"  # 信用修复
    APPEAL = "appeal"  # 申诉


class RemedyState(StrEnum):
    RECORDED = "recorded"
    LODGED = "lodged"
    UPHELD = "upheld"
    REJECTED = "rejected"


class Standing(StrEnum):
    """What a line of the list says."""

    RED_LINE = "red_line"
    CLEAR = "clear"
    """Looked into and found clear: for institutions whose code cannot be relied on."""


class NoRedLine(Conflict):
    """There is no red line to repair, or to appeal against."""


class NothingToAsk(Conflict):
    """The application is not on its way, or its programme asks for no credit check."""


class AppealLodged(Conflict):
    """An appeal against this answer has not been decided."""


class AlreadyLifted(Conflict):
    """The line was lifted before, or is no red line."""


RS = RemedyState
_NOBODY: set[Needs] = set()
APPEAL: Workflow[RemedyState] = Workflow(
    "credit appeal",
    # action    from       to           needs
    ("uphold", RS.LODGED, RS.UPHELD, P.APPLICATION_DECIDE),
    ("reject", RS.LODGED, RS.REJECTED, P.APPLICATION_DECIDE),
)
CHECK: Workflow[CheckState] = Workflow(
    "credit check",
    ("answer", CheckState.WAITING, CheckState.ANSWERED, _NOBODY),
    ("drop", CheckState.WAITING, CheckState.DROPPED, _NOBODY),
)


def next_wait(tries: int, reason: Waiting) -> timedelta:
    """How long until it is asked again: longer each time, up to an hour."""
    if reason in (Waiting.UNKNOWN, Waiting.NO_CODE, Waiting.SAME_NAME):
        return UNKNOWN_WAIT
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(tries - 1, 10)))


def wanted(rule: Definition, stage: Stage) -> bool:
    """Is a clear answer needed to leave this stage?

    For a credit check; for the naming; and for what lies before the experts, so that they are not
    asked about who is vetoed.
    """
    if stage.kind is StageKind.CREDIT_CHECK:
        return True
    if rule.credit is None:
        return False
    if stage.kind is StageKind.NAMING:
        return "naming" in rule.credit.before
    return "expert_review" in rule.credit.before and leads_to_experts(rule, stage)


def leads_to_experts(rule: Definition, stage: Stage) -> bool:
    """Are the experts next? Where they are the first stage, they are asked after the answer."""
    at = [each.key for each in rule.stages].index(stage.key)
    following = rule.stages[at + 1 : at + 2]
    if following and following[0].kind is StageKind.EXPERT_REVIEW:
        return True
    return at == 0 and stage.kind is StageKind.EXPERT_REVIEW


def asks_at_all(rule: Definition) -> bool:
    """Does any stage need an answer?"""
    return any(wanted(rule, stage) for stage in rule.stages)


def valid_days(rule: Definition) -> int:
    """How many days an answer holds."""
    return rule.credit.valid_days if rule.credit else VALID_DAYS


def too_old(answered_at: datetime, days: int, now: datetime) -> bool:
    """Was it answered more than so many days ago?"""
    return now - answered_at > timedelta(days=days)


def plain_name(name: str) -> str:
    """A name as it is compared: one width of signs, no blanks.

    >>> plain_name("青海（西宁） 科技馆")
    '青海(西宁)科技馆'
    """
    return "".join(unicodedata.normalize("NFKC", name).split())
