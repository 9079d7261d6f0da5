"""Vocabulary, lifecycle and dates of an honour: pure, no I/O."""

import calendar
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from services.kit.access import P
from services.kit.divisions import Tier
from services.kit.problems import BrokenRule, Conflict, broken
from services.kit.workdays import SHANGHAI
from services.kit.workflow import Needs, Workflow


class HonourState(StrEnum):
    PROVISIONAL = "provisional"  # 创建期
    VALID = "valid"
    RECTIFYING = "rectifying"  # 整改
    SUSPENDED = "suspended"  # 暂停
    REVOKED = "revoked"  # 摘牌
    EXPIRED = "expired"
    RENEWED = "renewed"  # followed by another honour
    UPGRADED = "upgraded"  # followed by a higher one


S = HonourState

Standing = Literal["valid", "suspended", "revoked", "expired", "superseded"]
"""May a certificate be relied on, in a word."""


class AlreadyNamed(Conflict):
    """The application has its honour."""


class OnlyEntered(Conflict):
    """What was named here is not corrected by hand: it follows its application."""


class NotGivenOut(Conflict):
    """The certificate may not be shown in this state, or is another office's."""


class TermOver(Conflict):
    """The honour's term has run out: it is renewed by a new one, not by this step."""


class SameHost(BrokenRule):
    """The new host institution is the one that it has."""


class NotAFollower(BrokenRule):
    """What is to follow is of another holder, is followed itself, or is not in force."""


class NotHigher(BrokenRule):
    """What is to follow as an upgrade is of no higher level."""


class NumberTaken(Conflict):
    """Another honour has this number."""


IN_FORCE = frozenset({S.PROVISIONAL, S.VALID, S.RECTIFYING})
"""What may be shown as held: a rectification is announced, and the honour stands meanwhile."""

LEVELS = ("county", "prefecture", "provincial", "national")
"""Whose honour it is, the highest last."""


LEVEL_OF_TIER = {
    Tier.COUNTY: "county",
    Tier.PREFECTURE: "prefecture",
    Tier.PROVINCE: "provincial",
}

LIST_BITS = 131_072
"""Bits of a status list: the least that the standard allows, so that no list tells of one."""


def within_term(*, today: date, valid_until: date | None) -> None:
    """Raise TermOver when the last day is past."""
    if valid_until is not None and today > valid_until:
        raise TermOver(until=valid_until.isoformat())


_NOBODY: set[Needs] = set()  # the clock does it

LIFECYCLE: Workflow[HonourState] = Workflow(
    "honour",
    # action     from                                            to      needs
    ("confirm", S.PROVISIONAL, S.VALID, P.APPLICATION_DECIDE, within_term),
    ("rectify", {S.PROVISIONAL, S.VALID}, S.RECTIFYING, P.APPLICATION_DECIDE),
    ("suspend", {S.PROVISIONAL, S.VALID, S.RECTIFYING}, S.SUSPENDED, P.APPLICATION_DECIDE),
    ("reinstate", {S.RECTIFYING, S.SUSPENDED}, S.VALID, P.APPLICATION_DECIDE, within_term),
    # What `reinstate` comes to while the creation period has not been confirmed.
    ("resume_creation", {S.RECTIFYING, S.SUSPENDED}, S.PROVISIONAL, _NOBODY, within_term),
    # What was named by mistake or by deceit is taken back even when its term is over (科普法 57).
    (
        "revoke",
        {S.PROVISIONAL, S.VALID, S.RECTIFYING, S.SUSPENDED, S.EXPIRED},
        S.REVOKED,
        P.APPLICATION_DECIDE,
    ),
    ("record_return", S.REVOKED, S.REVOKED, P.APPLICATION_DECIDE),
    # A rectification or a suspension is ended by its own decision, not by a new name.
    ("renew", {S.PROVISIONAL, S.VALID, S.EXPIRED}, S.RENEWED, P.APPLICATION_DECIDE),
    ("upgrade", {S.PROVISIONAL, S.VALID, S.EXPIRED}, S.UPGRADED, P.APPLICATION_DECIDE),
    ("change_host", S.VALID, S.VALID, P.APPLICATION_DECIDE, within_term),
    ("expire", {S.PROVISIONAL, S.VALID, S.RECTIFYING, S.SUSPENDED}, S.EXPIRED, _NOBODY),
)


