"""What makes a conflict of interest, and who may take one away: pure."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from services.kit.access import Caller, P
from services.kit.problems import Conflict, Forbidden

AFFILIATION_YEARS = 5
"""How long a tie that has ended still counts."""
SHORTEST_STEM = 4
"""A name of so many letters that another begins with is taken for its body: 青海大学附属医院."""


class Cause(StrEnum):
    """Why an expert may not judge an application."""

    EMPLOYER = "employer"  # works for the host, a branch of it, or what it belongs to
    AFFILIATION = "affiliation"
    CO_AUTHOR = "co_author"
    KINSHIP = "kinship"
    ADVISORY = "advisory"
    INTEREST = "interest"
    OTHER = "other"
    PERSON = "person"  # is named in the application
    APPLICANT = "applicant"  # applies, or speaks for the venue
    DECLARED = "declared"  # said so when they were invited


class ConflictSetAbove(Forbidden):
    """A conflict that was set at a higher division is lifted there, or above."""


class ConflictLifted(Conflict):
    """The conflict has been lifted already."""


class PeopleSettled(Conflict):
    """A panel is drawn: who names people now could find out who sits on it, and unseat them. Only
    those who keep the panel do."""


def counts_since(day: date) -> date:
    """Ties that ended before this day count no more."""
    return day - timedelta(days=365 * AFFILIATION_YEARS)


def set_for(caller: Caller, code: str) -> str:
    """The division in whose name staff set a conflict: the highest from which they reach `code`."""
    (above,) = (each for each in caller.reach(P.EXPERT_MANAGE) if code.startswith(each))
    return above


def require_may_lift(caller: Caller, set_at: str | None, expert_at: str) -> None:
    """Raise ConflictSetAbove, or Forbidden, unless the caller may lift a conflict."""
    caller.require(P.EXPERT_MANAGE, at=expert_at)
    if set_at is not None and not caller.may(P.EXPERT_MANAGE, at=set_at):
        raise ConflictSetAbove(permission=P.EXPERT_MANAGE.value, division=set_at)


def said(causes: Sequence[str]) -> str:
    """Causes in one line of the trail, without a name."""
    return "、".join(_WORDS[Cause(each)] for each in causes)


_WORDS = {
    Cause.EMPLOYER: "同一单位或其分支、上下级单位",
    Cause.AFFILIATION: "曾任职单位",
    Cause.CO_AUTHOR: "合作著述",
    Cause.KINSHIP: "亲属关系",
    Cause.ADVISORY: "顾问或兼职",
    Cause.INTEREST: "利益关系",
    Cause.OTHER: "其他回避情形",
    Cause.PERSON: "列入申报人员",
    Cause.APPLICANT: "申报人或场馆代表",
    Cause.DECLARED: "专家本人声明",
}
