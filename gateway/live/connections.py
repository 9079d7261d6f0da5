"""How many live connections there are, by account and by address: nobody can take them all."""

from collections import Counter
from collections.abc import Callable

from gateway.live.settings import live
from services.kit.access import Caller
from services.kit.problems import TooMany


class TooManyLive(TooMany):
    """This account or address already holds as many live connections as one may."""

    retry_after = 30


class Connections:
    """The count; `enter` answers what to call when the connection is over."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter()

    def enter(self, caller: Caller, address: str) -> Callable[[], None]:
        """Count one more; TooManyLive when that is too many."""
        limits = {f"address {address}": live().per_address}
        if caller.subject is not None:
            limits[f"account {caller.subject}"] = live().per_account
        for who, limit in limits.items():
            if self.open[who] >= limit:
                raise TooManyLive(limit=limit)
        self.open.update(limits.keys())

        def leave() -> None:
            for who in limits:
                self.open[who] -= 1
                if not self.open[who]:
                    del self.open[who]

        return leave