def local_day(now: datetime) -> date:
    """The day in the country's one time zone."""
    return now.astimezone(SHANGHAI).date()


def months_after(day: date, months: int) -> date:
    """The last day of a term of so many months that begins on a day.

    民法典 201: the day of the beginning is not counted; 202: a term ends on the corresponding day
    of its last month, and where that month has none, on its last day. Two years from 2026-10-20
    end with 2028-10-20; six months from 31 August, with 28 or 29 February.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def free_again(day: date, months: int) -> date:
    """The first day after a term of so many months that begins on a day."""
    return months_after(day, months) + timedelta(days=1)


def last_day(issued_on: date, months: int | None) -> date | None:
    """The last day of an honour's term, or of its creation period; None: it has none."""
    return months_after(issued_on, months) if months else None


def number_of(pattern: str, year: int, serial: int) -> str:
    """An honour's number: 青科普〔{year}〕{serial}号 → 青科普〔2026〕007号."""
    return pattern.replace("{year}", str(year)).replace("{serial}", f"{serial:03d}")


def is_higher(level: str | None, than: str | None) -> bool:
    """Is a level above another? Not when either is unknown."""
    return level in LEVELS and than in LEVELS and LEVELS.index(level) > LEVELS.index(than)


def require_order(issued_on: date | None, valid_until: date | None, today: date) -> None:
    """Raise BrokenRule for a day of naming to come, and for a term that ends before it begins."""
    if issued_on is not None and issued_on > today:
        raise broken("/issued_on", "honour-to-come")
    if issued_on is not None and valid_until is not None and valid_until < issued_on:
        raise broken("/valid_until", "honour-term")


def require_returned(name: str, day: date, *, since: date, today: date) -> None:
    """Raise BrokenRule unless something came back after the revocation, and not tomorrow."""
    if not since <= day <= today:
        raise broken(f"/{name}", "honour-returned", since=since.isoformat())


_BRACKETS = tuple(zip("〔[［(（【", "〕]］)）】", strict=True))


def spellings(number: str) -> set[str]:
    """A number as it may have been typed: any brackets stand for any others, spaces for nothing."""
    given, number = number.strip(), "".join(number.split())
    for left, right in _BRACKETS:
        number = number.replace(left, "\0").replace(right, "\1")
    return {given} | {number.replace("\0", left).replace("\1", right) for left, right in _BRACKETS}


def list_now(certificates: int) -> int:
    """The status list that the next certificate stands in: each is left when it is half full, so
    that a free bit is soon found by chance."""
    return 1 + certificates * 2 // LIST_BITS


def state_today(state: HonourState, valid_until: date | None, today: date) -> HonourState:
    """The state as it is today, also when the clock has not come by yet."""
    over = valid_until is not None and today > valid_until
    return S.EXPIRED if over and state in LIFECYCLE.steps["expire"].sources else state


def creation_over(state: HonourState, provisional_until: date | None, today: date) -> bool:
    """Is the creation period over, and nobody has said whether the honour stands?"""
    return state is S.PROVISIONAL and provisional_until is not None and today > provisional_until


_STANDING: dict[HonourState, Standing] = {
    S.PROVISIONAL: "valid",
    S.VALID: "valid",
    S.RECTIFYING: "valid",
    S.SUSPENDED: "suspended",
    S.REVOKED: "revoked",
    S.EXPIRED: "expired",
    S.RENEWED: "superseded",
    S.UPGRADED: "superseded",
}


def standing(state: HonourState) -> Standing:
    """What a state means for somebody who looks at a certificate."""
    return _STANDING[state]
