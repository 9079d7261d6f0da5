"""The last good answer of each part, for the caller who got it: shown with its age when needed."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

KEPT = 2000
KEPT_S = 600


class Memory:
    """Part answers by (caller, language, part, code): never across principals."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def keep(self, key: Hashable, data: Any, age_s: int) -> None:
        """Remember an answer that was `age_s` old when it came."""
        self._kept[key] = (time.monotonic() - age_s, data)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def find(self, key: Hashable) -> tuple[Any, int] | None:
        """The answer and its age in seconds; None when there is none that is young enough."""
        born, data = self._kept.get(key, (0.0, None))
        age = time.monotonic() - born
        return (data, int(age)) if data is not None and age <= KEPT_S else None
