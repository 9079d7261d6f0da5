"""Vocabulary and limits of accounts, sessions, codes and tries: pure."""

import secrets
import string
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.kit.problems import (
    BrokenRule,
    Conflict,
    FieldError,
    Forbidden,
    TooMany,
    Unauthenticated,
)

LOCAL = ZoneInfo("Asia/Shanghai")


class AccountKind(StrEnum):
    CITIZEN = "citizen"
    STAFF = "staff"


class AccountState(StrEnum):
    ACTIVE = "active"
    LOCKED = "locked"
    ERASED = "erased"
    """What is left of somebody who was erased: a number that audit rows name."""


class SessionKind(StrEnum):
    """How the token travels: apps send it in a header, browsers in a cookie."""

    BEARER = "bearer"
    COOKIE = "cookie"


class SignInFailed(Unauthenticated):
    """Unknown name, wrong password, wrong or old code, locked account: told apart to nobody."""


class TooManyTries(TooMany):
    """Too many wrong tries for this name or from this address."""

    retry_after = 900


class TooManyCodes(TooMany):
    """Too many codes asked for this phone or from this address."""

    retry_after = 60


class CrossSite(Forbidden):
    """A change with a cookie that did not start from a page of ours."""


class WeakPassword(BrokenRule):
    """The new password breaks a rule."""


class NoPassword(Forbidden):
    """Citizens sign in with a code on their phone: there is no password to change."""


class UsernameTaken(Conflict):
    """Somebody has this username."""


class OwnAccount(Forbidden):
    """Nobody locks, unlocks or resets themselves."""


SESSION_LIFE = {
    AccountKind.STAFF: timedelta(hours=12),
    AccountKind.CITIZEN: timedelta(days=30),
}

CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5

PHONE = r"^1[3-9][0-9]{9}$"
USERNAME = r"^[A-Za-z][A-Za-z0-9_.-]{2,39}$"
SHORTEST_PASSWORD = 10


class Throttle(StrEnum):
    """What is counted, each with its own limit."""

    PASSWORD = "password"  # noqa: S105 - the name of a limit
    SIGN_IN_ADDRESS = "sign_in_address"
    CODE_PAUSE = "code_pause"
    CODE_PHONE = "code_phone"
    CODE_ADDRESS = "code_address"


# What is counted, how many within how long, and how long the next one has to wait. An address may
# be a whole school behind one line, so its limit is softer.
LIMITS: dict[Throttle, tuple[int, timedelta, timedelta]] = {
    Throttle.PASSWORD: (5, timedelta(minutes=15), timedelta(minutes=15)),
    Throttle.SIGN_IN_ADDRESS: (100, timedelta(minutes=15), timedelta(minutes=5)),
    Throttle.CODE_PAUSE: (1, timedelta(minutes=1), timedelta(minutes=1)),
    Throttle.CODE_PHONE: (5, timedelta(hours=1), timedelta(hours=1)),
    Throttle.CODE_ADDRESS: (60, timedelta(hours=1), timedelta(minutes=10)),
}


def now() -> datetime:
    """The time, for rows that are made now."""
    return datetime.now(UTC)


def today(at: datetime) -> date:
    """The day of `at` in the province."""
    return at.astimezone(LOCAL).date()


def new_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def new_token() -> str:
    """An opaque session token with 256 bits of chance."""
    return secrets.token_urlsafe(32)


def new_password() -> str:
    """One to be read out: 16 letters and digits that are not mistaken for each other."""
    letters = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("0o1il")))
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def check_password(new: str, username: str) -> None:
    """Length decides (GB/T 39786 asks for no more of us); raises WeakPassword."""
    if len(new) < SHORTEST_PASSWORD:
        raise WeakPassword(
            errors=(FieldError("/new", "string-too-short", (("min_length", SHORTEST_PASSWORD),)),)
        )
    if username.lower() in new.lower() or len(set(new)) < 5:
        raise WeakPassword(errors=(FieldError("/new", "password-guessable"),))
