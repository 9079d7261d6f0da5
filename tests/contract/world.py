"""Who asks in a recipe, and what has been reached: operations by method and documented path."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.inside import rows
from tests.support.province import Answer, Person, Province

Operation = tuple[str, str]
METHODS = ("get", "put", "post", "patch", "delete")


def operations(document: dict[str, Any]) -> set[Operation]:
    """Every operation of a merged document, its path without the prefix."""
    return {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


@dataclass
class World:
    """A running suite, somebody of each role at the province, a citizen, and somebody unknown."""

    province: Province
    http: aiohttp.ClientSession
    people: dict[str, Person]
    reached: dict[Operation, list[Answer]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    known: dict[str, list[str]] = field(default_factory=dict)
    """What stood in the paths that were reached, by parameter."""

    async def ask(
        self, who: str, operation: str, body: Any = None, query: str = "", /, **given: Any
    ) -> Answer:
        """Do `"METHOD /documented/{path}"`; `given` fills the path, the rest are headers."""
        method, template = operation.split()
        inside = {name: str(value) for name, value in given.items() if f"{{{name}}}" in template}
        headers = {
            name.replace("_", "-"): each for name, each in given.items() if name not in inside
        }
        answer = await self._request(who, method, template.format(**inside) + query, body, headers)
        if 200 <= answer.status < 300:
            self.reached.setdefault((method, template), []).append(answer)
            for name, value in inside.items():
                if value not in (there := self.known.setdefault(name, [])):
                    there.append(value)
        else:
            self.refused.append(f"{who}: {operation}{query} → {answer.status} {answer.body}")
        return answer

    async def ask_twice(self, who: str, operation: str, body: Any, /, **given: Any) -> Answer:
        """The same again, as over a line that drops: the second answer, which makes nothing new."""
        await self.ask(who, operation, body, **given)
        return await self.ask(who, operation, body, **given)

    async def ask_until(
        self, good: Callable[[Answer], Any], who: str, operation: str, query: str = "", /, **of: Any
    ) -> Answer:
        """Ask again until the answer is `good`: what facts and jobs bring about takes a moment."""
        for _ in range(300):
            answer = await self.ask(who, operation, None, query, **of)
            if answer.status >= 400 or good(answer):
                break
            await asyncio.sleep(0.1)
        return answer

    async def sql(self, service: str, statement: str, *values: Any) -> list[Any]:
        """Straight to a database, with no wall before it: for what needs days to pass."""
        return await rows(self.province, service, statement, *values)

    async def _request(
        self, who: str, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> Answer:
        """As `Person.ask`, but files too: their bytes; a bytes body is sent as it is."""
        person = self.people[who]
        headers["X-Forwarded-For"] = person.address
        if person.token:
            headers["Authorization"] = f"Bearer {person.token}"
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self.http.request(
            method, f"{person.api}{path}", headers=headers, **sent
        ) as answer:
            # Only the head of what is told without an end.
            streams = answer.content_type == "text/event-stream"
            got: Any = b"" if streams else await answer.read()
            if got and "json" in answer.content_type:
                got = json.loads(got)
            return Answer(answer.status, got, answer.headers.copy())

    async def version(self, who: str, template: str, **given: Any) -> dict[str, str]:
        """The header that edits what is read there."""
        answer = await self.ask(who, f"GET {template}", **given)
        return {"If-Match": answer.headers.get("ETag", "")}


async def world_of(province: Province, http: aiohttp.ClientSession, first: int = 7000) -> World:
    """Everybody signs in."""
    roles = ("administrator", "approver", "officer", "informant", "checker", "observer")
    people = {role: await province.staff(http, f"{role}-63") for role in roles}
    people["citizen"], people["other"] = await province.citizens(http, first, 2)
    people["nobody"] = province.anybody(http)
    return World(province, http, people)
