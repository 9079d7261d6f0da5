"""The limiter of a process, and what its answers say (draft-ietf-httpapi-ratelimit-headers-10)."""

import time
from typing import TYPE_CHECKING

from starlette.types import Message, Scope, Send

from gateway.identity.callers import address_of
from gateway.rates.rules import Cells, Left, RateClass, class_of, network_of
from gateway.rates.settings import RateSettings
from services.kit.problems import TooMany

if TYPE_CHECKING:
    from gateway.identity.callers import Callers
    from gateway.settings import GatewaySettings

# Who knocks at these is not known yet, whatever token comes along.
_BY_ADDRESS = (RateClass.SIGN_IN, RateClass.CODES)


class TooManyRequests(TooMany):
    """More requests of this class than the client may send."""

    def __init__(self, wait_s: int, policy: "Policy") -> None:
        super().__init__(wait=wait_s, quota=policy.quota, window=policy.window_s)
        self.retry_after = wait_s  # type: ignore[misc]


class Policy:
    """One class of routes for one kind of client."""

    def __init__(self, name: str, quota: int, window_s: int) -> None:
        self.name = name
        self.quota = quota
        self.window_s = window_s
        self.cells = Cells(quota, window_s)
        self.header = (b"ratelimit-policy", f'"{name}";q={quota};w={window_s}'.encode())

    def left(self, left: Left) -> tuple[bytes, bytes]:
        """The RateLimit field."""
        return (b"ratelimit", f'"{self.name}";r={left.requests};t={left.reset_s}'.encode())


class Limiter:
    """Counts by the account of a known session, otherwise by address."""

    def __init__(
        self, callers: "Callers", settings: "GatewaySettings", given: RateSettings
    ) -> None:
        self._callers = callers
        self._settings = settings
        quotas = {each: getattr(given, each.name.lower()) for each in RateClass}
        self._known = {
            each: Policy(each.value, quota, given.window_s)
            for each, quota in quotas.items()
            if quota
        }
        self._addresses = {
            each: Policy(
                f"{each.value}-address",
                quota if each in _BY_ADDRESS else quota * given.address_factor,
                given.window_s,
            )
            for each, quota in quotas.items()
            if quota
        }

    def count(self, scope: Scope, send: Send) -> tuple[Send, TooManyRequests | None]:
        """Count a request: a `send` that tells what is left, and the problem if it is too many."""
        kind = class_of(scope["method"], scope["path"])
        if kind is None:
            return send, None
        who = None if kind in _BY_ADDRESS else self._callers.peek(scope)
        policies = self._known
        if who is None:
            policies, who = self._addresses, network_of(address_of(scope, self._settings))
        policy = policies.get(kind)
        if policy is None or who is None:
            return send, None
        left = policy.cells.take(who, time.monotonic())
        problem = TooManyRequests(left.wait_s, policy) if left.wait_s else None
        return _telling(send, (policy.header, policy.left(left))), problem


def _telling(send: Send, told: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *told]
        await send(message)

    return telling
