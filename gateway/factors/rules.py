"""What a second factor is, who needs one, and what needs it given lately: pure (RFC 6238)."""

import hmac
import secrets
from datetime import date, datetime, timedelta

import pyotp

from services.kit.problems import Conflict, Forbidden, Unauthenticated

STEP_S = 30
DRIFT = 1
"""Steps before and after ours that count: phones' clocks are wrong by half a minute."""
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class FactorCodeNeeded(Unauthenticated):
    """The password is right; the account has a second factor, and its code was not sent."""


class SecondFactorNeeded(Forbidden):
    """The role needs a second factor, and the days of grace are over."""


class StepUpNeeded(Forbidden):
    """This action needs the second factor given within the last minutes."""


class FactorExists(Conflict):
    """There is a second factor already; remove it first."""


class NoFactor(Conflict):
    """There is no second factor to confirm, to give or to remove."""


class FactorRequired(Conflict):
    """A role of theirs needs the factor: an administrator resets it, one does not lay it down."""


class StaffOnly(Forbidden):
    """Citizens sign in with a code on their phone: there is nothing to add."""


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that `code` belongs to, at most DRIFT away from ours; None when it is wrong."""
    totp = pyotp.TOTP(secret, interval=STEP_S)
    ours = int(now.timestamp()) // STEP_S
    found = None
    for step in range(ours - DRIFT, ours + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def new_secret() -> str:
    """160 bits in base32, as the apps want it."""
    return pyotp.random_base32()


def new_recovery_codes() -> list[str]:
    """Ten codes of 49 bits, to be printed: `k7mqx-28hdw`."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    ]


def needed_by(earliest: date | None, since: date | None, grace_days: int) -> date | None:
    """The last day without a factor, for a role that needs one held from `earliest` on.

    >>> needed_by(date(2026, 1, 1), date(2026, 12, 1), 14)
    datetime.date(2026, 12, 15)
    """
    if earliest is None:
        return None
    return max(earliest, since or earliest) + timedelta(days=grace_days)


# What stays open to somebody who has to enrol: themselves, signing in and out, what problems mean.
_OPEN = ("/api/v1/me", "/api/v1/sessions", "/api/v1/problems", "/api/v1/openapi.json")


def is_open(path: str) -> bool:
    """May somebody who still has to enrol go there?"""
    return any(path == each or path.startswith(f"{each}/") for each in _OPEN)


def is_dangerous(method: str, path: str) -> bool:
    """Opening personal data, and giving somebody power: in whichever service it is.

    `path` is decoded: an encoded letter in it would be another path here, and the same there.
    """
    if method != "POST":
        return False
    parts = path.strip("/").split("/")
    if parts[:2] != ["api", "v1"]:
        return False
    rest = parts[2:]
    last = rest[-1] if rest else ""
    return (
        rest == ["grants"]
        or (len(rest) >= 3 and last == "open")
        or (rest[:1] == ["accounts"] and last in _POWERS)
    )


_POWERS = ("handover", "absence", "reset_password", "reset_second_factor")
