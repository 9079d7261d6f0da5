"""Vocabulary of requests about what is held: kinds, receipts, when to try again. Pure."""

import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.kit.problems import Conflict

LOGS_KEPT = timedelta(days=183)
"""Network logs name who did what for at least six months (网络安全法 21)."""
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LEASE = timedelta(seconds=60)
_FIRST, _LONGEST = timedelta(seconds=2), timedelta(hours=1)


class RequestKind(StrEnum):
    WITHDRAW = "withdraw"
    ERASE = "erase"


class PostsHeld(Conflict):
    """A member of staff has posts, or had one so recently that the logs must name them."""


def new_receipt() -> str:
    """A number to be written down: 20 characters, some 98 bits of chance, none mistaken."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def erasable_from(last_day: date | None) -> date | None:
    """From which day on a member of staff whose last post ended on `last_day` may be erased."""
    return None if last_day is None else last_day + LOGS_KEPT


def due_again(attempts: int, now: datetime) -> datetime:
    """When a service that did not take a request is asked again: soon first, then every hour.

    >>> (due_again(1, datetime(2026, 1, 1)) - datetime(2026, 1, 1)).total_seconds()
    2.0
    """
    pause: timedelta = min(_LONGEST, _FIRST * int(2 ** min(attempts - 1, 20)))
    return now + pause
