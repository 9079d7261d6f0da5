"""People who do not give up: the same request with the same key until it is acknowledged."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.province import Answer, Person

AGAIN_S = 0.25
GIVE_UP_S = 60.0
UNANSWERED = "no answer"
PASSING = {
    UNANSWERED,
    "409 key-in-use",
    "503 busy",
    "503 service-down",
    "504 service-slow",
    "504 too-slow",
}
"""What a kill may look like from outside; anything else is a fault of the suite."""


@dataclass
class Acknowledged:
    """A registration that somebody was promised."""

    id: str
    state: str
    asked_at: float
    acknowledged_at: float


@dataclass
class Storm:
    """What was acknowledged so far, and what stood in the way."""

    registered: dict[str, Acknowledged] = field(default_factory=dict)
    """By Idempotency-Key."""
    troubles: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    """Acknowledged only when asked again: the effect was there, its answer had been lost."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def insist(self, person: Person, path: str, body: Any, key: str) -> Answer:
        """POST until it is acknowledged, an impatient phone's way."""
        give_up = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up:
            trouble, answer = await self._once(person, path, body, key)
            if answer is not None:
                self.replayed += "Idempotency-Replayed" in answer.headers
                return answer
            self.troubles[trouble] += 1
            await asyncio.sleep(AGAIN_S)
        raise AssertionError(f"{key} was not acknowledged: {dict(self.troubles)}")

    async def _once(
        self, person: Person, path: str, body: Any, key: str
    ) -> tuple[str, Answer | None]:
        try:
            answer = await person.ask("POST", path, body, **{"Idempotency-Key": key})
        except (aiohttp.ClientError, OSError):
            return UNANSWERED, None
        if answer.status in (200, 201):
            return "", answer
        slug = answer["type"].rpartition("/")[2] if isinstance(answer.body, dict) else "?"
        trouble = f"{answer.status} {slug}"
        assert trouble in PASSING, answer.body
        return trouble, None

    async def register(self, person: Person, body: Any, key: str) -> None:
        """One registration, acknowledged in the end."""
        asked_at = time.monotonic()
        answer = await self.insist(person, "/registrations", body, key)
        assert answer.status == 201, answer
        self.registered[key] = Acknowledged(
            answer["id"], answer["state"], asked_at, time.monotonic()
        )
        self.changed.set()

    async def reached(self, acknowledged: int) -> None:
        """Wait until so many registrations are acknowledged."""
        while len(self.registered) < acknowledged:
            self.changed.clear()
            await self.changed.wait()


async def everything(person: Person, path: str) -> list[Any]:
    """Every item of a list, page by page."""
    items: list[Any] = []
    cursor = ""
    while True:
        mark = "&" if "?" in path else "?"
        page = await person.get(f"{path}{mark}limit=100{cursor}")
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"
