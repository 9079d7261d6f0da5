"""Classes of routes, and the generic cell rate algorithm (GCRA): pure, time passed in."""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

REMEMBERED = 50_000
"""Clients; beyond that the one not heard of for longest begins anew."""


class RateClass(StrEnum):
    SIGN_IN = "sign-in"
    CODES = "codes"
    WRITES = "writes"
    READS = "reads"
    EXPORTS = "exports"


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_API = "/api/v1/"
_SIGN_IN = ("/api/v1/sessions", "/api/v1/sessions/current/factor", "/api/v1/me/erase")
_CODES = "/api/v1/sessions/codes"
_EXPORTS = ("/export", "/me/data", ".xlsx", ".csv", ".ics")


def class_of(method: str, path: str) -> RateClass | None:
    """The class of a request; None for what is not counted (health, metrics, pages)."""
    if not path.startswith(_API):
        return None
    if method in _SAFE:
        return RateClass.EXPORTS if path.endswith(_EXPORTS) else RateClass.READS
    if path == _CODES:
        return RateClass.CODES
    return RateClass.SIGN_IN if path in _SIGN_IN else RateClass.WRITES


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str | None:
    """Whom an address stands for: itself, or its /64 in IPv6. None for this very machine.

    A proxy on this machine that GATEWAY_TRUSTED_PROXIES does not know of would be one client for
    everybody: better no limit by address than none served.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    if found.version == 6:
        if found.ipv4_mapped is not None:
            return network_of(str(found.ipv4_mapped))
        return None if found.is_loopback else str(ipaddress.ip_network((found, 64), strict=False))
    return None if found.is_loopback else str(found)


@dataclass(frozen=True, slots=True)
class Left:
    """What a client has left: requests now, seconds until all of them are back, seconds to wait."""

    requests: int
    reset_s: int
    wait_s: int = 0
    """More than 0: this request is one too many."""


class Cells:
    """Counts of one policy: `quota` requests within `window_s`, spread or at once."""

    def __init__(self, quota: int, window_s: float) -> None:
        self.quota = quota
        self._window = float(window_s)
        self._step = window_s / quota
        # When the bucket of each client would be empty again: one number says all.
        self._due: OrderedDict[str, float] = OrderedDict()

    def take(self, who: str, now: float) -> Left:
        """Count one request of `who` at `now` (seconds of a clock that never goes back)."""
        due = max(self._due.get(who, now), now) + self._step
        over = due - now - self._window
        # Half a step of tolerance: the sum of many steps is not quite the window.
        if over > self._step / 2:
            return Left(0, math.ceil(due - self._step - now), max(1, math.ceil(over)))
        self._due[who] = due
        self._due.move_to_end(who)
        if len(self._due) > REMEMBERED:
            self._due.popitem(last=False)
        return Left(int((self._window - (due - now)) / self._step + 0.5), math.ceil(due - now))
