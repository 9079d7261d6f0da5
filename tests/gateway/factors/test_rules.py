"""Codes, steps, days of grace, and which requests are dangerous: without a database."""

from datetime import UTC, date, datetime, timedelta

import pyotp
import pytest

from gateway.factors.rules import (
    is_dangerous,
    is_open,
    needed_by,
    new_recovery_codes,
    new_secret,
    step_of,
)

NOW = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)
# RFC 6238, appendix B: the secret in base32, SHA-1, the last six digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert step_of(RFC_SECRET, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(
    ("off", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_clock_may_be_wrong_by_one_step(off: int, taken: bool) -> None:
    secret = new_secret()
    code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=off))
    assert (step_of(secret, code, NOW) is not None) is taken


def test_recovery_codes_are_ten_different_ones() -> None:
    codes = new_recovery_codes()
    assert (len(set(codes)), {len(code) for code in codes}) == (10, {11})


def test_grace_begins_with_the_role_or_with_the_rule_whichever_is_later() -> None:
    assert needed_by(None, date(2026, 1, 1), 14) is None
    assert needed_by(date(2026, 1, 1), None, 14) == date(2026, 1, 15)
    assert needed_by(date(2026, 1, 1), date(2026, 12, 1), 14) == date(2026, 12, 15)
    assert needed_by(date(2027, 1, 1), date(2026, 12, 1), 14) == date(2027, 1, 15)


@pytest.mark.parametrize(
    ("method", "path", "dangerous"),
    [
        ("POST", "/api/v1/grants", True),
        ("POST", "/api/v1/grants/", True),
        ("GET", "/api/v1/grants", False),
        ("POST", "/api/v1/grants/1/end", False),
        ("POST", "/api/v1/accounts/1/open", True),
        ("POST", "/api/v1/accounts/1/reset_second_factor", True),
        ("POST", "/api/v1/accounts/1/lock", False),
        ("POST", "/api/v1/registrations/1/open", True),
        ("POST", "/api/v1/stations/1/posts/2/open", True),
        ("POST", "/api/v1/stations/1/open", True),
        ("POST", "/api/v1/activities", False),
        ("POST", "/open", False),
    ],
)
def test_dangerous_is_opening_personal_data_and_giving_power(
    method: str, path: str, dangerous: bool
) -> None:
    assert is_dangerous(method, path) is dangerous


def test_who_has_to_enrol_can_do_that_and_sign_out() -> None:
    paths = ("/api/v1/me", "/api/v1/me/second_factor", "/api/v1/sessions/current")
    assert [is_open(path) for path in paths] == [True] * 3
    assert [is_open(p) for p in ("/api/v1/messages", "/api/v1/mega", "/api/v1/activities")] == [
        False
    ] * 3
