"""Rate limits: the arithmetic, the classes, and what a client is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rates.limiter import Limiter
from gateway.rates.rules import Cells, Left, RateClass, class_of, network_of
from gateway.rates.settings import RateSettings
from gateway.settings import GatewaySettings
from tests.gateway.conftest import RunningGateway


def test_a_quota_may_be_spent_at_once_and_comes_back_step_by_step() -> None:
    cells = Cells(quota=10, window_s=60)
    left = [cells.take("a", 0.0) for _ in range(11)]
    assert [each.requests for each in left] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [each.wait_s for each in left] == [0] * 10 + [6]
    assert cells.take("b", 0.0) == Left(9, 6)
    assert cells.take("a", 6.0) == Left(0, 60)
    assert cells.take("a", 6.1).wait_s == 6
    assert cells.take("a", 66.0) == Left(9, 6)


@given(st.lists(st.floats(0, 5), max_size=80), st.integers(1, 20), st.integers(1, 30))
def test_never_more_than_twice_the_quota_within_a_window(
    gaps: list[float], quota: int, window: int
) -> None:
    cells, now, taken = Cells(quota, window), 0.0, []
    for gap in gaps:
        now += gap
        if not cells.take("a", now).wait_s:
            taken.append(now)
    for start in taken:
        assert len([t for t in taken if start <= t < start + window]) <= 2 * quota


def test_clients_that_are_not_heard_of_any_more_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.rates.rules.REMEMBERED", 2)
    cells = Cells(1, 60)
    assert [cells.take(who, 0.0).wait_s for who in ("a", "b", "c", "a")] == [0, 0, 0, 0]
    assert cells.take("a", 0.0).wait_s == 60


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/v1/sessions", RateClass.SIGN_IN),
        ("POST", "/api/v1/sessions/current/factor", RateClass.SIGN_IN),
        ("POST", "/api/v1/sessions/codes", RateClass.CODES),
        ("DELETE", "/api/v1/sessions/current", RateClass.WRITES),
        ("POST", "/api/v1/registrations", RateClass.WRITES),
        ("GET", "/api/v1/occurrences", RateClass.READS),
        ("GET", "/api/v1/stations/export", RateClass.EXPORTS),
        ("GET", "/api/v1/me/data", RateClass.EXPORTS),
        ("GET", "/health/live", None),
        ("GET", "/metrics", None),
    ],
)
def test_classes_of_routes(method: str, path: str, kind: RateClass | None) -> None:
    assert class_of(method, path) is kind


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("local", None),
        ("not an address", None),
    ],
)
def test_an_address_stands_for_itself_or_for_its_network(address: str, network: str | None) -> None:
    assert network_of(address) == network


def limit(gateway: RunningGateway, **given: int) -> None:
    """Other quotas, and one proxy of our own in front."""
    settings = GatewaySettings(gateway_trusted_proxies=1)
    gateway.parts.limiter = Limiter(gateway.parts.callers, settings, RateSettings(**given))


async def test_what_is_left_is_said_and_one_too_many_is_refused_in_the_callers_language(
    lone_gateway: RunningGateway,
) -> None:
    limit(lone_gateway, reads=2, writes=0, address_factor=1)
    from_a = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9", "Accept-Language": "bo"}
    async with lone_gateway.client(**from_a) as nobody:
        answers = [await nobody.get("/api/v1/volunteers") for _ in range(3)]
        elsewhere = await nobody.get(
            "/api/v1/volunteers", headers={"X-Forwarded-For": "203.0.113.9, 203.0.113.10"}
        )
        spoofed = await nobody.get(
            "/api/v1/volunteers", headers={"X-Forwarded-For": "10.9.9.9, 203.0.113.9"}
        )
        free = [await nobody.get("/health/live"), await nobody.post("/api/v1/volunteers")]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"reads-address";r=1;t=30',
        '"reads-address";r=0;t=60',
        '"reads-address";r=0;t=60',
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {
        '"reads-address";q=2;w=60'
    }
    refused = answers[2]
    assert refused.headers["retry-after"] == "30"
    assert refused.headers["content-language"] == "bo"
    assert refused.json()["type"] == "/api/v1/problems/too-many-requests"
    assert (elsewhere.status_code, spoofed.status_code) == (200, 429)
    assert ["ratelimit" in answer.headers for answer in free] == [False, False]
    assert len(lone_gateway.strange.requests) == 4


async def test_who_is_signed_in_is_counted_by_account_wherever_they_are(
    lone_gateway: RunningGateway,
) -> None:
    one = await lone_gateway.staff("officer", "630123")
    other = await lone_gateway.staff("officer", "630121")
    for client in (one, other):
        await client.get("/api/v1/me")  # their tokens are remembered from here on
    limit(lone_gateway, reads=3, address_factor=1)
    here, there = ({"X-Forwarded-For": f"203.0.113.{n}"} for n in (9, 10))
    mine = [await one.get("/api/v1/me", headers=where) for where in (here, there, here, there)]
    theirs = await other.get("/api/v1/me", headers=here)
    assert [answer.status_code for answer in mine] == [200, 200, 200, 429]
    assert (theirs.status_code, theirs.headers["ratelimit"]) == (200, '"reads";r=2;t=20')


async def test_a_machine_of_ones_own_is_not_limited_by_address(
    lone_gateway: RunningGateway,
) -> None:
    settings = GatewaySettings()
    lone_gateway.parts.limiter = Limiter(
        lone_gateway.parts.callers, settings, RateSettings(reads=1, address_factor=1)
    )
    async with lone_gateway.client() as nobody:
        answers = [await nobody.get("/api/v1/volunteers") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
