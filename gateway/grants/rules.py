"""Who may grant what to whom, for which days: pure.

An administrator grants the operating roles at or below a division of theirs, and makes
administrators strictly below it: a peer is made from above. Nobody grants to themselves.
"""

from datetime import date, timedelta

from services.kit.access import Caller, P, Role
from services.kit.divisions import covers
from services.kit.problems import BrokenRule, Conflict, FieldError, Forbidden

LONGEST_ABSENCE = timedelta(days=92)


class GrantExists(Conflict):
    """They hold this role at this division for some of these days already."""


class GrantEnded(Conflict):
    """The grant has ended."""


class NotStaff(BrokenRule):
    """Only staff hold roles."""


class OwnGrant(Forbidden):
    """Nobody grants to themselves."""


class BeyondReach(Forbidden):
    """An administrator is made from above."""


class DivisionNotInRegister(BrokenRule):
    """The register has no such division."""


class AbolishedDivision(BrokenRule):
    """The division was abolished; its successors are named."""


class DeputyTooFar(BrokenRule):
    """The deputy belongs neither above nor below the division of the post."""


def require_may_grant(caller: Caller, role: Role, division: str) -> None:
    """Raise Forbidden or BeyondReach unless `caller` may give (and take) `role` at `division`."""
    caller.require(P.GRANT_MANAGE, at=division)
    above = any(code != division for code in caller.reach(P.GRANT_MANAGE) if covers(code, division))
    if role is Role.ADMINISTRATOR and not above:
        raise BeyondReach(permission=P.GRANT_MANAGE.value, division=division)


def may_grant(caller: Caller, role: Role, division: str) -> bool:
    """The same as an answer."""
    try:
        require_may_grant(caller, role, division)
    except Forbidden:
        return False
    return True


def require_days(start: date, end: date | None, today: date) -> None:
    """Raise BrokenRule for days that have passed or end before they begin."""
    if start < today:
        raise BrokenRule(errors=(FieldError("/from_day", "day-passed"),))
    if end is not None and end < start:
        raise BrokenRule(errors=(FieldError("/until_day", "ends-before-it-begins"),))


def require_absence(start: date, end: date, today: date) -> None:
    """Raise BrokenRule for an absence that is over, or longer than a quarter of a year."""
    require_days(start, end, today)
    if end - start > LONGEST_ABSENCE:
        most = (("days", LONGEST_ABSENCE.days),)
        raise BrokenRule(errors=(FieldError("/until_day", "absence-too-long", most),))


def require_near(home: str, division: str) -> None:
    """Raise DeputyTooFar unless somebody at home in `home` may stand in at `division`.

    A colleague of the same division, of one above or of one below; not of a neighbour.
    """
    if not (covers(home, division) or covers(division, home)):
        raise DeputyTooFar(home=home, division=division)
